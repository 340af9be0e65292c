/**
 * A call's events as what is drawn: lines, turns, tools and marks, each with its place in seconds.
 *
 * An event says when it was known, which is not always when it was: a bot's words are noted when
 * they were played, a turn when its answer is heard, a tool when it returned. Where the record
 * says no more, a line's beginning follows from its length.
 */

const LETTERS_PER_S = 14;
const SHORTEST_S = 0.3;
const STAGES = ["transcript_final_ms", "turn_end_ms", "first_token_ms", "first_speakable_text_ms", "first_audio_ms", "first_audio_out_ms"];
const FAMILIES = ["hear", "hear", "think", "think", "speak", "speak"];

const known = (value) => typeof value === "number" && Number.isFinite(value);
const estimated = (text) => Math.max(SHORTEST_S, text.length / LETTERS_PER_S);

/** When the caller's words of a turn ended: its stages count from there. */
function turnOf(event) {
  const reached = STAGES.map((key) => event[key]).filter(known);
  const lasted = event.known_ms ?? event.first_audio_out_ms ?? Math.max(0, ...reached);
  const zero = Math.max(0, event.at_s - lasted / 1000);
  let from = 0;
  const segments = [];
  STAGES.forEach((key, index) => {
    if (!known(event[key]) || event[key] <= from) return;
    segments.push({ family: FAMILIES[index], from: zero + from / 1000, to: zero + event[key] / 1000 });
    from = event[key];
  });
  return { number: event.turn, zero, end: zero + Math.max(0, ...reached) / 1000, segments, said: event.said, event };
}

function wordsOf(text, start, end, timed) {
  if (Array.isArray(timed) && timed.length) {
    return timed.map((word) => ({ text: word.text ?? word.word ?? "", start: word.start_s ?? start, end: word.end_s ?? end }));
  }
  const parts = text.split(/\s+/).filter(Boolean);
  const letters = parts.reduce((sum, part) => sum + part.length + 1, 0);
  let at = start;
  return parts.map((part) => {
    const from = at;
    at += ((part.length + 1) / letters) * (end - start);
    return { text: part, start: from, end: at };
  });
}

const plain = (text) => (text ?? "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

function lineOf(event, turns, before) {
  const { who, text, said } = event;
  let end = event.to_s ?? event.at_s;
  let start = event.from_s;
  if (who === "caller") {
    const turn = turns.find(({ zero, event: { at_s: known_s } }) => zero <= event.at_s + 0.05 && event.at_s <= known_s + 0.05)
      ?? turns.find((one) => plain(one.said) === plain(text) && Math.abs(one.zero - event.at_s) < 5);
    if (turn && event.to_s === undefined) end = Math.min(end, turn.zero);
  } else if (start === undefined) {
    const turn = turns.findLast((one) => one.zero < event.at_s);
    const out = said ? turn?.event.filler_audio_out_ms : turn?.event.first_audio_out_ms;
    if (known(out) && said !== "prompt") start = turn.zero + out / 1000;
    // It is where the first of a turn's lines began, and no later one.
    if (start !== undefined && (start < before || end - start > 3 * estimated(text) + 1)) start = undefined;
  }
  start ??= Math.max(0, end - estimated(text), Math.min(before, end - SHORTEST_S));
  return { kind: said ?? "said", side: who, text, start, end, words: wordsOf(text, start, end, event.words), seq: event.seq };
}

function toolsOf(events, turns) {
  const told = events.filter(({ kind }) => kind === "tool");
  if (told.length) {
    return told.map((event) => ({
      name: event.name,
      start: Math.max(0, event.at_s - (event.duration_ms ?? 0) / 1000),
      end: event.at_s,
      error: event.error || null,
      event,
    }));
  }
  return turns.flatMap(({ zero, event }) =>
    (event.tools ?? []).map((run) => {
      const start = zero + run.start_ms / 1000;
      return { name: run.name, start, end: start + (run.duration_ms ?? 0) / 1000, error: null, event: run };
    }),
  );
}

const HOW = { silent: "silent", refused: "refused", stalled: "stalled", cut: "broke off", empty: "empty", nonsense: "nonsense" };

// What has a label went wrong; it is told on a lane of its own.
const MARKS = {
  interruption: () => ({ title: "The caller interrupted the bot" }),
  provider_failed: (e) => ({ kind: "switch", tone: "bad", label: `${e.provider} ${HOW[e.how] ?? "failed"}`, title: `${e.provider} failed; ${e.went_to ? `${e.went_to} took over` : "nobody was left"}` }),
  unhandled: () => ({ tone: "fair", label: "could not help", title: "The bot could not help" }),
  silence_bound: (e) => ({ kind: "bound", tone: "bad", title: e.text ? `The bound on silence was reached; said: ${e.text}` : "The bound on silence was reached" }),
  consent: (e) => ({ title: e.given ? "The caller agreed to the recording" : "The caller refused the recording" }),
  csat: (e) => ({ title: `The caller's rating: ${e.score}` }),
  outcome: (e) => ({ title: `Outcome: ${String(e.outcome).replaceAll("_", " ")}${e.why ? `, ${e.why}` : ""}` }),
  error: (e) => ({ tone: "bad", label: "error", title: `Error: ${e.error ?? e.message ?? "unknown"}` }),
  turn_reopened: () => ({ title: "The caller went on; the turn was opened again" }),
};

/**
 * @param {object[]} events in order, as `/api/calls/{id}` has them
 * @returns lines, turns, tools, marks, silences (each with start and end or at, in seconds) and
 *   `end`, the last moment that anything is known of
 */
export function story(events) {
  const turns = events.filter(({ kind }) => kind === "turn").map(turnOf);
  const lines = [];
  const last = { caller: 0, bot: 0 };
  for (const event of events) {
    if (event.kind === "heard") {
      const line = lineOf(event, turns, last[event.who] ?? 0);
      last[line.side] = line.end;
      lines.push(line);
    } else if (event.kind === "unheard" && event.text) {
      lines.push({ kind: "unheard", side: "bot", text: event.text, start: event.at_s, end: event.at_s, words: [], seq: event.seq });
    }
  }
  const marks = events
    .filter(({ kind }) => MARKS[kind])
    .map((event) => ({ kind: event.kind, tone: "", at: event.at_s, event, ...MARKS[event.kind](event) }));
  const silences = events
    .filter(({ kind, steps }) => kind === "dead_air" && steps > 0)
    .map(silenceOf);
  const ended = events.find(({ kind }) => kind === "end");
  return {
    lines,
    turns,
    tools: toolsOf(events, turns),
    marks,
    silences,
    ended,
    end: Math.max(0, ...events.map(({ at_s }) => at_s)),
  };
}

// It is told once the turn is over: the answer was spoken meanwhile.
function silenceOf(event) {
  const end = event.at_s - (event.ended_ms_ago ?? 0) / 1000;
  return { start: Math.max(0, end - event.dead_air_ms / 1000), end, ms: event.dead_air_ms, event };
}
