// A network on paper: layers with their sizes, arrays by name, and steps for the engine.
import { LIMITS } from "../data/tables.js";
import { SizeError } from "../sizing/errors.js";
import { fittingReading } from "../sizing/readings.js";
import { formatShape, grouped, say } from "../sizing/text.js";
import * as layers from "../layers/layers.js";

/**
 * @typedef {import("../layers/layers.js").Layer} Layer
 * @typedef {import("../layers/layers.js").Shape} Shape
 * @typedef {{ layer: Layer, input: Shape, output: Shape, windows: import("../sizing/window.js").Window[],
 *   parameters: number, connections: number, multiplyAdds: number, lastStep: number }} Row
 * @typedef {{ shape: Shape, at: number, size: number, spec: any }} Place where an array begins
 * @typedef {{ input: Shape, rows: Row[], parameters: Map<string, Place>, state: Map<string, Place>,
 *   parameterCount: number, stateCount: number, outputs: number,
 *   engineInput: [number, number, number] }} NetworkPlan
 */

/**
 * Sizes every layer. Throws SizeError that names the layer.
 * @param {Shape} input @param {Layer[]} chain @returns {NetworkPlan}
 */
export function plan(input, chain) {
  const { rows, problem } = sizes(input, chain);
  if (problem) throw problem;
  /** @type {Map<string, Place>} */
  const parameters = new Map();
  /** @type {Map<string, Place>} */
  const state = new Map();
  let [parameterCount, stateCount, steps] = [0, 0, 0];
  rows.forEach((row, index) => {
    for (const [name, spec] of Object.entries(layers.parametersOf(row.layer, row.input))) {
      const size = layers.product(spec.shape);
      parameters.set(`${index}.${name}`, { shape: spec.shape, at: parameterCount, size, spec });
      parameterCount += size;
    }
    for (const [name, spec] of Object.entries(layers.stateOf(row.layer, row.input))) {
      const size = layers.product(spec.shape);
      state.set(`${index}.${name}`, { shape: spec.shape, at: stateCount, size, spec });
      stateCount += size;
    }
    steps += layers.stepsOf(row.layer, row.input, () => -1).length;
    row.lastStep = steps - 1;
  });
  const output = rows.length ? rows[rows.length - 1].output : input;
  return {
    input, rows, parameters, state, parameterCount, stateCount,
    outputs: layers.product(output), engineInput: layers.engineShape(input),
  }; // prettier-ignore
}

/** The layers up to the first that does not fit, what is wrong with that one, and which reading of
 * the input would fit. @param {Shape} input @param {Layer[]} chain */
export function sizes(input, chain) {
  const { rows, problem } = sized(input, chain);
  const fitting = problem && fittingReading(input, (shape) => !sized(shape, chain).problem);
  if (!fitting) return { rows, problem };
  const [oneChannel] = say("layers/windowed:WindowedLayer._rank_remedy", 2, "(").split("(");
  const remedy = `${(problem.problem.remedy ?? "").split(oneChannel)[0]} ${fitting}`.trim();
  return { rows, problem: new SizeError({ ...problem.problem, remedy }) };
}

/** @param {Shape} input @param {Layer[]} chain @returns {{ rows: Row[], problem: SizeError | null }} */
function sized(input, chain) {
  /** @type {Row[]} */
  const rows = [];
  let shape = input;
  const image = tooLarge(0, input);
  if (image && chain.length) return { rows, problem: image };
  for (const [index, layer] of chain.entries()) {
    try {
      const large = tooLarge(1, layers.outputShape(layer, shape));
      if (large) throw large;
      const output = layers.outputShape(layer, shape);
      rows.push({
        layer, input: shape, output,
        windows: layers.windowsOf(layer, shape),
        parameters: Object.values(layers.parametersOf(layer, shape))
          .reduce((sum, spec) => sum + layers.product(spec.shape), 0),
        connections: layers.connectionsOf(layer, shape),
        multiplyAdds: layers.multiplyAddsOf(layer, shape),
        lastStep: -1,
      }); // prettier-ignore
      shape = output;
    } catch (error) {
      if (!(error instanceof SizeError)) throw error;
      return { rows, problem: error.inLayer(`layer ${index}, ${layers.describe(layer)}`) };
    }
  }
  return { rows, problem: null };
}

