import { duration } from "./duration.js";
import { element } from "./element.js";

const STAGES = { stt: "Speech-to-text", llm: "Language model", tts: "Text-to-speech" };

const WHAT = {
  silent: "said nothing",
  refused: "refused",
  stalled: "stopped in the middle",
  cut: "broke off",
  empty: "gave nothing to use",
  nonsense: "gave what cannot be true",
};

/** One line: which provider failed how, what it cost, and who was asked instead. */
export function failureNote({ stage, provider, how, cost_ms: cost, went_to: next }) {
  const then = next ? `${next} was asked` : "nobody was left to ask";
  return element(
    "p",
    { class: "failure", role: "note" },
    `${STAGES[stage] ?? stage}: ${provider} ${WHAT[how] ?? how} (${duration(cost)}); ${then}`,
  );
}
