/**
 * Where one answer's time went, from the end of the caller's speech to the bot's first audio.
 *
 * Each stage is a bar from the stage before it to its own moment; tools lie beneath the bars they
 * hold up, a filler is a mark on the line. All waterfalls of a call share one scale, so that a
 * slow turn looks slow: bars are placed in milliseconds by custom properties, and only the
 * scale on the conversation changes when a longer turn arrives.
 */
import { element } from "./element.js";
import { duration } from "./duration.js";
import { toolTitle } from "./tools.js";
import { titleOfAnswer } from "./voice-to-voice.js";

const STAGES = [
  { key: "transcript_final_ms", title: "Transcript final", family: "hear" },
  { key: "turn_end_ms", title: "Turn end", family: "hear" },
  { key: "first_token_ms", title: "First token", family: "think" },
  { key: "first_speakable_text_ms", title: "First speakable text", family: "think" },
  { key: "first_audio_ms", title: "First audio", family: "speak" },
  { key: "first_audio_out_ms", title: "Answer's audio out", family: "speak" },
];

const FAMILIES = { stt: "hear", llm: "think", tts: "speak" };

const SCALES_MS = [1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 20_000, 30_000, 60_000];

const known = (value) => typeof value === "number" && Number.isFinite(value);

function gridStep(scaleMs) {
  return [250, 500, 1000, 2000, 5000, 10_000].find((step) => scaleMs / step <= 4) ?? 20_000;
}

const tickWord = (ms) => (ms === 0 ? "0" : ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

/** The bars of a turn: `{title, family, from, to}` in ms, stages in the order of the pipeline. */
export function bars(latency) {
  let reached = 0;
  return STAGES.map(({ key, title, family }) => {
    const at = latency[key];
    if (!known(at)) return { title, family, at: null };
    const end = Math.max(0, at);
    const from = Math.min(reached, end);
    reached = Math.max(reached, end);
    return { title, family, at, from, to: end };
  });
}

function headline(latency) {
  if (known(latency.first_audio_out_ms)) {
    const [number, unit] = duration(latency.first_audio_out_ms).split(" ");
    return [element("strong", {}, number), ` ${unit} `, element("span", {}, titleOfAnswer(latency))];
  }
  return [element("span", {}, latency.interrupted ? "cut off before the answer" : "no answer heard")];
}

function row(kind, family, title, track, value) {
  return element(
    "div",
    { class: `wf-row wf-${kind}`, data: { family } },
    element("span", { class: "wf-label" }, title),
    element("span", { class: "wf-track" }, track),
    element("span", { class: "wf-value" }, value),
  );
}

const bar = (from, to) => element("i", { class: "wf-bar", vars: { "--from": from, "--to": to } });

function chartRows(latency) {
  const rows = bars(latency).map(({ title, family, at, from, to }) =>
    at === null
      ? row("stage", family, title, null, "–")
      : row("stage", family, title, bar(from, to), duration(at)),
  );
  if (known(latency.filler_audio_out_ms)) {
    const mark = element("i", {
      class: "wf-mark",
      vars: { "--from": Math.max(0, latency.filler_audio_out_ms) },
    });
    rows.push(row("filler", "speak", "Said meanwhile", mark, duration(latency.filler_audio_out_ms)));
  }
  for (const { name, start_ms, duration_ms } of latency.tools ?? []) {
    const start = Math.max(0, start_ms);
    rows.push(
      row("tool", "tool", toolTitle(name), bar(start, start + duration_ms), duration(duration_ms)),
    );
  }
  for (const { stage, provider, start_ms: start, cost_ms: cost } of latency.failures ?? []) {
    const lost = bar(Math.max(0, start), Math.max(0, start) + cost);
    rows.push(row("failure", FAMILIES[stage], `${provider} failed`, lost, duration(cost)));
  }
  return rows;
}

function textTable(latency, number) {
  const answer = known(latency.first_audio_out_ms)
    ? `${titleOfAnswer(latency)} ${duration(latency.first_audio_out_ms)}`
    : "no answer heard";
  const line = (title, at, took) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, title),
      element("td", {}, at),
      element("td", {}, took),
    );
  const body = bars(latency).map(({ title, at, from, to }) =>
    at === null ? line(title, "not reached", "") : line(title, duration(at), duration(to - from)),
  );
  if (known(latency.filler_audio_out_ms)) {
    body.push(line("Said meanwhile", duration(latency.filler_audio_out_ms), ""));
  }
  for (const { name, start_ms, duration_ms } of latency.tools ?? []) {
    body.push(line(`Tool: ${toolTitle(name)}`, duration(start_ms), duration(duration_ms)));
  }
  for (const { provider, how, start_ms: start, cost_ms: cost } of latency.failures ?? []) {
    body.push(line(`${provider} failed: ${how}`, duration(start), duration(cost)));
  }
  return element(
    "table",
    {},
    element("caption", {}, `Latency of turn ${number}: ${answer}`),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "Stage"),
        element("th", { scope: "col" }, "After the end of your speech"),
        element("th", { scope: "col" }, "Took"),
      ),
    ),
    element("tbody", {}, ...body),
  );
}

