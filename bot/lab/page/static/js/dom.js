// Making elements. Foreign words only ever become text nodes: nothing in this page parses HTML.

/**
 * An element. `options`: `class`, `on` (event → listener), anything else an attribute;
 * false and null leave an attribute out, true makes it empty. Children: nodes, or words.
 */
export function el(name, options = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") element.className = value;
    else if (key === "on") listen(element, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** A drawing; `shapes`: [tag, attributes] each. Decoration only: the words stand beside it. */
export function svg(viewBox, ...shapes) {
  const root = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  root.setAttribute("viewBox", viewBox);
  root.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    root.append(shape);
  }
  return root;
}

/** The one element with this id. */
export const byId = (id) => document.getElementById(id);

/** Words for screen readers alone. */
export const hidden = (words) => el("span", { class: "sr" }, words);

/** Run `draw` once before the next frame, however often it is asked for. */
export function eachFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}
