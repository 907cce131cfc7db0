// The layers as src/fencepost/layers defines them: sizes, parameters, steps of the engine. A layer
// here is its description in a model file, {type, ...arguments}; a table says what each type does.
import { SizeError } from "../sizing/errors.js";
import { formatShape, repr, say } from "../sizing/text.js";
import { windows as sizeWindows } from "../sizing/sizing.js";
import { Window } from "../sizing/window.js";
import { compact, describe } from "./descriptions.js";
import { BITMAPS, KINDS } from "../data/tables.js";

/**
 * @typedef {number[]} Shape without the batch: [features], [channels, width] or
 *   [channels, height, width]
 * @typedef {{ shape: Shape, init: "weight" | "bias" | number, fanIn: number | number[] }} Spec
 * @typedef {Record<string, any> & { type: string }} Layer
 * @typedef {Record<string, any>} Step
 * @typedef {{ arguments: Record<string, any>, output: (layer: Layer, input: Shape) => Shape,
 *   parameters?: (layer: Layer, input: Shape) => Record<string, Spec>,
 *   state?: (layer: Layer, input: Shape) => Record<string, { shape: Shape, value: number | number[] }>,
 *   windows?: (layer: Layer, input: Shape) => Window[],
 *   connections?: (layer: Layer, input: Shape) => number,
 *   multiplyAdds?: (layer: Layer, input: Shape) => number,
 *   steps: (layer: Layer, input: Shape, at: (name: string) => number, first: number) => Step[] }} Type
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
const sizeError = (rule, received, remedy = "") => new SizeError({ rule, received, remedy });
/** @param {any} made @returns {Record<string, Spec>} */
const specs = (made) => made;
const RANKS = ["", "(features,)", "(channels, width)", "(channels, height, width)"];

/** @param {Layer} layer @param {Shape} input @param {number} rank @param {string} remedy */
function requireRank(layer, input, rank, remedy) {
  if (input.length === rank) return;
  const where = "layers/base:Layer._require_rank";
  throw sizeError(say(where, 0, describe(layer), RANKS[rank]), say(where, 1, repr(input)), remedy);
}

// --- what slides -----------------------------------------------------------------------------

/** One number or one a axis as one a axis. @param {any} value @param {number} axes @returns {number[]} */
const perAxis = (value, axes) => (Array.isArray(value) ? value : Array(axes).fill(value));

/** @param {number} axes @param {boolean} dilated @returns {(layer: Layer, input: Shape) => Window[]} */
const slidingWindows = (axes, dilated) => (layer, input) => {
  if (input.length !== axes + 1) {
    const where = "layers/windowed:WindowedLayer._rank_remedy";
    let remedy = say(where, 0) + say(where, 1, axes === 2 ? "signals use the 1d" : "images use the 2d");
    if (axes === 2 && input.length === 2) remedy += say(where, 2, repr([1, ...input]));
    requireRank(layer, input, axes + 1, remedy);
  }
  const given = filled(layer);
  try {
    return sizeWindows(input.slice(1), compact(given.kernel_size), {
      stride: compact(given.stride ?? given.kernel_size),
      padding: compact(given.padding),
      dilation: dilated ? compact(given.dilation) : 1,
      remainder: given.remainder,
    });
  } catch (error) {
    if (error instanceof SizeError) throw error.taking(Object.keys(TYPES[layer.type].arguments));
    throw error;
  }
};

/** Geometry of the window for the engine, which has two axes. @param {Layer} layer @param {Shape} input */
function geometry(layer, input) {
  const given = filled(layer);
  const found = windowsOf(layer, input);
  /** @param {number[]} values @param {number} first */
  const two = (values, first) => (values.length === 1 ? [first, values[0]] : values);
  return {
    kernel: two(found.map((w) => w.kernel), 1),
    stride: two(found.map((w) => w.stride), 1),
    dilation: given.dilation ? two(found.map((w) => w.dilation), 1) : [1, 1],
    padding: found.length === 1
      ? [0, 0, found[0].before, found[0].after]
      : found.flatMap((w) => [w.before, w.after]),
  };
}

