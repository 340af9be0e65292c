/** A call over Daily: the same link as webrtc.js, carried by Daily's own client. */
import { sendJson } from "./http.js";
import * as problems from "./problems.js";

const START_URL = "/start";
const CLIENT_URL = "/page/vendor/daily-js/daily-esm.js";

async function loadClient() {
  try {
    return (await import(CLIENT_URL)).default;
  } catch {
    throw problems.noDaily();
  }
}

export class DailyLink {
  #bot;
  #microphone;
  #on;
  #room;
  #greeted = false;
  #closed = false;
  #abort = new AbortController();

  constructor({ bot, microphone, ...callbacks }) {
    this.#bot = bot;
    this.#microphone = microphone;
    this.#on = callbacks;
  }

  async open() {
    const client = await loadClient();
    const start = await sendJson(
      "POST",
      START_URL,
      { transport: "daily", createDailyRoom: true, body: { bot: this.#bot } },
      this.#abort.signal,
    );
    if (this.#closed) return;
    const [track] = this.#microphone.getAudioTracks();
    const room = client.createCallObject({
      audioSource: track,
      videoSource: false,
      subscribeToTracksAutomatically: true,
      // Without it Daily's client needs 'unsafe-eval' in the page's policy.
      dailyConfig: { avoidEval: true },
    });
    this.#room = room;
    room.on("track-started", (event) => this.#trackStarted(event));
    room.on("app-message", (event) => this.#received(event.data));
    room.on("participant-left", () => this.#gone());
    room.on("left-meeting", () => this.#gone());
    room.on("network-connection", (event) => this.#on.onShaky(event.event === "interrupted"));
    room.on("error", () => this.#gone(problems.lostMidCall(true)));
    try {
      await room.join({ url: start.dailyRoom, token: start.dailyToken });
    } catch {
      if (!this.#closed) throw problems.noDaily();
    }
  }

  send(message) {
    this.#room?.sendAppMessage(message, "*");
  }

  mute(muted) {
    this.#room?.setLocalAudio(!muted);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort();
    this.#room?.destroy();
  }

  #trackStarted({ participant, track }) {
    if (participant?.local || track.kind !== "audio") return;
    this.#on.onVoice(track);
    // The bot's voice in the room is the first sign that it reads messages.
    if (this.#greeted) return;
    this.#greeted = true;
    this.#on.onOpen();
  }

  #received(data) {
    try {
      this.#on.onMessage(typeof data === "string" ? JSON.parse(data) : data);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }

  #gone(problem) {
    if (this.#closed) return;
    this.close();
    this.#on.onGone(problem);
  }
}
