// The guided tour: the main story in five steps. Each step waits for what really happens.

import { byId, el } from "./dom.js";
import { lasting } from "./dates.js";
import { card, cardElement, fix, openCard, openThreadOfCard } from "./card.js";
import { begin, chooseIncident } from "./incidents.js";
import { showPane } from "./panes.js";
import { on, state } from "./state.js";

const DISMISSED = "rootver-tour-dismissed";
const AFTER_APPLIED = ["applied", "confirmed", "drifted"];

let step = -1; // not on tour
let round = null;
let fill; // puts words into the box that is in front
let timer;

/** Make the tour work, `fill` puts words into the box; it begins by itself for who is here for the first time. */
export function startTour(given) {
  fill = given;
  byId("tour-begin").addEventListener("click", restart);
  on("round", () => {
    if (round === state.round.key) return; // only the connection to the lab was interrupted
    round = state.round.key;
    go(state.round.incident === "zero" && !localStorage.getItem(DISMISSED) ? 0 : -1);
  });
  on("view messages machines record lab", follow);
}

const STEPS = [
  {
    title: "Ask the bot",
    words: () => (state.thread
      ? "The bot answers in this thread, and the tour goes on with the card of a fix. No card? Ask: diagnose exch-node2."
      : "Mail is down on the practice cluster, and you are alice, on call. The question is in the box already: send it."),
    target: () => (state.thread ? null : document.querySelector("#composer-channel .write")),
    pane: "chat",
    enter: () => fill("diagnose exch-node2"),
    done: () => Boolean(card()),
  },
  {
    title: "Become bob",
    words: () => `The thread shows verdict and evidence, and at its end the card of ${fixName()}. Who asks may not approve: become bob.`,
    target: bob,
    pane: "chat",
    enter: () => (fill(), showVerdict()),
    done: () => mayApprove() || AFTER_APPLIED.includes(fix()?.state),
  },
  {
    title: "Approve the fix",
    words: () => UNDER_WAY[fix()?.state]?.() ?? becomeBob() ?? `Tap the tick on the card of ${fixName()}. The change is sent ${lasting(state.round.grace)} later; until then, taking the tick away stops it.`,
    target: tickOrBob,
    pane: "chat",
    enter: openCard,
    done: () => AFTER_APPLIED.includes(fix()?.state),
  },
  {
    title: "Bring mail back",
    words: "RootVer is set and read back. The bot restarts nothing: bring the System Attendant online yourself.",
    target: () => byId("bring-online"),
    pane: "machines",
    done: () => state.machines?.attendant.state === "Online",
  },
  {
    title: "Let the bot look again",
    words: () => `${fixName()} is confirmed once the bot has seen for itself that the service runs. ${nextLook()}`,
    target: () => null,
    pane: "chat",
    done: () => fix()?.state === "confirmed",
  },
];

/** What is said between the tick and the change, by the state of the fix. */
const UNDER_WAY = {
  approved: () => `Approved. The change is sent ${lasting(state.round.grace)} after the tick; a second tap would take the approval away.`,
  applying: () => "The bot reads again, backs up the key, sets the value and reads it back.",
  indeterminate: () => "The bot does not know yet what is there, and reads it back.",
};

function tickOrBob() {
  if (fix()?.state in UNDER_WAY) return null; // a second tap would undo the first
  return mayApprove() ? cardElement()?.querySelector('[data-emoji="white_check_mark"]') : bob();
}

function bob() {
  return document.querySelector('label[for="be-bob"]');
}

const LOST = ["voided", "declined", "cancelled", "expired", "failed"];

// --- moving ---

function restart() {
  localStorage.removeItem(DISMISSED);
  begin("zero");
}

function go(to) {
  step = to;
  STEPS[step]?.enter?.();
  follow();
}

function follow() {
  if (step < 0) return draw();
  const before = step;
  while (STEPS[step]?.done()) {
    step += 1;
    STEPS[step]?.enter?.();
  }
  if (step !== before && STEPS[step]) showPane(STEPS[step].pane);
  if (step === STEPS.length) localStorage.setItem(DISMISSED, "yes");
  return draw();
}

function leave() {
  localStorage.setItem(DISMISSED, "yes");
  go(-1);
}

// --- drawing ---

let shown = "";

function draw() {
  const place = byId("tour");
  clearInterval(timer);
  place.hidden = step < 0;
  byId("task").hidden = step >= 0;
  mark(isLost() ? null : STEPS[step]?.target());
  if (step < 0) return void (shown = "");
  if (step === STEPS.length - 1) timer = setInterval(drawWords, 1000); // counts down
  if (shown !== String(step)) {
    shown = String(step);
    place.replaceChildren(...(STEPS[step] ? stepParts() : endParts()));
  }
  drawWords();
}

function stepParts() {
  return [
    el("p", { class: "tour-where" }, `Step ${step + 1} of ${STEPS.length}`),
    el("p", { class: "tour-words", role: "status" }, el("strong", {}, STEPS[step].title), el("span", { id: "tour-words" })),
    el("button", { on: { click: goThere } }, "Show me"),
    el("button", { class: "quiet", on: { click: leave } }, "End the tour"),
  ];
}

function drawWords() {
  const words = isLost() ? `${fixName()} is ${fix().state}: this story has ended. Guided tour begins it anew.` : STEPS[step]?.words;
  const said = typeof words === "function" ? words() : words;
  const place = byId("tour-words");
  if (place && place.textContent !== said) place.textContent = said;
}

function endParts() {
  return [
    el("p", { class: "tour-where" }, "Done"),
    el("p", { class: "tour-words", role: "status" }, el("strong", {}, `${fixName()} confirmed.`),
      el("span", {}, "Mail runs, and every step of it is in the record. Try another incident: each says what to watch.")),
    el("button", { on: { click: () => showPane("record") } }, "See the record"),
    el("button", { on: { click: chooseIncident } }, "Choose an incident"),
    el("button", { class: "quiet", on: { click: leave } }, "Close"),
  ];
}

function goThere() {
  showPane(STEPS[step].pane);
  STEPS[step].enter?.();
  const target = STEPS[step].target();
  target?.scrollIntoView({ block: "center" });
  (target?.querySelector("textarea") ?? document.getElementById(target?.htmlFor) ?? target)?.focus();
}

function mark(target) {
  for (const old of document.querySelectorAll(".tour-target")) if (old !== target) old.classList.remove("tour-target");
  target?.classList.add("tour-target");
}

// --- what the steps look at ---

const fixName = () => (fix() ? `FIX-${fix().number}` : "the fix");
const mayApprove = () => ["bob", "carol"].includes(state.people.get(state.me)?.name) && state.me !== fix()?.requester;
const becomeBob = () => (mayApprove() ? null : "Only the tick of an approver counts: become bob.");
const isLost = () => LOST.includes(fix()?.state);

/** The thread from its beginning: the verdict, not its end. */
function showVerdict() {
  openThreadOfCard();
  document.querySelector("#thread-messages .message + .message")?.scrollIntoView({ block: "start" });
}

function nextLook() {
  const due = fix()?.due_at;
  const left = due ? Math.ceil((new Date(due) - Date.now()) / 1000) : 0;
  return left > 0 ? `It looks again in ${lasting(left)}.` : "It is looking.";
}

