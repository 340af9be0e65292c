import { Announcer } from "./announcer.js";
import { drawBots, drawLegend, drawLines, drawProviders } from "./bots.js";
import { Call } from "./call.js";
import { Desk } from "./desk.js";
import { clock } from "./duration.js";
import { getJson } from "./http.js";
import { Keypad } from "./keypad.js";
import { Meters } from "./meters.js";
import { Problem } from "./problems.js";
import { Summary } from "./summary.js";
import { Transcript } from "./transcript.js";
import { Voice } from "./voice.js";

const at = (id) => document.getElementById(id);

const announcer = new Announcer(at("announcer"));
const transcript = new Transcript(at("conversation"), announcer);
const desk = new Desk(at("console"));
const meters = new Meters();
const voice = new Voice(at("voice"), at("sound"));
const keypad = new Keypad(at("keypad"), at("keypad-toggle"), (key) => call?.press(key));

let house;
let call;
let summary;
// The last call's words stay until the next one has something to show.
let fresh = true;

const chosenBot = () => {
  const name = new FormData(at("choose")).get("bot");
  return house?.bots.find((bot) => bot.name === name);
};

async function load() {
  try {
    house = await getJson("/api/bots");
  } catch (error) {
    desk.showProblem(error instanceof Problem ? error : undefined);
    at("call").disabled = false;
    return false;
  }
  const preferred = chosenBot()?.name ?? new URLSearchParams(location.search).get("bot");
  drawBots(at("bots"), house.bots, preferred);
  drawProviders(at("providers"), house.providers);
  drawLegend(at("legend"), house.providers);
  drawLines(at("lines"), house.lines);
  at("call").disabled = house.bots.length === 0;
  desk.showProblem(
    house.bots.length === 0
      ? new Problem("There is no bot to call.", "Add a file to bots/ and reload this page.")
      : undefined,
  );
  return true;
}

async function refreshLines() {
  try {
    drawLines(at("lines"), (await getJson("/api/bots")).lines);
  } catch {
    drawLines(at("lines"), undefined);
  }
}

function show(view) {
  at("choose-view").hidden = view !== "choose";
  at("talk-view").hidden = view !== "talk";
}

function chooseView() {
  show("choose");
  desk.showProblem();
  desk.idle(chosenBot()?.title);
  refreshLines();
}

function listenerFor(bot) {
  return {
    phase(phase, why) {
      document.title = phase === "live" ? `On a call with ${bot.title} · Switchboard` : "Switchboard";
      const hadFocus = at("console").contains(document.activeElement) || document.activeElement === document.body;
      if (phase === "connecting") {
        desk.connecting(bot.title);
        announcer.say(`Connecting to ${bot.title}`);
      } else if (phase === "live") {
        begin(bot);
        desk.live();
        refreshLines();
        meters.watch(call.microphone, at("level-you"));
        announcer.say(`Connected to ${bot.title}`);
      } else {
        ended(bot, why);
      }
      if (hadFocus && phase !== "live") desk.focus();
    },
    state: (state) => desk.state(state),
    shaky: (shaky) => desk.shaky(shaky),
    voice: (track) => meters.watch(voice.play(track), at("level-bot")),
    trouble: (problem) => desk.showProblem(problem),
    message(message) {
      begin(bot);
      transcript.receive(message);
      summary.receive(message);
      at("talk-empty").hidden = !transcript.empty;
      const { type, data } = message;
      if (type === "server-message" && data.type === "call" && data.providers) {
        drawLegend(at("legend"), data.providers);
      }
    },
  };
}

function begin(bot) {
  if (!fresh) return;
  fresh = false;
  transcript.begin(bot.title);
  summary = new Summary();
  at("talk-title").textContent = bot.title;
  at("talk-empty").hidden = false;
}

function ended(bot, { reason, problem }) {
  transcript.end();
  meters.stop();
  voice.stop();
  keypad.reset();
  if (fresh && transcript.empty) {
    show("choose");
    desk.idle(bot.title);
  } else if (fresh) {
    desk.ended("No call was made", "The words of your last call are still here.");
  } else {
    at("talk-empty").hidden = true;
    desk.ended(`Call ended · ${clock(desk.seconds)}`, [reason, summary.sentence()].filter(Boolean).join(" "));
  }
  desk.showProblem(problem);
  announcer.say(`Call ended. ${reason ?? ""}`);
  refreshLines();
}

async function startCall() {
  if (!house && !(await load())) return;
  const bot = chosenBot();
  if (!bot) return;
  fresh = true;
  announcer.clear();
  if (transcript.empty) {
    at("talk-title").textContent = bot.title;
    at("talk-empty").hidden = false;
  }
  at("mute").setAttribute("aria-pressed", "false");
  show("talk");
  meters.start();
  call = new Call({ bot: bot.name, transports: house.transports, listener: listenerFor(bot) });
  await call.start();
}

at("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  startCall();
});
at("choose").addEventListener("change", () => desk.idle(chosenBot()?.title));
at("hang-up").addEventListener("click", () => call?.hangUp());
at("choose-again").addEventListener("click", () => {
  transcript.clear();
  chooseView();
  at("choose").querySelector("input:checked")?.focus();
});
at("mute").addEventListener("click", () => {
  call.mute(!call.muted);
  at("mute").setAttribute("aria-pressed", String(call.muted));
});
window.addEventListener("pagehide", () => call?.live && call.hangUp());

desk.idle();
if (await load()) desk.idle(chosenBot()?.title);
