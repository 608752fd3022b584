// Block Kit as elements: the blocks that can stand in a message (docs.slack.dev/reference/block-kit/blocks).

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn, plain } from "./mrkdwn.js";

/** The elements of a message's blocks, or of its text where it has none. */
export function body(message, names) {
  if (!message.blocks.length) return message.text ? [words(message.text, names)] : [];
  return message.blocks.map((block) => (KINDS[block.type] ?? unknown)(block, names));
}

const words = (text, names) => el("p", { class: "words" }, mrkdwn(text, names));

/** A text object: `mrkdwn`, or `plain_text` in which only emoji names mean something. */
function textOf(object, names) {
  if (object.type === "mrkdwn") return mrkdwn(object.text, names);
  return object.text.split(/(:[a-z0-9_+-]+:)/).map((part) =>
    (/^:.+:$/.test(part) && emoji(part.slice(1, -1))) || plain(part));
}

const KINDS = {
  section: (block, names) => el("div", { class: block.expand === false ? "section folded" : "section" },
    block.text && el("p", { class: "words" }, textOf(block.text, names)),
    block.expand === false && seeMore(block),
    block.fields && el("dl", { class: "fields" }, block.fields.map((field) => el("dd", {}, textOf(field, names))))),
  context: (block, names) => el("div", { class: "context" },
    block.elements.map((one) => el("p", { class: "words" }, one.text ? textOf(one, names) : one.alt_text ?? ""))),
  header: (block, names) => el("p", { class: "header", role: "heading", "aria-level": "4" }, textOf(block.text, names)),
  divider: () => el("hr"),
  image: (block) => el("p", { class: "words" }, block.alt_text ?? "image"),
  markdown: (block) => el("p", { class: "words" }, block.text),
};

const unfolded = new Set(); // ids of blocks, kept where a message is drawn anew

/** Slack folds a long section that does not ask to be expanded. */
function seeMore({ block_id: id }) {
  const button = el("button", { class: "see-more", "data-key": `more-${id}`, on: { click: toggle } });
  const draw = () => {
    button.setAttribute("aria-expanded", String(unfolded.has(id)));
    button.textContent = unfolded.has(id) ? "See less" : "See more";
  };
  function toggle() {
    if (!unfolded.delete(id)) unfolded.add(id);
    draw();
  }
  draw();
  return button;
}

function unknown(block) {
  return el("p", { class: "words unknown-block" }, `(a block of the kind “${block.type}”, which this page does not draw)`);
}
