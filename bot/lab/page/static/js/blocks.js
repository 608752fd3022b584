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

/** A section that may be folded: its first line, and the rest behind it. */
function folded(block, names) {
  const [first, ...rest] = block.text.text.split("\n");
  return el("details", { class: "section" },
    el("summary", { class: "words" }, textOf({ ...block.text, text: first }, names)),
    el("p", { class: "words" }, textOf({ ...block.text, text: rest.join("\n") }, names)));
}

const KINDS = {
  section: (block, names) => block.expand === false && block.text ? folded(block, names) : el("div", { class: "section" },
    block.text && el("p", { class: "words" }, textOf(block.text, names)),
    block.fields && el("dl", { class: "fields" }, block.fields.map((field) => el("dd", {}, textOf(field, names))))),
  context: (block, names) => el("div", { class: "context" },
    block.elements.map((one) => el("p", { class: "words" }, one.text ? textOf(one, names) : one.alt_text ?? ""))),
  header: (block, names) => el("p", { class: "header", role: "heading", "aria-level": "4" }, textOf(block.text, names)),
  divider: () => el("hr"),
  image: (block) => el("p", { class: "words" }, block.alt_text ?? "image"),
  markdown: (block) => el("p", { class: "words" }, block.text),
};

function unknown(block) {
  return el("p", { class: "words unknown-block" }, `(a block of the kind “${block.type}”, which this page does not draw)`);
}
