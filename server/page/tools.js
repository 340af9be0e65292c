/** Tools as they run: one chip a run, with the time it has taken so far, then what it took. */
import { element, icon } from "./element.js";
import { duration } from "./duration.js";

const REFRESH_MS = 100;

export const toolTitle = (name) => {
  const words = (name || "a tool").replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export class ToolRuns {
  #now;
  #runs = new Map();
  #ticking;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** The chip of a run that has just begun, or undefined when it is already shown. */
  start(id, name) {
    if (this.#runs.has(id)) return undefined;
    const time = element("span", { class: "tool-time" }, "running…");
    const chip = element(
      "li",
      { class: "tool", data: { tool: name ?? "", status: "running" } },
      icon("tool"),
      element("span", { class: "tool-name" }, toolTitle(name)),
      time,
    );
    this.#runs.set(id, { chip, time, name, startedAt: this.#now() });
    this.#ticking ??= setInterval(() => this.#tick(), REFRESH_MS);
    return chip;
  }

  stop(id, cancelled) {
    const run = this.#runs.get(id);
    if (!run || run.chip.dataset.status !== "running") return;
    run.chip.dataset.status = cancelled ? "cancelled" : "done";
    const took = duration(this.#now() - run.startedAt);
    run.time.textContent = cancelled ? `stopped after ${took}` : `took ${took}`;
    this.#rest();
  }

  stopAll() {
    for (const id of this.#runs.keys()) this.stop(id, true);
  }

  /** Puts the server's own measurement in place of the page's. */
  measured(chips, runs) {
    const waiting = [...runs];
    for (const chip of chips) {
      const index = waiting.findIndex((run) => run.name === chip.dataset.tool);
      if (index < 0) continue;
      const [run] = waiting.splice(index, 1);
      if (chip.dataset.status === "done" && Number.isFinite(run.duration_ms)) {
        chip.querySelector(".tool-time").textContent = `took ${duration(run.duration_ms)}`;
      }
    }
  }

  #tick() {
    for (const run of this.#runs.values()) {
      if (run.chip.dataset.status !== "running") continue;
      const seconds = (this.#now() - run.startedAt) / 1000;
      run.time.textContent = `running, ${seconds.toFixed(1)} s`;
    }
  }

  #rest() {
    const running = [...this.#runs.values()].some((run) => run.chip.dataset.status === "running");
    if (running) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }
}
