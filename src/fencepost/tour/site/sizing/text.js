// Shapes, lists and counts in words, as src/fencepost/text.py writes them, and Python's own way of
// writing values, for what an error says was received.
import { texts } from "./texts.js";

/**
 * A text of Python's, with its gaps filled. texts.js is made from the Python sources by
 * tools/tour.py: no message is typed twice.
 * @param {string} where module and function, such as "sizing/advice:misfit"
 * @param {number} index which of that function's texts
 * @param {...(string | number)} values what stands in its gaps
 * @returns {string}
 */
export function say(where, index, ...values) {
  const pieces = texts[where]?.[index];
  if (!pieces || pieces.length !== values.length + 1)
    throw new Error(`texts.js does not fit the pages: ${where}, ${index}. Run \`make tour\`.`);
  return pieces.map((piece, i) => (i ? `${values[i - 1]}` : "") + piece).join("");
}

/** @param {number} count */
export const grouped = (count) => count.toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** @param {number} count @param {string} noun @param {string} [many] */
export const plural = (count, noun, many) =>
  `${grouped(count)} ${count === 1 ? noun : (many ?? noun + "s")}`;

/** @param {number | number[]} shape */
export const formatShape = (shape) =>
  [shape].flat().map((size) => `${size}`.replace("-", "−")).join(" × ");

/** @param {(string | number)[]} words */
export function joinWords(words, last = "and") {
  const first = words.slice(0, -1);
  const final = words.length ? words[words.length - 1] : "";
  return first.length ? `${first.join(", ")} ${last} ${final}` : `${final}`;
}

/**
 * As Python's repr writes it; arrays are tuples.
 * @param {any} value
 * @returns {string}
 */
export function repr(value) {
  if (Array.isArray(value))
    return value.length === 1 ? `(${repr(value[0])},)` : `(${value.map(repr).join(", ")})`;
  if (typeof value === "string") return `'${value}'`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return `${value}`;
}
