// A layer as one would type it, and as a model file describes it.
import { ArgumentError } from "../sizing/errors.js";
import { describers, repr, say } from "../sizing/text.js";
import { written } from "../sizing/arguments.js";
import { chainsOf } from "./branches.js";
import { constructed } from "./constructors.js";
import { REQUIRED, TYPES } from "./types.js";

/** @typedef {import("./types.js").Layer} Layer */

/** (5, 5) -> 5, ((2, 2), (2, 2)) -> 2, as layers/arguments.py's compact. @param {any} value @returns {any} */
export function compact(value) {
  if (!Array.isArray(value) || !value.length) return value;
  const items = value.map(compact);
  if (!Array.isArray(items[0]) && items.every((item) => item === items[0])) return items[0];
  return items.some(Array.isArray) ? value : items;
}

/** The layer as one would type it. @param {Layer} layer @returns {string} */
export function describe(layer) {
  const chains = chainsOf(layer);
  if (chains.length) {
    const parts = layer.type === "Concat"
      ? chains.map(([, chain]) => (chain.length === 1 ? describe(chain[0]) : list(chain)))
      : chains[0][1].map(describe);
    if (layer.shortcut?.length) parts.push(`shortcut=${list(layer.shortcut)}`);
    return `${layer.type}(${parts.join(", ")})`;
  }
  if (layer.type === "Upsample") {
    const mode = layer.mode && layer.mode !== "nearest" ? `, mode="${layer.mode}"` : "";
    const key = layer.size == null ? "scale_factor" : "size";
    return `Upsample(${key}=${repr(compact(layer[key]))}${mode})`;
  }
  const shown = [];
  for (const [name, usual] of Object.entries(TYPES[layer.type].arguments)) {
    const value = compact(layer[name] ?? null);
    if (usual === REQUIRED) shown.push(brief(value));
    else if (name in layer && !isUsual(layer, name, value, usual)) shown.push(`${name}=${brief(value)}`);
  }
  return `${layer.type}(${shown.join(", ")})`;
}

describers.push((value) => (value?.type in TYPES ? describe(value) : ""));

/** How many layers stand within each other. @param {Layer} layer @returns {number} */
export const depthOf = (layer) => {
  const chains = chainsOf(layer);
  return chains.length ? 1 + Math.max(0, ...chains.flatMap(([, chain]) => chain.map(depthOf))) : 0;
};

/** @param {Layer[]} chain */
const list = (chain) => `[${chain.map(describe).join(", ")}]`;

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

/** A layer of a later version than these pages. */
export class UnknownHere extends ArgumentError {}

/** A description from a model file, checked. @param {any} config @returns {Layer} */
export function asLayer(config) {
  if (!config || typeof config.type !== "string")
    throw new ArgumentError(say("layers/base:Layer.from_config", 0, JSON.stringify(config)));
  const type = TYPES[config.type];
  const elsewhere = "`fencepost predict` and `fencepost explain` can still use the model.";
  if (!type)
    throw new UnknownHere(
      `This page does not support the layer ${config.type}; it supports ${Object.keys(TYPES).sort().join(", ")}. ${elsewhere}`,
    );
  for (const name of Object.keys(config))
    if (name !== "type" && !(name in type.arguments))
      throw new UnknownHere(`This page does not support ${config.type} with ${name}. ${elsewhere}`);
  for (const [name, usual] of Object.entries(type.arguments))
    if (usual === REQUIRED && !(name in config)) throw new ArgumentError(say("planning/text:_Reader._tokens_of", 2, config.type, name));
  const { layers, chains, shortcut } = config;
  const each = [layers ?? [], shortcut ?? [], chains ?? [], ...(Array.isArray(chains) ? chains : [])];
  if (!each.every(Array.isArray)) throw new ArgumentError(say(`layers/branches:${config.type}._from_arguments`, 0, written(config)));
  if (chains) return { type: config.type, chains: chains.map((/** @type {any[]} */ chain) => chain.map(asLayer)) };
  if (!layers) return constructed(config);
  return { ...config, layers: layers.map(asLayer), ...(shortcut ? { shortcut: shortcut.map(asLayer) } : {}) };
}
