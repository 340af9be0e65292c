/** What a call used of its providers, summed over its events, with what that cost. */
import { money, number, STAGES, titled } from "./words.js";

const COUNTED = ["speech_s", "prompt_tokens", "cached_tokens", "completion_tokens", "characters"];

/** `[stage's title, sentence]` a stage, provider and model. */
export function usageOf(events) {
  const used = new Map();
  for (const event of events.filter(({ kind }) => kind === "usage")) {
    const key = [event.stage, event.provider, event.model].join("\n");
    const sums = used.get(key) ?? { stage: event.stage, provider: event.provider, model: event.model };
    for (const name of COUNTED) if (event[name]) sums[name] = (sums[name] ?? 0) + event[name];
    used.set(key, sums);
  }
  const cost = events.findLast(({ kind }) => kind === "cost");
  return [...used.values()].map((sums) => {
    const parts = (cost?.parts ?? []).filter(({ stage, provider, model }) => stage === sums.stage && provider === sums.provider && (!model || model === sums.model));
    const amount = parts.reduce((sum, part) => sum + Number(part.amount), 0);
    const words = [[sums.provider, sums.model].filter(Boolean).join(" "), ...amounts(sums)];
    if (parts.length && Number.isFinite(amount)) words.push(money(amount, cost.currency));
    return [STAGES[sums.stage] ?? titled(sums.stage), words.join(", ")];
  });
}

function* amounts({ speech_s: seconds, prompt_tokens: asked, cached_tokens: cached, completion_tokens: said, characters }) {
  if (seconds) yield `${seconds.toFixed(1)} s of speech`;
  if (asked) yield `${number(asked)} tokens in${cached ? ` (${number(cached)} cached)` : ""}`;
  if (said) yield `${number(said)} out`;
  if (characters) yield `${number(characters)} characters`;
}
