/** The bots to choose from, and what stands behind their voices. */
import { element } from "./element.js";

const STAGES = [
  { key: "stt", does: "Hears", family: "hear" },
  { key: "llm", does: "Thinks", family: "think" },
  { key: "tts", does: "Speaks", family: "speak" },
];

const standInNote = (stage) =>
  stage === "llm" ? "stand-in, not a language model" : "stand-in";

export function drawBots(container, bots, preferred) {
  const chosen = bots.some((bot) => bot.name === preferred) ? preferred : bots[0]?.name;
  container.replaceChildren(
    ...bots.map((bot) =>
      element(
        "label",
        { class: "bot" },
        element("input", {
          type: "radio",
          name: "bot",
          value: bot.name,
          checked: bot.name === chosen,
          "aria-labelledby": `title-${bot.name}`,
          "aria-describedby": `bot-${bot.name}`,
        }),
        element("span", { class: "bot-title", id: `title-${bot.name}` }, bot.title),
        element("span", { class: "bot-sentence", id: `bot-${bot.name}` }, bot.sentence),
      ),
    ),
  );
  container.setAttribute("aria-busy", "false");
}

export function drawProviders(list, providers) {
  list.replaceChildren(
    ...STAGES.filter(({ key }) => providers[key]).map(({ key, does, family }) => {
      const provider = providers[key];
      return element(
        "div",
        { class: "provider", data: { family } },
        element("dt", {}, does),
        element(
          "dd",
          {},
          element("span", { class: "provider-title" }, provider.title),
          provider.stand_in ? element("span", { class: "stand-in" }, standInNote(key)) : null,
        ),
      );
    }),
  );
}

/** The same providers in one line: also the key to the waterfall's colours. */
export function drawLegend(list, providers) {
  list.replaceChildren(
    ...STAGES.filter(({ key }) => providers[key]).map(({ key, does, family }) => {
      const provider = providers[key];
      return element(
        "li",
        { data: { family } },
        element("span", { class: "legend-does" }, does),
        " ",
        element("span", {}, provider.title),
        provider.stand_in ? element("span", { class: "stand-in" }, standInNote(key)) : null,
      );
    }),
  );
}

export function drawLines(paragraph, lines) {
  paragraph.hidden = !lines;
  if (!lines) return;
  const busy = lines.in_use >= lines.max;
  paragraph.dataset.busy = String(busy);
  paragraph.textContent = busy
    ? `All ${lines.max} lines in use`
    : `${lines.in_use} of ${lines.max} lines in use`;
}
