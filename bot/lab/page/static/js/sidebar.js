// Who am I, and which channels that person has.

import { byId, el, hidden } from "./dom.js";
import { avatar } from "./message.js";
import { become, channelsOf, on, open, state } from "./state.js";

/** Keep people and channels up to date. */
export function startSidebar() {
  on("people", drawPeople);
  on("people view messages", () => (drawBadges(), drawChannels()));
}

// --- people ---

function drawPeople() {
  const legend = byId("people").querySelector("legend");
  const played = [...state.people.values()].filter((person) => person.plays);
  byId("people").replaceChildren(legend, ...played.map(personElement));
}

function personElement(person) {
  const id = `be-${person.name}`;
  return el("div", { class: "person" },
    el("input", {
      type: "radio", name: "me", id, value: person.id, checked: person.id === state.me,
      on: {
        change: () => become(person.id),
        keydown: ({ key }) => key === "Enter" && become(person.id), // a radio button alone ignores it
      },
    }),
    el("label", { for: id },
      avatar(person),
      el("span", {}, el("strong", {}, person.name), el("small", {}, person.plays)),
      el("span", { class: "badge", "data-mentions": person.id, hidden: true })));
}

function drawBadges() {
  for (const badge of byId("people").querySelectorAll("[data-mentions]")) {
    const count = state.unread.mentions(badge.dataset.mentions);
    badge.hidden = !count;
    badge.replaceChildren(...(count ? [String(count), hidden(" unread mentions")] : []));
  }
  byId("chat-count").textContent = state.unread.mentions(state.me) || "";
  const mine = byId("people").querySelector(`input[value="${state.me}"]`);
  if (mine) mine.checked = true;
}

// --- channels ---

function drawChannels() {
  if (!state.me) return;
  const all = channelsOf(state.me);
  byId("channels").replaceChildren(
    group("Channels", all.filter((one) => !one.im)),
    group("Direct messages", all.filter((one) => one.im)));
}

function group(title, channels) {
  return el("section", {}, el("h2", {}, title), el("ul", {}, channels.map((one) => el("li", {}, channelElement(one)))));
}

function channelElement(channel) {
  const current = channel.id === state.channel;
  const unread = state.unread.at(state.me, channel.id);
  const mentions = state.unread.mentionsIn(state.me, channel.id);
  return el("button", {
    class: unread ? "channel unread" : "channel", "aria-current": current && "true",
    on: { click: () => open(channel.id) },
  },
    el("span", { class: "sign", "aria-hidden": "true" }, channel.im ? "@" : channel.private ? "◦" : "#"),
    el("span", { class: "name" }, titleOf(channel)),
    unread && !mentions && hidden(" unread"),
    mentions ? el("span", { class: "badge" }, String(mentions), hidden(" mentions")) : null);
}

/** What a channel is called: its name, or the other one's. */
export function titleOf(channel) {
  if (!channel.im) return channel.name;
  const other = channel.members.find((one) => one !== state.me);
  return state.people.get(other)?.name ?? channel.name;
}
