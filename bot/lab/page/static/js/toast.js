// A short word at the edge of the page when something was refused, and what screen readers are told.

import { byId } from "./dom.js";

const SECONDS = 6;
let timer;

/** Show a sentence for a while. */
export function toast(sentence) {
  const place = byId("toast");
  place.textContent = sentence;
  place.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("shown"), SECONDS * 1000);
}

/** Let screen readers say something in a pause. */
export function announce(sentence) {
  byId("announcer").textContent = sentence;
}

/** Do it; say what was refused, in words where there are some, and refuse too. */
export async function tried(doing) {
  try {
    return await doing();
  } catch (error) {
    toast(REFUSALS[error.message] ?? `That was refused: ${error.message}`);
    throw error;
  }
}

const REFUSALS = {
  "Failed to fetch": "The lab does not answer. Is it still running in its terminal?",
  not_in_channel: "This person is not in that channel.",
  message_not_found: "That message is gone.",
  no_text: "There is nothing to send.",
};