export class Waterfalls {
  #scope;
  #scaleMs = 0;

  /** @param {HTMLElement} scope the element around all waterfalls; it carries their scale */
  constructor(scope) {
    this.#scope = scope;
    this.reset();
  }

  reset() {
    this.#scaleMs = 0;
    this.#fit(SCALES_MS[0]);
  }

  /** A figure with the room a turn will need, so that nothing moves when its figures arrive. */
  waiting() {
    const figure = element("figure", { class: "waterfall", data: { status: "waiting" } });
    figure.append(
      element(
        "figcaption",
        { class: "wf-head", "aria-hidden": "true" },
        element("span", { class: "wf-total" }, element("strong", {}, "···"), " ", element("span", {}, "voice to voice")),
      ),
      this.#chart({}),
    );
    figure.setAttribute("aria-hidden", "true");
    return figure;
  }

  draw(figure, latency) {
    figure.removeAttribute("aria-hidden");
    figure.dataset.status = "measured";
    figure.dataset.turn = latency.turn;
    const furthest = Math.max(
      0,
      ...bars(latency).map(({ to }) => to ?? 0),
      ...(latency.tools ?? []).map(({ start_ms, duration_ms }) => start_ms + duration_ms),
      latency.filler_audio_out_ms ?? 0,
    );
    this.#fit(furthest);
    figure.replaceChildren(
      element(
        "figcaption",
        { class: "wf-head", "aria-hidden": "true" },
        element("span", { class: "wf-total" }, ...headline(latency)),
        latency.interrupted ? element("span", { class: "wf-flag" }, "interrupted") : null,
        element("span", { class: "wf-turn" }, `Turn ${latency.turn}`),
      ),
      this.#chart(latency),
      // A table does not shrink to nothing by itself; what holds it does.
      element("div", { class: "hidden" }, textTable(latency, latency.turn)),
    );
  }

  #chart(latency) {
    const out = latency.first_audio_out_ms;
    return element(
      "div",
      { class: "wf-chart", "aria-hidden": "true" },
      ...chartRows(latency),
      element(
        "div",
        { class: "wf-row wf-axis" },
        element("span", { class: "wf-label" }),
        element(
          "span",
          { class: "wf-track" },
          ...this.#ticks(),
          known(out) ? element("i", { class: "wf-out", vars: { "--from": Math.max(0, out) } }) : null,
        ),
        element("span", { class: "wf-value" }),
      ),
    );
  }

  #ticks() {
    const step = gridStep(this.#scaleMs);
    const ticks = [];
    for (let ms = 0; ms <= this.#scaleMs; ms += step) {
      ticks.push(element("b", { class: "wf-tick", vars: { "--from": ms } }, tickWord(ms)));
    }
    return ticks;
  }

  #fit(furthestMs) {
    const scaleMs = SCALES_MS.find((scale) => scale >= furthestMs) ?? Math.ceil(furthestMs / 60_000) * 60_000;
    if (scaleMs <= this.#scaleMs) return;
    this.#scaleMs = scaleMs;
    this.#scope.style.setProperty("--scale", scaleMs);
    this.#scope.style.setProperty("--grid", gridStep(scaleMs));
    for (const axis of this.#scope.querySelectorAll(".wf-axis .wf-track")) {
      for (const tick of axis.querySelectorAll(".wf-tick")) tick.remove();
      axis.prepend(...this.#ticks());
    }
  }
}
