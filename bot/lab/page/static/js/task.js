// The task of an incident: three steps, each marked once it has happened, and then what was to be seen.

import { byId, el, eachFrame, hidden } from "./dom.js";
import { begin, incident, incidents, remember } from "./incidents.js";
import { on, state } from "./state.js";

let done = 0; // steps; what was done stays done, also where the machines have moved on

/** Keep the line of the task up to date. */
export function startTask() {
  on("round", () => ((done = 0), draw()));
  on("record machines", eachFrame(follow));
}

// What a step waits for (see tasks.py): a record after the one of the step before, or what the machines show.
const RECORDED = {
  verdict: (row, node, verdict) => row.kind === "diagnosis" && row.node === node && row.verdict === verdict,
  fix: (row, node, became) => row.node === node && row.became === became,
  command: (row, name) => row.kind === "command" && row.command === name,
};
const SHOWN = {
  attendant: (seen, node, now) => seen.attendant.state === now && seen.nodes.some((one) => one.owner && one.name === node),
  network: (seen, node) => seen.nodes.some((one) => one.name === node && one.reachable),
};

function follow() {
  const now = stepsDone(incident().steps);
  if (now <= done) return;
  done = now;
  if (done === incident().steps.length) remember(state.round.incident);
  draw();
}

function stepsDone(steps) {
  let rows = state.record.rows;
  for (const [index, { when: [kind, ...what] }] of steps.entries()) {
    if (kind in SHOWN) {
      if (index >= done && !(state.machines && SHOWN[kind](state.machines, ...what))) return index;
    } else {
      const at = rows.findIndex((row) => RECORDED[kind](row, ...what));
      if (at < 0) return index;
      rows = rows.slice(at + 1);
    }
  }
  return steps.length;
}

function draw() {
  const { steps, saw } = incident();
  const next = incidents()[incidents().findIndex((one) => one.name === state.round.incident) + 1];
  const whole = done === steps.length;
  byId("task").classList.toggle("whole", whole);
  byId("task").replaceChildren(
    el("ol", { class: "steps" }, steps.map((step, index) => stepElement(step.words, index))),
    el("p", { class: "saw", role: "status" }, whole && [el("strong", {}, "You saw it: "), saw]),
    whole && next && el("button", { on: { click: () => begin(next.name) } }, `Next: ${next.name}`) || "");
}

function stepElement(words, index) {
  const [kind, said] = index < done ? ["done", "done"] : index === done ? ["now", "to do"] : ["later", "later"];
  return el("li", { class: kind, "aria-current": kind === "now" && "step" },
    el("span", { class: "step-sign", "aria-hidden": "true" }, kind === "done" ? "✓" : String(index + 1)),
    el("span", {}, words, hidden(` (${said})`)));
}
