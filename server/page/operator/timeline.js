/** The timeline: every lane on one axis of time, with the sound that belongs to it. */
import { element } from "../element.js";
import { placed } from "./labels.js";
import { svg } from "./shell.js";
import { titleOfAnswer } from "../voice-to-voice.js";
import { clock, ms, titled } from "./words.js";

const LANES = [
  { name: "caller", title: "Caller", height: 58 },
  { name: "bot", title: "Bot", height: 58 },
  { name: "turns", title: "Turns", height: 26 },
  { name: "tools", title: "Tools", height: 24 },
  { name: "marks", title: "Events", height: 26 },
  { name: "failures", title: "Failures", height: 62 },
];
const AXIS = 22;
const LABEL_ROWS = 3;
const LABEL_PX = 13;
const STEPS_S = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
const TICK_PX = 70;
const WIDEST_PX = 120_000;
const KEY = [
  ["interruption", "interruption", ""],
  ["filler", "said meanwhile", ""],
  ["switch", "provider failed", "bad"],
  ["unhandled", "could not help", ""],
  ["bound", "silence bound", "bad"],
  ["tool", "tool failed", "bad"],
];

export class Timeline {
  #view = element("div", { class: "view" });
  #zoom = 1;
  #story;
  #endS = 1;
  #live = false;
  #peaks;
  #playhead;
  #onSeek;
  #follow = false;

