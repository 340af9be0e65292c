/** What else is on a call's record, as pairs of a name and a value. */
import { element } from "../element.js";
import { usageOf } from "./usage.js";
import { CHANNELS, clock, ENDED_BY, exactly, money, ms, OUTCOMES, plural, STAGES, titled } from "./words.js";

function chain(names) {
  return names.flatMap((name, index) => (index ? [element("span", { class: "arrow", "aria-label": "then" }, " → "), name] : [name]));
}

function cost({ cost_amount: amount, cost_currency: currency, unpriced }) {
  const rest = unpriced.length ? `no price for ${unpriced.join(", ")}` : "";
  if (amount === null) return rest;
  return [money(amount, currency), rest].filter(Boolean).join("; ");
}

export function drawFacts(list, call, endS, events) {
  const ended = call.live ? "" : [ENDED_BY[call.ended_by] ?? call.ended_by, call.end_reason].filter(Boolean).join(": ");
  const outcome = call.live ? "" : [OUTCOMES[call.outcome]?.title ?? titled(call.outcome), call.outcome_why].filter(Boolean).join(": ");
  const counted = [
    [call.turns, "turn"],
    [call.interruptions, "interruption"],
    [call.fillers, "filler"],
    [call.failed_tools, "failed tool"],
    [call.unhandled, "unhandled request"],
    [call.switches, "switch", "switches"],
  ];
  const pairs = [
    ["Bot", [titled(call.bot), call.bot_version].filter(Boolean).join(", version ")],
    ["Caller", [CHANNELS[call.channel] ?? call.channel, call.direction, call.caller].filter(Boolean).join(", ")],
    ["Began", exactly(call.started_utc)],
    ["Lasted", clock(call.live ? endS : (call.duration_s ?? endS))],
    ["Ended by", ended],
    ["Outcome", outcome && call.outcome_by ? `${outcome} (${call.outcome_by === "tool" ? "said by the bot's tool" : "judged by rules"})` : outcome],
    ["Voice to voice", call.v2v_p50_ms === null ? "" : `${ms(call.v2v_p50_ms)} median, ${ms(call.v2v_max_ms)} at most`],
    ["Longest silence", call.dead_air_max_ms === null ? "" : ms(call.dead_air_max_ms)],
    ...Object.entries(call.providers).map(([stage, names]) => [STAGES[stage] ?? titled(stage), chain(names)]),
    ...usageOf(events).map(([stage, words]) => [`Used of ${stage.toLowerCase()}`, words]),
    ["Cost", cost(call)],
    ["Rating", call.csat === null ? "" : String(call.csat)],
    ["Counted", counted.filter(([n]) => n > 0).map((one) => plural(...one)).join(", ")],
    ["Missing", call.events_missing ? `${call.events_missing} events could not be kept` : ""],
    ["Call id", element("code", {}, call.id)],
  ];
  list.replaceChildren(
    ...pairs
      .filter(([, value]) => value && value.length !== 0)
      .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, ...[value].flat())]),
  );
}
