/** Plays the bot. Where the browser refuses to start sound by itself, shows a button for it. */

export class Voice {
  #audio;
  #button;

  constructor(audio, button) {
    this.#audio = audio;
    this.#button = button;
    button.addEventListener("click", () => this.#play());
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
    this.#button.hidden = true;
  }

  async #play() {
    try {
      await this.#audio.play();
      this.#button.hidden = true;
    } catch (error) {
      // AbortError: the call ended, or another track took this one's place.
      if (error.name === "NotAllowedError") this.#button.hidden = false;
    }
  }
}
