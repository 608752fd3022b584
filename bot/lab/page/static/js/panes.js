// The tabs beside the chat (on a narrow page: instead of it).

import { byId } from "./dom.js";
import { narrow } from "./sight.js";
import { tell } from "./state.js";

const NAMES = ["chat", "machines", "phones", "record", "trouble"];

/** Make the tabs work, by click and by arrow keys. */
export function startPanes() {
  for (const name of NAMES) byId(`tab-${name}`).addEventListener("click", () => showPane(name));
  byId("tabs").addEventListener("keydown", step);
  narrow.addEventListener("change", () => showPane(current()));
  showPane(narrow.matches ? "chat" : "machines");
}

/** Bring a pane to the front. */
export function showPane(name) {
  const shown = name === "chat" && !narrow.matches ? "machines" : name;
  document.body.dataset.pane = shown;
  for (const one of NAMES) {
    const tab = byId(`tab-${one}`);
    tab.setAttribute("aria-selected", String(one === shown));
    tab.tabIndex = one === shown ? 0 : -1;
    if (one !== "chat") byId(one).hidden = one !== shown;
  }
  tell("sight");
}

const current = () => document.body.dataset.pane;

function step(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const names = narrow.matches ? NAMES : NAMES.slice(1);
  const next = names[(names.indexOf(current()) + by + names.length) % names.length];
  showPane(next);
  byId(`tab-${next}`).focus();
}
