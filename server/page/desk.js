/** The card with the call's controls: what is going on, for how long, and what can be pressed. */
import { clock } from "./duration.js";
import { element } from "./element.js";

const STATES = {
  listening: "Listening",
  hearing: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
};

export class Desk {
  #state;
  #note;
  #problem;
  #buttons;
  #meters;
  #callWord;
  #clock;
  #startedAt;
  #last;
  #now;

  constructor(root, now = () => performance.now()) {
    this.#now = now;
    this.#state = root.querySelector("#state");
    this.#note = root.querySelector("#note");
    this.#problem = root.querySelector("#problem");
    this.#meters = root.querySelector("#meters");
    this.#callWord = root.querySelector("#call-word");
    this.#buttons = [...root.querySelectorAll("[data-when]")];
  }

  get seconds() {
    return this.#startedAt === undefined ? 0 : (this.#now() - this.#startedAt) / 1000;
  }

  idle(botTitle) {
    this.#phase("idle");
    this.#say(botTitle ? `Ready to call ${botTitle}` : "", "Uses your microphone. Headphones help.");
    this.#callWord.textContent = "Call";
  }

  connecting(botTitle) {
    this.#phase("connecting");
    this.#startedAt = undefined;
    this.showProblem();
    this.#say("Connecting…", botTitle);
  }

  live() {
    this.#phase("live");
    this.#startedAt = this.#now();
    this.#tick();
    this.#clock = setInterval(() => this.#tick(), 1000);
  }

  state(state) {
    this.#last = state;
    this.#state.textContent = STATES[state];
    this.#state.dataset.state = state;
  }

  shaky(shaky) {
    this.#state.dataset.shaky = String(shaky);
    if (shaky) this.#state.textContent = "Connection unsteady…";
    else if (this.#last) this.state(this.#last);
  }

  ended(title, note) {
    clearInterval(this.#clock);
    this.#phase("ended");
    this.#say(title, note);
    this.#callWord.textContent = "Call again";
  }

  showProblem(problem) {
    if (!problem) return this.#problem.replaceChildren();
    this.#problem.replaceChildren(
      element(
        "p",
        {},
        element("strong", {}, problem.title),
        problem.advice ? ` ${problem.advice}` : null,
      ),
    );
    return undefined;
  }

  /** Where the focus goes when the button that had it is gone. */
  focus() {
    this.#state.focus({ preventScroll: true });
  }

  #phase(phase) {
    document.body.dataset.phase = phase;
    delete this.#state.dataset.state;
    delete this.#state.dataset.shaky;
    this.#last = undefined;
    this.#meters.hidden = phase !== "live";
    for (const button of this.#buttons) {
      button.hidden = !button.dataset.when.split(" ").includes(phase);
    }
  }

  #say(state, note) {
    this.#state.textContent = state;
    this.#note.textContent = note ?? "";
  }

  #tick() {
    this.#note.textContent = clock(this.seconds);
  }
}
