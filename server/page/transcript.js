/** The conversation: sorts the bot's messages into exchanges and keeps each up to date. */
import { Exchange } from "./exchange.js";
import { failureNote } from "./failures.js";
import { handoffCard } from "./handoff.js";
import { Segment } from "./segment.js";
import { ToolRuns } from "./tools.js";
import { Waterfalls } from "./waterfall.js";

const NEAR_END_PX = 160;
const plain = (text) => (text ?? "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
const readable = (text) => text.replace(/^DTMF:\s*/, "Keypad: ").trim();

export class Transcript {
  #list;
  #announcer;
  #botTitle;
  #waterfalls;
  #tools = new ToolRuns();
  #exchanges = [];
  #segments = new Map();
  #botSpeaking = false;
  #follow;
  #pinned = true;

  constructor(list, announcer) {
    this.#list = list;
    this.#announcer = announcer;
    this.#waterfalls = new Waterfalls(list);
    // New words, a waterfall or a problem may push the newest words out of view.
    this.#follow = new ResizeObserver(() => this.#pinned && !this.empty && this.#scrollToEnd());
    this.#follow.observe(list.closest("main"));
    window.addEventListener("scroll", () => this.#rememberPlace(), { passive: true });
  }

  begin(botTitle) {
    this.#botTitle = botTitle;
    this.clear();
    this.#pinned = true;
  }

  clear() {
    this.#exchanges = [];
    this.#segments.clear();
    this.#tools = new ToolRuns();
    this.#botSpeaking = false;
    this.#list.replaceChildren();
    this.#waterfalls.reset();
  }

  get empty() {
    return this.#exchanges.length === 0;
  }

  receive({ type, data }) {
    switch (type) {
      case "user-transcription":
        return this.#heard(data);
      case "user-stopped-speaking":
        return this.#userStopped();
      case "bot-output":
        return this.#botOutput(data);
      case "bot-started-speaking":
        this.#botSpeaking = true;
        return undefined;
      case "bot-stopped-speaking":
        this.#botSpeaking = false;
        return undefined;
      case "bot-interrupted":
        return this.#interrupted();
      case "llm-function-call-in-progress":
        return this.#toolStarted(data);
      case "llm-function-call-stopped":
        return this.#tools.stop(data.tool_call_id, data.cancelled);
      case "server-message":
        if (data.type === "turn-latency") return this.#latency(data);
        if (data.type === "handoff") return this.#handoff(data);
        if (data.type === "provider-failed") return this.#current().addCard(failureNote(data));
        return undefined;
      default:
        return undefined;
    }
  }

  end() {
    this.#tools.stopAll();
    for (const exchange of this.#exchanges) {
      exchange.settle();
      if (exchange.figure && !exchange.measured) exchange.figure.remove();
    }
    for (const segment of this.#segments.values()) segment.cut();
  }

  #current() {
    return this.#exchanges.at(-1) ?? this.#open();
  }

  #open() {
    const exchange = new Exchange(this.#botTitle);
    this.#exchanges.push(exchange);
    this.#list.append(exchange.node);
    return exchange;
  }

  #heard({ text, final }) {
    if (!text?.trim()) return;
    let exchange = this.#exchanges.at(-1);
    if (!exchange || exchange.hasBot || exchange.chips.length > 0 || exchange.measured) {
      exchange = this.#open();
    }
    exchange.hear(readable(text), final);
    if (!final) return;
    this.#expectAnswer(exchange);
    this.#announcer.say(`You: ${readable(text)}`);
  }

  #userStopped() {
    const exchange = this.#exchanges.at(-1);
    if (exchange?.hasUser && !exchange.hasBot) this.#expectAnswer(exchange);
  }

  #expectAnswer(exchange) {
    if (!exchange.figure) exchange.addFigure(this.#waterfalls.waiting());
  }

  #botOutput(data) {
    const id = data.segment_id ?? Symbol("segment without an id");
    let segment = this.#segments.get(id);
    if (!segment) {
      segment = new Segment(data.text, { silent: data.will_be_spoken === false });
      this.#segments.set(id, segment);
      this.#current().addSegment(segment.node);
    }
    if (!segment.open) return;
    const progress = data.spoken_progress;
    if (data.spoken_status === "completed") {
      segment.complete(data.text);
      this.#announcer.say(`${this.#botTitle}: ${data.text}`);
    } else if (data.spoken_status === "in-progress" && progress) {
      segment.progress(progress.accumulated_text, progress.remaining_text);
    }
  }

  #interrupted() {
    const wasSpeaking = this.#botSpeaking;
    this.#botSpeaking = false;
    let cut = false;
    for (const segment of this.#segments.values()) {
      if (!segment.open) continue;
      const spoken = segment.spokenText;
      if (segment.cut()) cut = true;
      if (spoken) this.#announcer.say(`${this.#botTitle}, cut off: ${spoken}`);
    }
    if (!cut && !wasSpeaking) return;
    const exchange = [...this.#exchanges].reverse().find((one) => one.hasBot);
    exchange?.cutOff();
  }

  #toolStarted({ tool_call_id: id, function_name: name }) {
    const chip = this.#tools.start(id, name);
    if (chip) this.#current().addTool(chip);
  }

  #handoff(data) {
    const place = Number.isFinite(data.queue_number) ? `, number ${data.queue_number} in the queue` : "";
    this.#current().addCard(handoffCard(data));
    this.#announcer.say(`Handed over to a person${place}. ${data.reason ?? ""}`);
  }

  #latency(latency) {
    const exchange = this.#exchangeOf(latency);
    if (!exchange) return;
    exchange.measured = true;
    if (!exchange.figure) exchange.addFigure(this.#waterfalls.waiting());
    this.#waterfalls.draw(exchange.figure, latency);
    this.#tools.measured(exchange.chips, latency.tools ?? []);
  }

  /** A turn that was cut off may be reported when the next one has already begun. */
  #exchangeOf({ said, turn }) {
    const drawn = this.#exchanges.find((one) => one.figure?.dataset.turn === String(turn));
    if (drawn) return drawn;
    const newestFirst = this.#exchanges.filter((one) => !one.measured).reverse();
    const words = plain(said);
    return (
      (words && newestFirst.find((one) => plain(one.said) === words)) ||
      newestFirst.find((one) => one.hasUser) ||
      newestFirst[0]
    );
  }

  #rememberPlace() {
    const page = document.documentElement;
    this.#pinned = page.scrollHeight - page.clientHeight - page.scrollTop < NEAR_END_PX;
  }

  #scrollToEnd() {
    window.scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  }
}
