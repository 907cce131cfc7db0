// Model files: safetensors with a description of the network, as src/fencepost/network/model_files.py
// reads and writes them; what is wrong with a file is said in its words.
import { integer, written } from "../sizing/arguments.js";
import { ArgumentError } from "../sizing/errors.js";
import { asList, grouped, joinWords, repr, say } from "../sizing/text.js";
import { UnknownHere, asLayer } from "../layers/layers.js";
import { plan } from "./network.js";
import { viewsOf } from "./views.js";

const WHERE = "network/model_files";
const LARGEST = 64 * 2 ** 20;

/**
 * @typedef {{ config: any, views: import("./views.js").View[], plan: import("./network.js").NetworkPlan, parameters: Float32Array,
 *   state: Float32Array, mean: number[], std: number[], classNames: string[] }} Model
 */

/** @param {string} name @param {string} what */
const damaged = (name, what) => new ArgumentError(say(`${WHERE}:_damaged`, 0, name, what));

/** The network of a description, without weights. @param {any} config */
export function planOf(config) {
  const where = "network/arguments:";
  const missing = ["input_shape", "layers"].filter((key) => !(key in config));
  if (missing.length) throw new ArgumentError(say(`${where}as_network_arguments`, 0, joinWords(missing)));
  const { input_shape: shape, layers } = config;
  if (!Array.isArray(shape) || !shape.length || shape.length > 3) throw new ArgumentError(say(`${where}as_input_shape`, 0, written(shape)));
  if (!Array.isArray(layers)) throw new ArgumentError(say(`${where}as_network_arguments`, 1, written(layers)));
  if (!layers.length) throw new ArgumentError(say(`${where}as_layers`, 0, written(layers)));
  const found = plan(shape.map((size) => integer(1)("input_shape", size)), layers.map(asLayer));
  const names = config.class_names;
  if (names != null && !(Array.isArray(names) && names.every((name) => typeof name === "string")))
    throw new ArgumentError(say(`${where}as_class_names`, 0, written(names)));
  const { output } = found.rows[found.rows.length - 1];
  if (names != null && (output.length !== 1 || names.length !== output[0]))
    throw new ArgumentError(say(`${where}as_class_names`, 1, names.length, repr(output)));
  return found;
}

/** @param {any} config @param {number} channels */
export function normalisation(config, channels) {
  const given = config.normalization ?? [0, 1];
  const [mean, std] = Array.isArray(given) ? given : [];
  /** @param {any} v */
  const each = (v) => (Array.isArray(v) && v.length > 1 ? v : Array(channels).fill([v].flat()[0]));
  const made = { mean: each(mean), std: each(std) };
  const good = Object.values(made).every((list) => list.length === channels && list.every(Number.isFinite));
  if (!good || made.std.some((v) => v <= 0)) {
    const where = "network/arguments:as_normalization";
    throw new ArgumentError(say(where, 1, say(where, 0, channels), written(config.normalization)));
  }
  return made;
}

