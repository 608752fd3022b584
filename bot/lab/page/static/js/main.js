// The practice page: starts every part and listens to the lab.

import { startCardLink } from "./card.js";
import { composers, goTo, startChat } from "./chat.js";
import { byId } from "./dom.js";
import { startIncidents } from "./incidents.js";
import { startMachines } from "./machines.js";
import { showPane, startPanes } from "./panes.js";
import { startPhones } from "./phones.js";
import { startRecord } from "./record.js";
import { listen } from "./server.js";
import { startSidebar } from "./sidebar.js";
import { hear, heard, state } from "./state.js";
import { startTask } from "./task.js";
import { startTour } from "./tour.js";
import { startTrouble } from "./trouble.js";

/** The box that is in front. */
const composer = () => (state.thread ? composers.thread : composers.channel);

/** Put words into it. */
const fill = (words) => composer().fill(words);

function ask(words) {
  showPane("chat");
  fill(words);
  composer().focus();
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  showPane("chat"); // where the box is, also on a narrow page
  composer().focus();
});

startPanes();
startChat();
startSidebar(); // after the chat, which notes what is being looked at
startMachines();
startPhones((person, message) => (showPane("chat"), goTo(person, message)));
startRecord(ask);
startTrouble();
startIncidents();
startTask();
startCardLink();
startTour(fill);
listen(hear, heard);
