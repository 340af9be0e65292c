/** How loud each side is, drawn at most twenty times a second and only while a call runs. */

const DRAW_MS = 50;
const FLOOR_DB = -60;
const CEILING_DB = -12;

function loudness(analyser, samples) {
  analyser.getFloatTimeDomainData(samples);
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  const db = 10 * Math.log10(energy / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

export class Meters {
  #context;
  #drawing;
  #sides = [];

  /** Call from a click: browsers start audio contexts only then. */
  start() {
    this.stop();
    this.#context = new AudioContext();
    this.#drawing = setInterval(() => this.#draw(), DRAW_MS);
  }

  watch(stream, node) {
    if (!this.#context) return;
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 512;
    this.#context.createMediaStreamSource(stream).connect(analyser);
    this.#sides.push({ analyser, node, samples: new Float32Array(analyser.fftSize) });
  }

  stop() {
    clearInterval(this.#drawing);
    for (const { node } of this.#sides) node.style.setProperty("--level", 0);
    this.#sides = [];
    this.#context?.close();
    this.#context = undefined;
  }

  #draw() {
    if (document.hidden) return;
    for (const { analyser, samples, node } of this.#sides) {
      node.style.setProperty("--level", loudness(analyser, samples).toFixed(2));
    }
  }
}
