// The record: the audit as it grows, each record linked to the one before, the last anchor, the fixes.

import { clock } from "./dates.js";
import { byId, el, eachFrame } from "./dom.js";
import { badge } from "./machines.js";
import { record } from "./server.js";
import { on, state } from "./state.js";

const TONES = { ok: "good", refused: "bad", error: "bad", pending: "busy", unknown: "busy" };
const ENDS = { confirmed: "good", applied: "good", failed: "bad", voided: "bad", drifted: "bad" };

let parts;
let drawn = 0; // records that are in the list

/** Keep the pane up to date. `ask(words)` puts a question into the message box. */
export function startRecord(ask) {
  on("round", () => build(ask));
  on("record", eachFrame(draw));
}

function build(ask) {
  drawn = 0;
  parts = {
    chain: el("p", { class: "chain" }), anchor: el("p", { class: "anchor" }),
    fixes: el("ul", { class: "fixes" }), rows: el("ol", { class: "records" }),
    filter: el("input", { type: "search", placeholder: "kind, node, person, FIX-1 …", "aria-label": "Show records with", on: { input: filter } }),
  };
  byId("record-count").textContent = "";
  byId("record").replaceChildren(
    el("section", { class: "card", "aria-label": "Chain" }, parts.chain, parts.anchor, parts.fixes),
    el("section", { class: "card", "aria-label": "History" },
      el("h3", {}, "History"), el("p", { class: "note" }, "Every record names the hash of the one before it: none can be changed or left out later without a trace."),
      el("div", { class: "filter" }, parts.filter,
        el("button", { on: { click: () => ask("history exch-node2 since 7d") } }, "Ask the bot instead")),
      parts.rows));
}

function draw() {
  const { rows, fixes, whole } = state.record;
  byId("record-count").textContent = rows.length || "";
  parts.chain.replaceChildren(badge(whole ? "good" : "bad", whole ? "whole" : "broken"),
    ` Chain of ${rows.length} ${rows.length === 1 ? "record" : "records"}, checked link by link by this page.`);
  drawAnchor(rows);
  parts.fixes.replaceChildren(...fixes.map(fixElement));
  for (const row of rows.slice(drawn)) parts.rows.prepend(rowElement(row));
  drawn = rows.length;
  filter();
}

function drawAnchor(rows) {
  const anchor = rows.findLast((row) => row.anchor)?.anchor;
  if (!anchor) return parts.anchor.replaceChildren("No anchor yet: one is published with every applied fix.");
  const size = Number(anchor.split(" ")[2]);  // anchor, chain, size, hash, signature
  return parts.anchor.replaceChildren(
    `Last anchor, over ${size} records (${rows.length - size} since): `, el("code", {}, anchor));
}

function fixElement(fix) {
  const who = [`asked by ${person(fix.requester)}`, fix.approver && `approved by ${person(fix.approver)}`].filter(Boolean);
  return el("li", {}, el("strong", {}, `FIX-${fix.number}`), badge(ENDS[fix.state] ?? "plain", fix.state),
    el("small", {}, [fix.computer, ...who].join(" · ")));
}

const person = (id) => state.people.get(id)?.name ?? id;

// --- records ---

function rowElement(row) {
  const about = [row.node, row.fix, person(row.actor)].filter(Boolean).join(" · ");
  const inside = el("pre", { tabindex: "0" }, "…");
  const details = el("details", { on: { toggle: () => details.open && tellAll(row, inside) } },
    el("summary", {},
      el("span", { class: "seq" }, `#${row.seq}`),
      el("strong", {}, row.kind), badge(TONES[row.outcome] ?? "plain", row.outcome),
      el("small", { class: "gist" }, row.gist),
      el("span", { class: "line" }, el("small", {}, `${clock(row.ts)} · ${about}`),
        el("code", { class: "hash", title: row.hash }, row.linked ? row.hash.slice(0, 8) : "link broken"))),
    inside);
  return el("li", { "data-words": Object.values(row).concat(person(row.actor)).join(" ").toLowerCase() }, details);
}

async function tellAll(row, place) {
  if (place.dataset.told) return;
  place.dataset.told = "yes";
  const body = await record(row.seq).catch(() => null);
  if (!body) delete place.dataset.told; // asked for again when it is opened again
  place.textContent = body ? `${JSON.stringify(body, null, 2)}\n\nhash ${row.hash}` : "It could not be read.";
}

function filter() {
  const wanted = parts.filter.value.trim().toLowerCase();
  for (const item of parts.rows.children) item.hidden = !item.dataset.words.includes(wanted);
}
