/** A stretch of the bot's words: spoken ones full, the ones to come dimmed. */
import { element } from "./element.js";

export class Segment {
  #spoken = element("span", { class: "spoken" });
  #unspoken = element("span", { class: "unspoken" });
  #closed = false;
  node = element("span", { class: "segment" }, this.#spoken, this.#unspoken);

  constructor(text, { silent = false } = {}) {
    this.text = text;
    this.#unspoken.textContent = text;
    if (silent) {
      this.node.dataset.silent = "true";
      this.#closed = true;
    }
  }

  get open() {
    return !this.#closed;
  }

  get spokenText() {
    return this.#spoken.textContent.trim();
  }

  progress(accumulated, remaining) {
    if (this.#closed) return;
    const gap = accumulated && remaining && !/\s$/.test(accumulated) && !/^[\s.,;:!?…)]/.test(remaining);
    this.#spoken.textContent = accumulated;
    this.#unspoken.textContent = gap ? ` ${remaining}` : remaining;
  }

  complete(text) {
    if (this.#closed) return;
    this.#closed = true;
    this.#spoken.textContent = text ?? this.text;
    this.#unspoken.textContent = "";
  }

  /** The rest was never heard. Returns whether there was a rest. */
  cut() {
    if (this.#closed) return false;
    this.#closed = true;
    this.node.dataset.cut = "true";
    const rest = this.#unspoken.textContent;
    if (rest.trim() === "") return false;
    // The space before the first unheard word is not struck through.
    const [gap] = rest.match(/^\s*/);
    this.#unspoken.replaceChildren(gap, element("s", {}, rest.slice(gap.length)));
    return true;
  }
}
