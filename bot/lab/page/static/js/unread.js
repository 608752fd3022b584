// What each person has not seen yet: messages by channel and by thread, and how many of them mention them.

import { inSight } from "./sight.js";

export class Unread {
  #marks = new Map(); // person/place → { count, mentions, since }

  /** A message came: everybody who may see it, and does not look at its place now, has it unread. */
  posted(message, state) {
    for (const person of state.people.values()) {
      if (person.plays && concerns(message, person, state)) this.#mark(message, person, state);
    }
  }

  /** What is unread at a place (channel id, or channel/thread): { count, mentions, since }, or undefined. */
  at(person, place) {
    return this.#marks.get(`${person}/${place}`);
  }

  /** How many mentions a person has not seen, in all places. */
  mentions(person) {
    let sum = 0;
    for (const [key, mark] of this.#marks) if (key.startsWith(`${person}/`)) sum += mark.mentions;
    return sum;
  }

  /** How many mentions in a channel and its threads. */
  mentionsIn(person, channel) {
    let sum = 0;
    for (const [key, mark] of this.#marks) {
      if (key === `${person}/${channel}` || key.startsWith(`${person}/${channel}/`)) sum += mark.mentions;
    }
    return sum;
  }

  /** Somebody looks at a place. */
  seen(person, place) {
    this.#marks.delete(`${person}/${place}`);
  }

  #mark(message, person, state) {
    if (person.id === state.me && inSight(message, state)) return;
    const key = `${person.id}/${placeOf(message)}`;
    const mark = this.#marks.get(key) ?? { count: 0, mentions: 0, since: message.ts };
    mark.count += 1;
    if (message.push?.mentions.includes(person.id)) mark.mentions += 1; // as it was posted: an edit notifies nobody
    this.#marks.set(key, mark);
  }
}

const placeOf = (message) =>
  message.thread && message.thread !== message.ts && !message.broadcast ? `${message.channel}/${message.thread}` : message.channel;

function concerns(message, person, state) {
  const inside = state.channels.get(message.channel)?.members.includes(person.id);
  return inside && message.user !== person.id && (!message.only || message.only === person.id);
}
