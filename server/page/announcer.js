/** Whole lines for a screen reader: never an interim word, and not the whole call again. */
import { element } from "./element.js";

const KEPT_LINES = 12;

export class Announcer {
  #region;

  constructor(region) {
    this.#region = region;
  }

  say(text) {
    this.#region.append(element("p", {}, text));
    while (this.#region.children.length > KEPT_LINES) this.#region.firstElementChild.remove();
  }

  clear() {
    this.#region.replaceChildren();
  }
}
