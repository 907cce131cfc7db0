// What every layer has: a table that says for each type its arguments, sizes, arrays and steps, and
// the questions that are asked of it. A layer is its description in a model file, {type, ...arguments}.
import { SizeError } from "../sizing/errors.js";
import { repr, say } from "../sizing/text.js";
import { describe } from "./descriptions.js";
import { KINDS } from "../data/tables.js";

/**
 * @typedef {number[]} Shape without the batch: [features], [channels, width] or
 *   [channels, height, width]
 * @typedef {{ shape: Shape, init: "weight" | "bias" | number, fanIn: number | number[] }} Spec
 * @typedef {Record<string, any> & { type: string }} Layer
 * @typedef {Record<string, any>} Step
 * @typedef {{ arguments: Record<string, any>, output: (layer: Layer, input: Shape) => Shape,
 *   parameters?: (layer: Layer, input: Shape) => Record<string, Spec>,
 *   state?: (layer: Layer, input: Shape) => Record<string, { shape: Shape, value: number | number[] }>,
 *   windows?: (layer: Layer, input: Shape) => import("../sizing/window.js").Window[],
 *   connections?: (layer: Layer, input: Shape) => number,
 *   multiplyAdds?: (layer: Layer, input: Shape) => number,
 *   steps: (layer: Layer, input: Shape, at: (name: string) => number) => Step[] }} Type
 */

export const REQUIRED = Symbol("required");
/** The engine's number of an operation. @param {string} op */
export const kindOf = (op) => KINDS.indexOf(op);

/** @param {number[]} values */
export const product = (values) => values.reduce((a, b) => a * b, 1);
/** As the engine has it: (F,) is (F, 1, 1), (C, W) is (C, 1, W). @param {Shape} shape @returns {[number, number, number]} */
export const engineShape = (shape) =>
  shape.length === 1 ? [shape[0], 1, 1] : shape.length === 2 ? [shape[0], 1, shape[1]] : [shape[0], shape[1], shape[2]];

/** @param {string} rule @param {string} received @param {string} [remedy] */
export const sizeError = (rule, received, remedy = "") => new SizeError({ rule, received, remedy });
/** @param {any} made @returns {Record<string, Spec>} */
export const specs = (made) => made;
const RANKS = ["", "(features,)", "(channels, width)", "(channels, height, width)"];

/** @param {Layer} layer @param {Shape} input @param {number} rank @param {string} remedy */
export function requireRank(layer, input, rank, remedy) {
  if (input.length === rank) return;
  const where = "layers/base:Layer._require_rank";
  throw sizeError(say(where, 0, describe(layer), RANKS[rank]), say(where, 1, repr(input)), remedy);
}

/** One number or one a axis as one a axis. @param {any} value @param {number} axes @returns {number[]} */
export const perAxis = (value, axes) => (Array.isArray(value) ? value : Array(axes).fill(value));
/** The last two of one number or two, as the engine has it: a signal is an image of one row.
 * @param {number[]} values @param {number} first */
export const two = (values, first) => (values.length === 1 ? [first, values[0]] : values);

/** Filled by layers.js. @type {Record<string, Type>} */
export const TYPES = {};

// --- what is asked of a layer ----------------------------------------------------------------

/** The layer with every argument that was left at its default. @param {Layer} layer @returns {Layer} */
export const filled = (layer) => ({ ...TYPES[layer.type].arguments, ...layer });
/** @param {Layer} layer @param {Shape} input */
export const outputShape = (layer, input) => TYPES[layer.type].output(layer, input);
/** @param {Layer} layer @param {Shape} input */
export const windowsOf = (layer, input) => TYPES[layer.type].windows?.(layer, input) ?? [];
/** @param {Layer} layer @param {Shape} input */
export const parametersOf = (layer, input) => TYPES[layer.type].parameters?.(layer, input) ?? {};
/** @param {Layer} layer @param {Shape} input */
export const stateOf = (layer, input) => TYPES[layer.type].state?.(layer, input) ?? {};
/** @param {Layer} layer @param {Shape} input */
export const connectionsOf = (layer, input) => TYPES[layer.type].connections?.(layer, input) ?? 0;
/** @param {Layer} layer @param {Shape} input */
export const multiplyAddsOf = (layer, input) => TYPES[layer.type].multiplyAdds?.(layer, input) ?? 0;
/**
 * What the engine does: 0 names the layer's input, k + 1 the output of its step k; a step that names
 * none reads the one before. @param {Layer} layer @param {Shape} input @param {(name: string) => number} at
 */
export const stepsOf = (layer, input, at) => TYPES[layer.type].steps(layer, input, at);

/** The steps where a layer's input is `value` and `count` steps come before. @param {Step[]} steps @param {number} value @param {number} count @returns {Step[]} */
export function placed(steps, value, count) {
  const at = (/** @type {number} */ own) => (own === 0 ? value : count + own);
  return steps.map((step, k) => ({
    ...step, input: at(step.input ?? k), ...(step.other === undefined ? {} : { other: at(step.other) }),
  })); // prettier-ignore
}
