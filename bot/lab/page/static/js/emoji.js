// Emoji by their Slack names. The ones that the bot uses are drawn, so that they look alike everywhere;
// the others are left to the reader's fonts; an unknown name stays a word.

import { el, svg } from "./dom.js";

const COLOURS = {
  red_circle: "#d64545",
  large_yellow_circle: "#e0a100",
  large_green_circle: "#2e9e5b",
  large_blue_circle: "#3b7dd8",
  white_circle: "#dfe3e8",
  black_circle: "#4a5058",
};

const CHARACTERS = {
  "-1": "👎", tada: "🎉", heart: "❤️", rocket: "🚀", thinking_face: "🤔",
  warning: "⚠️", information_source: "ℹ️", heavy_check_mark: "✔️", no_entry: "⛔", lock: "🔒",
};

const ALIASES = { thumbsup: "+1", thumbsdown: "-1", hourglass: "hourglass_flowing_sand" };

/** The drawing or character of `:name:` as an image with its name, or null if the name is unknown. */
export function emoji(name) {
  const plain = name.split("::")[0];
  const known = ALIASES[plain] ?? plain;
  const picture = drawn(known) ?? CHARACTERS[known];
  if (!picture) return null;
  return el("span", { class: "emoji", role: "img", "aria-label": spoken(known) }, picture);
}

/** A name as a person says it. */
export const spoken = (name) => name.split("::")[0].replaceAll("_", " ");

function drawn(name) {
  if (COLOURS[name]) {
    return svg("0 0 20 20", ["circle", {
      cx: 10, cy: 10, r: 8, fill: COLOURS[name], stroke: "currentColor", "stroke-opacity": 0.25,
    }]);
  }
  return DRAWINGS[name]?.();
}

const stroke = (d, colour) => ["path", {
  d, fill: "none", stroke: colour, "stroke-width": 2.6, "stroke-linecap": "round", "stroke-linejoin": "round",
}];

const DRAWINGS = {
  "+1": () => svg("0 0 20 20", ["path", {
    d: "M2.5 9h3v8h-3zM6.8 16.6V9l2.9-6.2c1.3 0 2.1.9 2.1 2.1v3h4.1c1.1 0 1.8 1 1.6 2l-1 5.6c-.2.9-.9 1.5-1.8 1.5z",
    fill: "#d99a1c",
  }]),
  eyes: () => svg("0 0 20 20", ...[5.6, 14.4].flatMap((cx) => [
    ["ellipse", { cx, cy: 10, rx: 3.6, ry: 5.6, fill: "#fff", stroke: "#5b6b66", "stroke-width": 1.2 }],
    ["circle", { cx: cx - 1, cy: 10.6, r: 1.9, fill: "#2a332f" }],
  ])),
  white_check_mark: () => svg("0 0 20 20",
    ["rect", { x: 2, y: 2, width: 16, height: 16, rx: 4, fill: "#2e9e5b" }],
    stroke("M6 10.4l2.8 2.8L14.2 7", "#fff")),
  x: () => svg("0 0 20 20", stroke("M5 5l10 10M15 5L5 15", "#d64545")),
  hourglass_flowing_sand: () => svg("0 0 20 20",
    ["path", { d: "M5.5 3h9v2.6L11.2 10l3.3 4.4V17h-9v-2.6L8.8 10 5.5 5.6z", fill: "#c98a1b" }],
    ["path", { d: "M7.6 15.6L10 12.6l2.4 3z", fill: "#fff" }],
    stroke("M4.5 2.8h11M4.5 17.2h11", "#8a5a0b")),
};
