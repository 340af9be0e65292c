/** What remains of a call in one sentence. */
import { duration, median } from "./duration.js";
import { voiceToVoice } from "./voice-to-voice.js";

export class Summary {
  #voiceToVoice = new Map();
  #turns = new Set();

  receive({ type, data }) {
    if (type !== "server-message" || data.type !== "turn-latency") return;
    this.#turns.add(data.turn);
    const heard = voiceToVoice(data);
    if (heard !== undefined) this.#voiceToVoice.set(data.turn, heard);
  }

  sentence() {
    const turns = this.#turns.size;
    if (turns === 0) return "";
    const counted = turns === 1 ? "1 turn" : `${turns} turns`;
    const middle = median([...this.#voiceToVoice.values()]);
    return middle === undefined ? `${counted}.` : `${counted}, median voice to voice ${duration(middle)}.`;
  }
}
