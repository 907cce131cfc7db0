// A layer as one would type it, and as a model file describes it.
import { ArgumentError } from "../sizing/errors.js";
import { repr, say } from "../sizing/text.js";
import { REQUIRED, TYPES } from "./layers.js";

/** @typedef {import("./layers.js").Layer} Layer */

/** (5, 5) -> 5, ((2, 2), (2, 2)) -> 2, as layers/arguments.py's compact. @param {any} value @returns {any} */
export function compact(value) {
  if (!Array.isArray(value) || !value.length) return value;
  const items = value.map(compact);
  if (!Array.isArray(items[0]) && items.every((item) => item === items[0])) return items[0];
  return items.some(Array.isArray) ? value : items;
}

/** The layer as one would type it. @param {Layer} layer @returns {string} */
export function describe(layer) {
  if (layer.type === "Residual") return `Residual(${layer.layers.map(describe).join(", ")})`;
  const shown = [];
  for (const [name, usual] of Object.entries(TYPES[layer.type].arguments)) {
    const value = compact(layer[name] ?? null);
    if (usual === REQUIRED) shown.push(brief(value));
    else if (name in layer && !isUsual(layer, name, value, usual)) shown.push(`${name}=${brief(value)}`);
  }
  return `${layer.type}(${shown.join(", ")})`;
}

/** @param {Layer} layer @param {string} name @param {any} value @param {any} usual */
function isUsual(layer, name, value, usual) {
  if (name === "stride" && usual === null)
    return value === null || JSON.stringify(value) === JSON.stringify(compact(layer.kernel_size));
  return JSON.stringify(value) === JSON.stringify(usual);
}

/** @param {any} value */
function brief(value) {
  const text = typeof value === "string" ? `"${value}"` : repr(value);
  return text.length <= 48 ? text : "...";
}

/** A description from a model file, checked. @param {any} config @returns {Layer} */
export function asLayer(config) {
  if (!config || typeof config.type !== "string")
    throw new ArgumentError(say("layers/base:Layer.from_config", 0, JSON.stringify(config)));
  const type = TYPES[config.type];
  const elsewhere = "`fencepost predict` and `fencepost explain` can use the model all the same.";
  if (!type)
    throw new ArgumentError(
      `This page does not know the layer ${config.type}; it knows ${Object.keys(TYPES).sort().join(", ")}. ${elsewhere}`,
    );
  for (const name of Object.keys(config))
    if (name !== "type" && !(name in type.arguments))
      throw new ArgumentError(`This page does not know ${config.type} with ${name}. ${elsewhere}`);
  if (config.type === "Residual") return { type: "Residual", layers: config.layers.map(asLayer) };
  return config;
}
