/** What became of the call, at the top of its page. */
import { element } from "../element.js";
import { clock } from "./words.js";

export function drawVerdict(section, { tone, headline, sentence, troubles }, onSeek) {
  const more = troubles.length > 1 || (troubles.length === 1 && !sentence.includes(troubles[0].sentence));
  const moment = ({ at_s: at }) => {
    const button = element("button", { type: "button", class: "at", title: "Go there" }, clock(at));
    button.addEventListener("click", () => onSeek(Math.max(0, at - 1), { play: true }));
    return button;
  };
  const told = JSON.stringify([tone, headline, sentence, troubles]);
  if (section.dataset.told === told) return;
  section.dataset.told = told;
  section.hidden = false;
  section.dataset.tone = tone;
  section.replaceChildren(
    element("p", { class: "verdict-headline" }, headline),
    element("p", { class: "verdict-sentence" }, sentence),
    ...(more || troubles.length
      ? [element("ul", { class: "verdict-more" }, ...troubles.map((one) => element("li", {}, moment(one), element("span", {}, one.sentence))))]
      : []),
  );
}