/** @param {number} axes @returns {Type} */
const convolution = (axes) => ({
  arguments: {
    out_channels: REQUIRED, kernel_size: REQUIRED, stride: 1, padding: 0, dilation: 1, groups: 1,
    bias: true, connections: null, remainder: "error",
  }, // prettier-ignore
  windows: slidingWindows(axes, true),
  output: (layer, input) => {
    const sizes = windowsOf(layer, input).map((window) => window.output);
    const { groups, out_channels, connections } = filled(layer);
    const where = "layers/convolution:_Conv.output_shape";
    if (input[0] % groups) {
      const divisors = Array.from({ length: input[0] }, (_, i) => i + 1).filter((d) => input[0] % d === 0);
      throw sizeError(say(where, 0), say(where, 1, groups, input[0]), say(where, 2, input[0], divisors.join(", ")));
    }
    if (connections && connections[0].length !== input[0])
      throw sizeError(say(where, 3), say(where, 4, connections[0].length, input[0]));
    return [out_channels, ...sizes];
  },
  parameters: (layer, input) => {
    const { groups, out_channels, bias, connections, kernel_size } = filled(layer);
    const kernel = perAxis(kernel_size, axes);
    const area = product(kernel);
    /** @type {Spec} */
    let weight = { shape: [out_channels, input[0] / groups, ...kernel], init: "weight", fanIn: (input[0] / groups) * area };
    /** @type {number | number[]} */
    let fans = weight.fanIn;
    if (connections) {
      /** @type {number[]} */
      const each = connections.map((/** @type {number[]} */ row) => row.reduce((a, b) => a + b, 0));
      fans = each.map((n) => n * area);
      const perKernel = each.flatMap((n) => Array(n).fill(n * area));
      weight = { shape: [perKernel.length, ...kernel], init: "weight", fanIn: perKernel };
    }
    return specs(bias ? { weight, bias: { shape: [out_channels], init: "bias", fanIn: fans } } : { weight });
  },
  connections: (layer, input) => {
    const positions = product(outputShape(layer, input).slice(1));
    const { bias, out_channels } = filled(layer);
    return positions * (product(parametersOf(layer, input).weight.shape) + (bias ? out_channels : 0));
  },
  multiplyAdds: (layer, input) =>
    product(outputShape(layer, input).slice(1)) * product(parametersOf(layer, input).weight.shape),
  steps: (layer, input, at) => [{
    op: "conv", channels: filled(layer).out_channels, ...geometry(layer, input),
    groups: filled(layer).groups, connections: filled(layer).connections,
    weight: at("weight"), bias: at("bias"),
  }], // prettier-ignore
});

/** @param {number} axes @param {string} op @param {Record<string, any>} [more] @returns {Type} */
const pooling = (axes, op, more = {}) => ({
  arguments: { kernel_size: REQUIRED, stride: null, padding: 0, remainder: "error", ...more },
  windows: slidingWindows(axes, false),
  output: (layer, input) => {
    const found = windowsOf(layer, input);
    for (const w of found)
      if (w.before >= w.kernel || (w.output - 1) * w.stride >= w.before + w.input) {
        const where = "layers/pooling:_Pool.output_shape";
        throw sizeError(say(where, 0), say(where, 1, w.input, w.kernel, w.stride, repr([w.before, w.after])),
          say(where, 2, Math.floor(w.kernel / 2))); // prettier-ignore
      }
    return [input[0], ...found.map((w) => w.output)];
  },
  connections: (layer, input) =>
    product(outputShape(layer, input)) * product(perAxis(filled(layer).kernel_size, axes)),
  steps: (layer, input) => [{ op, ...geometry(layer, input), countIncludePad: filled(layer).count_include_pad ?? true }],
});

/** @param {string} op @returns {Type} */
const globalPooling = (op) => ({
  arguments: {},
  windows: (_, input) => input.slice(1).map((size) => new Window(size, size)),
  output: (layer, input) => {
    const where = "layers/pooling:_GlobalPool.output_shape";
    if (input.length === 1)
      throw sizeError(say(where, 0, describe(layer)), say(where, 1, repr(input)), say(where, 2));
    return [input[0]];
  },
  connections: (_, input) => product(input),
  steps: (_, input) => [{ op, kernel: engineShape(input).slice(1) }],
});

