/**
 * A call over Pipecat's SmallWebRTC transport: HTTP signalling with trickled candidates, one
 * audio transceiver, and a data channel that carries RTVI, signalling and the keep-alive.
 *
 * Every link (see daily.js) has the same shape: `open()`, `send()`, `mute()`, `close()` and the
 * callbacks `onOpen`, `onVoice(track)`, `onMessage(message)`, `onShaky(isShaky)`,
 * `onGone(problem | undefined)`.
 */
import { answers, sendJson } from "./http.js";
import * as problems from "./problems.js";

const OFFER_URL = "/api/offer";
const ALIVE_URL = "/api/bots";
// The server takes a caller who has not pinged for three seconds for gone.
const PING_MS = 1000;
// A peer connection that is "disconnected" often recovers by itself.
const RECOVERY_MS = 4000;
const AUDIO_INDEX = 0;

export class WebRTCLink {
  #bot;
  #microphone;
  #on;
  #peer;
  #channel;
  #peerId;
  #held = [];
  #sending = Promise.resolve();
  #negotiating = Promise.resolve();
  #pinging;
  #recovering;
  #abort = new AbortController();
  #closed = false;

  constructor({ bot, microphone, ...callbacks }) {
    this.#bot = bot;
    this.#microphone = microphone;
    this.#on = callbacks;
  }

  async open() {
    if (!window.RTCPeerConnection) throw problems.noWebRTC();
    const peer = new RTCPeerConnection();
    this.#peer = peer;
    const [track] = this.#microphone.getAudioTracks();
    peer.addTransceiver(track, { direction: "sendrecv", streams: [this.#microphone] });
    peer.addEventListener("track", (event) => this.#on.onVoice(event.track));
    peer.addEventListener("icecandidate", (event) => this.#candidate(event.candidate));
    peer.addEventListener("connectionstatechange", () => this.#connectionChanged());
    this.#channel = peer.createDataChannel("chat", { ordered: true });
    this.#channel.addEventListener("open", () => this.#opened());
    this.#channel.addEventListener("close", () => this.#lost());
    this.#channel.addEventListener("message", (event) => this.#received(event.data));
    await this.#negotiate();
  }

  send(message) {
    if (this.#channel?.readyState === "open") this.#channel.send(JSON.stringify(message));
  }

  mute(muted) {
    for (const track of this.#microphone.getAudioTracks()) track.enabled = !muted;
    this.#trackStatus();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort();
    clearInterval(this.#pinging);
    clearTimeout(this.#recovering);
    this.#peer?.close();
  }

  async #negotiate() {
    const offer = await this.#peer.createOffer();
    await this.#peer.setLocalDescription(offer);
    const { sdp, type } = this.#peer.localDescription;
    const answer = await sendJson(
      "POST",
      OFFER_URL,
      {
        sdp,
        type,
        ...(this.#peerId && { pc_id: this.#peerId }),
        request_data: { bot: this.#bot },
      },
      this.#abort.signal,
    );
    if (this.#closed) return;
    await this.#peer.setRemoteDescription({ sdp: answer.sdp, type: answer.type });
    this.#peerId = answer.pc_id;
    this.#sendCandidates();
  }

  #candidate(candidate) {
    if (!candidate) return;
    this.#held.push({
      candidate: candidate.candidate,
      sdp_mid: candidate.sdpMid,
      sdp_mline_index: candidate.sdpMLineIndex,
    });
    this.#sendCandidates();
  }

  #sendCandidates() {
    if (!this.#peerId) return;
    this.#sending = this.#sending.then(async () => {
      const candidates = this.#held.splice(0);
      if (candidates.length === 0 || this.#closed) return;
      try {
        await sendJson("PATCH", OFFER_URL, { pc_id: this.#peerId, candidates }, this.#abort.signal);
      } catch (error) {
        // One lost candidate need not lose the call: the others may connect it.
        if (error.name !== "AbortError") console.warn("candidate not delivered:", error.message);
      }
    });
  }

  #opened() {
    const ping = () => this.#channel.readyState === "open" && this.#channel.send(`ping: ${Date.now()}`);
    ping();
    this.#pinging = setInterval(ping, PING_MS);
    this.#trackStatus();
    this.#on.onOpen();
  }

  #trackStatus() {
    const enabled = this.#microphone.getAudioTracks().some((track) => track.enabled);
    this.send({
      type: "signalling",
      message: { type: "trackStatus", receiver_index: AUDIO_INDEX, enabled },
    });
  }

  #received(raw) {
    let message;
    try {
      message = JSON.parse(raw);
    } catch {
      return;
    }
    if (message.type !== "signalling") return this.#on.onMessage(message);
    if (message.message?.type === "renegotiate") this.#renegotiate();
    if (message.message?.type === "peerLeft") this.#gone();
  }

  #renegotiate() {
    this.#negotiating = this.#negotiating
      .then(() => !this.#closed && this.#negotiate())
      .catch((error) => error.name !== "AbortError" && this.#lost());
  }

  #connectionChanged() {
    if (this.#closed) return;
    const state = this.#peer.connectionState;
    clearTimeout(this.#recovering);
    this.#on.onShaky(state === "disconnected");
    if (state === "disconnected") {
      this.#recovering = setTimeout(() => this.#lost(), RECOVERY_MS);
    } else if (state === "failed") {
      if (this.#pinging) this.#lost();
      else this.#gone(problems.noRoute());
    } else if (state === "closed") {
      this.#lost();
    }
  }

  async #lost() {
    if (this.#closed) return;
    this.close();
    this.#on.onGone(problems.lostMidCall(await answers(ALIVE_URL)));
  }

  #gone(problem) {
    if (this.#closed) return;
    this.close();
    this.#on.onGone(problem);
  }
}
