/** The dashboard: a bot and a period, and the numbers of its calls. */
import { element } from "../element.js";
import { forServer, midnight } from "./asked.js";
import { get } from "./api.js";
import { panels } from "./panels.js";
import { byId, choose, offer, openShell, showProblem } from "./shell.js";
import { tiles } from "./tiles.js";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const REFRESH_MS = 30_000;

const form = byId("filters");
let loading = new AbortController();

function fromAddress() {
  const asked = new URLSearchParams(location.search);
  choose(form.elements.bot, asked.get("bot") ?? "");
  form.elements.since.value = asked.get("since") ?? "";
  form.elements.until.value = asked.get("until") ?? "";
  const own = asked.has("since") || asked.has("until");
  form.elements.period.value = own ? "" : (asked.get("period") ?? "7");
  if (form.elements.period.selectedIndex < 0) form.elements.period.value = "7";
  showDates();
}

function showDates() {
  for (const label of form.querySelectorAll(".own")) label.hidden = form.elements.period.value !== "";
}

/** The chosen calls as a query for this server's pages, and the axis of time. */
function chosen() {
  const { bot, period, since, until } = Object.fromEntries(new FormData(form));
  const query = new URLSearchParams(bot ? { bot } : {});
  if (period) {
    // The hour that runs is shown whole, so that the axis does not move with every second.
    const to = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
    query.set("since", new Date(to - period * DAY_MS).toISOString());
    return { query, range: { from: to - period * DAY_MS, to } };
  }
  if (since) query.set("since", since);
  if (until) query.set("until", until);
  return { query, range: { from: since ? Date.parse(midnight(since)) : undefined, to: until ? Date.parse(midnight(until, 1)) : Date.now() } };
}

function address() {
  const { bot, period, since, until } = Object.fromEntries(new FormData(form));
  const asked = new URLSearchParams();
  if (bot) asked.set("bot", bot);
  if (period && period !== "7") asked.set("period", period);
  if (!period && since) asked.set("since", since);
  if (!period && until) asked.set("until", until);
  return asked.size ? `/dashboard?${asked}` : "/dashboard";
}

async function load() {
  loading.abort();
  loading = new AbortController();
  const { query, range } = chosen();
  const server = forServer(query);
  for (const [id, what] of [["csv", "figures.csv"], ["json", "figures.json"], ["calls-csv", "calls.csv"], ["calls-json", "calls.json"]]) {
    byId(id).href = `/api/export/${what}?${server}`;
  }
  byId("figures").setAttribute("aria-busy", "true");
  try {
    const figures = await get(`/api/figures?${server}`, loading.signal);
    const first = figures.periods[0] ? Date.parse(figures.periods[0].start) : range.to - DAY_MS;
    show(figures, query, { from: range.from ?? first, to: Math.max(range.to, (range.from ?? first) + figures.period_s * 1000) });
    showProblem();
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error);
  }
  byId("figures").setAttribute("aria-busy", "false");
}

function show(figures, query, range) {
  if (!figures.calls) {
    byId("figures").replaceChildren(element("p", { class: "nothing" }, "No call in this period. Choose a longer one, or all bots."));
    return;
  }
  byId("figures").replaceChildren(
    element("div", { class: "tiles" }, ...tiles(figures, query)),
    element("div", { class: "panels" }, ...panels(figures, query, range)),
  );
}

async function offerBots() {
  const { bots } = await get("/api/calls/choices");
  offer(form.elements.bot, bots.map(({ name, title }) => [name, title]));
}

async function begin() {
  fromAddress();
  form.addEventListener("change", () => {
    showDates();
    history.replaceState(null, "", address());
    load();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  await Promise.all([openShell(), load(), offerBots()]);
  setInterval(() => document.hidden || document.activeElement?.closest("#figures") || load(), REFRESH_MS);
}

begin().catch(showProblem);