// --- what changes each value by itself -------------------------------------------------------

/** @param {string} op @param {Record<string, any>} [given] @param {(layer: Layer) => Step} [options] @returns {Type} */
const elementwise = (op, given = {}, options = () => ({})) => ({
  arguments: given,
  output: (_, input) => input,
  steps: (layer) => [{ op, ...options(filled(layer)) }],
});

/** @param {number} rank 3 for images, else 1 or 2 @returns {Type} */
const batchNorm = (rank) => ({
  arguments: { eps: 1e-5, momentum: 0.1, affine: true },
  output: (layer, input) => {
    if (rank === 3) requireRank(layer, input, 3, say("layers/norm:BatchNorm2d.output_shape", 0));
    else if (input.length === 3) {
      const where = "layers/norm:BatchNorm1d.output_shape";
      throw sizeError(say(where, 0), say(where, 1, repr(input)), say(where, 2));
    }
    return input;
  },
  parameters: (layer, input) =>
    specs(
      filled(layer).affine
        ? { weight: { shape: [input[0]], init: 1, fanIn: 1 }, bias: { shape: [input[0]], init: 0, fanIn: 1 } }
        : {},
    ),
  state: (_, input) => ({
    running_mean: { shape: [input[0]], value: 0 },
    running_var: { shape: [input[0]], value: 1 },
  }),
  multiplyAdds: (_, input) => product(input),
  steps: (layer, _, at) => {
    const { eps, momentum } = filled(layer);
    return [{
      op: "batch_norm", weight: at("weight"), bias: at("bias"), mean: at("running_mean"),
      variance: at("running_var"), eps, momentum,
    }]; // prettier-ignore
  },
});

/** @param {Layer} layer @returns {number[][]} */
const centres = (layer) => (filled(layer).centres === "digits" ? BITMAPS : filled(layer).centres);

