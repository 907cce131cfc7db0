// Sizes: `outputSize` and `windows` as src/fencepost/sizing has them. No other file of the pages
// computes a size.
import { ambiguousSame, misfit } from "./advice.js";
import { SizeError } from "./errors.js";
import { repr, say } from "./text.js";
import { Window, samePadding } from "./window.js";

/**
 * A call whose arguments have been checked, written out for every axis.
 * @typedef {{ windows: Window[], remainder: import("./window.js").Remainder, same: boolean,
 *   scalar: boolean, inputHasAxes: boolean, received: string, pool: boolean }} SizingCall
 * @typedef {number | number[]} Sizes
 * @typedef {{ stride?: Sizes, padding?: any, dilation?: Sizes,
 *   remainder?: import("./window.js").Remainder, pool?: boolean }} Options
 */

/** @param {Sizes} inputSize @param {Sizes} kernelSize @param {Options} options @returns {SizingCall} */
function readCall(inputSize, kernelSize, options = {}) {
  const { stride = 1, padding = 0, dilation = 1, remainder = "error", pool = false } = options;
  const sizes = [inputSize, kernelSize, stride, dilation];
  const same = padding === "same";
  const given = sizes.filter(Array.isArray).map((value) => value.length);
  const flatPair = Array.isArray(padding) && padding.length === 2 && !padding.some(Array.isArray);
  if (Array.isArray(padding) && !(flatPair && given.every((n) => n === 1))) given.push(padding.length);
  const axes = given[0] ?? 1;
  const scalar = !given.length;
  const perAxis = sizes.map((value) => (Array.isArray(value) ? value : Array(axes).fill(value)));
  const [inputs, kernels, strides, dilations] = perAxis;
  /** @type {number[][]} */
  let pairs;
  if (same) pairs = kernels.map((kernel, i) => samePadding(kernel, dilations[i]));
  else if (!Array.isArray(padding)) pairs = Array(axes).fill([padding, padding]);
  else if (axes === 1 && padding.length === 2) pairs = [padding];
  else pairs = padding.map((item) => (Array.isArray(item) ? item : [item, item]));
  return {
    windows: inputs.map((input, i) => {
      const [before, after] = pairs[i];
      const remark = same ? sameRemark(before, after) : "";
      return new Window(input, kernels[i], strides[i], dilations[i], before, after, remark);
    }),
    remainder,
    same,
    scalar,
    inputHasAxes: Array.isArray(inputSize),
    received: received(inputSize, kernelSize, { stride, dilation, padding, remainder }),
    pool,
  };
}

/** @param {number} before @param {number} after */
function sameRemark(before, after) {
  if (before === after) return "";
  const zeros = say("sizing/calls:same_remark", 0, before, before === 1 ? "zero" : "zeros", after);
  return say("sizing/calls:same_remark", 1, zeros);
}

/** @param {Sizes} inputSize @param {Sizes} kernelSize @param {Record<string, any>} options */
function received(inputSize, kernelSize, options) {
  /** @type {Record<string, number>} */
  const defaults = { stride: 1, dilation: 1, padding: 0 };
  const shown = [`input_size=${repr(inputSize)}`, `kernel_size=${repr(kernelSize)}`];
  for (const name of ["stride", "dilation", "padding"]) {
    const flat = [options[name]].flat(2);
    if (!flat.every((value) => value === defaults[name])) shown.push(`${name}=${repr(options[name])}`);
  }
  if (options.remainder !== "error") shown.push(`remainder=${repr(options.remainder)}`);
  return shown.join(", ");
}

/**
 * One window for each axis, with the padding that is finally used. Throws SizeError.
 * @param {Sizes} inputSize @param {Sizes} kernelSize @param {Options} [options]
 */
export function windows(inputSize, kernelSize, options) {
  return resolved(readCall(inputSize, kernelSize, options));
}

/** How many times a kernel fits. @param {Sizes} inputSize @param {Sizes} kernelSize @param {Options} [options] */
export function outputSize(inputSize, kernelSize, options) {
  const call = readCall(inputSize, kernelSize, options);
  const outputs = resolved(call).map((window) => window.output);
  return call.scalar ? outputs[0] : outputs;
}

/** @param {SizingCall} call @returns {Window[]} */
function resolved(call) {
  if (call.same && call.windows.some((window) => window.stride > 1))
    throw new SizeError(ambiguousSame(call));
  const fitting = call.windows.map((window) => window.resolved(call.remainder));
  if (fitting.includes(null)) throw new SizeError(misfit(call));
  return /** @type {Window[]} */ (fitting);
}
