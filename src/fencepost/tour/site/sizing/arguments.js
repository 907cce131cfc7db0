// Checks of single arguments, as src/fencepost/arguments.py and layers/arguments.py have them: each
// returns the value, or throws ArgumentError in their words.
import { LIMITS } from "../data/tables.js";
import { ArgumentError } from "./errors.js";
import { Decimal, grouped, joinWords, plural, repr, say } from "./text.js";

/** @typedef {(name: string, value: any) => any} Check */

/** @param {string} name @param {string} rule @param {any} value @param {string} [hint] @returns {never} */
function refuse(name, rule, value, hint = "") {
  const message = say("arguments:_refused", 0, name, rule, `${name}=${written(value)}`);
  throw new ArgumentError(hint ? say("arguments:_refused", 1, message, hint) : message);
}

/** A value that was received, cut where it is long. @param {any} value */
export function written(value) {
  const text = repr(value);
  return text.length <= LIMITS.longestValue ? text : `${text.slice(0, LIMITS.longestValue - 1)}…`;
}

/** @param {number} minimum @param {number} [maximum] @returns {Check} */
export const integer = (minimum, maximum = Infinity) => (name, value) => {
  const where = "arguments:integer";
  if (!Number.isInteger(value) || value < minimum) refuse(name, say(where, 0) + say(where, 1, grouped(minimum)), value);
  if (value > maximum) refuse(name, say(where, 2, grouped(maximum)), value);
  return value;
};

/** From 0 on; with `below`, less than 1. @param {boolean} [below] @returns {Check} */
export const real = (below = false) => (name, value) => {
  const where = "arguments:real";
  const limits = [say(where, 0, say(where, 6), 0)];
  if (below) limits.push(say(where, 1, say(where, 7), 1));
  const number = value instanceof Decimal ? value.number : value;
  const good = typeof number === "number" && Number.isFinite(number) && number >= 0 && !(below && number >= 1);
  if (!good) refuse(name, say(where, below ? 2 : 3) + say(where, 4, joinWords(limits)), value);
  return number;
};

/** @type {Check} */
export const flag = (name, value) => (typeof value === "boolean" ? value : refuse(name, say("arguments:flag", 0), value));

/** @param {...string} known @returns {Check} */
export const choice = (...known) => (name, value) =>
  known.includes(value) ? value
    : refuse(name, say("arguments:choice", 0, known.map((word) => `"${word}"`).join(", ")), value, typeof value === "string" ? nearest(value, known) : ""); // prettier-ignore

/** One integer for all axes, or one for each. @param {number} axes @param {number} [minimum] @returns {Check} */
export const perAxis = (axes, minimum = 1) => (name, value) => {
  const each = integer(minimum, LIMITS.window);
  if (!Array.isArray(value)) return each(name, value);
  const where = "arguments:per_axis";
  if (value.length !== axes) refuse(name, say(where, 2, say(where, 0), axes), value);
  return value.map((item) => each(name, item));
};

/** @param {number} axes @returns {Check} */
export const paddings = (axes) => (name, value) => {
  const pair = perAxis(2, 0);
  if (value === "same") return value;
  if (value === "valid") return 0;
  if (typeof value !== "string" && !Array.isArray(value)) return pair(name, value);
  if (Array.isArray(value) && value.length === axes) {
    if (value.every((item) => item?.length === 2 && typeof item !== "string") || !value.some(Array.isArray))
      return value.map((item) => pair(name, item));
  }
  throw new ArgumentError(say("layers/arguments:paddings", 0, name, plural(axes, "axis", "axes"), name, written(value)));
};

/** The known names that are most like one: a sentence, or nothing. @param {string} name @param {Iterable<string>} known */
export function nearest(name, known) {
  const originals = new Map([...known].map((each) => [each.toLowerCase(), each]));
  const word = name.toLowerCase();
  const plain = (/** @type {string} */ each) => each.toLowerCase().replace(/[_-]/g, "");
  const same = [...originals.keys()].filter((each) => plain(each) === plain(name));
  const scored = [...originals.keys()].map((each) => /** @type {[number, string]} */ ([likeness(each, word), each]));
  scored.sort(([a, x], [b, y]) => b - a || (x < y ? 1 : -1));
  const alike = scored.filter(([score]) => score >= 0.6).slice(0, 3).map(([, each]) => each);
  const near = (same.length ? same : alike).map((each) => `"${originals.get(each)}"`);
  const where = "habits/spelling:nearest";
  return near.length ? say(where, 0, near.join(say(where, 1))) : "";
}

/** Twice the characters in common, by Python's difflib, of all. @param {string} a @param {string} b */
const likeness = (a, b) => (a.length + b.length ? (2 * matching(a, b)) / (a.length + b.length) : 1);

/** The longest run in common, and what matches before and behind it. @param {string} a @param {string} b @returns {number} */
function matching(a, b) {
  let [at, bt, size] = [0, 0, 0];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < b.length; j++) {
      let n = 0;
      while (i + n < a.length && a[i + n] === b[j + n]) n++;
      if (n > size) [at, bt, size] = [i, j, n];
    }
  if (!size) return 0;
  return size + matching(a.slice(0, at), b.slice(0, bt)) + matching(a.slice(at + size), b.slice(bt + size));
}
