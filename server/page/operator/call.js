/** One call: read once, then kept up to date while it runs. */
import { change, get } from "./api.js";
import { badge } from "./badge.js";
import { drawFacts } from "./facts.js";
import { Listening } from "./listening.js";
import { Player } from "./player.js";
import { Script } from "./script.js";
import { byId, openShell, showProblem } from "./shell.js";
import { story } from "./story.js";
import { Timeline } from "./timeline.js";
import { drawVerdict } from "./verdict.js";
import { titled, when } from "./words.js";

const ZOOM = 1.8;
const TICK_MS = 500;

const id = decodeURIComponent(location.pathname.split("/").at(-1));
const api = `/api/calls/${encodeURIComponent(id)}`;
const events = [];
let call;
let boundMs = 3000;
let told;

const timeline = new Timeline(byId("timeline"), (seconds, turn) => {
  seek(seconds, { play: false });
  script.reveal(seconds, turn);
});
const script = new Script(byId("script"), seek);
const player = new Player(id, (seconds, how) => {
  timeline.playAt(seconds, how);
  script.playAt(seconds);
});
const listening = new Listening(`${api}/listen`, byId("listen"), showProblem);

function seek(seconds, how) {
  if (player.ready) player.seek(seconds, how);
  timeline.playAt(seconds, { follow: true });
}

const nowS = () => (Date.now() - Date.parse(call.answered_utc ?? call.started_utc)) / 1000;
const endS = () => (call.live ? Math.max(told.end, nowS()) : Math.max(told.end, call.duration_s ?? 0));

function showCall() {
  byId("title").replaceChildren(`${titled(call.bot)} `, badge(call));
  byId("when").textContent = `${when(call.started_utc)}`;
  document.title = `${titled(call.bot)}, ${when(call.started_utc)} · Switchboard`;
  byId("end").hidden = !(call.live && call.can_be_ended);
  listening.offer(call.live && call.can_be_ended);
  drawFacts(byId("facts"), call, endS(), events);
}

function showEvents() {
  told = story(events);
  script.show(told, boundMs);
  timeline.show(told, endS(), call.live);
  byId("silent").hidden = told.lines.length > 0 || call.live;
}

async function showSound() {
  if (!call.recording) {
    byId("sound-note").textContent = call.live ? "" : "This call was not recorded; the blocks show who spoke when, by the record's times.";
    return;
  }
  if (call.live) return;
  try {
    timeline.sound(await player.load(endS()));
    byId("script").classList.add("playable");
    byId("sound-note").textContent = "Press a word, a line's time or the timeline to hear it. Left ear: the caller; right ear: the bot.";
  } catch (error) {
    byId("sound-note").textContent = error.message;
  }
}

function follow() {
  const stream = new EventSource(`${api}/stream?after=${events.at(-1)?.seq ?? 0}`);
  const ticking = setInterval(() => timeline.show(told, endS(), call.live), TICK_MS);
  stream.addEventListener("happened", ({ data }) => {
    events.push(...JSON.parse(data).filter(({ seq }) => seq > (events.at(-1)?.seq ?? 0)));
    showEvents();
  });
  stream.addEventListener("call", ({ data }) => {
    const state = JSON.parse(data);
    call = state.call;
    showCall();
    drawVerdict(byId("verdict"), state.verdict, seek);
  });
  stream.addEventListener("over", async () => {
    stream.close();
    clearInterval(ticking);
    listening.stop();
    showEvents();
    await showSound();
  });
}

function offerToEnd() {
  const ask = byId("ask");
  byId("end").addEventListener("click", () => ask.showModal());
  ask.addEventListener("close", async () => {
    if (ask.returnValue !== "yes") return;
    ask.returnValue = "";
    byId("end").disabled = true;
    try {
      await change("POST", `${api}/end`);
    } catch (error) {
      byId("end").disabled = false;
      showProblem(error);
    }
  });
}

async function begin() {
  const [found] = await Promise.all([get(api), openShell()]);
  call = found.call;
  boundMs = found.silence_bound_ms;
  events.push(...found.events);
  told = story(events);
  showCall();
  drawVerdict(byId("verdict"), found.verdict, seek);
  showEvents();
  byId("zoom-in").addEventListener("click", () => timeline.zoom(ZOOM));
  byId("zoom-out").addEventListener("click", () => timeline.zoom(1 / ZOOM));
  offerToEnd();
  if (call.live) follow();
  await showSound();
}

begin().catch(showProblem);
