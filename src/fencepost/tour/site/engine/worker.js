// The engine off the page's thread: each message is {id, method, values}, each answer {id, result} or
// {id, error}. Training sends {id, progress} in between, and looks at messages after every few batches.
import { indices } from "./boundaries.js";
import { Engine, wasmFile } from "./core.js";
import { generator, plan } from "./network.js";

/** @type {Promise<Engine>} */
const ready = fetch(new URL(wasmFile(), import.meta.url))
  .then((response) => response.arrayBuffer())
  .then((bytes) => Engine.load(bytes));

/** @type {Map<string, import("./core.js").EngineNetwork>} */
const networks = new Map();
/** @type {{ images: number, labels: number, count: number } | null} */
let data = null;
let running = 0;

const BROKEN =
  "The computation stopped, most likely because memory ran out. Reload the page, and use a smaller network or image.";

/** @type {Record<string, (engine: Engine, values: any, progress: (value: any) => void) => any>} */
const methods = {
  ready: () => true,

  /** Keeps a network under a name; what had the name before goes. */
  open(engine, { key, input, layers, parameters, state, mean, std }) {
    networks.get(key)?.free();
    networks.set(key, engine.network(plan(input, layers), { parameters, state, mean, std }));
  },
  features: (_, { key, image }) => network(key).features(image),
  forward: (_, { key, images, count }) => network(key).forward(images, count),
  saliency: (_, { key, image, output }) => network(key).inputGradient(image, output),
  weights: (_, { key }) => ({ parameters: network(key).parameters().slice(), state: network(key).state().slice() }),

  /** Convolves an image of bytes: the kernel is turned over, unless `correlate` is asked for. */
  filter(engine, { pixels, width, height, channels = 4, kernel, boundary, correlate, fill = 0, offset = 0, float }) {
    const [rows, columns] = [kernel.length, kernel[0].length];
    const flat = Float32Array.from(kernel.flat());
    if (!correlate) flat.reverse();
    const at = [indices(boundary, height, rows), indices(boundary, width, columns)];
    return engine.correlate(pixels, [height, width, channels], flat, [rows, columns], at[0], at[1], { fill, offset, float });
  },

  /** Puts a data set in the engine's memory. */
  data(engine, { images, labels }) {
    if (data) engine.e.fp_free(data.images), engine.e.fp_free(data.labels);
    const wide = BigInt64Array.from(labels, (/** @type {number} */ label) => BigInt(label));
    data = { images: engine.put(images), labels: engine.put(wide), count: labels.length };
  },

  prepare: (_, { key, ...settings }) => network(key).prepareTraining(settings),
  stop: () => void running++,

  /** Trains from a step on until `to` steps are done or `stop` comes; tells after every chunk. */
  async train(_, { key, batch, from, to, rate, seed, chunk = 24 }, progress) {
    if (!data) throw new Error("There are no images to learn from.");
    const { count } = data;
    const own = ++running;
    const perEpoch = Math.ceil(count / batch);
    let step = from;
    while (step < to && own === running) {
      const epoch = Math.floor(step / perEpoch);
      const first = step - epoch * perEpoch;
      const last = Math.min(first + chunk, perEpoch, first + to - step);
      const order = shuffled(count, seed + epoch).slice(first * batch, Math.min(last * batch, count));
      const begun = step;
      const rates = Float32Array.from({ length: last - first }, (_, i) => rateAt(rate, (begun + i) / perEpoch));
      const { losses, correct } = network(key).train(data, order, rates, step);
      step += last - first;
      progress({ step, losses, correct, seen: order.length });
      await messages();
    }
    return step;
  },
};

const channel = new MessageChannel();
/** Lets messages that wait come first: a timer would do too, after 4 ms. */
function messages() {
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/** The rate falls with time: half of it after an epoch, a third after two. @param {number} rate @param {number} epochs */
const rateAt = (rate, epochs) => rate / (1 + epochs);

/** @type {{ seed: number, count: number, order: BigInt64Array } | null} */
let kept = null;
/** @param {number} count @param {number} seed */
function shuffled(count, seed) {
  if (kept?.seed === seed && kept.count === count) return kept.order;
  const random = generator(seed);
  const order = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  kept = { seed, count, order };
  return order;
}

/** @param {string} key */
function network(key) {
  const found = networks.get(key);
  if (!found) throw new Error(`There is no network "${key}".`);
  return found;
}

self.onmessage = async ({ data: { id, method, values } }) => {
  try {
    const progress = (/** @type {any} */ value) => self.postMessage({ id, progress: value });
    const result = await methods[method](await ready, values ?? {}, progress);
    const moved = ArrayBuffer.isView(result) ? [result.buffer] : [];
    self.postMessage({ id, result }, /** @type {any} */ ({ transfer: moved }));
  } catch (error) {
    const broken = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    const text = `${/** @type {Error} */ (error).message}`;
    self.postMessage({ id, error: broken ? `${BROKEN} (${text})` : text });
  }
};
