/** What every page has: its problems, and the way out. */
import { element } from "../element.js";
import { change, Refused, whoAmI } from "./api.js";
import { titled } from "./words.js";

export const byId = (id) => document.getElementById(id);

export function showProblem(error) {
  byId("problem").replaceChildren(...(error ? [element("p", {}, error.message ?? String(error))] : []));
  if (error && !(error instanceof Refused)) console.error(error);
}

export async function openShell() {
  const button = byId("sign-out");
  const me = await whoAmI();
  if (!button || !me.signed_in) return;
  button.hidden = false;
  button.title = `Signed in as ${me.who}`;
  button.addEventListener("click", async () => {
    try {
      await change("DELETE", "/api/operator/session");
      location.assign("/sign-in");
    } catch (error) {
      showProblem(error);
    }
  });
}

/** Offer `[value, title]`s behind a select's first option, which asks for nothing. What is chosen stays so. */
export function offer(select, options) {
  const chosen = select.value;
  select.length = 1;
  select.append(...options.map(([value, title]) => element("option", { value }, title)));
  choose(select, chosen);
}

/** Choose a value, even one that is not on offer, or not yet. */
export function choose(select, value) {
  select.value = value;
  if (select.value === value) return;
  select.append(element("option", { value }, titled(value)));
  select.value = value;
}

/** SVG elements, as `element` makes HTML's. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
