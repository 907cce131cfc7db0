// How a value was made where chains of layers meet, and where values are normalised together.
import { engineShape, filled } from "../layers/layers.js";
import { BITMAPS } from "../data/tables.js";
import { el, show } from "./dom.js";
import { link } from "./sums.js";

/**
 * @typedef {import("./inside.js").Model} Model
 * @typedef {import("./inside.js").Pick} Pick
 * @typedef {import("../engine/views.js").View} View
 * @typedef {(c: number, y: number, x: number) => number} Read
 * @typedef {(c: number, y: number, x: number) => Pick} From
 */

/**
 * A sum, a product, or one value of those that were set side by side.
 * @param {Model} model @param {(view: number) => Float32Array} outputs @param {View} view @param {Pick} at @param {(pick: Pick) => void} go
 */
export function joined(model, outputs, view, at, go) {
  /** The value that a chain gives here, as a link. @param {number} from @param {Pick} place */
  const value = (from, place) => {
    const [, height, width] = shapeAt(model, from);
    const v = outputs(from)[(place.channel * height + place.y) * width + place.x];
    return { v, linked: link({ ...place, layer: from }, show(v, 4), go) };
  };
  const [first, second] = view.from;
  if (view.layer.type === "Concat") {
    let channel = at.channel;
    let chain = 0;
    while (channel >= shapeAt(model, view.from[chain])[0]) channel -= shapeAt(model, view.from[chain++])[0];
    const { linked } = value(view.from[chain], { ...at, channel });
    return el("p.sum", null, `channel ${channel} of chain ${chain}: `, linked);
  }
  const a = value(first, at);
  if (view.layer.type === "Residual") {
    const b = value(second, at);
    return el("p.sum", null, a.linked, " from the chain + ", b.linked, view.layer.shortcut?.length ? " from its shortcut = " : " from its input = ", el("b", { "data-sum": a.v + b.v }, show(a.v + b.v, 5)));
  }
  const [, height, width] = shapeAt(model, second);
  const b = value(second, { ...at, y: Math.min(at.y, height - 1), x: Math.min(at.x, width - 1), channel: Math.min(at.channel, shapeAt(model, second)[0] - 1) });
  return el("p.sum", null, a.linked, " · ", b.linked, " from the gate = ", el("b", { "data-sum": a.v * b.v }, show(a.v * b.v, 5)));
}

/** @param {Model} model @param {number} view @returns {[number, number, number]} */
const shapeAt = (model, view) => engineShape(view < 0 ? model.plan.input : model.views[view].output);

/**
 * Brought to mean 0 and variance 1 with others; a share of a sum of powers; a distance.
 * @param {Model} model @param {View} view @param {number[]} input @param {Pick} at @param {Read} read @param {From} from @param {(pick: Pick) => void} go
 */
export function normalised(model, view, input, at, read, from, go) {
  const { type } = view.layer;
  const x = read(at.channel, at.y, at.x);
  const own = link(from(at.channel, at.y, at.x), show(x, 4), go);
  if (type === "Softmax") {
    const all = Array.from({ length: input[0] }, (_, c) => read(c, at.y, at.x));
    const largest = Math.max(...all);
    const total = all.reduce((sum, v) => sum + Math.exp(v - largest), 0);
    return [el("p.sum", null, "exp(", own, `) / sum of the exp of all ${input[0]} = `, el("b", { "data-sum": Math.exp(x - largest) / total }, show(Math.exp(x - largest) / total, 5)))];
  }
  const given = filled(view.layer);
  if (type === "RBF") {
    const table = given.centres === "digits" ? BITMAPS : given.centres;
    const squares = table[at.channel].reduce((/** @type {number} */ sum, /** @type {number} */ v, /** @type {number} */ i) => sum + (read(i, 0, 0) - v) ** 2, 0);
    const value = (-squares * 0.5) / given.variance;
    return [el("p.sum", null, `−(squared distance from centre ${at.channel}: ${show(squares, 5)}) / (2 · ${show(given.variance)}) = `, el("b", { "data-sum": value }, show(value, 5)))];
  }
  const { mean, variance, set } = statistics(model, view, input, at, read);
  const [weight, bias] = ["weight", "bias"].map((name, i) => {
    const place = model.plan.parameters.get(`${view.path}.${name}`);
    if (!place) return 1 - i;
    const index = place.size > input[0] ? (at.channel * input[1] + at.y) * input[2] + at.x : at.channel;
    return model.parameters[place.at + index];
  });
  const value = ((x - mean) / Math.sqrt(variance + given.eps)) * weight + bias;
  return [
    el("p.sum", null, "(", own, ` − ${show(mean, 4)}) / √(${show(variance, 4)} + ${given.eps}) · ${show(weight, 4)} + ${show(bias, 4)} = `, el("b", { "data-sum": value }, show(value, 5))),
    el("p.note", null, `Mean and variance ${set}; weight and bias were learned.`),
  ]; // prettier-ignore
}

/** @param {Model} model @param {View} view @param {number[]} input @param {Pick} at @param {Read} read */
function statistics(model, view, input, at, read) {
  const { path, layer } = view;
  if (layer.type.startsWith("Batch")) {
    const [mean, variance] = ["running_mean", "running_var"].map((name) => model.state[(model.plan.state.get(`${path}.${name}`)?.at ?? 0) + at.channel]);
    return { mean, variance, set: "are those of this channel over the training images" };
  }
  const [channels, height, width] = input;
  const pixel = layer.over === "channels";
  const size = layer.type === "GroupNorm" ? channels / layer.groups : channels;
  const begin = Math.floor(at.channel / size) * size;
  const values = [];
  for (let c = begin; c < begin + size; c++)
    if (pixel) values.push(read(c, at.y, at.x));
    else for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) values.push(read(c, y, x));
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const over = pixel ? "of this pixel over its channels" : size === channels ? "of all values of this image" : `of channels ${begin} to ${begin + size - 1}`;
  return { mean, variance, set: `are those ${over}` };
}
