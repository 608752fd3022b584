// The menu of incidents, and beginning anew.

import { byId, el } from "./dom.js";
import { order } from "./server.js";
import { on, state } from "./state.js";
import { toast, tried } from "./toast.js";

let begun = null; // the round that was told of

/** Make menu and reset work, and keep the line about the bot up to date. */
export function startIncidents() {
  on("round", draw);
  on("lab heard round", drawBot);
  byId("choose").addEventListener("click", () => byId("incidents").showModal());
  byId("reset").addEventListener("click", () => begin(state.round.incident));
}

/** Begin an incident; the page is told of the new round by the lab. */
export async function begin(incident) {
  byId("incidents").close();
  await tried(() => order({ do: "begin", incident })).catch(() => {});
}

function draw() {
  const { incident, incidents, number, key } = state.round;
  byId("incident-name").textContent = incident;
  byId("incident-watch").textContent = incidents.find((one) => one.name === incident).watch;
  byId("incidents").replaceChildren(
    el("h2", { id: "incidents-title" }, "Choose an incident"),
    el("p", { class: "note" }, "The practice begins anew: a fresh cluster, an empty chat, an empty record."),
    el("ul", {}, incidents.map((one) => choice(one, one.name === incident))),
    el("form", { method: "dialog", class: "buttons" }, el("button", {}, "Stay")));
  if (number > 1 && key !== begun) toast(`The practice begins anew: ${incident}.`);
  begun = key;
}

function choice({ name, watch }, current) {
  return el("li", {}, el("button", { "aria-current": current && "true", on: { click: () => begin(name) } },
    el("strong", {}, name), el("span", {}, watch)));
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
