/** The conversation in words: an exchange a turn, with what happened in between. */
import { element } from "../element.js";
import { failureNote } from "../failures.js";
import { titleOfAnswer, voiceToVoice } from "../voice-to-voice.js";
import { Waterfalls } from "../waterfall.js";
import { svg } from "./shell.js";
import { clock, ms, titled } from "./words.js";

const SIDES = { caller: "Caller", bot: "Bot" };
const KINDS = { filler: "meanwhile", spare: "in place of an answer", apology: "in place of an answer", prompt: "as the caller was silent", unheard: "not heard" };
const BAR = 1000;

export class Script {
  #list;
  #onSeek;
  #waterfalls;
  #open = new Set();
  #words = [];
  #now = [];

  constructor(list, onSeek) {
    this.#list = list;
    this.#onSeek = onSeek;
    this.#waterfalls = new Waterfalls(list);
  }

  show(story, boundMs) {
    this.#words = [];
    this.#now = [];
    this.#waterfalls.reset();
    const scaleMs = Math.max(boundMs, ...story.turns.map(({ zero, end }) => (end - zero) * 1000));
    this.#list.replaceChildren(...exchanges(story).map((parts) => this.#exchange(parts, scaleMs, boundMs)));
  }

  /** Mark what is said at that moment. */
  playAt(seconds) {
    const now = this.#words.filter(({ start, end }) => start <= seconds && seconds < end).map(({ node }) => node);
    const lines = now.map((node) => node.closest(".line"));
    for (const node of this.#now) if (!now.includes(node) && !lines.includes(node)) node.classList.remove("now");
    for (const node of [...now, ...lines]) node.classList.add("now");
    this.#now = [...now, ...lines];
  }

  /** Bring a moment, or a turn with its waterfall, into view. */
  reveal(seconds, turn) {
    const details = turn && this.#list.querySelector(`.turn[data-turn="${CSS.escape(turn)}"]`);
    if (details) details.open = true;
    const word = this.#words.findLast(({ start }) => start <= seconds + 0.05) ?? this.#words[0];
    (details || word?.node)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #exchange(parts, scaleMs, boundMs) {
    return element("li", { class: "exchange" }, ...parts.map((part) => this.#part(part, scaleMs, boundMs)));
  }

  #part({ kind, at, item }, scaleMs, boundMs) {
    if (kind === "line") return this.#line(item);
    if (kind === "turn") return this.#turn(item, scaleMs, boundMs);
    if (kind === "tool") return event(this.#at(at), item.error ? "bad" : "tool", ...toolWords(item));
    if (kind === "silence") return event(this.#at(at), "bad", `The caller heard nothing for ${ms(item.ms)}`);
    const told = item.kind === "switch" ? failureNote(item.event).textContent : item.title;
    return event(this.#at(at), item.tone, told);
  }

  #line(line) {
    const words = line.words.length
      ? line.words.map(({ text, start, end }) => {
          const node = element("span", { class: "word" }, text);
          this.#words.push({ node, start, end });
          return node;
        })
      : [line.text];
    const said = element("p", { class: "said" });
    words.forEach((word, index) => said.append(...(index ? [" ", word] : [word])));
    said.addEventListener("click", ({ target }) => {
      const word = this.#words.find(({ node }) => node === target);
      if (word) this.#onSeek(word.start, { play: true });
    });
    const kind = KINDS[line.kind];
    return element(
      "div",
      { class: "line", data: { side: line.side, kind: line.kind } },
      this.#at(line.start, true),
      element("span", { class: "who" }, SIDES[line.side] ?? titled(line.side), kind ? ` · ${kind}` : null),
      said,
    );
  }

  #turn(turn, scaleMs, boundMs) {
    const { number, event: latency } = turn;
    const out = latency.first_audio_out_ms;
    const heard = typeof out === "number";
    const first = voiceToVoice(latency);
    const figure = this.#waterfalls.waiting();
    this.#waterfalls.draw(figure, latency);
    const words = heard ? ms(out) : latency.interrupted ? "cut off" : "no answer";
    const details = element(
      "details",
      { class: "turn", data: { turn: number }, open: this.#open.has(number) },
      element(
        "summary",
        { "aria-label": `Turn ${number}: ${heard ? `${titleOfAnswer(latency)} ${words}` : words}. Show where the time went.` },
        bar(turn, scaleMs),
        element("span", { class: "turn-ms", data: { over: String(heard ? first > boundMs : !latency.interrupted) } }, words),
      ),
      figure,
    );
    details.addEventListener("toggle", () => (details.open ? this.#open.add(number) : this.#open.delete(number)));
    return details;
  }

  #at(seconds, play = false) {
    const button = element("button", { type: "button", class: "at", title: "Go there" }, clock(seconds));
    button.addEventListener("click", () => this.#onSeek(seconds, { play }));
    return button;
  }
}

/** The stages of a turn in one line, on the scale of the whole call. */
function bar({ zero, segments }, scaleMs) {
  const place = (seconds) => ((seconds - zero) * 1000 * BAR) / scaleMs;
  return svg(
    "svg",
    { class: "turn-bar", viewBox: `0 0 ${BAR} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...segments.map(({ family, from, to }) =>
      svg("rect", { data: { family }, x: place(from).toFixed(1), y: 0, width: Math.max(3, place(to) - place(from) - 1.5).toFixed(1), height: 10 }),
    ),
  );
}

function event(at, tone, ...what) {
  return element("div", { class: "event", data: { tone } }, at, element("div", { class: "what" }, ...what));
}

function toolWords({ name, start, end, error, event: run }) {
  const asked = run.arguments === undefined ? "" : ` ${brief(run.arguments)}`;
  const became = error ? ` failed: ${error}` : ` took ${ms((end - start) * 1000)}`;
  if (run.arguments === undefined && run.result === undefined) return [`${titled(name)}${became}`];
  const full = { arguments: run.arguments, ...(error ? { error } : { result: run.result }) };
  return [
    element("details", {}, element("summary", {}, element("b", {}, titled(name)), asked, became), element("pre", {}, JSON.stringify(full, null, 2))),
  ];
}

function brief(values) {
  const text = typeof values === "object" && values ? Object.entries(values).map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ") : String(values);
  return text.length > 60 ? `(${text.slice(0, 57)}…)` : `(${text})`;
}

/** Everything in order of time, cut before each of the caller's turns. */
function exchanges({ lines, turns, tools, marks, silences }) {

  const parts = [
    ...lines.map((item) => ({ kind: "line", at: item.start, item })),
    ...turns.map((item) => ({ kind: "turn", at: item.zero, item })),
    ...tools.map((item) => ({ kind: "tool", at: item.start, item })),
    ...silences.map((item) => ({ kind: "silence", at: item.start, item })),
    ...marks.filter(({ kind }) => kind !== "bound").map((item) => ({ kind: "mark", at: item.at, item })),
  ].sort((a, b) => a.at - b.at);
  const cut = [];
  for (const part of parts) {
    const caller = part.kind === "line" && part.item.side === "caller";
    const answered = cut.at(-1)?.some(({ kind, item }) => kind === "turn" || (kind === "line" && item.side === "bot"));
    if (!cut.length || (caller && answered)) cut.push([]);
    cut.at(-1).push(part);
  }
  return cut;
}
