// The box to write in, with the bot's mention in front and a few questions to begin with.

import { el } from "./dom.js";

const MENTION = "@rootver ";
const QUESTIONS = ["diagnose exch-node2", "diagnose EXCH-CL1", "fixes", "history exch-node2 since 7d", "verify", "help"];
const ROWS = 8; // of the box at most

export class Composer {
  #box;
  #form;
  #mention = MENTION;

  /** Fill `place`. `id` names the box; `send(text)` posts and may reject: then the words stay. */
  constructor(place, id, label, send, { questions = false } = {}) {
    this.#box = el("textarea", {
      id: `${id}-text`, rows: "1", "aria-label": label, autocomplete: "off", spellcheck: "false",
      on: { keydown: (event) => this.#key(event), input: () => this.#grow() },
    });
    const button = el("button", { class: "primary", type: "submit" }, "Send");
    this.#form = el("form", { class: "composer", on: { submit: (event) => this.#submit(event, send) } },
      el("div", { class: "write" }, this.#box, button),
      questions && el("div", { class: "questions", role: "group", "aria-label": "Questions to begin with" },
        QUESTIONS.map((words) => this.#question(words))));
    place.replaceChildren(this.#form);
    this.fill();
  }

  /** Whether the bot has to be mentioned here; not in direct messages. */
  set mentions(needed) {
    const untouched = this.isUntouched;
    this.#mention = needed ? MENTION : "";
    if (untouched) this.fill();
  }

  /** Nothing has been typed that would be lost. */
  get isUntouched() {
    return this.#box.value.trim() === this.#mention.trim();
  }

  get element() {
    return this.#form;
  }

  /** Put words into the box, behind the mention. */
  fill(words = "") {
    this.#box.value = this.#mention + words;
    this.#grow();
  }

  focus() {
    this.#box.focus();
    this.#box.setSelectionRange(this.#box.value.length, this.#box.value.length);
  }

  #question(words) {
    return el("button", { type: "button", class: "question", on: { click: () => (this.fill(words), this.focus()) } }, words);
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  async #submit(event, send) {
    event.preventDefault();
    const text = this.#box.value.trim();
    if (!text) return;
    this.fill();
    try {
      await send(text);
    } catch {
      this.#box.value = text;
    }
  }

  /** As many rows as the words take, also where they wrap. */
  #grow() {
    this.#box.rows = 1;
    const row = parseFloat(getComputedStyle(this.#box).lineHeight);
    this.#box.rows = Math.min(ROWS, Math.max(1, Math.floor(this.#box.scrollHeight / row)));
  }
}
