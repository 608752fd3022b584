// A list of messages, kept up to date: the whole of it when something else is shown, else only what changed.

import { el } from "./dom.js";
import { byTime, conversation, find, isReply, state, visibleTo } from "./state.js";
import { messageElement } from "./message.js";

const NEAR = 80; // pixels from the end that count as the end
const ONE_BREATH = 300; // seconds within which messages of one person stand together

export class Conversation {
  #list;
  #deeds;
  #items = new Map(); // ts → element
  #channel = null;
  #thread = null;
  #atEnd = true;

  constructor(list, deeds) {
    this.#list = list;
    this.#deeds = deeds;
    list.addEventListener("keydown", (event) => this.#step(event));
    list.addEventListener("scroll", () => (this.#atEnd = this.#isAtEnd()));
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(list);
  }

  /** Show a channel, or a thread of it, from its end. `since`: where what is new begins, or undefined. */
  show(channel, thread, since) {
    this.#channel = channel;
    this.#thread = thread;
    this.#items.clear();
    const messages = conversation(channel, thread).sort(byTime);
    this.#list.replaceChildren(...messages.map((message) => this.#element(message)));
    for (const message of messages) this.#join(message.ts);
    if (since) this.#items.get(since)?.before(el("li", { class: "new-line", role: "separator" }, "New"));
    this.toEnd();
  }

  /** Take changed messages; stays at the end if it was there. */
  update(changed) {
    for (const message of changed) {
      if (message.channel !== this.#channel) continue;
      this.#put(message);
      if (isReply(message)) this.#redraw(message.thread);
    }
    if (this.#atEnd) this.toEnd();
  }

  /** Scroll to the newest message. */
  toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#atEnd = true;
  }

  /** Arrow keys go from message to message; Tab then goes to what can be done with it. */
  #step(event) {
    const here = event.target.closest(".message");
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (!step || (event.target !== here && event.target !== this.#list)) return;
    const next = here ? here[step] : this.#list.lastElementChild;
    if (next?.matches(".message")) next.focus();
    event.preventDefault();
  }

  #isAtEnd() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR;
  }

  #put(message) {
    const there = this.#items.has(message.ts);
    if (message.gone) this.#drop(message.ts);
    else if (there) this.#redraw(message.ts);
    else if (this.#belongs(message)) this.#insert(message);
  }

  #belongs(message) {
    if (!visibleTo(message, state.me)) return false;
    if (this.#thread) return message.ts === this.#thread || message.thread === this.#thread;
    return !isReply(message) || message.broadcast;
  }

  #insert(message) {
    const element = this.#element(message);
    const later = [...this.#list.children].find((one) => one.dataset.ts > message.ts);
    if (later) later.before(element);
    else this.#list.append(element);
    this.#join(message.ts);
  }

  #redraw(ts) {
    const old = this.#items.get(ts);
    const message = find(this.#channel, ts);
    if (!old || !message) return;
    const element = this.#element(message);
    replaceKeepingFocus(old, element);
    this.#join(ts);
  }

  #drop(ts) {
    this.#items.get(ts)?.remove();
    this.#items.delete(ts);
  }

  #element(message) {
    const element = messageElement(message, this.#deeds, Boolean(this.#thread));
    this.#items.set(message.ts, element);
    return element;
  }

  /** Put a message right under the one before it, if the same person has just said that one. */
  #join(ts) {
    const element = this.#items.get(ts);
    const before = find(this.#channel, element.previousElementSibling?.dataset.ts);
    const now = find(this.#channel, ts);
    const joined = before && before.user === now.user && !before.only && !now.only && now.ts - before.ts < ONE_BREATH;
    element.classList.toggle("joined", Boolean(joined) && before.ts !== this.#thread);
  }
}

function replaceKeepingFocus(old, element) {
  const key = old.contains(document.activeElement) && document.activeElement.dataset.key;
  old.replaceWith(element);
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
