// The engine's WebAssembly module behind plain JavaScript: networks with their weights, and
// kernels over images. It runs in a worker, or in node; nothing here touches a page.
import { steps as stepsOf } from "./network.js";

/** Field by field what engine/wasm/interface.cpp reads of a step. @param {any} s @param {number} table */
const fields = (s, table) => [
  s.kind, s.input, s.other, ...s.in, ...s.out, ...s.kernel, ...s.stride, ...s.dilation,
  ...s.padding, s.groups, table, s.countIncludePad ? 1 : 0,
  s.weight, s.bias, s.mean, s.variance, s.centres, s.scale, s.slope, s.p, s.eps, s.momentum,
  s.eachValue ? 1 : 0, s.linear ? 1 : 0,
]; // prettier-ignore
const FIELDS = 34;

// Modules of one instruction each: i8x16.popcnt of 128-bit SIMD, f32x4.relaxed_madd of relaxed SIMD.
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];
const SIMD = [...HEAD, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const RELAXED = [...HEAD, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11];

/** Whether this browser can run the engine. */
export const hasSimd = () =>
  typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(SIMD));
/** The file that suits this browser. */
export const wasmFile = () =>
  WebAssembly.validate(new Uint8Array(RELAXED)) ? "fencepost-relaxed.wasm" : "fencepost.wasm";

/** @typedef {Uint8Array | Float32Array} Pixels */

export class Engine {
  /** @param {any} exports of the module */
  constructor(exports) {
    this.e = exports;
  }

  /** @param {BufferSource | WebAssembly.Module} source */
  static async load(source) {
    const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
    // The C library asks the system for nothing that matters here: every answer is "not supported".
    /** @type {Record<string, Record<string, Function>>} */
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module))
      (imports[from] ??= {})[name] = () => 52;
    const instance = await WebAssembly.instantiate(module, /** @type {any} */ (imports));
    const exports = /** @type {any} */ (instance.exports);
    exports._initialize?.();
    return new Engine(exports);
  }

  /** Runs f with memory for each array, copied in; what f returns is copied out by itself. */
  /** @template T @param {(ArrayBufferView | null)[]} arrays @param {(...at: number[]) => T} f @returns {T} */
  withArrays(arrays, f) {
    const at = arrays.map((array) => (array ? this.put(array) : 0));
    try {
      return f(...at);
    } finally {
      for (const pointer of at) if (pointer) this.e.fp_free(pointer);
    }
  }

  /** @param {number} bytes */
  allocate(bytes) {
    const at = this.e.fp_alloc(Math.max(bytes, 16));
    if (!at) throw new Error("There is not enough memory in this tab. Close other tabs, or use less data.");
    return at;
  }
  /** @param {ArrayBufferView} array */
  put(array) {
    const at = this.allocate(array.byteLength);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    new Uint8Array(this.e.memory.buffer, at, bytes.length).set(bytes);
    return at;
  }
  /** @param {number} at @param {number} length */
  floats(at, length) {
    return new Float32Array(this.e.memory.buffer, at, length);
  }

  /**
   * Correlates an image (height, width, channels) with a kernel; `rows` and `columns` say which of
   * the image each row and column of the extended image repeats (see boundaries.js).
   * @param {Pixels} pixels @param {[number, number, number]} shape
   * @param {Float32Array} kernel @param {[number, number]} kernelShape
   * @param {Int32Array} rows @param {Int32Array} columns
   * @param {{ fill?: number, offset?: number, float?: boolean }} [options]
   */
  correlate(pixels, shape, kernel, kernelShape, rows, columns, options = {}) {
    const [height, width, channels] = shape;
    const [kh, kw] = kernelShape;
    const outHeight = rows.length - kh + 1;
    const outWidth = columns.length - kw + 1;
    const float = options.float ?? false;
    const size = outHeight * outWidth * channels;
    // Where there are fewer elements than a register holds, a whole register is written.
    const out = this.allocate(size * (float ? 4 : 1) + 64);
    try {
      return this.withArrays([pixels, kernel, rows, columns], (p, k, r, c) => {
        this.e.fp_correlate(
          p, pixels instanceof Float32Array ? 1 : 0, height, width, channels, k, kh, kw, r, c,
          options.fill ?? 0, options.offset ?? 0, out, float ? 1 : 0, outHeight, outWidth,
        ); // prettier-ignore
        return float
          ? this.floats(out, size).slice()
          : new Uint8Array(this.e.memory.buffer, out, size).slice();
      });
    } finally {
      this.e.fp_free(out);
    }
  }

  /**
   * @param {import("./network.js").NetworkPlan} plan sizes and steps
   * @param {{ parameters: Float32Array, state: Float32Array, mean: number[], std: number[] }} values
   */
  network(plan, values) {
    return new EngineNetwork(this, plan, values);
  }
}

