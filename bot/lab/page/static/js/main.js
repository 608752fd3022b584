// The practice page: starts every part and listens to the lab.

import { composers, startChat } from "./chat.js";
import { byId } from "./dom.js";
import { startIncidents } from "./incidents.js";
import { startMachines } from "./machines.js";
import { showPane, startPanes } from "./panes.js";
import { startRecord } from "./record.js";
import { listen } from "./server.js";
import { startSidebar } from "./sidebar.js";
import { hear, heard, open, state } from "./state.js";
import { startTour } from "./tour.js";
import { startTrouble } from "./trouble.js";

/** Put words into the box that is in front, or into the channel's. */
function fill(words) {
  const composer = state.thread ? composers.thread : composers.channel;
  composer.fill(words);
  return composer;
}

function ask(words) {
  showPane("chat");
  fill(words).focus();
}

byId("skip").addEventListener("click", () => showPane("chat")); // where the box is, also on a narrow page

startPanes();
startChat();
startSidebar(); // after the chat, which notes what is being looked at
startMachines();
startRecord(ask);
startTrouble();
startIncidents();
startTour({ fill, open });
listen(hear, heard);
