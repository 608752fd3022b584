// One node of the cluster: its RootVer, versions, services, events, its ASP.NET key before and now.

import { clock } from "./dates.js";
import { el, hidden } from "./dom.js";
import { order } from "./server.js";
import { tried } from "./toast.js";

const ARTICLE_VALUES = ["0.0.0.0", "1.1.4322.0", "2.0.50727.0", "1.1.4322"];

/** A card with controls that stay and contents that change. */
export class NodeCard {
  #parts = {
    title: el("h3"),
    root: el("div", { class: "root-ver" }),
    services: el("ul", { class: "services" }),
    servicesLine: el("summary"),
    events: el("ol", { class: "events" }),
    eventsLine: el("summary"),
    key: el("div", { class: "diff" }),
    keyLine: el("summary"),
    network: el("button", { on: { click: () => this.#toggleNetwork() } }),
  };
  #node;

  constructor(node) {
    this.#node = node;
    const { title, root, network } = this.#parts;
    this.element = el("section", { class: "card node", "aria-label": node.computer },
      title, root,
      this.#details("services"), this.#details("events"), this.#details("key"), this.#changing(),
      el("div", { class: "buttons" }, network));
  }

  /** Show the node as it is now. */
  draw(node) {
    this.#node = node;
    const parts = this.#parts;
    parts.title.replaceChildren(node.computer, word(node.owner ? "owner" : "passive"), ...away(node));
    parts.root.replaceChildren(...rootVer(node));
    parts.services.replaceChildren(...node.services.map(service));
    parts.servicesLine.textContent = servicesLine(node.services);
    parts.events.replaceChildren(...node.events.map(event));
    parts.eventsLine.textContent = eventsLine(node.events);
    parts.key.replaceChildren(...sideBySide(node.before, node.now));
    parts.keyLine.textContent = node.before.join() === node.now.join() ? "ASP.NET key: as it was" : "ASP.NET key: changed";
    parts.network.textContent = node.reachable ? "Cut its network" : "Plug its network in";
  }

  #details(name) {
    return el("details", {}, this.#parts[`${name}Line`], this.#parts[name]);
  }

  async #toggleNetwork() {
    await tried(() => order({ do: "network", node: this.#node.name, up: !this.#node.reachable })).catch(() => {});
  }

  #changing() {
    const id = `values-${this.#node.name}`;
    const box = el("input", { "aria-label": `New RootVer of ${this.#node.computer}`, list: id, value: "0.0.0.0" });
    const set = (data) => tried(() => order({ do: "set_root_ver", node: this.#node.name, data })).catch(() => {});
    const form = el("form", { on: { submit: (submitted) => (submitted.preventDefault(), set(box.value)) } },
      box, el("datalist", { id }, ARTICLE_VALUES.map((value) => el("option", { value }))),
      el("button", {}, "Set it"), el("button", { type: "button", on: { click: () => set(null) } }, "Remove it"));
    return el("details", { class: "change" }, el("summary", {}, "Change RootVer behind the bot's back"), form);
  }
}

const word = (words, tone = "plain") => el("span", { class: `badge-word ${tone}` }, words);

const away = (node) =>
  [!node.reachable && word("network cut", "bad"), node.denied && word("access denied", "bad")].filter(Boolean);

function rootVer(node) {
  const value = node.root_ver;
  const shown = value ? value.data || "(empty)" : node.has_key ? "no value" : "no ASP.NET key";
  return [
    el("p", { class: "value" }, el("span", { class: "label" }, "RootVer"), el("code", {}, shown),
      word(node.valid ? "valid" : "invalid", node.valid ? "good" : "bad")),
    el("p", { class: "note" },
      `Registered: ${node.registered.join(", ") || "nothing"} · installed: ${node.frameworks.join(", ") || "no .NET"}`),
  ];
}

// --- services and events ---

function service({ name, state, start }) {
  const running = state === "Running";
  return el("li", { class: running ? "running" : "stopped" }, name, el("small", {}, `${state}, ${start}`));
}

function servicesLine(services) {
  const exchange = services.filter((one) => one.exchange);
  const running = exchange.filter((one) => one.state === "Running").length;
  return `Services: ${running} of ${exchange.length} of Exchange run`;
}

function event({ time, source, id, level, text, computer }) {
  return el("li", { class: level }, el("p", {}, el("strong", {}, `${source} ${id}`), word(level, level === "error" ? "bad" : "plain"),
    el("small", {}, `${clock(time)} · ${computer}`)), el("p", {}, text));
}

function eventsLine(events) {
  const errors = events.filter((one) => one.level === "error").length;
  return `Newest events: ${errors ? `${errors} errors` : "no errors"}, last ${clock(events[0].time)}`;
}

// --- the key, before and now ---

function sideBySide(before, now) {
  return [column("Before", before, (line) => !now.includes(line) && "gone"),
    column("Now", now, (line) => !before.includes(line) && "came")];
}

function column(title, lines, kind) {
  const shown = lines.length ? lines : ["(no such key)"];
  return el("div", {}, el("h4", {}, title), el("pre", { tabindex: "0" }, shown.map((line) => marked(line, kind(line)))));
}

function marked(line, kind) {
  if (!kind) return `${line}\n`;
  return el(kind === "gone" ? "del" : "ins", {}, hidden(kind === "gone" ? "before: " : "new: "), line);
}
