// Layers made of chains that read one input, as src/fencepost/layers/branches.py and suggestions.py
// define them: Residual, Concat and Gate.
import { SizeError } from "../sizing/errors.js";
import { formatShape, repr, say } from "../sizing/text.js";
import { describe } from "./descriptions.js";
import { REQUIRED, connectionsOf, multiplyAddsOf, outputShape, parametersOf, placed, sizeError, stateOf, stepsOf } from "./types.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Step} Step */
/** @typedef {import("./types.js").Type} Type */

/** Each chain with what its arrays' names begin with; empty for a layer without. @param {Layer} layer @returns {[string, Layer[]][]} */
export function chainsOf(layer) {
  if (layer.type === "Residual") return [["", layer.layers], ["shortcut.", layer.shortcut ?? []]]; // prettier-ignore
  if (layer.type === "Concat") return layer.chains.map((/** @type {Layer[]} */ chain, /** @type {number} */ i) => [`${i}.`, chain]);
  return layer.type === "Gate" ? [["", layer.layers]] : [];
}

/**
 * @param {Record<string, any>} given @param {(layer: Layer, input: Shape, shapes: Shape[]) => Shape} joined
 * @param {(ends: number[], first: number) => Step[]} join the steps after all chains: see stepsOf @returns {Type}
 */
const branched = (given, joined, join) => ({
  arguments: given,
  output: (layer, input) => joined(layer, input, chainsOf(layer).map(([prefix, chain]) => after(prefix, chain, input))),
  parameters: (layer, input) => named(layer, input, parametersOf),
  state: (layer, input) => named(layer, input, stateOf),
  connections: (layer, input) => summed(layer, input, connectionsOf),
  multiplyAdds: (layer, input) => summed(layer, input, multiplyAddsOf),
  steps: (layer, input, at) => {
    /** @type {Step[]} */
    const steps = [];
    const ends = chainsOf(layer).map((chain) => {
      let value = 0;
      for (const [name, inner, shape] of places(chain, input)) {
        steps.push(...placed(stepsOf(inner, shape, (array) => at(`${name}.${array}`)), value, steps.length));
        value = steps.length;
      }
      return value;
    });
    return [...steps, ...join(ends, steps.length)];
  },
});

/** Shape of what a chain gives. @param {string} prefix @param {Layer[]} chain @param {Shape} input */
function after(prefix, chain, input) {
  let shape = input;
  for (const [index, inner] of chain.entries()) {
    try {
      shape = outputShape(inner, shape);
    } catch (error) {
      if (!(error instanceof SizeError)) throw error;
      const rule = say("layers/branched:Branched._after", 0, `${prefix}${index}`, describe(inner), error.problem.rule);
      throw new SizeError({ ...error.problem, rule });
    }
  }
  return shape;
}

/** Each layer of a chain with its name and what enters it. @param {[string, Layer[]]} chain @param {Shape} shape @returns {Generator<[string, Layer, Shape]>} */
function* places([prefix, chain], shape) {
  for (const [index, inner] of chain.entries()) {
    yield [`${prefix}${index}`, inner, shape];
    shape = outputShape(inner, shape);
  }
}
/** @template T @param {Layer} layer @param {Shape} input @param {(l: Layer, s: Shape) => Record<string, T>} f */
function named(layer, input, f) {
  /** @type {Record<string, T>} */
  const all = {};
  for (const chain of chainsOf(layer))
    for (const [name, inner, shape] of places(chain, input))
      for (const [array, spec] of Object.entries(f(inner, shape))) all[`${name}.${array}`] = spec;
  return all;
}
/** @param {Layer} layer @param {Shape} input @param {(l: Layer, s: Shape) => number} f */
function summed(layer, input, f) {
  let sum = 0;
  for (const chain of chainsOf(layer)) for (const [, inner, shape] of places(chain, input)) sum += f(inner, shape);
  return sum;
}

// --- what joins the chains -------------------------------------------------------------------

/** @param {Layer} layer @param {Shape} input @param {Shape[]} shapes */
function residual(layer, input, [shape, other]) {
  const where = "layers/branches:Residual.joined_shape";
  if (`${shape}` === `${other}`) return shape;
  const remedy = fittingShortcut(input, shape);
  if (!(layer.shortcut ?? []).length) throw sizeError(say(where, 0), say(where, 1, formatShape(input), formatShape(shape)), remedy);
  throw sizeError(say(where, 2), say(where, 3, formatShape(shape), formatShape(other)), remedy);
}

