/** The twelve keys of a telephone; also takes the physical keyboard while it has the focus. */
import { element } from "./element.js";

const KEYS = [
  ["1", ""], ["2", "abc"], ["3", "def"],
  ["4", "ghi"], ["5", "jkl"], ["6", "mno"],
  ["7", "pqrs"], ["8", "tuv"], ["9", "wxyz"],
  ["*", ""], ["0", "+"], ["#", ""],
];
const SPOKEN = { "*": "star", "#": "hash" };
const SHOWN_DIGITS = 16;
const FLASH_MS = 160;

export class Keypad {
  #panel;
  #toggle;
  #onPress;
  #display = element("output", { class: "keypad-display", "aria-label": "Pressed keys" });
  #buttons = new Map();

  constructor(panel, toggle, onPress) {
    this.#panel = panel;
    this.#toggle = toggle;
    this.#onPress = onPress;
    const grid = element("div", { class: "keypad-grid" });
    for (const [key, letters] of KEYS) {
      const button = element(
        "button",
        { type: "button", class: "keypad-key", data: { key }, "aria-label": SPOKEN[key] ?? key },
        element("b", {}, key),
        element("small", { "aria-hidden": "true" }, letters),
      );
      button.addEventListener("click", () => this.#press(key));
      this.#buttons.set(key, button);
      grid.append(button);
    }
    panel.append(this.#display, grid);
    panel.addEventListener("keydown", (event) => this.#typed(event));
    toggle.addEventListener("click", () => (panel.hidden ? this.open() : this.close()));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) this.close();
    });
  }

  open() {
    this.#panel.hidden = false;
    this.#toggle.setAttribute("aria-expanded", "true");
    this.#buttons.get("1").focus();
  }

  close({ refocus = true } = {}) {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#toggle.setAttribute("aria-expanded", "false");
    if (refocus) this.#toggle.focus();
  }

  reset() {
    this.close({ refocus: false });
    this.#display.textContent = "";
  }

  #typed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const button = this.#buttons.get(event.key);
    if (!button) return;
    event.preventDefault();
    button.focus();
    button.dataset.pressed = "true";
    setTimeout(() => delete button.dataset.pressed, FLASH_MS);
    this.#press(event.key);
  }

  #press(key) {
    this.#display.textContent = (this.#display.textContent + key).slice(-SHOWN_DIGITS);
    this.#onPress(key);
  }
}
