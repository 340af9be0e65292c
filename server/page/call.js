/**
 * One call from the press of the button to the last word: phases, who is speaking, and why it
 * ended. Draws nothing; it tells its listener.
 *
 * Listener: `phase(phase, {reason, problem})` with phase connecting | live | ended,
 * `state(state)` with state listening | hearing | thinking | speaking, `shaky(isShaky)`,
 * `voice(track)`, `trouble(problem)` for what does not end the call, `message({type, data})`.
 */
import { openMicrophone } from "./microphone.js";
import * as problems from "./problems.js";
import * as rtvi from "./rtvi.js";
import { WebRTCLink } from "./webrtc.js";

const PICK_UP_MS = 30_000;
// After "call-ended" the server lets the bot finish and hangs up; this is for when it cannot.
const GOODBYE_MS = 10_000;

function asSentence(text) {
  const words = text.trim();
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?…]$/.test(words) ? "" : ".");
}

async function linkClass(transports) {
  if (!transports?.daily) return WebRTCLink;
  return (await import("./daily.js")).DailyLink;
}

export class Call {
  #listener;
  #bot;
  #transports;
  #link;
  #phase = "connecting";
  #reason;
  #timer;
  #toolsRunning = 0;
  #botSpeaking = false;
  #goodbye = false;
  microphone;
  muted = false;

  constructor({ bot, transports, listener }) {
    this.#bot = bot;
    this.#transports = transports;
    this.#listener = listener;
  }

  get live() {
    return this.#phase === "live";
  }

  async start() {
    this.#listener.phase("connecting");
    try {
      const stream = await openMicrophone();
      if (this.#phase === "ended") return stream.getTracks().forEach((track) => track.stop());
      this.microphone = stream;
      // "ended" comes when the device is unplugged or its permission taken back, not on stop().
      stream.getAudioTracks()[0].addEventListener("ended", () =>
        this.#listener.trouble(problems.microphoneLost()),
      );
      const Link = await linkClass(this.#transports);
      this.#timer = setTimeout(() => this.#end({ problem: problems.botSilent() }), PICK_UP_MS);
      this.#link = new Link({
        bot: this.#bot,
        microphone: stream,
        onOpen: () => this.#link.send(rtvi.clientReady()),
        onVoice: (track) => this.#listener.voice(track),
        onMessage: (message) => this.#received(rtvi.read(message)),
        onShaky: (shaky) => this.#listener.shaky(shaky),
        onGone: (problem) => this.#gone(problem),
      });
      await this.#link.open();
    } catch (error) {
      if (this.#phase === "ended") return;
      if (!(error instanceof problems.Problem)) console.error(error);
      this.#end({ problem: error instanceof problems.Problem ? error : problems.noRoute() });
    }
  }

  hangUp() {
    this.#link?.send(rtvi.disconnectBot());
    this.#end({ reason: "You hung up." });
  }

  mute(muted) {
    this.muted = muted;
    this.#link?.mute(muted);
  }

  press(button) {
    this.#link?.send(rtvi.dtmf([button]));
  }

  #received(message) {
    if (!message || this.#phase === "ended") return;
    const { type, data } = message;
    switch (type) {
      case "bot-ready":
        clearTimeout(this.#timer);
        this.#phase = "live";
        this.#listener.phase("live");
        this.#listener.state(this.#botSpeaking ? "speaking" : "listening");
        break;
      case "user-started-speaking":
        this.#listener.state("hearing");
        break;
      case "user-stopped-speaking":
        this.#listener.state("thinking");
        break;
      case "bot-started-speaking":
        this.#botSpeaking = true;
        this.#listener.state("speaking");
        break;
      case "bot-stopped-speaking":
        this.#botSpeaking = false;
        this.#listener.state(this.#toolsRunning > 0 ? "thinking" : "listening");
        break;
      case "llm-function-call-in-progress":
        this.#toolsRunning += 1;
        if (!this.#botSpeaking) this.#listener.state("thinking");
        break;
      case "llm-function-call-stopped":
        this.#toolsRunning = Math.max(0, this.#toolsRunning - 1);
        break;
      case "server-message":
        if (data.type === "call-ended") this.#announcedEnd(data.reason);
        break;
      case "error":
        if (data.fatal) this.#reason = problems.botFailed(data.error);
        else console.warn("the bot reports:", data.error);
        break;
    }
    if (this.#goodbye) this.#awaitHangUp();
    this.#listener.message(message);
  }

  #announcedEnd(reason) {
    this.#reason = asSentence(reason || "The bot said goodbye.");
    this.#goodbye = true;
  }

  /** Never while the bot still speaks: the last words are played to their end. */
  #awaitHangUp() {
    clearTimeout(this.#timer);
    if (this.#botSpeaking) return;
    this.#timer = setTimeout(() => this.#end({ reason: this.#reason }), GOODBYE_MS);
  }

  #gone(problem) {
    if (this.#reason instanceof problems.Problem) this.#end({ problem: this.#reason });
    else if (this.#reason) this.#end({ reason: this.#reason });
    else if (problem) this.#end({ problem });
    else if (this.#phase === "connecting") this.#end({ problem: problems.botSilent() });
    else this.#end({ reason: "The bot hung up." });
  }

  #end(why) {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    clearTimeout(this.#timer);
    this.#link?.close();
    this.microphone?.getTracks().forEach((track) => track.stop());
    this.#listener.phase("ended", why);
  }
}
