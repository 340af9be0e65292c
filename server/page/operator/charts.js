/** Charts over time as SVG: stacked bars and lines, each stretch of time a link to its calls. */
import { element } from "../element.js";
import { svg } from "./shell.js";

const LEFT = 46;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 22;
const DAY_S = 86_400;

const nice = [1, 2, 2.5, 5, 10];

/** Round steps that fill an axis with some four lines. */
function stepsTo(most) {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = nice.map((one) => one * power).find((one) => one >= rough);
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function dateWords(ms, hours) {
  const moment = new Date(ms);
  if (hours) return moment.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return moment.toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

export const spanWords = (startMs, periodS) => {
  const from = new Date(startMs);
  const words = from.toLocaleString(undefined, { weekday: "short", day: "numeric", month: "short", ...(periodS < DAY_S ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : {}) });
  return periodS > DAY_S ? `${words} and ${Math.round(periodS / DAY_S) - 1} days more` : words;
};

/**
 * @param time `{from, to, periodS}`: the axis in ms since 1970, and how long one stretch is
 * @param rows `[{start (ms), values: {name: number}}]`, only stretches that have any
 * @param series `[{name, title}]`; stacked from the bottom for bars
 * @param options `{kind: "bars"|"lines", words, title, link, bound, height}`
 */
export function chart(time, rows, series, options) {
  const holder = element("div", {});
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width > 0) holder.replaceChildren(draw(Math.floor(contentRect.width), time, rows, series, options));
  }).observe(holder);
  // It has its height before it has its width, so that the page does not jump.
  holder.style.minHeight = `${options.height ?? 170}px`;
  return holder;
}

function draw(width, time, rows, series, { kind, words, title, link, bound, height = 170 }) {
  const values = rows.map((row) => series.map(({ name }) => row.values[name] ?? 0));
  const tops = values.map((list) => (kind === "bars" ? list.reduce((sum, one) => sum + one, 0) : Math.max(0, ...list)));
  const steps = stepsTo(Math.max(0, ...tops, bound?.shown ? bound.at : 0));
  const most = steps.at(-1);
  const floor = height - BOTTOM;
  const y = (value) => Number((floor - (value / most) * (floor - TOP)).toFixed(1));
  const spanMs = Math.max(1, time.to - time.from);
  const x = (ms) => Number((LEFT + ((ms - time.from) / spanMs) * (width - LEFT - RIGHT)).toFixed(1));
  const picture = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": `${title}. ${summary(rows, series, words)}` });
  for (const step of steps) {
    picture.append(svg("line", { class: step ? "grid" : "axis", x1: LEFT, x2: width - RIGHT, y1: y(step), y2: y(step) }));
    picture.append(svg("text", { x: LEFT - 6, y: y(step) + 4, "text-anchor": "end" }, words(step, true)));
  }
  picture.append(...dates(time, width, x, height));
  const slotMs = time.periodS * 1000;
  const slot = (row) => [Math.max(LEFT, x(row.start)), Math.min(width - RIGHT, x(row.start + slotMs))];
  if (kind === "lines") picture.append(...series.flatMap((one) => paths(one, rows, (row) => x(Math.min(time.to, Math.max(time.from, row.start + slotMs / 2))), y, slotMs)));
  for (const row of rows) {
    const [from, to] = slot(row);
    if (to <= from) continue;
    const told = [spanWords(row.start, time.periodS), ...series.filter(({ name }) => row.values[name]).map((one) => `${one.title}: ${words(row.values[one.name])}`)];
    const parts = [svg("title", {}, told.join("\n")), svg("rect", { class: "hover", x: from, y: TOP, width: to - from, height: floor - TOP })];
    if (kind === "bars") parts.push(...stack(row, series, from, to, y));
    picture.append(svg("a", { href: link(row), "aria-label": told.join(", ") }, ...parts));
  }
  if (bound?.shown) {
    picture.append(svg("line", { class: "bound", x1: LEFT, x2: width - RIGHT, y1: y(bound.at), y2: y(bound.at) }));
    picture.append(svg("text", { class: "bound-word", x: LEFT + 4, y: y(bound.at) - 4 }, bound.title));
  }
  return picture;
}

function stack(row, series, from, to, y) {
  const gap = to - from > 6 ? 1.5 : 0.3;
  let below = 0;
  return series.flatMap(({ name }) => {
    const value = row.values[name] ?? 0;
    if (!value) return [];
    const bar = svg("rect", {
      class: "bar",
      data: { series: name },
      x: from + gap,
      y: y(below + value),
      width: Math.max(1, Math.min(48, to - from - 2 * gap)),
      height: Math.max(0.8, y(below) - y(below + value)),
    });
    below += value;
    return [bar];
  });
}

/** A line is broken where there were no calls. */
function paths({ name }, rows, x, y, slotMs) {
  const known = rows.filter((row) => typeof row.values[name] === "number");
  let path = "";
  known.forEach((row, index) => {
    const next = index > 0 && row.start - known[index - 1].start < 1.5 * slotMs;
    path += `${next ? "L" : "M"}${x(row)},${y(row.values[name])}`;
  });
  const alone = known.filter((row, index) => {
    const before = index > 0 && row.start - known[index - 1].start < 1.5 * slotMs;
    const after = index < known.length - 1 && known[index + 1].start - row.start < 1.5 * slotMs;
    return known.length <= 40 || !(before || after);
  });
  return [
    svg("path", { class: "line", data: { series: name }, d: path }),
    ...alone.map((row) => svg("circle", { class: "dot", data: { series: name }, cx: x(row), cy: y(row.values[name]), r: 2.4 })),
  ];
}

/** Labels at round hours of a day or two, at midnights of a longer time. */
function dates(time, width, x, height) {
  const spanS = (time.to - time.from) / 1000;
  const count = Math.max(2, Math.floor((width - LEFT) / 80));
  const hours = spanS <= 2 * DAY_S;
  const every = (hours ? [1, 2, 3, 4, 6, 12, 24] : [1, 2, 3, 7, 14, 28, 91, 182]).find((n) => spanS / (n * (hours ? 3600 : DAY_S)) <= count) ?? 365;
  const at = new Date(time.from);
  at.setHours(0, 0, 0, 0);
  const labels = [];
  for (let moment = at.getTime(); moment < time.to; moment = at.getTime()) {
    if (moment >= time.from && x(moment) < width - 34) labels.push(svg("text", { x: x(moment), y: height - 6 }, dateWords(moment, hours)));
    if (hours) at.setHours(at.getHours() + every);
    else at.setDate(at.getDate() + every);
  }
  return labels;
}

function summary(rows, series, words) {
  const newest = rows.at(-1);
  if (!newest) return "No data.";
  return `Newest: ${series.filter(({ name }) => newest.values[name] !== undefined).map(({ name, title }) => `${title} ${words(newest.values[name])}`).join(", ")}.`;
}

export function chartKey(series, link) {
  return element(
    "ul",
    { class: "chart-key" },
    ...series.map((one) => element("li", { data: { series: one.name } }, link ? element("a", { href: link(one) }, one.title) : one.title)),
  );
}
