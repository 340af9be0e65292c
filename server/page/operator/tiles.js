/** The dashboard's first numbers, each a link to the calls behind it. */
import { element } from "../element.js";
import { callsWith } from "./asked.js";
import { clock, money, ms, number, percent, plural } from "./words.js";

/** `[name, value, note, what the link asks for, tone]` */
export function tiles(figures, query) {
  const over = figures.calls - figures.live;
  const { outcomes, stages, costs, silences, bounds_reached: broken } = figures;
  const voice = stages.voice_to_voice;
  const handedOver = outcomes.handed_over ?? 0;
  const allowed = (1 - figures.silence_objective) * silences;
  const left = allowed > 0 ? 1 - broken / allowed : 1;
  const bound = ms(figures.silence_bound_ms);
  const priced = Object.entries(costs).map(([currency, amount]) => {
    const calls = figures.priced_calls[currency] || 1;
    return [money(Number(amount) / calls, currency), `${money(amount, currency)} for ${plural(calls, "call")}`];
  });
  return [
    ["Calls", number(figures.calls), figures.live ? `${figures.live} running now` : `${plural(figures.turns, "turn")}`, {}],
    ["Contained", percent(outcomes.resolved ?? 0, over), `${number(outcomes.resolved ?? 0)} resolved without a person`, { outcome: "resolved" }],
    ["Handed over", percent(handedOver, over), `${plural(handedOver, "transfer")} to a person`, { outcome: "handed_over" }],
    ["Hang-ups", percent(figures.ended_by.caller ?? 0, over), `${number(figures.ended_by.caller ?? 0)} ended by the caller`, { ended_by: "caller" }],
    ["Failed", percent(outcomes.failed ?? 0, over), plural(outcomes.failed ?? 0, "call"), { outcome: "failed" }, outcomes.failed ? "bad" : ""],
    ["Handle time", over ? clock(figures.handle_time_s / over) : "–", "mean of calls that are over", {}],
    ["Voice to voice", voice ? ms(voice.p50_ms) : "–", voice ? `p95 ${ms(voice.p95_ms)}, p99 ${ms(voice.p99_ms)}` : "no turn was answered", {}],
    ["Longest dead air", ms(figures.dead_air_max_ms), `${plural(broken, "silence")} met the bound of ${bound}`, { having: "bounds_reached" }, figures.dead_air_max_ms > figures.silence_bound_ms ? "bad" : ""],
    ["Error budget left", `${Math.round(100 * Math.max(-9.99, left))} %`, `${number(broken)} of ${number(silences)} waits met the silence bound; ${percent(1 - figures.silence_objective, 1)} may`, { having: "bounds_reached" }, left < 0 ? "bad" : ""],
    ["Failed tools", number(figures.failed_tools), "runs that ended in an error", { having: "failed_tools" }, figures.failed_tools ? "bad" : ""],
    ["Unhandled", number(figures.unhandled), "times the bot could not help", { having: "unhandled" }],
    ["Interruptions", number(figures.interruptions), `${number(figures.fillers)} fillers`, { having: "interruptions" }],
    ["Switches", number(figures.switches), "to another provider", { having: "switches" }],
    ...priced.map(([each, note]) => ["Cost per call", each, note, {}]),
    ...(priced.length ? [] : [["Cost per call", "–", "nothing was priced", {}]]),
    ...rating(figures),
  ].map(([name, value, note, asked, tone]) =>
    element(
      "a",
      { class: "tile", href: callsWith(query, asked), data: { tone: tone ?? "" } },
      element("span", { class: "tile-name" }, name),
      element("span", { class: "tile-value" }, value),
      element("span", { class: "tile-note" }, note),
    ),
  );
}

function rating({ csat }) {
  const answers = Object.entries(csat);
  const count = answers.reduce((sum, [, n]) => sum + n, 0);
  if (!count) return [];
  const mean = answers.reduce((sum, [score, n]) => sum + score * n, 0) / count;
  return [["Rating", mean.toFixed(1), `${plural(count, "answer")}`, {}]];
}
