/** What became of the call, at the top of its page. */
import { element } from "../element.js";
import { clock } from "./words.js";

// From a little before on, what goes wrong is heard with what it follows.
const LEAD_S = 1;

/** The sentence, with a button for each moment that it names. */
function linked(sentence, moment) {
  return sentence.split(/(\b(?:at|from) \d+:\d{2}\b)/i).map((part) => {
    const [, word, minutes, seconds] = /^(at|from) (\d+):(\d{2})$/i.exec(part) ?? [];
    if (!word) return part;
    return element("span", {}, `${word} `, moment(Number(minutes) * 60 + Number(seconds), `${minutes}:${seconds}`));
  });
}

export function drawVerdict(section, { tone, headline, sentence, troubles }, onSeek) {
  const more = troubles.filter((one) => !sentence.includes(one.sentence));
  const moment = (at, words = clock(at)) => {
    const button = element("button", { type: "button", class: "at", title: "Go there" }, words);
    button.addEventListener("click", () => onSeek(Math.max(0, at - LEAD_S), { play: true }));
    return button;
  };
  const told = JSON.stringify([tone, headline, sentence, troubles]);
  if (section.dataset.told === told) return;
  section.dataset.told = told;
  section.hidden = false;
  section.dataset.tone = tone;
  section.replaceChildren(
    element("p", { class: "verdict-headline" }, headline),
    element("p", { class: "verdict-sentence" }, ...linked(sentence, moment)),
    ...(more.length
      ? [element("ul", { class: "verdict-more" }, ...more.map((one) => element("li", {}, moment(one.at_s), element("span", {}, one.sentence))))]
      : []),
  );
}
