/** Plays the bot. Where the browser refuses to start sound by itself, shows a button for it. */

export class Voice {
  #audio;
  #prompt;

  constructor(audio, prompt) {
    this.#audio = audio;
    this.#prompt = prompt;
    prompt.querySelector("button").addEventListener("click", () => this.#play());
  }

  /** @param {MediaStreamTrack} track @returns {MediaStream} */
  play(track) {
    const stream = new MediaStream([track]);
    this.#audio.srcObject = stream;
    this.#play();
    return stream;
  }

  stop() {
    this.#audio.srcObject = null;
    this.#prompt.hidden = true;
  }

  async #play() {
    try {
      await this.#audio.play();
      this.#prompt.hidden = true;
    } catch (error) {
      // AbortError: the call ended, or another track took this one's place.
      if (error.name === "NotAllowedError") this.#prompt.hidden = false;
    }
  }
}
