// Slack's mrkdwn as nodes (https://docs.slack.dev/messaging/formatting-message-text).
// Words stay words: the only elements are the ones that this file makes.

import { dateToken } from "./dates.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";

const BLOCK = /```\n?([\s\S]*?)\n?```/;
const INLINE = new RegExp([
  "`([^`\\n]+)`", // 1 code
  "<([^<>\\n]+)>", // 2 mention, link, date
  ":([a-z0-9_+'-]+(?:::[a-z0-9-]+)?):", // 3 emoji
  "(?<![\\p{L}\\p{N}*])\\*(?=\\S)([^*\\n]*[^*\\s])\\*(?![\\p{L}\\p{N}*])", // 4 bold
  "(?<![\\p{L}\\p{N}_])_(?=\\S)([^_\\n]*[^_\\s])_(?![\\p{L}\\p{N}_])", // 5 italic
  "(?<![\\p{L}\\p{N}~])~(?=\\S)([^~\\n]*[^~\\s])~(?![\\p{L}\\p{N}~])", // 6 struck out
].join("|"), "gu");
const STYLED = { 4: "strong", 5: "em", 6: "s" };
const SAFE = /^(?:https?:\/\/|mailto:)/;

/** Nodes for a text. `names`: (kind, id) → name of a user "@", channel "#", group "!", or undefined. */
export function mrkdwn(text, names) {
  const nodes = [];
  let rest = text;
  for (let found; (found = BLOCK.exec(rest)); rest = rest.slice(found.index + found[0].length)) {
    nodes.push(...paragraphs(rest.slice(0, found.index), names));
    nodes.push(el("pre", { tabindex: "0" }, plain(found[1])));
  }
  return [...nodes, ...paragraphs(rest, names)];
}

/** Slack's three entities undone. */
export const plain = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** The words of a text without its markup, for announcements. */
export const spokenText = (text, names) => mrkdwn(text, names).map((node) => node.textContent).join("").trim();

function paragraphs(text, names) {
  const lines = text.replace(/^\n|\n$/g, "").split("\n");
  if (lines.length === 1 && !lines[0]) return [];
  const nodes = [];
  for (let at = 0; at < lines.length; at++) {
    const quote = [];
    while (at < lines.length && /^(?:&gt;|>)/.test(lines[at])) {
      quote.push(lines[at++].replace(/^(?:&gt;|>) ?/, ""));
    }
    if (quote.length) nodes.push(el("blockquote", {}, paragraphs(quote.join("\n"), names)));
    if (at < lines.length) nodes.push(...inline(lines[at], names), at < lines.length - 1 ? "\n" : "");
  }
  return nodes.filter((node) => node !== "").map((node) =>
    typeof node === "string" ? document.createTextNode(node) : node);
}

function inline(text, names) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(plain(text.slice(end, found.index)), ...piece(found, names));
    end = found.index + found[0].length;
  }
  return [...nodes, plain(text.slice(end))].filter((node) => node !== "");
}

function piece(found, names) {
  if (found[1] !== undefined) return [el("code", {}, plain(found[1]))];
  if (found[2] !== undefined) return [token(found[2], names)];
  if (found[3] !== undefined) return [emoji(found[3]) ?? found[0]];
  const kind = [4, 5, 6].find((number) => found[number] !== undefined);
  return [el(STYLED[kind], {}, inline(found[kind], names))];
}

function token(inside, names) {
  if (inside.startsWith("!date^")) return dateToken(plain(inside));
  const [target, words] = split(inside);
  if (/^[@#]/.test(target)) return mention(target[0], names(target[0], target.slice(1)) ?? words ?? target.slice(1));
  if (target.startsWith("!subteam^")) return mention("@", names("!", target.slice(9)) ?? words ?? "group");
  if (target.startsWith("!")) return mention("@", words ?? target.slice(1));
  if (!SAFE.test(target)) return document.createTextNode(plain(`<${inside}>`));
  return el("a", { href: plain(target), target: "_blank", rel: "noreferrer" }, plain(words ?? target));
}

const mention = (sign, name) => el("span", { class: "mention" }, `${sign}${plain(name)}`);

function split(inside) {
  const at = inside.indexOf("|");
  return at < 0 ? [inside, undefined] : [inside.slice(0, at), inside.slice(at + 1)];
}
