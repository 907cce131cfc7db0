// The layers as src/fencepost/layers defines them: sizes, parameters, steps of the engine.
import { BITMAPS } from "../data/tables.js";
import { SizeError } from "../sizing/errors.js";
import { repr, say } from "../sizing/text.js";
import { windows as sizeWindows } from "../sizing/sizing.js";
import { Window } from "../sizing/window.js";
import { BRANCHES } from "./branches.js";
import { compact, describe } from "./descriptions.js";
import { RESIZING } from "./resizing.js";
import {
  REQUIRED, TYPES, engineShape, filled, outputShape, parametersOf, perAxis, product, requireRank,
  sizeError, specs, two, windowsOf,
} from "./types.js"; // prettier-ignore

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Spec} Spec */
/** @typedef {import("./types.js").Step} Step */
/** @typedef {import("./types.js").Type} Type */

// --- what slides -----------------------------------------------------------------------------

/** @param {number} axes @param {boolean} dilated @returns {(layer: Layer, input: Shape) => Window[]} */
const slidingWindows = (axes, dilated) => (layer, input) => {
  if (input.length !== axes + 1) {
    const where = "layers/windowed:WindowedLayer._rank_remedy";
    let remedy = say(where, 0) + say(where, 1, say(where, axes === 2 ? 3 : 4));
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
      pool: !dilated,
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

/** Weight and bias of a normalisation. @param {Layer} layer @param {Shape} shape */
const affine = (layer, shape) =>
  specs(filled(layer).affine ? { weight: { shape, init: 1, fanIn: 1 }, bias: { shape, init: 0, fanIn: 1 } } : {});

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
  parameters: (layer, input) => affine(layer, input.slice(0, 1)),
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
const LAYERS = {
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
  ReLU6: elementwise("relu6"),
  HardSigmoid: elementwise("hard_sigmoid"),
  HardSwish: elementwise("hard_swish"),
  Softmax: elementwise("softmax"),
  Dropout: elementwise("dropout", { p: 0.5 }, (l) => ({ p: l.p })),
  DropPath: elementwise("drop_path", { p: 0.1 }, (l) => ({ p: l.p })),
  BatchNorm1d: batchNorm(2),
  BatchNorm2d: batchNorm(3),
  GroupNorm: {
    arguments: { groups: REQUIRED, eps: 1e-5, affine: true },
    output: (layer, input) => {
      const where = "layers/norm:GroupNorm.output_shape";
      if (input[0] % layer.groups)
        throw sizeError(say(where, 0), say(where, 1, layer.groups, input[0]), say(where, 2));
      return input;
    },
    parameters: (layer, input) => affine(layer, input.slice(0, 1)),
    multiplyAdds: (_, input) => product(input),
    steps: (layer, _, at) => [
      { op: "group_norm", groups: layer.groups, eps: filled(layer).eps, weight: at("weight"), bias: at("bias") },
    ],
  },
  LayerNorm: {
    arguments: { eps: 1e-5, affine: true, over: "all" },
    output: (_, input) => input,
    parameters: (layer, input) => affine(layer, filled(layer).over === "all" ? input : input.slice(0, 1)),
    multiplyAdds: (_, input) => product(input),
    steps: (layer, _, at) => {
      const { eps, over } = filled(layer);
      const all = over === "all";
      return [{ op: "group_norm", groups: all ? 1 : 0, eachValue: all, eps, weight: at("weight"), bias: at("bias") }];
    },
  },
  ...BRANCHES,
  ...RESIZING,
};
Object.assign(TYPES, LAYERS);

export * from "./types.js";
export { UnknownHere, asLayer, describe } from "./descriptions.js";
