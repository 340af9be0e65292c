/** One exchange on the page: what the caller said, what the bot did and said, how long it took. */
import { element } from "./element.js";

export class Exchange {
  #botTitle;
  #body;
  #user;
  #final;
  #interim;
  #botLine;
  #chips;
  node;
  figure;
  measured = false;

  constructor(botTitle) {
    this.#botTitle = botTitle;
    this.#body = element("div", { class: "words" });
    this.node = element("li", { class: "exchange" }, this.#body);
  }

  get hasUser() {
    return this.#user !== undefined;
  }

  get hasBot() {
    return this.#botLine !== undefined;
  }

  get said() {
    return this.#final?.textContent.trim() ?? "";
  }

  get chips() {
    return [...this.#body.querySelectorAll(".tool")];
  }

  /** The caller's words so far: finals add up, an interim one is replaced by the next. */
  hear(text, final) {
    if (!this.#user) {
      this.#final = element("span", { class: "final" });
      this.#interim = element("span", { class: "interim" });
      this.#user = this.#line("user", "You", this.#final, this.#interim);
    }
    const joined = this.#final.textContent && text ? ` ${text}` : text;
    if (final) {
      this.#final.append(joined);
      this.#interim.textContent = "";
    } else {
      this.#interim.textContent = joined;
    }
  }

  /** What was never confirmed is not left standing as if it were still being recognised. */
  settle() {
    if (!this.#interim) return;
    this.#interim.textContent = "";
    if (!this.said) {
      this.#user.remove();
      this.#user = undefined;
      this.#final = undefined;
      this.#interim = undefined;
    }
  }

  addSegment(segment) {
    this.#botLine ??= this.#line("bot", this.#botTitle);
    const said = this.#botLine.querySelector(".said");
    if (said.childNodes.length > 0) said.append(" ");
    said.append(segment);
    this.#chips = undefined;
  }

  cutOff() {
    this.#botLine?.querySelector(".said").append(" ", element("span", { class: "cut" }, "cut off"));
  }

  addTool(chip) {
    if (!this.#chips) {
      this.#chips = element("ul", { class: "tools", "aria-label": "Tools" });
      this.#body.append(this.#chips);
      // What the bot says after a tool stands below it.
      this.#botLine = undefined;
    }
    this.#chips.append(chip);
  }

  addCard(card) {
    this.#body.append(card);
    this.#botLine = undefined;
    this.#chips = undefined;
  }

  addFigure(figure) {
    this.figure = figure;
    this.node.append(figure);
  }

  #line(side, who, ...said) {
    const line = element(
      "p",
      { class: "line", data: { side } },
      element("span", { class: "who" }, who),
      element("span", { class: "said" }, ...said),
    );
    this.#body.append(line);
    return line;
  }
}
