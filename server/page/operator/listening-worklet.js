/** Plays 16-bit stereo as it arrives; silence while nothing does. */

const HELD_AT_FIRST_S = 0.25;
const HELD_AT_MOST_S = 1.5;

class Listening extends AudioWorkletProcessor {
  #waiting = [];
  #frames = 0;
  #offset = 0;
  #playing = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      const samples = new Int16Array(data);
      this.#waiting.push(samples);
      this.#frames += samples.length / 2;
      // What was held up is skipped: who listens in wants to hear now.
      while (this.#frames > HELD_AT_MOST_S * sampleRate && this.#waiting.length > 1) this.#drop();
    };
  }

  process(_, [[left, right]]) {
    if (!this.#playing) this.#playing = this.#frames >= HELD_AT_FIRST_S * sampleRate;
    for (let i = 0; this.#playing && i < left.length; i += 1) {
      if (this.#waiting.length === 0) {
        this.#playing = false;
        break;
      }
      const samples = this.#waiting[0];
      left[i] = samples[this.#offset] / 32768;
      right[i] = samples[this.#offset + 1] / 32768;
      this.#offset += 2;
      this.#frames -= 1;
      if (this.#offset >= samples.length) this.#next();
    }
    return true;
  }

  #drop() {
    this.#frames -= (this.#waiting[0].length - this.#offset) / 2;
    this.#next();
  }

  #next() {
    this.#waiting.shift();
    this.#offset = 0;
  }
}

registerProcessor("listening", Listening);
