// What can be made to go wrong: the bot's process, practice Slack, the management host.

import { byId, el } from "./dom.js";
import { order } from "./server.js";
import { on, state } from "./state.js";
import { toast, tried } from "./toast.js";

let switches = new Map();

/** Keep the pane up to date. */
export function startTrouble() {
  on("round", build);
  on("round lab", draw);
}

function build() {
  switches = new Map();
  byId("trouble").replaceChildren(
    card("The bot", "Its record stays. A fix under way is read back, never sent twice.",
      button("Restart the bot", () => restart(false)), button("Kill it and start it again", () => restart(true))),
    card("Practice Slack", "What Slack does on a bad day.", ...misbehaviours("slack")),
    card("Management host", "What happens between the bot and the servers.", ...misbehaviours("host")),
    el("div", { class: "buttons" }, button("Everything works again", () => give({ do: "behave" }, "Everything works again."))));
}

function card(title, note, ...buttons) {
  return el("section", { class: "card", "aria-label": title },
    el("h3", {}, title), el("p", { class: "note" }, note), el("div", { class: "choices" }, buttons));
}

function misbehaviours(of) {
  return state.round.misbehaviours.filter((one) => one.of === of).map(misbehaviour);
}

function misbehaviour({ name, line, switch: isSwitch, choices }) {
  const choice = choices.length && el("select", { "aria-label": line }, choices.map((one) => el("option", {}, one)));
  const wanted = () => ({ do: "misbehave", name, choice: choice ? choice.value : null });
  const element = button(line, () => give(wanted(), isSwitch ? null : `${line}.`));
  if (isSwitch) {
    element.setAttribute("aria-pressed", "false");
    switches.set(name, element);
  }
  return choice ? [element, choice] : element;
}

const button = (words, click) => el("button", { on: { click } }, words);

async function restart(kill) {
  await give({ do: "restart_bot", kill }, "The bot runs again.");
}

async function give(wanted, done) {
  await tried(() => order(wanted)).then(() => done && toast(done)).catch(() => {});
}

function draw() {
  const on = new Set(state.lab.misbehaving);
  for (const [name, element] of switches) element.setAttribute("aria-pressed", String(on.has(name)));
  byId("trouble-count").textContent = on.size || "";
}
