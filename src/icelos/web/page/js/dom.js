// Building the page. Content only ever becomes text nodes: there is no way from here to markup.

const SVG = "http://www.w3.org/2000/svg";
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

export const find = (id) => document.getElementById(id);

/** Text from outside with its control, bidirectional-override and tag characters made visible. */
export const shown = (text) => String(text).replace(HIDDEN, "\ufffd");

/** An element. Attributes are set as such; functions become listeners ({onclick: f}); false leaves out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== "").map(asNode));
  return node;
}

const asNode = (child) => (child instanceof Node ? child : document.createTextNode(shown(child)));

/** One of the drawings that index.html holds. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A counted word: count(1, "source") is "1 source". */
export const count = (number, word) =>
  `${number.toLocaleString()} ${word}${number === 1 ? "" : "s"}`;