/** Reads a model file, or throws ArgumentError. @param {ArrayBuffer} buffer @param {string} name @returns {Model} */
export function readModel(buffer, name) {
  if (buffer.byteLength > LARGEST)
    throw new ArgumentError(
      `${name}: this page opens models of up to 64 MB. Received: ${grouped(Math.round(buffer.byteLength / 1e6))} MB. ` +
        "Use `fencepost explain` for larger ones.",
    );
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 10 || bytes[8] !== 0x7b)
    throw new ArgumentError(say(`${WHERE}:_content`, 0, name, ""));
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (length > bytes.length - 8)
    throw damaged(name, say(`${WHERE}:_header`, 0, grouped(length), grouped(bytes.length - 8)));
  /** @type {any} */
  let header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw damaged(name, say(`${WHERE}:_header`, 2));
  }
  const metadata = header.__metadata__;
  if (!metadata?.network || !metadata.fencepost)
    throw new ArgumentError(say(`${WHERE}:read`, 0, name));
  if (metadata.fencepost !== "1") throw new ArgumentError(say(`${WHERE}:read`, 1, name, 1, repr(metadata.fencepost)));
  /** @type {any} */
  let config;
  try {
    config = JSON.parse(metadata.network, (_, value) => (Array.isArray(value) ? asList(value) : value));
  } catch {
    config = null;
  }
  if (typeof config !== "object" || !config || Array.isArray(config)) throw damaged(name, say(`${WHERE}:read`, 2));
  let network;
  let statistics;
  try {
    network = planOf(config);
    statistics = normalisation(config, network.input[0]);
  } catch (error) {
    if (error instanceof UnknownHere) throw new ArgumentError(`${name}: ${error.message}`);
    const reason = /** @type {Error} */ (error).message.split("\n\n")[0].replace(/\.$/, "");
    throw damaged(name, say(`${WHERE}:wrong_description`, 1, reason));
  }
  // Memory is taken for no more weights than the file has.
  const needed = 4 * (network.parameterCount + network.stateCount);
  const room = needed <= bytes.length;
  const parameters = new Float32Array(room ? network.parameterCount : 0);
  const state = new Float32Array(room ? network.stateCount : 0);
  for (const [places, vector] of /** @type {const} */ ([[network.parameters, parameters], [network.state, state]]))
    for (const [key, place] of places) {
      const tensor = header[key];
      if (!tensor) throw damaged(name, say(`${WHERE}:_check_tensors`, 0, repr(key), repr(place.shape)));
      if (`${tensor.shape}` !== `${place.shape}`)
        throw damaged(name, say(`${WHERE}:_check_tensors`, 1, repr(key), repr(place.shape), repr(tensor.shape)));
      const [begin, end] = Array.isArray(tensor.data_offsets) ? tensor.data_offsets : [];
      if (tensor.dtype !== "F32") throw damaged(name, say(`${WHERE}:read`, 4, repr(key), typeof tensor.dtype === "string" ? tensor.dtype : repr(tensor.dtype)));
      if (!(begin >= 0) || end - begin !== 4 * place.size || 8 + length + end > bytes.length)
        throw damaged(name, say(`${WHERE}:read`, 3, say(`${WHERE}:_header`, 0, grouped(4 * place.size), grouped(Math.max(0, bytes.length - 8 - length - begin) || 0))));
      const values = new Float32Array(buffer.slice(8 + length + begin, 8 + length + end));
      if (!values.every(Number.isFinite)) throw new ArgumentError(say(`${WHERE}:read`, 5, name, repr(key)));
      if (room) vector.set(values, place.at);
    }
  const known = new Set(["__metadata__", ...network.parameters.keys(), ...network.state.keys()]);
  const surplus = Object.keys(header).find((key) => !known.has(key));
  if (surplus !== undefined) throw damaged(name, say(`${WHERE}:_check_tensors`, 2, repr(surplus)));
  const classNames = config.class_names ?? Array.from({ length: network.outputs }, (_, i) => `${i}`);
  return { config, plan: network, views: viewsOf(network), parameters, state, classNames, ...statistics };
}

/** Writes what `fencepost predict` reads. @param {Omit<Model, "classNames" | "mean" | "std" | "views">} model */
export function writeModel(model) {
  /** @type {Record<string, any>} */
  const header = { __metadata__: { fencepost: "1", network: JSON.stringify(model.config) } };
  let end = 0;
  /** @type {Float32Array[]} */
  const parts = [];
  for (const [places, vector] of /** @type {const} */ ([[model.plan.parameters, model.parameters], [model.plan.state, model.state]]))
    for (const [key, { shape, at, size }] of places) {
      header[key] = { dtype: "F32", shape, data_offsets: [end, end + 4 * size] };
      parts.push(vector.slice(at, at + size));
      end += 4 * size;
    }
  let text = JSON.stringify(header);
  let encoded = new TextEncoder().encode(text);
  text += " ".repeat((8 - (encoded.length % 8)) % 8);
  encoded = new TextEncoder().encode(text);
  const out = new Uint8Array(8 + encoded.length + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(encoded.length), true);
  out.set(encoded, 8);
  let at = 8 + encoded.length;
  for (const part of parts) {
    out.set(new Uint8Array(part.buffer), at);
    at += part.byteLength;
  }
  return out;
}
