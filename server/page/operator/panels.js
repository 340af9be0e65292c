/** The dashboard's charts and tables. */
import { element } from "../element.js";
import { callsWith } from "./asked.js";
import { chart, chartKey } from "./charts.js";
import { CHANNELS, ENDED_BY, money, ms, number, OUTCOMES, percent, STAGES, titled } from "./words.js";

const QUANTILES = ["p50", "p95", "p99"].map((name) => ({ name, title: name }));
const TURN_STAGES = {
  transcript_final: "Transcript final",
  turn_end: "Turn end",
  first_token: "First token",
  first_speakable_text: "First speakable text",
  first_audio: "First audio",
  first_audio_out: "Answer's audio out",
};

const shortMs = (value) => (value >= 1000 ? `${Number((value / 1000).toFixed(2))} s` : `${Math.round(value)} ms`);

function panel(title, note, size, ...content) {
  return element(
    "section",
    { class: `card panel ${size}` },
    element("div", { class: "panel-head" }, element("h2", {}, title), note ? element("div", { class: "panel-note" }, note) : null),
    ...content,
  );
}

export function panels(figures, query, range) {
  const time = { ...range, periodS: figures.period_s };
  const periods = figures.periods.map((one) => ({ ...one, startMs: Date.parse(one.start) }));
  const link = ({ start }) => callsWith(query, { since: new Date(start).toISOString(), until: new Date(start + time.periodS * 1000).toISOString() });
  const over = figures.calls - figures.live;
  return [
    volume(figures, periods, time, link, query, over),
    voice(figures, periods, time, link),
    stages(figures, periods, time, link),
    silence(figures, periods, time, link),
    cost(figures, periods, time, link),
    providers(figures, query),
    table("Why calls ended", "", Object.entries(figures.end_reasons), over, ([reason]) => [reason || "unknown"], query),
    table("Who ended the call", "third", Object.entries(figures.ended_by), over, ([name]) => [ENDED_BY[name] ?? titled(name || "unknown"), { ended_by: name }], query),
    table("Channels", "third", Object.entries(figures.channels), figures.calls, ([name]) => [CHANNELS[name] ?? titled(name), { channel: name }], query),
    table("Bots", "third", Object.entries(figures.bots), figures.calls, ([name]) => [titled(name), { bot: name }], query),
  ];
}

function volume(figures, periods, time, link, query, over) {
  const series = Object.keys(OUTCOMES).map((name) => ({ name, title: OUTCOMES[name].title }));
  const rest = { name: "none", title: "Running, or without an outcome" };
  const rows = periods.map(({ startMs: start, calls, outcomes }) => {
    const told = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
    return { start, values: { ...outcomes, none: Math.max(0, calls - told) } };
  });
  const shares = element(
    "div",
    { class: "shares", role: "img", "aria-label": series.map(({ name, title }) => `${title} ${percent(figures.outcomes[name] ?? 0, over)}`).join(", ") },
    ...series
      .filter(({ name }) => figures.outcomes[name])
      .map(({ name, title }) =>
        element("a", { href: callsWith(query, { outcome: name }), data: { series: name }, vars: { "--share": figures.outcomes[name] }, title: `${title}: ${number(figures.outcomes[name])}`, "aria-label": `${title}: ${number(figures.outcomes[name])}` }),
      ),
  );
  const shown = series.map((one) => ({ ...one, title: `${one.title} ${percent(figures.outcomes[one.name] ?? 0, over)}` }));
  const used = rows.some(({ values }) => values.none) ? [...series, rest] : series;
  return panel(
    "Calls by outcome",
    "",
    "",
    shares,
    chart(time, rows, used, { kind: "bars", words: number, title: "Calls by outcome over time", link }),
    chartKey(shown, ({ name }) => callsWith(query, { outcome: name })),
  );
}

const spreadRows = (periods, stage) =>
  periods
    .filter(({ stages: of }) => of[stage])
    .map(({ startMs: start, stages: of }) => ({ start, values: { p50: of[stage].p50_ms, p95: of[stage].p95_ms, p99: of[stage].p99_ms } }));

function voice(figures, periods, time, link) {
  const bound = { at: figures.silence_bound_ms, title: "silence bound", shown: true };
  return panel(
    "Voice to voice",
    chartKey(QUANTILES),
    "",
    chart(time, spreadRows(periods, "voice_to_voice"), QUANTILES, { kind: "lines", words: shortMs, title: "Voice to voice over time", link, bound, height: 214 }),
  );
}

