// The machines: the virtual server, each node, what reached the management host, the way to Slack.

import { clock, lasting } from "./dates.js";
import { byId, el, eachFrame } from "./dom.js";
import { NodeCard } from "./node.js";
import { order } from "./server.js";
import { on, state } from "./state.js";
import { tried } from "./toast.js";

const SLOW = "slow-facts"; // the misbehaviour: reading a node takes its time
let cards = new Map();
let parts;

/** Keep the pane up to date. */
export function startMachines() {
  on("round", build);
  on("machines", eachFrame(draw));
  on("round lab", drawSlow);
}

function build() {
  cards = new Map();
  parts = {
    server: el("div", { class: "server-state" }),
    online: el("button", { id: "bring-online", on: { click: bringOnline } }, "Bring System Attendant online"),
    result: el("p", { class: "result", role: "status" }),
    nodes: el("div", { class: "nodes" }),
    resources: el("tbody"),
    calls: el("tbody"),
    host: el("p", { class: "note" }),
    slow: el("button", { "aria-pressed": "false", on: { click: slowDown } }, "Slow it down"),
    slack: el("dl", { class: "facts" }),
  };
  byId("machines").replaceChildren(serverCard(), parts.nodes, hostCard(), clusterCard(), slackCard(), timing());
}

/** What is quicker here than in earnest. */
function timing() {
  const looks = state.round.looks.map(lasting).join(", ");
  return el("p", { class: "note" },
    `So that nobody practises waiting, the bot looks again ${looks} after a change (in earnest 1, 5 and 15 min), `
    + `and gives a host ${lasting(state.round.deadline)} (120 s). It waits ${lasting(state.round.grace)} between approval and change. Nothing here leaves this machine.`);
}

function draw() {
  const seen = state.machines;
  if (!seen) return;
  drawServer(seen);
  drawNodes(seen.nodes);
  parts.resources.replaceChildren(...seen.resources.map(resourceRow));
  parts.calls.replaceChildren(...callRows(seen.host.calls));
  parts.host.textContent = `${seen.host.exchanges} HTTP exchanges, ${seen.host.shells} shells open`;
  parts.slack.replaceChildren(...slackFacts(seen.slack));
}

// --- the virtual server ---

function serverCard() {
  return el("section", { class: "card server", "aria-label": "Virtual server" },
    parts.server,
    el("div", { class: "buttons" },
      parts.online,
      el("button", { on: { click: failOver } }, "Fail over")),
    parts.result);
}

function drawServer({ virtual_server: name, attendant, nodes }) {
  const up = attendant.state === "Online";
  const owner = nodes.find((node) => node.owner);
  parts.online.classList.toggle("primary", !up && attendant.can_start);
  parts.server.replaceChildren(
    el("h3", {}, name, badge(up ? "good" : "bad", attendant.state)),
    el("p", {}, `System Attendant on ${owner.computer}. ${up ? "Mail runs." : "Mail is down."}`));
}

/** A word with a colour behind it; the word says it all. */
export const badge = (tone, words) => el("span", { class: `badge-word ${tone}` }, words);

/** What the lab answers; null if it refused, which was told. */
const asked = (wanted) => tried(() => order(wanted)).catch(() => null);

async function bringOnline() {
  const told = await asked({ do: "bring_online" });
  if (told) parts.result.textContent = told.came
    ? "It came up, and the other resources with it."
    : "It did not come up. The node has logged why: see its newest events.";
}

async function failOver() {
  const told = await asked({ do: "fail_over" });
  if (told) parts.result.textContent = `${told.owner} is the owner now. ${told.came ? "Everything came up there." : "It did not come up there either."}`;
}

function drawNodes(nodes) {
  for (const node of nodes) {
    if (!cards.has(node.name)) {
      cards.set(node.name, new NodeCard(node));
      parts.nodes.append(cards.get(node.name).element);
    }
    cards.get(node.name).draw(node);
  }
}

// --- the management host ---

function hostCard() {
  return el("section", { class: "card", "aria-label": "Management host" },
    el("h3", {}, "What reached the management host"),
    parts.host,
    el("div", { class: "buttons" }, parts.slow, el("button", { on: { click: restartBot } }, "Restart the bot")),
    el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Commands" },
      table(["Time", "Command", "Took", "Exchanges"], parts.calls)));
}

async function slowDown() {
  await asked({ do: "misbehave", name: SLOW });
}

async function restartBot() {
  await asked({ do: "restart_bot" });
}

function drawSlow() {
  parts.slow.setAttribute("aria-pressed", String(state.lab.misbehaving.includes(SLOW)));
}

function table(columns, rows) {
  return el("table", {}, el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)))), rows);
}

function callRows(calls) {
  if (!calls.length) return [el("tr", {}, el("td", { colspan: "4", class: "none" }, "Nothing yet: ask the bot something."))];
  return calls.map((call) => el("tr", {},
    el("td", {}, clock(call.started)),
    el("td", {}, el("strong", {}, call.command), el("small", {}, `${call.node ?? ""} as ${call.user}`)),
    el("td", {}, call.end ? took(call) : badge("busy", "running")),
    el("td", { class: "right" }, String(call.exchanges))));
}

const took = ({ seconds, end }) => (end === "done" ? lasting(seconds) : `${lasting(seconds)}, ${end}`);

// --- cluster and Slack ---

function clusterCard() {
  return el("details", { class: "card" }, el("summary", {}, "Cluster resources"),
    table(["Resource", "State", "Owner"], parts.resources));
}

function resourceRow({ name, type, state: now, owner }) {
  return el("tr", {}, el("td", {}, el("strong", {}, name), el("small", {}, type)),
    el("td", {}, badge(now === "Online" ? "good" : "bad", now)), el("td", {}, owner));
}

function slackCard() {
  return el("details", { class: "card" }, el("summary", {}, "Practice Slack"), parts.slack);
}

function slackFacts(slack) {
  const facts = [
    ["Connections of the bot", slack.connected], ["Calls of the Web API", slack.calls],
    ["Events for the bot", slack.events], ["Deliveries under way", slack.undelivered],
    ["What a careful bot does not do", slack.anomalies.map((one) => one.kind).join(", ") || "never seen"],
  ];
  return facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]);
}
