// A list of messages, kept up to date: its newest when something else is shown, else only what changed.
// Earlier messages are drawn when they are asked for: long conversations stay quick.

import { el } from "./dom.js";
import { byTime, conversation, find, isReply, state, visibleTo } from "./state.js";
import { messageElement } from "./message.js";

const NEAR = 20; // pixels from the end that count as the end
const PAGE = 50; // messages that are drawn at once
const ONE_BREATH = 300; // seconds within which messages of one person stand together

export class Conversation {
  #list;
  #deeds;
  #items = new Map(); // ts → element
  #channel = null;
  #thread = null;
  #atEnd = true;
  #oldest = ""; // ts of the oldest message that is drawn

  constructor(list, deeds) {
    this.#list = list;
    this.#deeds = deeds;
    list.addEventListener("keydown", (event) => this.#step(event));
    list.addEventListener("scroll", () => (this.#atEnd = this.#isAtEnd()));
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(list);
  }

  /** Show a channel, or a thread of it. `since`: where what is new begins, and is read from; else the end. */
  show(channel, thread, since) {
    this.#channel = channel;
    this.#thread = thread;
    const all = this.#all();
    const unread = since ? all.findIndex((one) => one.ts >= since) : all.length;
    this.#drawFrom(Math.max(0, Math.min(unread, all.length - PAGE)));
    this.toEnd();
    const first = since && this.#items.get(all[unread]?.ts);
    if (!first) return;
    first.before(el("li", { class: "new-line", role: "separator" }, "New"));
    first.previousElementSibling.scrollIntoView({ block: "start" });
    this.#atEnd = this.#isAtEnd();
  }

  /** Take changed messages; stays at the end if it was there. */
  update(changed) {
    for (const message of changed) {
      if (message.channel !== this.#channel) continue;
      this.#put(message);
      if (isReply(message) && !this.#thread) this.#redraw(message.thread); // how many replies it has
    }
    if (this.#atEnd) this.toEnd();
  }

  /** Go to a message, if it is there. */
  reveal(ts) {
    const at = this.#all().findIndex((one) => one.ts === ts);
    if (!this.#items.has(ts) && at >= 0) this.#drawFrom(at);
    this.#items.get(ts)?.focus({ preventScroll: true });
    this.#items.get(ts)?.scrollIntoView({ block: "center" });
    this.#atEnd = this.#isAtEnd();
  }

  /** Scroll to the newest message. */
  toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#atEnd = true;
  }

  #all() {
    return conversation(this.#channel, this.#thread).sort(byTime);
  }

  /** Draw the messages from an index on; of a thread always the first one too. */
  #drawFrom(index) {
    const all = this.#all();
    const start = this.#thread ? 1 : 0;
    const from = Math.max(start, index);
    const drawn = [...all.slice(0, start), ...all.slice(from)];
    this.#items.clear();
    this.#oldest = all[from]?.ts ?? "";
    this.#list.replaceChildren(...drawn.map((message) => this.#element(message)));
    for (const message of drawn) this.#join(message.ts);
    if (from > start) this.#items.get(this.#oldest).before(this.#earlier(from - start));
  }

  #earlier(count) {
    return el("li", { class: "earlier" },
      el("button", { class: "quiet", on: { click: () => this.#showEarlier() } },
        `Show earlier messages (${count})`));
  }

  /** Draw one page more, leave in place what is being read, and go on to the message before it. */
  #showEarlier() {
    const first = this.#oldest;
    const below = this.#list.scrollHeight - this.#list.scrollTop;
    this.#drawFrom(this.#all().findIndex((one) => one.ts === first) - PAGE);
    this.#list.scrollTop = this.#list.scrollHeight - below;
    this.#items.get(first).previousElementSibling.focus({ preventScroll: true });
  }

  /** Arrow keys go from message to message; Tab then goes to what can be done with it. */
  #step(event) {
    const here = event.target.closest(".message");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || (event.target !== here && event.target !== this.#list)) return;
    event.preventDefault();
    const all = [...this.#list.querySelectorAll(".message")];
    if (here?.previousElementSibling?.matches(".earlier") && by < 0) this.#showEarlier();
    else (here ? all[all.indexOf(here) + by] : all.at(-1))?.focus();
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
    if (message.ts === this.#thread) return true;
    const here = this.#thread ? message.thread === this.#thread : !isReply(message) || message.broadcast;
    return here && message.ts >= this.#oldest;
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

  /** Put a message right under the one before it, if the same person has just said that one; not the bot's. */
  #join(ts) {
    const element = this.#items.get(ts);
    const before = find(this.#channel, element.previousElementSibling?.dataset.ts);
    const now = find(this.#channel, ts);
    const joined = before && before.user === now.user && !state.people.get(now.user)?.bot && !before.only && !now.only && now.ts - before.ts < ONE_BREATH;
    element.classList.toggle("joined", Boolean(joined) && before.ts !== this.#thread);
  }
}

function replaceKeepingFocus(old, element) {
  const key = old.contains(document.activeElement) && document.activeElement.dataset.key;
  old.replaceWith(element);
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
