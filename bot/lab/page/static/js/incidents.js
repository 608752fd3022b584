// The menu of incidents, and beginning anew.

import { byId, el } from "./dom.js";
import { order } from "./server.js";
import { on, state } from "./state.js";
import { toast, tried } from "./toast.js";

const SEEN = "rootver-incidents-seen";
let begun = null; // the round that this page has shown

/** Make menu and reset work, and keep the line about the bot up to date. */
export function startIncidents() {
  on("round", draw);
  on("lab heard round", drawBot);
  byId("choose").addEventListener("click", chooseIncident);
  byId("reset").addEventListener("click", () => begin(state.round.incident));
}

/** Every incident, in order. */
export const incidents = () => state.round.groups.flatMap((group) => group.incidents);

/** The incident that is played. */
export const incident = () => incidents().find((one) => one.name === state.round.incident);

/** Note that the task of an incident was done in this browser. */
export function remember(name) {
  localStorage.setItem(SEEN, JSON.stringify([...new Set([...seen(), name])]));
}

const seen = () => JSON.parse(localStorage.getItem(SEEN) ?? "[]");

/** Open the menu. */
export function chooseIncident() {
  draw();
  byId("incidents").showModal();
}

/** Begin an incident; the page is told of the new round by the lab. */
export async function begin(incident) {
  byId("incidents").close();
  await tried(() => order({ do: "begin", incident })).catch(() => {});
}

function draw() {
  const { name, watch } = incident();
  const { groups, key } = state.round;
  byId("incident-name").textContent = name;
  byId("incident-watch").textContent = watch;
  byId("incidents").replaceChildren(
    el("h2", { id: "incidents-title" }, "Choose an incident"),
    el("p", { class: "note" }, "The practice begins anew: a fresh cluster, a new chat, an empty record."),
    ...groups.flatMap((group) => [el("h3", {}, group.title), el("ul", {}, group.incidents.map(choice))]),
    el("form", { method: "dialog", class: "buttons" }, el("button", {}, "Stay")));
  if (begun && key !== begun) toast(`The practice begins anew: ${name}.`);
  begun = key;
}

function choice({ name, watch }) {
  const current = name === state.round.incident;
  return el("li", {}, el("button", { "aria-current": current && "true", on: { click: () => begin(name) } },
    el("strong", {}, name), el("span", {}, watch),
    seen().includes(name) && el("span", { class: "badge-word good" }, "you saw it")));
}

// --- the bot ---

const WORDS = {
  starting: "The bot is starting", running: "The bot is connected",
  disconnected: "The bot has lost Slack", ended: "The bot is not running",
};
const TONES = { starting: "busy", running: "good", disconnected: "busy", ended: "bad" };

/** What does not run, and what to do about it; empty if all is well. */
function troubleIn(bot, trouble) {
  if (!state.heard) return "The lab does not answer: it was stopped, or this machine slept. Start it again (make run); this page then goes on by itself.";
  if (bot === "ended" && !trouble) return "The bot is not running. Start it again: Trouble, Restart the bot.";
  return trouble;
}

function drawBot() {
  const { bot, trouble } = state.lab;
  const place = byId("bot-state");
  place.className = `state ${state.heard ? TONES[bot] : "bad"}`;
  place.textContent = state.heard ? WORDS[bot] : "The lab does not answer";
  const words = troubleIn(bot, trouble);
  const line = byId("trouble-line");
  line.hidden = !words;
  if (line.textContent !== words) line.textContent = words;
}
