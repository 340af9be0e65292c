/** What an address's query asks for, as the interfaces take it. */

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Midnight of a day here, `days` later, in UTC. */
export function midnight(day, days = 0) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + days).toISOString();
}

/** The page's query with its days as moments: a day begins at midnight where the reader is. */
export function forServer(query) {
  const asked = new URLSearchParams();
  for (const [name, value] of query) {
    if (!value) continue;
    if (name === "since" && DAY.test(value)) asked.set(name, midnight(value));
    else if (name === "until" && DAY.test(value)) asked.set(name, midnight(value, 1));
    else asked.set(name, value);
  }
  return asked;
}

/** A link to the calls behind a number. */
export function callsWith(query, more = {}) {
  const asked = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) asked.set(name, value);
  return `/calls?${asked}`;
}
