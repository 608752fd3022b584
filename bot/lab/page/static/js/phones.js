// Each person's lock screen: the posts that told that person something, as they were posted.

import { timeOf } from "./dates.js";
import { byId, el } from "./dom.js";
import { avatar } from "./message.js";
import { spokenText } from "./mrkdwn.js";
import { titleOf } from "./sidebar.js";
import { byTime, isReply, names, on, state } from "./state.js";

let screens; // person → list of what the lock screen shows
let show;

/** Keep the pane up to date. `goTo(person, message)` looks at a message as a person. */
export function startPhones(goTo) {
  show = goTo;
  on("people", build);
  on("messages", ({ changed }) => take(changed));
}

function build() {
  const played = [...state.people.values()].filter((person) => person.plays);
  screens = new Map(played.map((person) => [person.id, el("ol", { class: "lock", "aria-label": `Lock screen of ${person.name}` })]));
  byId("phones").replaceChildren(
    el("p", { class: "note" }, "A phone shows the first line of a post that mentions its owner, or that goes on in a thread of theirs. It shows nothing of an edit."),
    ...played.map((person) => el("section", { class: "phone card", "aria-label": `${person.name}'s phone` },
      el("h3", {}, avatar(person), person.name), screens.get(person.id))));
  take([...state.messages.values()].flatMap((channel) => [...channel.values()]).sort(byTime));
}

function take(messages) {
  for (const message of messages) {
    for (const [person, screen] of screens) {
      const there = [...screen.children].find((one) => one.dataset.ts === message.ts);
      if (message.gone) there?.remove();
      else if (!there && tells(message, person)) screen.prepend(push(message, person));
    }
  }
}

const tells = ({ push }, person) => push && (push.mentions.includes(person) || push.follows.includes(person));

function push(message, person) {
  const channel = state.channels.get(message.channel);
  const where = channel.im ? "to you" : `in #${titleOf(channel)}${isReply(message) ? ", thread" : ""}`;
  return el("li", { "data-ts": message.ts },
    el("button", { class: "push", on: { click: () => show(person, message) } },
      el("span", { class: "push-from" }, `${state.people.get(message.user).name} ${where}`, el("time", {}, timeOf(message.ts))),
      el("span", { class: "push-text" }, spokenText(message.push.text, names))));
}
