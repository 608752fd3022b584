// The card of the fix that matters now, and the way to it.

import { byId } from "./dom.js";
import { showPane } from "./panes.js";
import { channelsOf, find, on, open, state } from "./state.js";

const OPEN = ["proposed", "approved"];

/** Make the link to the card work; it is the second stop of the keyboard, and has a key of its own. */
export function startCardLink() {
  const link = byId("skip-card");
  on("round record messages view", () => {
    link.hidden = !card();
    if (card()) link.textContent = `To the card of FIX-${fix().number}`;
  });
  link.addEventListener("click", (event) => {
    event.preventDefault();
    showPane("chat");
    openCard();
    (cardElement().querySelector(".reaction") ?? cardElement()).focus();
  });
}

/** The newest fix that can be decided, else the newest; undefined if there is none. */
export const fix = () => state.record.fixes.findLast((one) => OPEN.includes(one.state)) ?? state.record.fixes.at(-1);

/** Its card, once it is a message with the bot's two reactions, and where the person of the moment is. */
export function card() {
  const found = fix()?.card_ts && channelsOf(state.me).map((channel) => find(channel.id, fix().card_ts)).find(Boolean);
  return found && (found.reactions.length > 1 || !OPEN.includes(fix().state)) ? found : null;
}

/** The card as it stands in the thread. */
export const cardElement = () => card() && document.querySelector(`#thread-messages .message[data-ts="${card().ts}"]`);

/** Open the thread of the card, if it is not open. */
export function openThreadOfCard() {
  const found = card();
  const thread = found && (found.thread ?? found.ts);
  if (found && state.thread !== thread) open(found.channel, thread);
}

/** Have the card in sight, its reactions in the middle. */
export function openCard() {
  openThreadOfCard();
  cardElement()?.querySelector(".reactions")?.scrollIntoView({ block: "center" });
}
