/** Signing in. Who is signed in already goes on at once. */
import { byId, showProblem } from "./shell.js";

/** Only a path of this server; anything else is the list of calls. */
function destination() {
  const to = new URLSearchParams(location.search).get("to") ?? "";
  const url = new URL(to || "/calls", location.origin);
  return url.origin === location.origin && to.startsWith("/") ? url.pathname + url.search : "/calls";
}

const form = byId("sign-in");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  showProblem();
  const { token, name } = Object.fromEntries(new FormData(form));
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch("/api/operator/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, name }),
    });
    if (response.ok) return location.replace(destination());
    showProblem((await response.json()).error);
    form.elements.token.select();
  } catch {
    showProblem("The Switchboard server does not answer. Check that it is still running.");
  }
  button.disabled = false;
  return undefined;
});

// A cookie is not sent with a link from another site; it is with this.
if ((await fetch("/api/operator/session", { cache: "no-store" })).ok) location.replace(destination());
