// One message as a list item: who, when, what, files, reactions, its thread, and what can be done with it.

import { body } from "./blocks.js";
import { isoOf, timeOf } from "./dates.js";
import { el, hidden } from "./dom.js";
import { emoji, spoken } from "./emoji.js";
import { names, repliesTo, state } from "./state.js";

const QUICK = ["white_check_mark", "x", "+1", "eyes"];

/**
 * The element of a message. `deeds`: { react(message, name), openThread(message), edit(message, element),
 * remove(message) }. `inThread`: it stands in a thread, so no line about replies.
 */
export function messageElement(message, deeds, inThread) {
  const person = state.people.get(message.user);
  const withTools = () => item.querySelector(".tools") ?? item.append(tools(message, deeds, inThread) ?? "");
  const item = el("li", {
    class: classes(message), "data-ts": message.ts, tabindex: "-1",
    on: { pointerenter: withTools, focusin: withTools }, // made when wanted: there may be many messages
  },
    avatar(person),
    el("div", { class: "content" },
      byline(message, person),
      message.only && el("p", { class: "private" }, "Only visible to you"),
      message.broadcast && placeLine(message, deeds, inThread),
      el("div", { class: "body" }, body(message, names)),
      message.files.map(fileElement),
      reactions(message, deeds),
      !inThread && threadLine(message, deeds)));
  return item;
}

const classes = (message) => ["message", message.only && "ephemeral"].filter(Boolean).join(" ");

/** The square with a person's initial; the same person always has the same colour. */
export function avatar(person) {
  const tone = [...state.people.keys()].indexOf(person.id) % 6;
  const app = person.id === state.round?.bot_user;
  return el("span", { class: `avatar tone-${app ? "app" : tone}`, "aria-hidden": "true" }, person.name[0].toUpperCase());
}

function byline(message, person) {
  return el("p", { class: "by" },
    el("strong", {}, person.name),
    person.bot && el("span", { class: "app" }, "APP"),
    el("time", { datetime: isoOf(message.ts) }, timeOf(message.ts)),
    message.edited && el("span", { class: "edited" }, "(edited)"));
}

function fileElement(file) {
  return el("a", { class: "file", href: `/practice/files/${file.id}`, target: "_blank", rel: "noreferrer" },
    el("span", { class: "file-icon", "aria-hidden": "true" }, file.name.split(".").pop()),
    el("span", {}, el("strong", {}, file.title), el("small", {}, `${file.name} · ${size(file.size)}`)));
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`);

// --- reactions ---

function reactions(message, deeds) {
  if (!message.reactions.length) return null;
  return el("div", { class: "reactions", role: "group", "aria-label": "Reactions" },
    message.reactions.map(([name, users]) => reaction(message, name, users, deeds)));
}

function reaction(message, name, users, deeds) {
  const mine = users.includes(state.me);
  const who = listed(users.map((user) => (user === state.me ? "you" : state.people.get(user)?.name ?? user)));
  return el("button", {
    class: "reaction", "data-key": `reaction-${name}`, "data-emoji": name, "data-who": who,
    "aria-pressed": String(mine), "aria-label": `${spoken(name)}: ${users.length}, ${who}`,
    on: { click: () => deeds.react(message, name) },
  }, emoji(name) ?? `:${name}:`, el("span", { class: "number" }, String(users.length)));
}

const listed = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

// --- threads and tools ---

function threadLine(message, deeds) {
  const replies = repliesTo(message);
  if (!replies.length) return null;
  const fresh = state.unread.at(state.me, `${message.channel}/${message.ts}`)?.count;
  return el("button", { class: "thread-line", "data-key": "thread", on: { click: () => deeds.openThread(message) } },
    `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`,
    fresh && el("span", { class: "badge" }, `${fresh} new`),
    el("span", { class: "last" }, `last ${timeOf(replies.at(-1).ts)}`));
}

/** Of a reply that stands in the channel too: where else it is. */
function placeLine(message, deeds, inThread) {
  if (inThread) return el("p", { class: "elsewhere" }, "Also sent to the channel");
  return el("p", { class: "elsewhere" },
    "replied to ", el("button", { "data-key": "thread", on: { click: () => deeds.openThread(message) } }, "a thread"));
}

function tools(message, deeds, inThread) {
  if (message.only) return null;
  const own = message.user === state.me;
  const admin = state.people.get(state.me)?.admin;
  return el("div", { class: "tools", role: "group", "aria-label": "React, reply, edit" },
    QUICK.map((name) => tool(`react-${name}`, `React with ${spoken(name)}`, emoji(name), () => deeds.react(message, name))),
    !inThread && tool("reply", "Reply in a thread", "Reply", () => deeds.openThread(message)),
    own && tool("edit", "Edit this message", "Edit", (event) => deeds.edit(message, event.target.closest("li"))),
    (own || admin) && tool("delete", "Delete this message", "Delete", () => deeds.remove(message)));
}

function tool(key, label, shown, click) {
  const words = typeof shown === "string" ? shown : [shown, hidden(label)];
  return el("button", { "data-key": key, title: label, on: { click } }, words);
}
