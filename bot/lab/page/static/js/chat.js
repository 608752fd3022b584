// The chat: channel and thread side by side, as the person of the moment sees them.

import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { byId, el, svg } from "./dom.js";
import { spokenText } from "./mrkdwn.js";
import { permalink } from "./place.js";
import { act } from "./server.js";
import { channelInSight, folds, inSight } from "./sight.js";
import { titleOf } from "./sidebar.js";
import { become, find, names, on, open, state, tell, visibleTo } from "./state.js";
import { announce, tried } from "./toast.js";

const deeds = { react, openThread, edit, remove };
const channelList = new Conversation(byId("channel-messages"), deeds);
const threadList = new Conversation(byId("thread-messages"), deeds);

/** The two boxes to write in. */
export const composers = {
  channel: new Composer(byId("composer-channel"), "composer-channel", "Message to the channel", say, { questions: true }),
  thread: new Composer(byId("composer-thread"), "composer-thread", "Reply in the thread", reply),
};

/** Keep the chat up to date. */
export function startChat() {
  byId("thread-close").append(svg("0 0 20 20", ["path", {
    d: "M5 5l10 10M15 5L5 15", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round",
  }]));
  byId("thread-close").addEventListener("click", () => {
    open(state.channel);
    composers.channel.focus();
  });
  on("view round", draw);
  on("sight", lookAgain);
  folds.addEventListener("change", draw);
  document.addEventListener("visibilitychange", lookAgain);
  on("messages", ({ changed, fresh }) => {
    channelList.update(changed);
    if (state.thread) threadList.update(changed);
    announceNew(fresh);
  });
  document.addEventListener("click", followPermalink);
}

function draw() {
  const channel = state.channels.get(state.channel);
  if (!channel) return;
  byId("channel-title").textContent = `${channel.im ? "" : "# "}${titleOf(channel)}`;
  byId("channel-members").textContent = channel.im ? "direct messages" : `${channel.members.length} members`;
  composers.channel.mentions = composers.thread.mentions = !channel.im;
  drawThread(channel); // first: what was read there is not new in the channel any more
  if (channelInSight(state)) show(channelList, channel.id, null);
}

/** What came while the chat was out of sight is read now. */
function lookAgain() {
  const places = [state.channel, `${state.channel}/${state.thread}`];
  if (places.some((place) => state.unread.at(state.me, place))) tell("view");
}

function drawThread(channel) {
  byId("thread").hidden = !state.thread;
  document.body.classList.toggle("has-thread", Boolean(state.thread));
  if (!state.thread) return;
  byId("thread-channel").textContent = titleOf(channel);
  show(threadList, channel.id, state.thread);
}

function show(list, channel, thread) {
  const place = thread ? `${channel}/${thread}` : channel;
  const unread = state.unread.at(state.me, place);
  state.unread.seen(state.me, place);
  list.show(channel, thread, unread?.since);
}

function announceNew(fresh) {
  const told = fresh.filter((one) => one.user !== state.me && visibleTo(one, state.me) && inSight(one, state));
  if (told.length) announce(told.map(said).join(" "));
}

function said(message) {
  const words = spokenText(message.text, names);
  return `${state.people.get(message.user)?.name}: ${words}${/[.!?…]$/.test(words) ? "" : "."}`;
}

// --- what a person does ---

async function say(text) {
  const channel = state.channel;
  const { ts } = await tried(() => act({ do: "say", as: state.me, channel, text }));
  if (!text.includes("@rootver") && !state.channels.get(channel).im) return;
  state.unread.seen(state.me, `${channel}/${ts}`); // an answer may have come before this
  open(channel, ts);
}

async function reply(text) {
  await tried(() => act({ do: "say", as: state.me, channel: state.channel, text, thread_ts: state.thread }));
}

async function react(message, name) {
  const { channel, ts } = message;
  const mine = find(channel, ts)?.reactions.some(([one, users]) => one === name && users.includes(state.me));
  await tried(() => act({ do: mine ? "unreact" : "react", as: state.me, channel, ts, emoji: name })).catch(() => {});
}

function openThread(message) {
  open(message.channel, message.thread ?? message.ts);
  composers.thread.focus();
}

async function remove({ channel, ts }) {
  await tried(() => act({ do: "delete", as: state.me, channel, ts })).catch(() => {});
}

function edit(message, element) {
  const box = el("textarea", { "aria-label": "New words of the message", rows: "2" });
  box.value = asTyped(message.text);
  const form = el("form", {
    class: "edit",
    on: {
      submit: async (event) => {
        event.preventDefault();
        form.remove();
        const { channel, ts } = message;
        await tried(() => act({ do: "edit", as: state.me, channel, ts, text: box.value })).catch(() => {});
      },
      keydown: (event) => event.key === "Escape" && form.remove(),
    },
  }, box, el("button", { class: "primary" }, "Save"), el("button", { type: "button", on: { click: () => form.remove() } }, "Leave it"));
  element.querySelector(".content").append(form);
  box.focus();
}

/** A stored text as a person would type it. */
const asTyped = (text) => spokenText(text.replace(/<@(\w+)>/g, (_, id) => `@${names("@", id) ?? id}`), names);

/** Look at a message as a person. */
export function goTo(person, { channel, ts, thread }) {
  become(person);
  open(channel, thread ?? ts);
  threadList.reveal(ts);
}

/** Links to messages of this workspace open here. */
function followPermalink(event) {
  const link = event.target.closest?.("a[href]");
  const url = link && new URL(link.href);
  const found = url?.origin === location.origin && permalink(url.pathname, url.search);
  if (!found) return;
  event.preventDefault();
  goTo(state.me, found);
}