/** A network in the engine's memory. `free` it when it is not needed any more. */
export class EngineNetwork {
  /** @param {Engine} engine @param {import("./network.js").NetworkPlan} plan @param {any} values */
  constructor(engine, plan, values) {
    this.engine = engine;
    this.plan = plan;
    /** @type {number[]} */
    const tables = [];
    const rows = stepsOf(plan).map((step) => {
      const at = step.connections ? tables.length : -1;
      if (step.connections) tables.push(...step.connections.flat());
      return fields(step, at);
    });
    const flat = new Float64Array(rows.length * FIELDS);
    rows.forEach((row, k) => flat.set(row, k * FIELDS));
    this.steps = stepsOf(plan);
    const [c, h, w] = plan.engineInput;
    this.pixels = c * h * w;
    this.handle = engine.withArrays([flat, new Uint8Array(tables)], (s, t) =>
      engine.e.fp_network(c, h, w, s, rows.length, t, plan.parameterCount, plan.stateCount),
    );
    this.parameters().set(values.parameters);
    this.state().set(values.state);
    this.normalise(values.mean, values.std);
  }

  /** The network sees (pixel - mean) / std. @param {number[]} mean @param {number[]} std */
  normalise(mean, std) {
    const { e } = this.engine;
    this.engine.floats(e.fp_mean(this.handle), mean.length).set(mean);
    const scale = Float32Array.from(std, (s) => 1 / s);
    this.engine.floats(e.fp_scale(this.handle), std.length).set(scale);
  }
  /** The engine's own memory: valid until it allocates more. */
  parameters() {
    return this.engine.floats(this.engine.e.fp_parameters(this.handle), this.plan.parameterCount);
  }
  state() {
    return this.engine.floats(this.engine.e.fp_state(this.handle), this.plan.stateCount);
  }

  /** The outputs of all images, (count, outputs). @param {Pixels} images @param {number} count */
  forward(images, count) {
    const size = count * this.plan.outputs;
    const out = this.engine.allocate(4 * size + 64);
    try {
      return this.engine.withArrays([images], (at) => {
        this.engine.e.fp_forward(this.handle, at, isFloat(images), count, out);
        return this.engine.floats(out, size).slice();
      });
    } finally {
      this.engine.e.fp_free(out);
    }
  }

  /** The outputs of every step for one image, step by step. @param {Pixels} image */
  features(image) {
    const sizes = this.steps.map((step) => step.out[0] * step.out[1] * step.out[2]);
    const total = sizes.reduce((a, b) => a + b, 0);
    const out = this.engine.allocate(4 * total + 64);
    try {
      return this.engine.withArrays([image], (at) => {
        this.engine.e.fp_features(this.handle, at, isFloat(image), out);
        let begin = out;
        return sizes.map((size) => {
          const values = this.engine.floats(begin, size).slice();
          begin += 4 * size;
          return values;
        });
      });
    } finally {
      this.engine.e.fp_free(out);
    }
  }

  /**
   * The loss of images and labels, or of values, and its derivatives by parameters and images.
   * @param {Pixels} images @param {number} count
   * @param {{ labels?: BigInt64Array, values?: Float32Array }} targets
   */
  gradient(images, count, targets) {
    const outs = new Float32Array(this.plan.parameterCount);
    const pixels = new Float32Array(count * this.pixels);
    const arrays = [images, targets.labels ?? null, targets.values ?? null, outs, pixels];
    return this.engine.withArrays(arrays, (im, labels, values, p, g) => {
      const { e } = this.engine;
      const loss = e.fp_gradient(this.handle, im, isFloat(images), count, labels, values, p, g);
      return {
        loss: /** @type {number} */ (loss),
        parameters: this.engine.floats(p, outs.length).slice(),
        images: this.engine.floats(g, pixels.length).slice(),
      };
    });
  }

  /**
   * Derivative of an output by every normalised pixel: see src/fencepost/network/saliency.py for
   * why a squared error with chosen targets gives it.
   * @param {Pixels} image @param {number} output
   */
  inputGradient(image, output) {
    const values = this.forward(image, 1);
    const largest = Math.max(1, ...values.map(Math.abs));
    const step = 2 ** Math.ceil(Math.log2(largest));
    values[output] -= (step * values.length) / 2;
    return this.gradient(image, 1, { values }).images.map((g) => g / step);
  }

  /** @param {{ batch: number, adam: boolean, momentum: number, nesterov: boolean, decay: number, seed: number }} s */
  prepareTraining(s) {
    this.batch = s.batch;
    this.engine.e.fp_trainer(
      this.handle, s.batch, s.adam ? 1 : 0, s.momentum, s.nesterov ? 1 : 0, s.decay, s.seed,
    ); // prettier-ignore
  }

  /**
   * Trains on images order[0..n) of a data set that `Engine.put` has placed in memory.
   * @param {{ images: number, labels: number, count: number }} data addresses
   * @param {BigInt64Array} order @param {Float32Array} rates one a batch @param {number} firstStep
   */
  train(data, order, rates, firstStep) {
    const losses = new Float32Array(rates.length);
    return this.engine.withArrays([order, rates, losses], (o, r, l) => {
      const correct = this.engine.e.fp_train(
        this.handle, data.images, 0, data.count, data.labels, o, order.length, r, firstStep, l,
      ); // prettier-ignore
      return { correct: Number(correct), losses: this.engine.floats(l, losses.length).slice() };
    });
  }

  free() {
    this.engine.e.fp_network_free(this.handle);
  }
}

/** @param {Pixels} pixels */
const isFloat = (pixels) => (pixels instanceof Float32Array ? 1 : 0);