/** The engine's steps, every field filled in. @param {NetworkPlan} network */
export function steps(network) {
  /** @type {any[]} */
  const made = [];
  /** @type {Shape[]} */
  const values = [network.engineInput];
  network.rows.forEach((row, index) => {
    const at = (/** @type {string} */ name) =>
      network.parameters.get(`${index}.${name}`)?.at ?? network.state.get(`${index}.${name}`)?.at ?? -1;
    for (const step of layers.placed(layers.stepsOf(row.layer, row.input, at), made.length, made.length)) {
      const filled = {
        kind: layers.kindOf(step.op), other: -1, kernel: [1, 1], stride: [1, 1], dilation: [1, 1],
        padding: [0, 0, 0, 0], groups: 1, connections: null, countIncludePad: true, weight: -1,
        bias: -1, mean: -1, variance: -1, centres: -1, scale: 1, slope: 0, p: 0, eps: 0, momentum: 0,
        eachValue: false, linear: false, ...step, in: values[step.input],
      }; // prettier-ignore
      values.push(outputOf(filled, values));
      made.push({ ...filled, out: values[values.length - 1] });
    }
  });
  return made;
}

/** @param {any} step @param {Shape[]} values @returns {Shape} */
function outputOf(step, values) {
  const [channels, height, width] = step.in;
  if (step.outFeatures) return [step.outFeatures, 1, 1];
  if (step.size) return [step.channels ?? channels, ...step.size];
  if (step.op === "flatten") return [channels * height * width, 1, 1];
  if (step.op === "concat") return [channels + values[step.other][0], height, width];
  if (step.op !== "conv" && !step.op.endsWith("_pool")) return step.in;
  const [top, bottom, left, right] = step.padding;
  /** @param {number} size @param {number} axis @param {number} zeros */
  const along = (size, axis, zeros) =>
    Math.floor((size + zeros - step.dilation[axis] * (step.kernel[axis] - 1) - 1) / step.stride[axis]) + 1;
  return [step.channels ?? channels, along(height, 0, top + bottom), along(width, 1, left + right)];
}

/** @param {number} what an image, or an output @param {Shape} shape */
function tooLarge(what, shape) {
  if (layers.product(shape) <= LIMITS.elements) return null;
  const where = "graph/layers:_too_large";
  const rule = say(where, 0, say("graph/layers:_Builder.chain", what), grouped(LIMITS.elements));
  return new SizeError({ rule, received: say(where, 1, formatShape(shape)) });
}

/**
 * Weights as training begins: uniform in ±1/√fan_in, PyTorch's default and fencepost's.
 * @param {NetworkPlan} network @param {number} seed
 */
export function freshParameters(network, seed) {
  const random = generator(seed);
  const values = new Float32Array(network.parameterCount);
  for (const { at, size, spec } of network.parameters.values())
    for (let i = 0; i < size; i++) {
      const fan = Array.isArray(spec.fanIn) ? spec.fanIn[Math.floor((i * spec.fanIn.length) / size)] : spec.fanIn;
      values[at + i] = typeof spec.init === "number" ? spec.init : (2 * random() - 1) / Math.sqrt(fan);
    }
  return values;
}
/** @param {NetworkPlan} network */
export function freshState(network) {
  const values = new Float32Array(network.stateCount);
  for (const { at, size, spec } of network.state.values())
    for (let i = 0; i < size; i++) values[at + i] = Array.isArray(spec.value) ? spec.value[i] : spec.value;
  return values;
}

/** Uniform numbers from 0 to 1, the same for the same seed (mulberry32). @param {number} seed */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
