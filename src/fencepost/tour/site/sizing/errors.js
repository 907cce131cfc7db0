// The errors of sizes, with the fields of src/fencepost/errors.py.
import { formatShape, say } from "./text.js";

/**
 * @typedef {{ changes: Record<string, any>, output: number | number[], note: string }} Suggestion
 * @typedef {{ axis: string, equation: string, consequence: string, lostElements: number }} AxisProblem
 * @typedef {{ rule: string, received?: string, remedy?: string, axes?: AxisProblem[],
 *   suggestions?: Suggestion[], layer?: string }} SizeProblem
 */

/** Sizes that do not fit together. */
export class SizeError extends Error {
  /** @param {SizeProblem} problem */
  constructor(problem) {
    super(problem.rule);
    this.problem = problem;
  }
  get suggestions() {
    return this.problem.suggestions ?? [];
  }
  /** The same error without suggestions that change what a layer does not take. @param {string[]} known */
  taking(known) {
    const names = new Set(["input_size", ...known]);
    const suggestions = this.suggestions.filter((s) =>
      Object.keys(s.changes).every((name) => names.has(name)),
    );
    return new SizeError({ ...this.problem, suggestions });
  }
  /** @param {string} layer */
  inLayer(layer) {
    return new SizeError({ ...this.problem, layer });
  }
}

/** An argument, a text or a file is not what it should be. */
export class ArgumentError extends Error {}

/** A suggestion in words and code. @param {Suggestion} suggestion */
export function suggestionText(suggestion) {
  return Object.entries(suggestion.changes)
    .map(([name, value]) => {
      if (name === "input_size") return say("errors:Suggestion.text", 0, formatShape(value));
      return typeof value === "string" ? `${name}="${value}"` : `${name}=${pythonTuple(value)}`;
    })
    .join(", ");
}

/** @param {any} value @returns {string} */
function pythonTuple(value) {
  if (!Array.isArray(value)) return `${value}`;
  const items = value.map(pythonTuple);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}