  /** @param onSeek told of the second that was pressed, and of the turn if it was one */
  constructor(container, onSeek) {
    this.#onSeek = onSeek;
    const names = LANES.map(({ name, title, height }) => {
      const span = element("span", { data: { lane: name } }, title);
      span.style.height = `${height}px`;
      return span;
    });
    container.append(element("div", { class: "lanes", "aria-hidden": "true" }, ...names), this.#view);
    container.after(this.#key());
    new ResizeObserver(() => this.#draw()).observe(this.#view);
  }

  show(story, endS, live) {
    this.#follow = live && this.#atEnd();
    this.#story = story;
    this.#endS = Math.max(1, endS);
    this.#live = live;
    this.#draw();
  }

  /** @param peaks `{caller, bot}`: lists of 0…1 over `seconds` */
  sound(peaks) {
    this.#peaks = peaks;
    this.#draw();
  }

  zoom(factor) {
    const middle = (this.#view.scrollLeft + this.#view.clientWidth / 2) / this.#scale;
    const most = Math.max(1, WIDEST_PX / Math.max(1, this.#view.clientWidth));
    this.#zoom = Math.min(most, Math.max(1, this.#zoom * factor));
    this.#draw();
    this.#view.scrollLeft = middle * this.#scale - this.#view.clientWidth / 2;
  }

  /** Put the playhead there; undefined takes it away. */
  playAt(seconds, { follow = false } = {}) {
    this.#playhead = seconds;
    const line = this.#view.querySelector(".tl-playhead");
    if (!line) return;
    line.setAttribute("visibility", seconds === undefined ? "hidden" : "visible");
    if (seconds === undefined) return;
    const x = seconds * this.#scale;
    line.setAttribute("transform", `translate(${x})`);
    const { scrollLeft, clientWidth } = this.#view;
    if (follow && (x < scrollLeft || x > scrollLeft + clientWidth - 40)) this.#view.scrollLeft = x - clientWidth / 3;
  }

  get #scale() {
    return (this.#view.clientWidth * this.#zoom) / (this.#endS * 1.01);
  }

  #atEnd() {
    return this.#view.scrollWidth - this.#view.clientWidth - this.#view.scrollLeft < 40;
  }

  #draw() {
    const width = Math.floor(this.#view.clientWidth * this.#zoom);
    if (!this.#story || width < 1) return;
    const height = LANES.reduce((sum, lane) => sum + lane.height, 0) + AXIS;
    const x = (seconds) => Number((seconds * this.#scale).toFixed(2));
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": this.#inWords() });
    let top = 0;
    const tops = {};
    LANES.forEach(({ name, height: high }, index) => {
      tops[name] = top;
      if (index % 2 === 0) picture.append(svg("rect", { class: "tl-band", x: 0, y: top, width, height: high }));
      top += high;
    });
    picture.append(...this.#axis(x, top));
    for (const silence of this.#story.silences) picture.append(this.#silence(silence, x, top));
    for (const side of ["caller", "bot"]) picture.append(this.#track(side, tops[side], x));
    picture.append(...this.#story.turns.map((turn) => this.#turn(turn, tops.turns, x)));
    picture.append(...this.#story.tools.map((tool) => this.#tool(tool, tops.tools, x)));
    picture.append(...this.#marks(tops.marks, x), ...this.#failures(tops.failures, x, width));
    if (this.#live) picture.append(svg("rect", { class: "tl-live", x: x(this.#story.end), y: 0, width: Math.max(0, width - x(this.#story.end)), height: top }));
    picture.append(svg("line", { class: "tl-playhead", y1: 0, y2: top, visibility: "hidden" }));
    picture.addEventListener("click", (event) => {
      const at = event.offsetX ?? event.clientX - picture.getBoundingClientRect().left;
      const turn = event.target.closest("[data-turn]")?.dataset.turn;
      this.#onSeek(Math.min(this.#endS, at / this.#scale), turn);
    });
    this.#view.replaceChildren(picture);
    if (this.#follow) this.#view.scrollLeft = this.#view.scrollWidth;
    this.playAt(this.#playhead);
  }

  #axis(x, top) {
    const step = STEPS_S.find((one) => one * this.#scale >= TICK_PX) ?? 3600;
    const parts = [];
    for (let at = 0; at <= this.#endS; at += step) {
      parts.push(svg("line", { class: "tl-grid", x1: x(at), x2: x(at), y1: 0, y2: top + 5 }));
      const words = step < 1 && at % 1 ? `${clock(at)}.${String(at).split(".")[1]}` : clock(at);
      if (x(at) < x(this.#endS) - 18) parts.push(svg("text", { class: "tl-tick", x: x(at) + 3, y: top + 15 }, words));
    }
    return parts;
  }

  #track(side, top, x) {
    const { height } = LANES.find(({ name }) => name === side);
    const group = svg("g", { data: { lane: side } });
    for (const line of this.#story.lines.filter((one) => one.side === side && one.end > one.start)) {
      group.append(
        svg(
          "rect",
          { class: "tl-speech", data: { kind: line.kind }, x: x(line.start), y: top + 6, width: Math.max(2, x(line.end) - x(line.start)), height: height - 12, rx: 4 },
          svg("title", {}, `${titled(side)}, ${clock(line.start)}: ${line.text}`),
        ),
      );
    }
    const peaks = this.#peaks?.[side];
    if (peaks?.length) group.append(svg("path", { class: "tl-wave", d: this.#wave(peaks, top + height / 2, height / 2 - 4, x) }));
    return group;
  }

  #wave(peaks, middle, half, x) {
    const perPeak = this.#peaks.seconds / peaks.length;
    const each = Math.max(1, Math.floor(1 / (perPeak * this.#scale)));
    const above = [];
    const below = [];
    for (let i = 0; i < peaks.length; i += each) {
      let peak = 0;
      for (let j = i; j < Math.min(peaks.length, i + each); j += 1) peak = Math.max(peak, peaks[j]);
      // Loudness is heard by its logarithm; a root comes near it, and shows quiet words.
      const high = Math.max(0.4, Math.sqrt(peak) * half).toFixed(1);
      const at = x((i + each / 2) * perPeak);
      above.push(`${at},${(middle - high).toFixed(1)}`);
      below.push(`${at},${(middle + Number(high)).toFixed(1)}`);
    }
    return `M${above.join("L")}L${below.reverse().join("L")}Z`;
  }

  #turn(turn, top, x) {
    const told = turn.event.first_audio_out_ms;
    const words = `Turn ${turn.number}: ${told === null || told === undefined ? "no answer heard" : `${titleOfAnswer(turn.event)} ${ms(told)}`}`;
    return svg(
      "g",
      { data: { turn: turn.number } },
      svg("title", {}, words),
      svg("rect", { class: "tl-hit", x: x(turn.zero), y: top, width: Math.max(8, x(turn.end) - x(turn.zero)), height: 26 }),
      ...turn.segments.map(({ family, from, to }) =>
        svg("rect", { class: "tl-stage", data: { family }, x: x(from), y: top + 7, width: Math.max(1.5, x(to) - x(from)), height: 12 }),
      ),
      svg("line", { class: "tl-turn-end", x1: x(turn.zero), x2: x(turn.zero), y1: top + 3, y2: top + 23 }),
    );
  }

  #tool(tool, top, x) {
    const took = ms((tool.end - tool.start) * 1000);
    return svg(
      "rect",
      { class: "tl-tool", data: { tone: tool.error ? "bad" : "" }, x: x(tool.start), y: top + 7, width: Math.max(3, x(tool.end) - x(tool.start)), height: 10 },
      svg("title", {}, `${titled(tool.name)}: ${tool.error ? `failed, ${tool.error}` : took}`),
    );
  }

  #silence({ start, end, ms: lasted }, x, height) {
    return svg(
      "rect",
      { class: "tl-silence", x: x(start), y: 0, width: Math.max(2, x(end) - x(start)), height },
      svg("title", {}, `The caller heard nothing for ${ms(lasted)}`),
    );
  }

  #marks(top, x) {
    const fillers = this.#story.lines
      .filter(({ kind }) => ["filler", "spare", "apology"].includes(kind))
      .map((line) => ({ kind: "filler", at: line.start, tone: "", title: `Said meanwhile: ${line.text}` }));
    return [...this.#story.marks.filter(({ label, kind }) => !label && kind !== "bound"), ...fillers].map((mark) => sign(mark, x, top + 13));
  }

  #failures(top, x, width) {
    const { marks, tools, silences } = this.#story;
    const failed = [
      ...marks.filter(({ label, kind }) => label || kind === "bound"),
      ...tools.filter(({ error }) => error).map(({ name, end, error }) => ({ kind: "tool", tone: "bad", at: end, label: `${name} failed`, title: `${titled(name)} failed: ${error}` })),
    ];
    const lines = failed
      .filter(({ kind }) => kind === "switch")
      .map(({ at }) => svg("line", { class: "tl-switch", x1: x(at), x2: x(at), y1: 0, y2: top }));
    const words = [
      ...failed.filter(({ label }) => label).map(({ at, label }) => ({ x: x(at), text: label })),
      ...silences.map(({ start, ms: lasted }) => ({ x: x(start), text: `${ms(lasted)} silence` })),
    ];
    const labels = placed(words, width, LABEL_ROWS).map(({ left, text, row }) => svg("text", { class: "tl-label", x: left, y: top + 26 + row * LABEL_PX }, text));
    return [...lines, ...failed.map((mark) => sign(mark, x, top + 9)), ...labels];
  }

  #key() {
    return element(
      "ul",
      { class: "key", "aria-label": "Signs on the timeline" },
      ...KEY.map(([kind, words, tone]) => {
        const picture = svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, symbol(kind, tone, 0, 0));
        return element("li", {}, picture, words);
      }),
    );
  }

  #inWords() {
    const { turns, tools, silences } = this.#story;
    return `Timeline of ${clock(this.#endS)}: ${turns.length} turns, ${tools.length} tool calls, ${silences.length} long silences. The conversation has the same as text.`;
  }
}

function sign({ kind, tone, at, title }, x, y) {
  return svg("g", {}, svg("title", {}, `${clock(at)} ${title}`), symbol(kind, tone, x(at), y));
}

/** A sign with a form of its own, so that colour alone tells nothing. */
function symbol(kind, tone, x, y) {
  const forms = {
    interruption: "M-5,-5L5,0L-5,5Z",
    switch: "M-4,-5L0,-1L4,-5L5,-4L1,0L5,4L4,5L0,1L-4,5L-5,4L-1,0L-5,-4Z",
    filler: "M0,-5L5,0L0,5L-5,0Z",
    unhandled: "M0,-5L5,4L-5,4Z",
    bound: "M-5,-2H5V2H-5Z",
    tool: "M-4.5,-4.5H4.5V4.5H-4.5Z",
  };
  const common = { class: "tl-mark", data: { kind, tone }, transform: `translate(${x} ${y})` };
  if (forms[kind]) return svg("path", { ...common, d: forms[kind] });
  return svg("circle", { ...common, r: 3.5 });
}
