/** One call as a row of the list. */
import { element } from "../element.js";
import { badge } from "./badge.js";
import { CHANNELS, clock, exactly, money, ms, plural, titled, when } from "./words.js";

function troubles(call, boundMs) {
  const found = [];
  const over = call.bounds_reached > 0 || call.dead_air_max_ms > boundMs;
  if (call.failed_tools) found.push(["bad", plural(call.failed_tools, "failed tool")]);
  if (over) found.push(["bad", `${ms(call.dead_air_max_ms)} of silence`]);
  if (call.switches) found.push(["fair", plural(call.switches, "switch", "switches")]);
  if (call.unhandled) found.push(["fair", `${call.unhandled} unhandled`]);
  if (call.events_missing) found.push(["fair", `${call.events_missing} events missing`]);
  return found.map(([tone, words]) => element("span", { class: "badge", data: { tone } }, words));
}

function speed(call, boundMs) {
  if (call.v2v_p50_ms === null) return [element("span", { class: "dim" }, "–")];
  const worst = element("span", { class: "worst", data: { over: call.v2v_max_ms > boundMs } }, `max ${ms(call.v2v_max_ms)}`);
  return [ms(call.v2v_p50_ms), " ", worst];
}

const lasted = (call) =>
  call.live ? (Date.now() - Date.parse(call.answered_utc ?? call.started_utc)) / 1000 : (call.duration_s ?? 0);

export function row(call, boundMs) {
  const marks = troubles(call, boundMs);
  const cells = [
    element("a", { class: "open", href: `/calls/${encodeURIComponent(call.id)}`, title: exactly(call.started_utc) }, when(call.started_utc)),
    titled(call.bot),
    element("span", { class: "from" }, [CHANNELS[call.channel] ?? call.channel, call.caller].filter(Boolean).join(" ")),
    badge(call),
    clock(lasted(call)),
    String(call.turns),
    speed(call, boundMs),
    marks.length ? element("span", { class: "troubles" }, ...marks) : null,
    call.cost_amount === null
      ? element("span", { class: "dim", title: call.unpriced.length ? `No price for ${call.unpriced.join(", ")}` : "Nothing was priced" }, call.live ? "" : call.unpriced.length ? "unpriced" : "–")
      : `${money(call.cost_amount, call.cost_currency)}${call.unpriced.length ? " +" : ""}`,
  ];
  const numeric = [4, 5, 6, 8];
  return element(
    "tr",
    // Its times go on by themselves; anything else makes it another version.
    { data: { id: call.id, live: String(call.live), version: JSON.stringify([call, call.live ? Math.floor(lasted(call)) : 0]) } },
    ...cells.map((cell, index) =>
      element("td", { class: numeric.includes(index) ? "number" : null }, ...[cell].flat()),
    ),
  );
}