/** @param {Layer} layer @param {Shape} input @param {Shape[]} shapes */
function concat(layer, input, shapes) {
  const where = "layers/branches:Concat.joined_shape";
  if (shapes.some((shape) => `${shape.slice(1)}` !== `${shapes[0].slice(1)}`)) {
    const gives = shapes.map((shape, i) => say(where, 0, i, formatShape(shape)));
    throw sizeError(say(where, 1), gives.join(say(where, 2)), equalSizes(shapes));
  }
  return [shapes.reduce((sum, shape) => sum + shape[0], 0), ...shapes[0].slice(1)];
}

/** @param {Layer} layer @param {Shape} input @param {Shape[]} shapes */
function gate(layer, input, [factors]) {
  const each = factors.length === 1 ? [factors[0], ...input.slice(1).map(() => 1)] : factors;
  const where = "layers/branches:Gate.joined_shape";
  if (each.length !== input.length || each.some((size, axis) => size !== 1 && size !== input[axis]))
    throw sizeError(say(where, 0), say(where, 1, formatShape(input), formatShape(factors)), fittingGate(input, factors));
  return input;
}

/** In pairs, then pairs of pairs, as the library does it. @param {number[]} ends @param {number} first @returns {Step[]} */
function concatSteps(ends, first) {
  /** @type {Step[]} */
  const steps = [];
  let values = ends;
  while (values.length > 1) {
    const pairs = [];
    for (let left = 0; left + 1 < values.length; left += 2) {
      steps.push({ op: "concat", input: values[left], other: values[left + 1] });
      pairs.push(first + steps.length);
    }
    values = [...pairs, ...values.slice(values.length & ~1)];
  }
  return steps;
}

// --- what would fit --------------------------------------------------------------------------

/** @param {Shape} input @param {Shape} shape */
function fittingShortcut(input, shape) {
  const where = "layers/suggestions:fitting_shortcut";
  const keep = `${say(where, 0)}.`;
  if (input.length !== shape.length) return keep;
  if (shape.length === 1) return say(where, 1, shape[0]);
  const steps = shape.slice(1).map((size, axis) => Math.floor((input[axis + 1] - 1) / size) + 1);
  if (steps.some((step, axis) => Math.floor((input[axis + 1] - 1) / step) + 1 !== shape[axis + 1])) return keep;
  const given = [`${shape[0]}`, "1"];
  if (Math.max(...steps) > 1) given.push(`stride=${new Set(steps).size === 1 ? steps[0] : repr(steps)}`);
  if (steps.some((step, axis) => (input[axis + 1] - 1) % step)) given.push('remainder="crop"');
  return say(where, 2, `Conv${steps.length}d(${given.join(", ")})`);
}

/** Whether a comes before b, as Python compares tuples. @param {number[]} a @param {number[]} b */
const before = (a, b) => {
  const axis = a.findIndex((size, i) => size !== b[i]);
  return axis >= 0 && a[axis] < b[axis];
};

/** @param {Shape[]} shapes */
function equalSizes(shapes) {
  const where = "layers/suggestions:equal_sizes";
  if (new Set(shapes.map((shape) => shape.length)).size > 1) return say(where, 0);
  const sizes = shapes.map((shape) => shape.slice(1));
  const smallest = sizes.reduce((a, b) => (before(b, a) ? b : a));
  const largest = sizes.reduce((a, b) => (before(a, b) ? b : a));
  const index = sizes.indexOf(smallest);
  const ratios = new Set(smallest.map((size, axis) => (largest[axis] % size ? 0 : largest[axis] / size)));
  const [ratio] = ratios;
  return ratios.size === 1 && ratio > 1
    ? say(where, 1, ratio, index, formatShape(largest))
    : say(where, 2, index, formatShape(largest));
}

/** @param {Shape} input @param {Shape} factors */
function fittingGate(input, factors) {
  const where = "layers/suggestions:fitting_gate";
  if (factors.length === 1) return say(where, 0, input[0]);
  const [channels, ...sizes] = factors;
  const usual = sizes.every((size) => size === 1) || `${sizes}` === `${input.slice(1)}`;
  if (channels !== input[0] && usual) return say(where, 2, say(where, 1, sizes.length, input[0]));
  return say(where, 3, input[0]);
}

/** @type {Record<string, Type>} */
export const BRANCHES = {
  Residual: branched({ layers: REQUIRED, shortcut: null }, residual, (ends) => [{ op: "add", input: ends[0], other: ends[1] }]),
  Concat: branched({ chains: REQUIRED }, concat, concatSteps),
  Gate: branched({ layers: REQUIRED }, gate, (ends) => [{ op: "gate", input: 0, other: ends[0] }]),
};
