/**
 * From the end of the caller's words to the first sound of the bot, and to its answer. A filler, an
 * apology or a phrase of the silence bound is a sound, and no answer.
 */

const orNever = (ms) => (Number.isFinite(ms) ? ms : Infinity);

/** Milliseconds; undefined where nothing was heard. */
export function voiceToVoice({ first_audio_out_ms: answer, filler_audio_out_ms: aside }) {
  const first = Math.min(orNever(answer), orNever(aside));
  return first === Infinity ? undefined : first;
}

/** What the time to the answer is called: after another sound it is not voice to voice. */
export function titleOfAnswer(latency) {
  return voiceToVoice(latency) < latency.first_audio_out_ms ? "until the answer" : "voice to voice";
}
