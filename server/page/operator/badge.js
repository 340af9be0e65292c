/** A call's outcome in a word, in its colour. */
import { element } from "../element.js";
import { OUTCOMES, titled } from "./words.js";

export function badge(call) {
  if (call.live) return element("span", { class: "badge", data: { tone: "live" } }, "Running");
  const { title, tone } = OUTCOMES[call.outcome] ?? { title: titled(call.outcome || "No outcome"), tone: "" };
  return element("span", { class: "badge", data: { tone }, title: call.outcome_why || null }, title);
}
