// Shapes, lists and counts in words, as src/fencepost/text.py writes them, and Python's own way of
// writing values, for what an error says was received.
import { LIMITS } from "../data/tables.js";
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

/** A number written with a point: an integer it is not. */
export class Decimal {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
  }
}

/** @type {WeakSet<any[]>} */
const lists = new WeakSet();
/** An array that Python would write in brackets, as a list. @param {any[]} array */
export const asList = (array) => (lists.add(array), array);

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
  if (lists.has(value)) return `[${value.map(repr).join(", ")}]`;
  if (Array.isArray(value))
    return value.length === 1 ? `(${repr(value[0])},)` : `(${value.map(repr).join(", ")})`;
  if (typeof value === "string") return value.includes("'") && !value.includes('"') ? `"${value}"` : `'${value.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof Decimal) return decimal(value.number);
  return describers.map((describe) => describe(value)).find(Boolean) ?? plain(value);
}

/** @param {any} value */
const plain = (value) =>
  typeof value === "object" ? `{${Object.entries(value).map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(", ")}}` : `${value}`;

/** What writes other values; a layer's description is one. @type {((value: any) => string)[]} */
export const describers = [];

/** A float as Python writes it. @param {number} value */
function decimal(value) {
  const size = Math.abs(value);
  if (size === Infinity) return value < 0 ? "-inf" : "inf";
  if (size && (size < 1e-4 || size >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(value) ? `${Object.is(value, -0) ? "-0" : value}.0` : `${value}`;
}

/** A line, or the part of it that matters, with a mark below the column (from 0). @param {string} line @param {number} column */
export function markColumn(line, column) {
  const start = Math.max(0, column - LIMITS.beforeMark);
  const end = start + LIMITS.shownColumns;
  const shown = (start ? "…" : "") + line.slice(start, end).replace(/\t/g, " ") + (end < line.length ? "…" : "");
  return `    ${shown}\n    ${" ".repeat((start ? 1 : 0) + column - start)}^ column ${column + 1}`;
}
