// What the page knows and what it shows: one object, and topics to be told of.
//
// Topics: round (all is new), people, messages (with the keys that changed), view (who am I, which channel,
// which thread), sight (what of it is in sight), lab, machines, record, heard (whether the lab can be heard).

import { remembered, remember } from "./place.js";
import { Unread } from "./unread.js";

const told = new EventTarget();

export const state = {
  round: null,
  heard: false,
  people: new Map(),
  channels: new Map(),
  messages: new Map(), // channel → Map(ts → message), in order
  replies: new Map(), // channel/thread → Set of ts
  me: null,
  channel: null,
  thread: null,
  lab: unheard(),
  machines: null,
  record: { rows: [], fixes: [], whole: true },
  unread: new Unread(),
};

/** The bot of a round of which the lab has told nothing yet. */
function unheard() {
  return { bot: "starting", trouble: "", misbehaving: [] };
}

/** Call `listener` with the topic's detail, now and then. */
export function on(topics, listener) {
  for (const topic of topics.split(" ")) told.addEventListener(topic, (event) => listener(event.detail));
}

/** Tell everybody. */
export const tell = (topic, detail) => told.dispatchEvent(new CustomEvent(topic, { detail }));

/** A person by name. */
export const named = (name) => [...state.people.values()].find((person) => person.name === name);

/** What a mention is called; for mrkdwn. */
export function names(kind, id) {
  if (kind === "@") return state.people.get(id)?.name;
  return kind === "#" ? state.channels.get(id)?.name : state.round?.user_groups[id];
}

/** The channels that a person is in, direct messages with the bot last. */
export function channelsOf(person) {
  const mine = [...state.channels.values()].filter((channel) => channel.members.includes(person));
  return [...mine.filter((one) => !one.im), ...mine.filter((one) => one.im)];
}

/** May this person see the message? Those to one person are nobody else's. */
export const visibleTo = (message, person) => !message.only || message.only === person;

/** The messages of a channel, or of a thread with its first message, as the person of the moment sees them. */
export function conversation(channel, thread) {
  const all = [...(state.messages.get(channel)?.values() ?? [])].filter((one) => visibleTo(one, state.me));
  if (!thread) return all.filter((one) => !isReply(one) || one.broadcast);
  return all.filter((one) => one.ts === thread || one.thread === thread);
}

/** The replies under a message, as the person of the moment sees them. */
export function repliesTo(message) {
  const known = state.replies.get(`${message.channel}/${message.ts}`) ?? new Set();
  return [...known].map((ts) => find(message.channel, ts)).filter((one) => one && visibleTo(one, state.me)).sort(byTime);
}

/** One message, or undefined. */
export const find = (channel, ts) => state.messages.get(channel)?.get(ts);

/** In a thread, and not its first message. */
export const isReply = (message) => Boolean(message.thread) && message.thread !== message.ts;

export const byTime = (one, other) => (one.ts < other.ts ? -1 : 1);

// --- taking what the lab tells ---

const TAKE = {
  round(news) {
    const { me = null, channel = null, thread = null } = remembered(news.key);
    Object.assign(state, {
      round: news, messages: new Map(), replies: new Map(), me, channel, thread, machines: null,
      record: { rows: [], fixes: [], whole: true }, unread: new Unread(), lab: unheard(),
    });
    tell("round");
  },
  people(news) {
    state.people = new Map(news.people.map((person) => [person.id, person]));
    state.channels = new Map(news.channels.map((channel) => [channel.id, channel]));
    if (!state.people.has(state.me)) state.me = named("alice").id;
    stayWhereAllowed();
    tell("people");
    look();
  },
  messages(news) {
    const fresh = news.messages.filter((message) => keep(message) && !news.first);
    for (const message of fresh) state.unread.posted(message, state);
    tell("messages", { changed: news.messages, fresh });
  },
  lab: (news) => take("lab", news),
  machines: (news) => take("machines", news),
  record(news) {
    state.record = { rows: [...state.record.rows, ...news.rows], fixes: news.fixes, whole: news.whole };
    tell("record", news);
  },
};

/** Take one thing that the lab tells. */
export const hear = (news) => TAKE[news.kind](news);

/** Note whether the lab can be heard. */
export function heard(now) {
  if (state.heard !== now) take("heard", now);
}

function take(name, news) {
  state[name] = news;
  tell(name);
}

/** Store a message; true if it was not known before. */
function keep(message) {
  const { channel, ts, thread } = message;
  if (!state.messages.has(channel)) state.messages.set(channel, new Map());
  const known = state.messages.get(channel);
  if (message.gone) {
    const before = known.get(ts);
    known.delete(ts);
    if (before) state.replies.get(`${channel}/${before.thread}`)?.delete(ts);
    return false;
  }
  const fresh = !known.has(ts);
  known.set(ts, message);
  if (isReply(message)) addReply(`${channel}/${thread}`, ts);
  return fresh;
}

function addReply(key, ts) {
  if (!state.replies.has(key)) state.replies.set(key, new Set());
  state.replies.get(key).add(ts);
}

// --- looking at something else ---

/** Be somebody. Keeps channel and thread where that person may see them. */
export function become(person) {
  state.me = person;
  stayWhereAllowed();
  look();
}

function stayWhereAllowed() {
  const mine = channelsOf(state.me).map((channel) => channel.id);
  if (!mine.includes(state.channel)) Object.assign(state, { channel: mine[0], thread: null });
}

/** Look at a channel, or at a thread in it. */
export function open(channel, thread = null) {
  Object.assign(state, { channel, thread });
  look();
}

function look() {
  remember(state.round.key, { me: state.me, channel: state.channel, thread: state.thread });
  tell("view");
}
