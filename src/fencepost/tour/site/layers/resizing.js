// Layers that change the size of planes, as src/fencepost/layers/resizing.py defines them.
import { repr, say } from "../sizing/text.js";
import { describe } from "./descriptions.js";
import { REQUIRED, filled, outputShape, perAxis, product, requireRank, sizeError, specs, two } from "./types.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Spec} Spec */
/** @typedef {import("./types.js").Type} Type */

/** @param {number} axes @returns {Type} */
const adaptive = (axes) => ({
  arguments: { output_size: REQUIRED },
  output: (layer, input) => {
    requireRank(layer, input, axes + 1, say("layers/resizing:_AdaptiveAvgPool.output_shape", 0));
    return [input[0], ...perAxis(layer.output_size, axes)];
  },
  connections: (layer, input) =>
    input[0] * product(perAxis(layer.output_size, axes).map((outputs, axis) =>
      Array.from({ length: outputs }, (_, i) => adaptiveWindow(i, input[axis + 1], outputs)).reduce((sum, [a, b]) => sum + b - a, 0))),
  steps: (layer) => [{ op: "adaptive_avg_pool", size: two(perAxis(layer.output_size, axes), 1) }],
}); // prettier-ignore

/** First element of window i, and the one after its last. @param {number} i @param {number} size @param {number} outputs */
export const adaptiveWindow = (i, size, outputs) => [Math.floor((i * size) / outputs), Math.ceil(((i + 1) * size) / outputs)];

/** @param {number} axes @returns {Type} */
const transposed = (axes) => ({
  arguments: {
    out_channels: REQUIRED, kernel_size: REQUIRED, stride: 1, padding: 0, output_padding: 0, groups: 1,
    bias: true, dilation: 1,
  }, // prettier-ignore
  output: (layer, input) => {
    requireRank(layer, input, axes + 1, say("layers/resizing:_ConvTranspose.inverse_windows", 0));
    const each = transposedAxes(layer, axes);
    const sizes = each.map((a, axis) => (input[axis + 1] - 1) * a.stride - 2 * a.padding + a.dilation * (a.kernel - 1) + a.outputPadding + 1);
    const where = "layers/resizing:_ConvTranspose.output_shape";
    if (Math.min(...sizes) < 1) throw sizeError(say(where, 0), say(where, 1, repr(input), repr(sizes)), say(where, 2));
    const { groups, out_channels } = filled(layer);
    if (input[0] % groups) throw sizeError(say(where, 3), say(where, 4, groups, input[0]));
    return [out_channels, ...sizes];
  },
  parameters: (layer, input) => {
    const { groups, out_channels, bias, kernel_size } = filled(layer);
    const kernel = perAxis(kernel_size, axes);
    const fanIn = (out_channels / groups) * product(kernel);
    /** @type {Spec} */
    const weight = { shape: [input[0], out_channels / groups, ...kernel], init: "weight", fanIn };
    return specs(bias ? { weight, bias: { shape: [out_channels], init: "bias", fanIn } } : { weight });
  },
  connections: (layer, input) => adds(layer, input, axes) + (filled(layer).bias ? product(outputShape(layer, input)) : 0),
  multiplyAdds: (layer, input) => adds(layer, input, axes),
  steps: (layer, input, at) => {
    const each = transposedAxes(layer, axes);
    const [top, left] = two(each.map((a) => a.padding), 0);
    return [{
      op: "conv_transpose", channels: filled(layer).out_channels, size: two(outputShape(layer, input).slice(1), 1),
      kernel: two(each.map((a) => a.kernel), 1), stride: two(each.map((a) => a.stride), 1),
      dilation: two(each.map((a) => a.dilation), 1), padding: [top, top, left, left],
      groups: filled(layer).groups, weight: at("weight"), bias: at("bias"),
    }]; // prettier-ignore
  },
});

/** @param {Layer} layer @param {Shape} input @param {number} axes */
const adds = (layer, input, axes) =>
  (product(input) * filled(layer).out_channels * product(perAxis(layer.kernel_size, axes))) / filled(layer).groups;

/** Its numbers along each axis. @param {Layer} layer @param {number} axes */
export function transposedAxes(layer, axes) {
  const given = filled(layer);
  const [kernel, stride, padding, dilation, outputPadding] = [
    given.kernel_size, given.stride, given.padding, given.dilation, given.output_padding,
  ].map((value) => perAxis(value, axes)); // prettier-ignore
  return kernel.map((k, i) => ({ kernel: k, stride: stride[i], padding: padding[i], dilation: dilation[i], outputPadding: outputPadding[i] }));
}

/** @type {Record<string, Type>} */
export const RESIZING = {
  AdaptiveAvgPool1d: adaptive(1),
  AdaptiveAvgPool2d: adaptive(2),
  ConvTranspose1d: transposed(1),
  ConvTranspose2d: transposed(2),
  Upsample: {
    arguments: { size: null, scale_factor: null, mode: "nearest" },
    output: (layer, input) => {
      const axes = input.length - 1;
      const { size, scale_factor, mode } = filled(layer);
      const where = "layers/resizing:Upsample.output_shape";
      if (axes < 1 || (axes === 1 && mode === "bilinear") || (axes === 2 && mode === "linear"))
        throw sizeError(say(where, 0, describe(layer)), say(where, 1, repr(input)), say(where, 2));
      const values = perAxis(size ?? scale_factor, axes);
      if (values.length !== axes) throw sizeError(say(where, 3, describe(layer)), say(where, 4, repr(input)));
      return [input[0], ...values.map((value, axis) => (size === null ? value * input[axis + 1] : value))];
    },
    steps: (layer, input) => [
      { op: "upsample", size: two(outputShape(layer, input).slice(1), 1), linear: filled(layer).mode !== "nearest" },
    ],
  },
};
