/** The operators' interfaces: JSON in and out, errors as sentences, sign-in where it is asked for. */

export class Refused extends Error {}

let session;

const away = () => {
  const here = location.pathname + location.search;
  location.replace(`/sign-in?to=${encodeURIComponent(here)}`);
  // Nothing that waits for an answer goes on while the page is being left.
  return new Promise(() => {});
};

async function sentence(response) {
  try {
    const { error } = await response.json();
    if (typeof error === "string") return error;
  } catch {
    // It was no JSON; the status has to do.
  }
  return `The server answered with ${response.status}. If it happens twice, look at the server's log.`;
}

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The Switchboard server does not answer. Check that it is still running, then reload.");
  }
  if (response.status === 401) return away();
  if (!response.ok) throw new Refused(await sentence(response));
  return response;
}

export async function get(url, signal) {
  return (await ask(url, { signal })).json();
}

/** The bytes of an answer as they come. */
export async function open(url, signal) {
  return (await ask(url, { signal })).body;
}

/** Who looks at this page: `{who, csrf_token, signed_in}`. Asked for once. */
export const whoAmI = () => (session ??= get("/api/operator/session"));

/** A request that changes something; it carries the session's CSRF token. */
export async function change(method, url, body) {
  const { csrf_token: token } = await whoAmI();
  const headers = { "X-CSRF-Token": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await ask(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return response.json();
}