function silence(figures, periods, time, link) {
  const rows = periods
    .filter(({ silences }) => silences)
    .map(({ startMs: start, silences, bounds_reached: broken }) => ({ start, values: { failed: (100 * broken) / silences } }));
  const allowed = 100 * (1 - figures.silence_objective);
  return panel(
    "Error budget of the silence bound",
    `Share of waits that met the bound of ${ms(figures.silence_bound_ms)}; ${allowed.toFixed(1)} % may`,
    "",
    chart(time, rows, [{ name: "failed", title: "Met the bound" }], {
      kind: "bars",
      words: (value) => `${Number(value.toFixed(2))} %`,
      title: "Waits that met the silence bound",
      link: ({ start }) => `${link({ start })}&having=bounds_reached`,
      bound: { at: allowed, title: "budget", shown: true },
    }),
  );
}

function stages(figures, periods, time, link) {
  const charts = Object.entries(TURN_STAGES)
    .filter(([stage]) => figures.stages[stage])
    .map(([stage, title]) => {
      const { p50_ms: p50, p95_ms: p95, p99_ms: p99 } = figures.stages[stage];
      return element(
        "div",
        {},
        element("h3", {}, title, element("span", {}, `  ${shortMs(p50)} · ${shortMs(p95)} · ${shortMs(p99)}`)),
        chart(time, spreadRows(periods, stage), QUANTILES, { kind: "lines", words: shortMs, title, link, height: 130 }),
      );
    });
  const empty = element("p", { class: "panel-note" }, "No turn in this period.");
  return panel("Stages of a turn, from the end of the caller's speech", chartKey(QUANTILES), "whole", element("div", { class: "small-charts" }, ...(charts.length ? charts : [empty])));
}

function cost(figures, periods, time, link) {
  const currencies = Object.keys(figures.costs);
  const currency = currencies[0];
  if (!currency) return panel("Cost", "", "", element("p", { class: "panel-note" }, "No call of this period has a price."));
  const rows = periods.map(({ startMs: start, costs }) => ({ start, values: { cost: Number(costs[currency] ?? 0) } }));
  const note = [...currencies.map((one) => money(figures.costs[one], one)), figures.unpriced_calls ? `${number(figures.unpriced_calls)} calls have something without a price` : ""];
  return panel(
    "Cost",
    note.filter(Boolean).join("; "),
    "",
    chart(time, rows, [{ name: "cost", title: "Cost" }], { kind: "bars", words: (value) => money(value, currency), title: `Cost over time in ${currency}`, link }),
  );
}

function providers(figures, query) {
  const head = ["Stage", "Provider", "Calls", "Failures", "Cost", "Per call"];
  const rows = figures.providers.map(({ stage, provider, calls, failures, costs }) => {
    const paid = Object.entries(costs);
    return [
      STAGES[stage] ?? titled(stage),
      element("a", { href: callsWith(query, { provider }) }, provider),
      number(calls),
      failures ? element("a", { href: callsWith(query, { provider, having: "switches" }) }, number(failures)) : "0",
      paid.map(([currency, amount]) => money(amount, currency)).join(", ") || "–",
      paid.map(([currency, amount]) => money(Number(amount) / calls, currency)).join(", ") || "–",
    ];
  });
  return panel(
    "Providers",
    "",
    "",
    element(
      "div",
      { class: "scroll" },
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...head.map((title, index) => element("th", { scope: "col", class: index > 1 ? "number" : null }, title)))),
        element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell, index) => element("td", { class: index > 1 ? "number" : null }, cell))))),
      ),
    ),
  );
}

function table(title, size, entries, whole, told, query) {
  const rows = entries
    .filter(([, n]) => n)
    .sort(([, a], [, b]) => b - a)
    .map((entry) => {
      const [words, asked] = told(entry);
      return element(
        "tr",
        {},
        element("td", {}, asked ? element("a", { href: callsWith(query, asked) }, words) : words),
        element("td", { class: "number" }, number(entry[1])),
        element("td", { class: "number" }, percent(entry[1], whole)),
      );
    });
  return panel(title, "", size, element("table", {}, element("tbody", {}, ...rows)));
}
