import * as problems from "./problems.js";

/** POST or PATCH JSON; the answer's JSON. Throws a Problem when there is none. */
export async function sendJson(method, url, body, signal) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw problems.serverGone();
  }
  if (!response.ok) throw await problems.refused(response);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

export async function getJson(url) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store" });
  } catch {
    throw problems.serverGone();
  }
  if (!response.ok) throw await problems.refused(response);
  return response.json();
}

export async function answers(url) {
  try {
    return (await fetch(url, { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
