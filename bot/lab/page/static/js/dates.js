// Times: Slack's date tokens and time stamps, in the reader's own zone.

import { el } from "./dom.js";

const SHAPES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

/** A token `<!date^SECONDS^SHAPE^LINK|WORDS>` without its brackets: the time, or its words if it is none. */
export function dateToken(inside) {
  const [token, ...words] = inside.split("|");
  const [, seconds, shape = "{date}"] = token.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return document.createTextNode(words.join("|"));
  const shown = shape.replace(/\{(\w+?)(?:_pretty)?\}/g, (whole, name) => formatted(at, name) ?? whole);
  return el("time", { datetime: at.toISOString(), title: at.toString() }, shown);
}

/** The time of day of a message. */
export const timeOf = (ts) => formatted(fromTs(ts), "time");

/** Time of day with seconds, of an ISO time; with its date where that is not today. */
export function clock(iso) {
  const at = new Date(iso);
  const time = formatted(at, "time_secs");
  return at.toDateString() === new Date().toDateString() ? time : `${isoDay(at)} ${time}`;
}

/** The moment of a message as `<time datetime>` wants it. */
export const isoOf = (ts) => fromTs(ts).toISOString();

/** A length of time in seconds, as a person says it. */
export function lasting(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Number((seconds / 60).toFixed(1))} min`;
}

const fromTs = (ts) => new Date(Number(ts) * 1000);

function formatted(at, name) {
  const shape = SHAPES[name];
  if (!shape) return null;
  if (name === "date_num") return isoDay(at);
  const zone = "hour" in shape ? { hourCycle: "h23" } : {};
  return new Intl.DateTimeFormat(undefined, { ...shape, ...zone }).format(at);
}

function isoDay(at) {
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
