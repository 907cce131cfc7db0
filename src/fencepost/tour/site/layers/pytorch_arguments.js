// Arguments as PyTorch's users write them: those that only its layers have, as
// src/fencepost/planning/pytorch_arguments.py takes them, and its order, as layers/pytorch_order.py.
import { PYTORCH } from "../data/tables.js";
import { ArgumentError } from "../sizing/errors.js";
import { Decimal, joinWords, repr, say } from "../sizing/text.js";
import { REQUIRED } from "./types.js";

const WHERE = "planning/pytorch_arguments:";
/** @typedef {Record<string, any>} Values */

/** @param {string} type @param {string[]} own @returns {string[]} */
export const foreignNames = (type, own) => (PYTORCH.order[type] ?? []).filter((name) => !own.includes(name));

/** The arguments of our layer that does what PyTorch's does with these.
 * @param {string} type @param {string[]} own @param {any[]} values @param {Values} named
 * @returns {[any[], Values]} */
export function translated(type, own, values, named) {
  const foreign = foreignNames(type, own);
  const order = PYTORCH.order[type] ?? [];
  const at = order.findIndex((name) => foreign.includes(name));
  const first = at < 0 ? order.length : at;
  let byPosition = first < values.length && values.length <= order.length && typeof values[first] !== "string";
  if (byPosition && order[first] === "inplace") byPosition = typeof values[first] === "boolean";
  /** @type {Values} */
  const theirs = Object.fromEntries(order.map((name, i) => [name, values[i]]).slice(0, values.length));
  if (byPosition) {
    named = { ...Object.fromEntries(order.slice(first, values.length).map((name) => [name, theirs[name]])), ...named };
    values = values.slice(0, first);
  }
  /** @type {Values} */
  let kept = Object.fromEntries(Object.entries(named).filter(([name]) => !foreign.includes(name)));
  for (const name of foreign.filter((each) => each in named).sort()) {
    const more = added(type, name, named[name], { ...theirs, ...named });
    if ("remainder" in more && "remainder" in named) throw new ArgumentError(say(`${WHERE}translated`, 0, name));
    kept = { ...kept, ...more };
  }
  return [values, kept];
}

/** @param {string} type @param {string} name @param {any} value @param {Values} given @returns {Values} */
function added(type, name, value, given) {
  if (name === "ceil_mode") return ceilMode(type, value, given);
  if (name === "start_dim" && isZero(value)) throw new ArgumentError(say(`${WHERE}_added`, 0));
  const [allowed, what] = PYTORCH.only[name];
  const number = value instanceof Decimal ? value.number : value;
  if (!allowed.includes(number))
    throw new ArgumentError(say(`${WHERE}_added`, 1, name, repr(allowed[0]), what, name, repr(value)));
  return {};
}

/** @param {string} type @param {any} value @param {Values} given @returns {Values} */
function ceilMode(type, value, given) {
  if (typeof value !== "boolean") throw new ArgumentError(say(`${WHERE}_ceil_mode`, 0, repr(value)));
  if (!value || type.startsWith("Max")) return { remainder: value ? "pad" : "crop" };
  const padding = given.padding ?? 0;
  const none = isZero(padding) || (Array.isArray(padding) && padding.length && padding.length < 3 && padding.every(isZero));
  if (!none && (given.count_include_pad ?? true)) throw new ArgumentError(say(`${WHERE}_ceil_mode`, 1));
  return { remainder: "pad", count_include_pad: false };
}

/** @param {any} value */
const isZero = (value) => value === 0 || (value instanceof Decimal && value.number === 0);
/** @param {any} value */
const isSize = (value) => (Array.isArray(value) ? value.length > 0 && value.every(Number.isInteger) : Number.isInteger(value));

/** What is wrong where a layer's arguments are, or may be, in PyTorch's order; else empty.
 * @param {string} type @param {Record<string, any>} known @param {any[]} values @param {Values} named */
export function pytorchOrder(type, known, values, named) {
  const [position, besides] = PYTORCH.besides[type] ?? [values.length, ""];
  const own = Object.keys(known);
  const required = own.filter((name) => known[name] === REQUIRED);
  const rest = values.filter((_, i) => i !== position);
  /** @type {(names: string[], given: any[]) => Values} */
  const zipped = (names, given) => Object.fromEntries(names.slice(0, given.length).map((name, i) => [name, given[i]]));
  const theirs = { ...zipped(own, rest), ...named };
  const clash = own.slice(0, rest.length).some((name) => name in named) || !required.every((name) => name in theirs);
  if (position >= values.length || clash || PYTORCH.ours.some((name) => name in named) || !fits(theirs)) return "";
  const twice = own.slice(0, values.length).some((name) => name in named);
  const ends = [values[position], ...values.slice(required.length, required.length + 1)];
  if (!twice && !(ends.every(isSize) && values.length > required.length)) return "";
  const order = joinWords([...own.slice(0, position), besides, ...own.slice(position)].slice(0, values.length));
  const shown = call(type, values, named);
  const where = "layers/pytorch_order:pytorch_order";
  /** @param {Values} given */
  const written = (given) =>
    call(type, required.map((name) => given[name]), Object.fromEntries(Object.entries(given).filter(([name]) => !required.includes(name)))); // prettier-ignore
  const here = say(where, 0, besides, written(theirs));
  const ours = { ...zipped(own, values), ...named };
  if (twice || !fits(ours)) return say(where, 1, shown, order, here);
  return say(where, 2, shown, order, here, joinWords(own.slice(0, values.length)), written(ours));
}

/** Whether values are of the kinds that a layer takes under these names. @param {Values} given */
function fits(given) {
  const flags = typeof (given.bias ?? true) === "boolean" && given.bias !== null && !("connections" in given);
  const integers = ["out_channels", "groups"].every((name) => !(name in given) || Number.isInteger(given[name]));
  return flags && integers && !Array.isArray(given.eps);
}

/** @param {string} type @param {any[]} values @param {Values} named */
function call(type, values, named) {
  const typed = (/** @type {any} */ value) => (typeof value === "string" ? `"${value}"` : repr(value));
  return `${type}(${[...values.map(typed), ...Object.entries(named).map(([name, value]) => `${name}=${typed(value)}`)].join(", ")})`;
}
