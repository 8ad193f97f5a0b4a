// What both elements stand on. Elements are built one by one, styles are constructed sheets: neither needs anything that a strict Content-Security-Policy forbids (no markup from text, no style
// attribute in markup, no <style>).

/** Absent where a server imports this. */
export const Element = globalThis.HTMLElement ?? class {};

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes and children. */
export function h(name, attributes = {}, ...children) {
  const element = name === 'svg' || name === 'path' ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Changes nothing where nothing changed: figures are written many times a second. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

export function attribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const sheets = new Map();

/** Gives `root` a style sheet, which all that have the same text share. */
export function adopt(root, ...styles) {
  root.adoptedStyleSheets = styles.map((style) => {
    if (!sheets.has(style)) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      sheets.set(style, sheet);
    }
    return sheets.get(style);
  });
}

const warned = new WeakMap();

/** Says on the console what is wrong with `element`; the same thing once. */
export function warn(element, message) {
  if (!warned.has(element)) warned.set(element, new Set());
  const said = warned.get(element);
  if (said.has(message)) return;
  said.add(message);
  console.warn(`<${element.localName}>: ${message}`, element);
}

/** A number from an attribute, within its range; warns where it is not and takes what is nearest. */
export function numberOf(element, name, { least, most, usual, whole = false }) {
  const value = element.getAttribute(name);
  if (value === null) return usual;
  const number = value.trim() === '' ? NaN : Number(value);
  const told = `${name}="${value}"`;
  if (!Number.isFinite(number)) {
    warn(element, `${told} is no number; ${usual} is used. It takes ${least} to ${most}.`);
    return usual;
  }
  const taken = Math.min(most, Math.max(least, whole ? Math.round(number) : number));
  if (taken !== number) warn(element, `${told} is ${number === Math.round(number) || !whole ? 'out of range' : 'no whole number'}; ${taken} is used. It takes ${least} to ${most}.`);
  return taken;
}

/** Properties that were set before the element was defined lie on the object itself and would hide the accessors. */
export function upgrade(element, ...names) {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value = element[name];
    delete element[name];
    element[name] = value;
  }
}

/** What the host is to those who do not see it; an attribute of the page's own wins. */
export function role(element, name, label) {
  const internals = element.attachInternals?.();
  if (internals && 'role' in internals) {
    internals.role = name;
    internals.ariaLabel = label;
  }
}

/** Registers an element unless somebody did. */
export function define(name, constructor) {
  const registry = globalThis.customElements;
  if (registry && !registry.get(name)) registry.define(name, constructor);
}
