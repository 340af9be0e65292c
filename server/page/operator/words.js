/** Times, money and names as people read them. */

const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium", hourCycle: "h23" });
const count = new Intl.NumberFormat("en");

export const number = (value) => count.format(value);

export function when(iso) {
  const moment = new Date(iso);
  const today = moment.toDateString() === new Date().toDateString();
  return today ? `Today ${time.format(moment)}` : `${day.format(moment)}, ${time.format(moment)}`;
}

export const exactly = (iso) => full.format(new Date(iso));

/** Seconds of a call as "0:12", "1:05" or "1:02:03". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value) => String(value).padStart(2, "0");
  return h ? `${h}:${padded(m)}:${padded(s)}` : `${m}:${padded(s)}`;
}

/** "812 ms", from a second on "1.4 s". */
export function ms(value) {
  if (value === null || value === undefined) return "–";
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
}

/** A decimal string with its currency; small amounts keep the digits that say something. */
export function money(amount, currency) {
  const value = Number(amount);
  const digits = value === 0 || value >= 0.1 ? 2 : value >= 0.001 ? 4 : 6;
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  } catch {
    return `${value.toFixed(digits)} ${currency}`;
  }
}

/** A share as "97.3 %". */
export function percent(part, whole) {
  if (!whole) return "–";
  const share = (100 * part) / whole;
  return `${share === 0 || share === 100 ? share : share.toFixed(1)} %`;
}

export const titled = (name) => {
  const words = String(name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

export const OUTCOMES = {
  resolved: { title: "Resolved", tone: "good" },
  handed_over: { title: "Handed over", tone: "good" },
  voicemail: { title: "Voicemail", tone: "fair" },
  abandoned: { title: "Abandoned", tone: "fair" },
  failed: { title: "Failed", tone: "bad" },
};

export const HAVING = {
  failed_tools: "Failed tools",
  unhandled: "Unhandled requests",
  interruptions: "Interruptions",
  fillers: "Fillers",
  bounds_reached: "Silence met the bound",
  switches: "Switches of provider",
};

export const CHANNELS = { phone: "Phone", web: "Web", daily: "Daily", eval: "Evaluation" };
export const STAGES = { stt: "Speech-to-text", llm: "Language model", tts: "Text-to-speech", tool: "Tool" };
export const ENDED_BY = { caller: "The caller", bot: "The bot", operator: "An operator", error: "An error" };
