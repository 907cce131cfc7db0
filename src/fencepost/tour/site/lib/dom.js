// A page's elements, and what goes with them: the least that serves instead of a view library.

/**
 * Makes an element: `el("button.primary", { onclick: f }, "Go")`. Properties that begin with "on"
 * are listeners, others attributes; null and false leave one out.
 * @param {string} name tag, with classes after dots
 * @param {Record<string, any> | null} [properties]
 * @param {...any} children
 * @returns {any}
 */
export function el(name, properties, ...children) {
  const [tag, ...classes] = name.split(".");
  const svg = SVG.has(tag);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag || "div");
  if (classes.length) element.setAttribute("class", classes.join(" "));
  if (classes.includes("scroll")) element.setAttribute("tabindex", "0"); // for arrow keys to scroll
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") /** @type {any} */ (element)[key] = value;
    else if (value !== null && value !== false && value !== undefined)
      element.setAttribute(key, value === true ? "" : `${value}`);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
const SVG = new Set(["svg", "g", "path", "line", "rect", "circle", "text", "polyline", "title", "defs"]);

/** @param {Element} parent @param {...any} children */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

let ids = 0;
/** A labelled control. @param {string} text @param {HTMLElement} control @param {...any} after */
export function field(text, control, ...after) {
  control.id ||= `field-${++ids}`;
  return el("span.field", null, el("label", { for: control.id }, text), control, ...after);
}

/**
 * A labelled slider that says its value.
 * @param {string} text @param {{ min: number, max: number, step?: number, value: number }} range
 * @param {(value: number) => void} changed @param {(value: number) => string} [say]
 */
export function slider(text, range, changed, say = String) {
  const output = el("output", null, say(range.value));
  const input = el("input", {
    type: "range", min: range.min, max: range.max, step: range.step ?? 1,
    oninput: () => {
      output.textContent = say(+input.value);
      changed(+input.value);
    },
  }); // prettier-ignore
  input.value = `${range.value}`;
  return field(text, input, output);
}

/** @param {string} text @param {[string, string][]} options value, label @param {string} value @param {(value: string) => void} changed */
export function choice(text, options, value, changed) {
  const select = el(
    "select",
    { onchange: () => changed(select.value) },
    options.map(([key, label]) => el("option", { value: key }, label)),
  );
  select.value = value;
  return field(text, select);
}

/** A number as people read it. @param {number} value @param {number} [digits] */
export function show(value, digits = 3) {
  if (!Number.isFinite(value)) return `${value}`;
  const text = Number.isInteger(value) ? `${value}` : `${+value.toPrecision(digits)}`;
  return text.replace("-", "−");
}

/**
 * Calls f at most once a frame, with the last arguments; waits while an earlier call still runs.
 * @param {(...values: any[]) => any} f
 */
export function eachFrame(f) {
  /** @type {any[] | null} */
  let next = null;
  let busy = false;
  const run = async () => {
    const values = next;
    next = null;
    try {
      if (values) await f(...values);
    } catch (error) {
      reportError(error); // and the next call still comes
    }
    if (next) requestAnimationFrame(run);
    else busy = false;
  };
  return (/** @type {any[]} */ ...values) => {
    next = values;
    if (!busy) {
      busy = true;
      requestAnimationFrame(run);
    }
  };
}

/** A sentence for whoever must, or may, do something, read out by screen readers. @param {string} text */
export const notice = (text, role = "alert") => el("p.notice", { role }, text);

/** A file that is offered for saving. @param {string} name @param {Uint8Array} bytes */
export function save(name, bytes) {
  const url = URL.createObjectURL(new Blob([/** @type {any} */ (bytes)]));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
