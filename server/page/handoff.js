/** The card shown when the bot hands the call to a person. */
import { element } from "./element.js";

export function handoffCard({ queue_number: place, reason }) {
  const numbered = Number.isFinite(place);
  return element(
    "section",
    { class: "handoff", "aria-label": "Handed over to a person" },
    numbered ? element("p", { class: "handoff-number" }, String(place)) : null,
    element(
      "div",
      {},
      element(
        "p",
        { class: "handoff-title" },
        numbered ? `You are number ${place} in the queue` : "A person will take over",
      ),
      reason ? element("p", { class: "handoff-reason" }, reason) : null,
    ),
  );
}
