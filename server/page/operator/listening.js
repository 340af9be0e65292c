/** Listening in on a call that runs: its sound as it comes, played a moment later. */
import { open } from "./api.js";

const BYTES = 2 * 2;

export class Listening {
  #url;
  #button;
  #onProblem;
  #stopping;
  #context;

  constructor(url, button, onProblem) {
    this.#url = url;
    this.#button = button;
    this.#onProblem = onProblem;
    button.addEventListener("click", () => (this.#stopping ? this.stop() : this.#start()));
  }

  offer(possible) {
    this.#button.hidden = !possible && !this.#stopping;
  }

  stop() {
    this.#stopping?.abort();
    this.#stopping = undefined;
    this.#context?.close();
    this.#context = undefined;
    this.#button.textContent = "Listen in";
    this.#button.setAttribute("aria-pressed", "false");
  }

  async #start() {
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#button.textContent = "Stop listening";
    this.#button.setAttribute("aria-pressed", "true");
    try {
      const context = new AudioContext({ sampleRate: 16_000 });
      this.#context = context;
      await context.audioWorklet.addModule("/page/operator/listening-worklet.js");
      const speaker = new AudioWorkletNode(context, "listening", { numberOfInputs: 0, outputChannelCount: [2] });
      speaker.connect(context.destination);
      await this.#play(await open(this.#url, stopping.signal), speaker);
      this.stop();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.stop();
      this.#onProblem(error);
    }
  }

  async #play(stream, speaker) {
    const reader = stream.getReader();
    let rest = new Uint8Array();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const bytes = new Uint8Array(rest.length + value.length);
      bytes.set(rest);
      bytes.set(value, rest.length);
      const whole = bytes.length - (bytes.length % BYTES);
      rest = bytes.slice(whole);
      speaker.port.postMessage(bytes.buffer.slice(0, whole));
    }
  }
}
