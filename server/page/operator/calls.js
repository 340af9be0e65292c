/** The list of calls: its filters are the address, its rows come a page at a time. */
import { callsWith, forServer } from "./asked.js";
import { get } from "./api.js";
import { row } from "./call-row.js";
import { byId, choose, offer, openShell, showProblem } from "./shell.js";
import { CHANNELS, HAVING, OUTCOMES, plural, titled } from "./words.js";

const REFRESH_MS = 3000;
const TYPING_MS = 300;

const form = byId("filters");
const rows = byId("rows");
let next = null;
let loading = new AbortController();
let silenceBoundMs = 3000;
let choices;

const query = () => {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) asked.set(name, value);
  for (const name of ["ids", "ended_by"]) {
    const value = new URLSearchParams(location.search).get(name);
    if (value) asked.set(name, value);
  }
  return asked;
};

function showQuery() {
  const asked = new URLSearchParams(location.search);
  for (const field of form.elements) {
    if (!field.name) continue;
    const value = asked.get(field.name) ?? "";
    if (field.type === "checkbox") field.checked = value === "true";
    else if (field.type === "date") field.value = value.slice(0, 10);
    else if (field.tagName === "SELECT") choose(field, value);
    else field.value = value;
  }
}

function describe(asked) {
  byId("clear").hidden = asked.size === 0;
  const more = [];
  if (asked.has("ended_by")) more.push(`ended by ${asked.get("ended_by")}`);
  if (asked.has("ids")) more.push(plural(asked.get("ids").split(",").length, "chosen call"));
  for (const name of ["since", "until"]) {
    if (asked.get(name)?.includes("T")) more.push(`${name === "since" ? "from" : "before"} ${new Date(asked.get(name)).toLocaleString()}`);
  }
  byId("chosen").hidden = more.length === 0;
  byId("chosen").textContent = more.length ? `Only calls ${more.join(", ")}.` : "";
}

/** The date fields hold days; a moment that a link brought is kept until its field is changed. */
function wanted() {
  const asked = query();
  const address = new URLSearchParams(location.search);
  for (const name of ["since", "until"]) {
    const exact = address.get(name);
    if (exact?.includes("T") && asked.get(name) === exact.slice(0, 10)) asked.set(name, exact);
  }
  return asked;
}

async function load({ more = false } = {}) {
  loading.abort();
  loading = new AbortController();
  const asked = wanted();
  const server = forServer(asked);
  byId("csv").href = `/api/export/calls.csv?${server}`;
  byId("json").href = `/api/export/calls.json?${server}`;
  describe(asked);
  if (more && next) server.set("before", next);
  byId("list").setAttribute("aria-busy", "true");
  try {
    const [page] = await Promise.all([get(`/api/calls?${server}`, loading.signal), choices]);
    const made = page.rows.map((call) => row(call, silenceBoundMs));
    if (more) rows.append(...made);
    else rows.replaceChildren(...made);
    next = page.next;
    byId("older").hidden = !next;
    const none = rows.children.length === 0;
    byId("nothing").hidden = !none;
    byId("nothing").textContent = asked.size ? "No call is like this. Take a filter away." : "No call yet. The first one appears here while it runs.";
    byId("list").hidden = none;
    byId("list").setAttribute("aria-busy", "false");
    showProblem();
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error);
  }
}

function changed() {
  const asked = wanted();
  history.replaceState(null, "", asked.size ? callsWith(asked) : "/calls");
  load();
}

/** Rows of running calls are kept up to date, and new calls come in at the top. */
async function refresh() {
  if (document.hidden || byId("list").getAttribute("aria-busy") === "true") return;
  const shownNow = loading;
  try {
    const { rows: newest } = await get(`/api/calls?${forServer(wanted())}`);
    // Meanwhile other calls may have been asked for: these are not among them.
    if (loading !== shownNow) return;
    const shown = new Map([...rows.children].map((tr) => [tr.dataset.id, tr]));
    let at = null;
    for (const call of newest) {
      const old = shown.get(call.id);
      const made = row(call, silenceBoundMs);
      if (!old) at ? at.after(made) : rows.prepend(made);
      else if (old.dataset.version !== made.dataset.version && !old.contains(document.activeElement)) old.replaceWith(made);
      at = old?.isConnected ? old : made;
    }
    if (newest.length) {
      byId("nothing").hidden = true;
      byId("list").hidden = false;
    }
    showProblem();
  } catch (error) {
    showProblem(error);
  }
}

async function offerChoices() {
  const found = await get("/api/calls/choices");
  silenceBoundMs = found.silence_bound_ms;
  const options = {
    bot: found.bots.map(({ name, title }) => [name, title]),
    channel: found.channels.map((name) => [name, CHANNELS[name] ?? titled(name)]),
    outcome: found.outcomes.map((name) => [name, OUTCOMES[name]?.title ?? titled(name)]),
    having: found.having.map((name) => [name, HAVING[name] ?? titled(name)]),
    provider: found.providers.map((name) => [name, name]),
  };
  for (const [name, list] of Object.entries(options)) offer(form.elements[name], list);
}

async function begin() {
  showQuery();
  choices = offerChoices();
  let typing;
  form.addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(changed, event.target.type === "search" ? TYPING_MS : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changed();
  });
  form.addEventListener("reset", () => {
    history.replaceState(null, "", "/calls");
    setTimeout(() => {
      showQuery();
      load();
    });
  });
  byId("older").addEventListener("click", () => load({ more: true }));
  await Promise.all([openShell(), load()]);
  setInterval(refresh, REFRESH_MS);
}

begin().catch(showProblem);
