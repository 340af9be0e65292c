/** The recording: played from any moment, and its waveform. */
import { get } from "./api.js";
import { byId } from "./shell.js";
import { clock } from "./words.js";

const PEAKS_PER_S = 20;
const PEAKS_AT_MOST = 8000;

export class Player {
  #id;
  #audio = byId("sound");
  #button = byId("play");
  #clock = byId("clock");
  #onTime;
  #ready = false;
  #from;

  constructor(id, onTime) {
    this.#id = id;
    this.#onTime = onTime;
    this.#button.addEventListener("click", () => this.#toggle());
    for (const name of ["play", "pause", "ended"]) this.#audio.addEventListener(name, () => this.#told());
    // Its own event comes four times a second, which is too seldom for words.
    const tick = () => {
      if (!this.#audio.paused) this.#tell(true);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    this.#audio.addEventListener("seeked", () => this.#tell(false));
    this.#audio.addEventListener("loadedmetadata", () => {
      if (this.#from !== undefined) this.#audio.currentTime = this.#from;
      this.#from = undefined;
      this.#tell(false);
    });
  }

  get ready() {
    return this.#ready;
  }

  /** Fetch the waveform and offer to play. Returns the peaks, or why there are none. */
  async load(seconds) {
    const buckets = Math.min(PEAKS_AT_MOST, Math.max(1, Math.ceil(seconds * PEAKS_PER_S)));
    const peaks = await get(`/api/calls/${encodeURIComponent(this.#id)}/waveform?buckets=${buckets}`);
    this.#audio.src = `/api/calls/${encodeURIComponent(this.#id)}/sound.wav`;
    this.#ready = true;
    this.#button.hidden = false;
    this.#clock.hidden = false;
    this.#clock.textContent = clock(0);
    return peaks;
  }

  seek(seconds, { play = false } = {}) {
    if (!this.#ready) return;
    if (this.#audio.readyState >= HTMLMediaElement.HAVE_METADATA) this.#audio.currentTime = seconds;
    else {
      this.#from = seconds;
      this.#audio.load();
    }
    if (play) this.#audio.play().catch(() => this.#told());
  }

  #toggle() {
    if (this.#audio.paused) this.#audio.play().catch(() => this.#told());
    else this.#audio.pause();
  }

  #told() {
    const playing = !this.#audio.paused && !this.#audio.ended;
    this.#button.textContent = playing ? "Pause" : "Play";
    this.#button.setAttribute("aria-pressed", String(playing));
    this.#tell(false);
  }

  #tell(follow) {
    const { currentTime, duration } = this.#audio;
    const whole = Number.isFinite(duration) ? ` / ${clock(duration)}` : "";
    this.#clock.textContent = clock(currentTime) + whole;
    this.#onTime(currentTime, { follow });
  }
}
