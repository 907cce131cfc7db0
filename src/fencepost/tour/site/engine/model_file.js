// Model files: safetensors with a description of the network, as src/fencepost/network/model_files.py
// reads and writes them; what is wrong with a file is said in its words.
import { ArgumentError, SizeError } from "../sizing/errors.js";
import { grouped, repr, say } from "../sizing/text.js";
import { asLayer } from "./layers.js";
import { plan } from "./network.js";

const WHERE = "network/model_files";
const LARGEST = 64 * 2 ** 20;

/**
 * @typedef {{ config: any, plan: import("./network.js").NetworkPlan, parameters: Float32Array,
 *   state: Float32Array, mean: number[], std: number[], classNames: string[] }} Model
 */

/** @param {string} name @param {string} what */
const damaged = (name, what) => new ArgumentError(say(`${WHERE}:_damaged`, 0, name, what));

/** The network of a description, without weights. @param {any} config */
export function planOf(config) {
  if (!Array.isArray(config?.input_shape) || !Array.isArray(config?.layers))
    throw new ArgumentError("the description has no input_shape or no layers");
  return plan(config.input_shape, config.layers.map(asLayer));
}

/** @param {any} config @param {number} channels */
export function normalisation(config, channels) {
  const [mean, std] = config.normalization ?? [0, 1];
  /** @param {any} v */
  const each = (v) => (Array.isArray(v) ? v : Array(channels).fill(v));
  return { mean: each(mean), std: each(std) };
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
  /** @type {any} */
  let config;
  try {
    config = JSON.parse(metadata.network);
  } catch {
    throw damaged(name, say(`${WHERE}:read`, 2));
  }
  let network;
  try {
    network = planOf(config);
  } catch (error) {
    if (!(error instanceof ArgumentError || error instanceof SizeError)) throw error;
    throw new ArgumentError(`${name}: ${error.message}`);
  }
  const parameters = new Float32Array(network.parameterCount);
  const state = new Float32Array(network.stateCount);
  for (const [places, vector] of /** @type {const} */ ([[network.parameters, parameters], [network.state, state]]))
    for (const [key, place] of places) {
      const tensor = header[key];
      if (!tensor) throw damaged(name, say(`${WHERE}:_check_tensors`, 0, repr(key), repr(place.shape)));
      if (`${tensor.shape}` !== `${place.shape}`)
        throw damaged(name, say(`${WHERE}:_check_tensors`, 1, repr(key), repr(place.shape), repr(tensor.shape)));
      const [begin, end] = tensor.data_offsets;
      if (tensor.dtype !== "F32" || end - begin !== 4 * place.size || 8 + length + end > bytes.length)
        throw damaged(name, `tensor ${repr(key)} is cut off`);
      const values = new Float32Array(buffer.slice(8 + length + begin, 8 + length + end));
      vector.set(values, place.at);
    }
  const classNames = config.class_names ?? Array.from({ length: network.outputs }, (_, i) => `${i}`);
  return { config, plan: network, parameters, state, classNames, ...normalisation(config, network.input[0]) };
}

/** Writes what `fencepost predict` reads. @param {Omit<Model, "classNames" | "mean" | "std">} model */
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