/** @type {Record<string, Type>} */
export const TYPES = {
  Conv1d: convolution(1),
  Conv2d: convolution(2),
  MaxPool1d: pooling(1, "max_pool"),
  MaxPool2d: pooling(2, "max_pool"),
  AvgPool1d: pooling(1, "avg_pool", { count_include_pad: true }),
  AvgPool2d: pooling(2, "avg_pool", { count_include_pad: true }),
  SumPool1d: pooling(1, "sum_pool"),
  SumPool2d: pooling(2, "sum_pool"),
  GlobalAvgPool: globalPooling("avg_pool"),
  GlobalMaxPool: globalPooling("max_pool"),
  Subsample: {
    ...pooling(2, "sum_pool"),
    parameters: (layer, input) => {
      const area = product(perAxis(filled(layer).kernel_size, 2));
      return {
        weight: { shape: [input[0]], init: 1 / area, fanIn: area },
        bias: { shape: [input[0]], init: 0, fanIn: area },
      };
    },
    connections: (layer, input) =>
      product(outputShape(layer, input)) * (product(perAxis(filled(layer).kernel_size, 2)) + 1),
    multiplyAdds: (layer, input) => product(outputShape(layer, input)),
    steps: (layer, input, at) => [
      { op: "sum_pool", ...geometry(layer, input) },
      { op: "affine", weight: at("weight"), bias: at("bias") },
    ],
  },
  Flatten: {
    arguments: {},
    output: (_, input) => [product(input)],
    steps: () => [{ op: "flatten" }],
  },
  Linear: {
    arguments: { out_features: REQUIRED, bias: true },
    output: (layer, input) => {
      requireRank(layer, input, 1, say("layers/dense:Linear.output_shape", 0));
      return [layer.out_features];
    },
    parameters: (layer, input) => {
      const fanIn = input[0];
      /** @type {Spec} */
      const weight = { shape: [layer.out_features, fanIn], init: "weight", fanIn };
      return specs(
        filled(layer).bias ? { weight, bias: { shape: [layer.out_features], init: "bias", fanIn } } : { weight },
      );
    },
    connections: (layer, input) => layer.out_features * (input[0] + (filled(layer).bias ? 1 : 0)),
    multiplyAdds: (layer, input) => layer.out_features * input[0],
    steps: (layer, _, at) => [
      { op: "linear", outFeatures: layer.out_features, weight: at("weight"), bias: at("bias") },
    ],
  },
  RBF: {
    arguments: { centres: "digits", variance: 0.5 },
    output: (layer, input) => {
      const where = "layers/dense:RBF.output_shape";
      requireRank(layer, input, 1, say(where, 0));
      const table = centres(layer);
      const features = table[0].length;
      if (features !== input[0])
        throw sizeError(say(where, 1), say(where, 2, features, input[0]), say(where, 3, features));
      return [table.length];
    },
    state: (layer) => ({
      centres: { shape: [centres(layer).length, centres(layer)[0].length], value: centres(layer).flat() },
    }),
    connections: (layer) => centres(layer).length * centres(layer)[0].length,
    multiplyAdds: (layer) => centres(layer).length * centres(layer)[0].length,
    steps: (layer, _, at) => [
      { op: "rbf", outFeatures: centres(layer).length, centres: at("centres"), scale: 0.5 / filled(layer).variance },
    ],
  },
  ReLU: elementwise("relu"),
  LeakyReLU: elementwise("leaky_relu", { negative_slope: 0.01 }, (l) => ({ slope: l.negative_slope })),
  Tanh: elementwise("tanh"),
  ScaledTanh: elementwise("scaled_tanh"),
  Sigmoid: elementwise("sigmoid"),
  GELU: elementwise("gelu"),
  SiLU: elementwise("silu"),
  Dropout: elementwise("dropout", { p: 0.5 }, (l) => ({ p: l.p })),
  BatchNorm1d: batchNorm(2),
  BatchNorm2d: batchNorm(3),
  Residual: {
    arguments: { layers: REQUIRED },
    output: (layer, input) => {
      let shape = input;
      layer.layers.forEach((/** @type {Layer} */ inner, /** @type {number} */ index) => {
        try {
          shape = outputShape(inner, shape);
        } catch (error) {
          if (!(error instanceof SizeError)) throw error;
          const rule = say("layers/branched:Branched._after", 0, index, describe(inner), error.problem.rule);
          throw new SizeError({ ...error.problem, rule });
        }
      });
      const where = "layers/branches:Residual.joined_shape";
      if (`${shape}` !== `${input}`)
        throw sizeError(say(where, 0), say(where, 1, formatShape(input), formatShape(shape)));
      return input;
    },
    parameters: (layer, input) => chained(layer, input, parametersOf),
    state: (layer, input) => chained(layer, input, stateOf),
    connections: (layer, input) => summed(layer, input, connectionsOf),
    multiplyAdds: (layer, input) => summed(layer, input, multiplyAddsOf),
    steps: (layer, input, at, first) => {
      /** @type {Step[]} */
      const steps = [];
      for (const [index, inner, shape] of chain(layer, input))
        steps.push(...stepsOf(inner, shape, (name) => at(`${index}.${name}`), first + steps.length));
      return [...steps, { op: "add", input: first + steps.length, other: first }];
    },
  },
};

/** @param {Layer} layer @param {Shape} shape @returns {Generator<[number, Layer, Shape]>} */
function* chain(layer, shape) {
  for (const [index, inner] of layer.layers.entries()) {
    yield [index, inner, shape];
    shape = outputShape(inner, shape);
  }
}
/** @template T @param {Layer} layer @param {Shape} input @param {(l: Layer, s: Shape) => Record<string, T>} f */
function chained(layer, input, f) {
  /** @type {Record<string, T>} */
  const all = {};
  for (const [index, inner, shape] of chain(layer, input))
    for (const [name, spec] of Object.entries(f(inner, shape))) all[`${index}.${name}`] = spec;
  return all;
}
/** @param {Layer} layer @param {Shape} input @param {(l: Layer, s: Shape) => number} f */
function summed(layer, input, f) {
  let sum = 0;
  for (const [, inner, shape] of chain(layer, input)) sum += f(inner, shape);
  return sum;
}

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
/** @param {Layer} layer @param {Shape} input @param {(name: string) => number} at @param {number} first */
export const stepsOf = (layer, input, at, first) => TYPES[layer.type].steps(layer, input, at, first);

export { asLayer, describe } from "./descriptions.js";
