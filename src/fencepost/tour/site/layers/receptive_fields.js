// Receptive fields of the outputs of every layer, over branches and joins: src/fencepost/graph has
// the definitions, in receptive_fields.py and axis_maps.py, and tests compare.
import { AxisField, TooManyPhases } from "../sizing/axis_field.js";
import { floorDivide } from "../sizing/window.js";
import { chainsOf } from "./branches.js";
import { adaptiveWindow, transposedAxes } from "./resizing.js";
import { connectionsOf, filled, outputShape, parametersOf, windowsOf } from "./types.js";

/**
 * @typedef {import("./types.js").Layer} Layer
 * @typedef {import("./types.js").Shape} Shape
 * @typedef {{ fields: AxisField[], counts: number[], axes: (number | null)[], sizes: number[] }} Fields
 *   of each axis of the input; `axes` has for each axis of the array, the batch first, that of the input
 *   along it, MERGED or null; no fields once elements have no position
 * @typedef {{ identity: boolean, apply: (field: AxisField) => AxisField }} AxisMap
 * @typedef {{ size: number[], stride: string[], before: number[], covers: boolean }} Field of one output
 */
const MERGED = -1;

/** One for each layer; null where they are not known. @param {Shape} input @param {import("../engine/network.js").Row[]} rows @returns {(Field | null)[]} */
export function receptiveFields(input, rows) {
  const count = input.length;
  /** @type {Fields | null} */
  let entry = {
    fields: input.map(() => new AxisField()), counts: [...input],
    axes: [null, ...input.keys()], sizes: input.map(() => 1),
  }; // prettier-ignore
  const shown = count > 1 ? input.map((_, axis) => axis).slice(1) : [0];
  return rows.map((row) => {
    entry = after(row.layer, row.input, entry, input);
    if (!entry) return null;
    const array = entry;
    const positioned = row.output.length > 1 && array.fields.length > 0;
    const fields = positioned ? shown.map((axis) => array.fields[axis]) : [];
    return {
      size: shown.map((axis) => array.sizes[axis]), stride: fields.map((field) => field.stride),
      before: fields.map((field) => field.before), covers: shown.every((axis) => covers(array, axis, input)),
    }; // prettier-ignore
  });
}

/** @param {Fields} array @param {number} axis @param {Shape} input */
const covers = (array, axis, input) =>
  array.fields.length ? array.fields[axis].covers(input[axis], array.counts[axis]) : array.sizes[axis] === input[axis];

/** What comes out of a layer. @param {Layer} layer @param {Shape} shape @param {Fields | null} entry @param {Shape} input @returns {Fields | null} */
function after(layer, shape, entry, input) {
  const output = [1, ...outputShape(layer, shape)];
  const chains = chainsOf(layer);
  try {
    if (chains.length) {
      const ends = chains.map(([, chain]) => {
        let [end, at] = [entry, shape];
        for (const inner of chain) [end, at] = [after(inner, at, end, input), outputShape(inner, at)];
        return end;
      });
      return counted(joined(layer, layer.type === "Gate" ? [entry, ...ends] : ends, input), output);
    }
    const dense = shape.length === 1 && connectionsOf(layer, shape) > 0;
    if (layer.type.startsWith("Global") || dense) return entry && combined(entry, input);
    if (!entry?.fields.length) return entry;
    if (layer.type === "Flatten") return counted({ ...entry, axes: reshaped([1, ...shape], output, entry.axes) }, output);
    const maps = mapsOf(layer, shape, output);
    return maps.length ? counted(mapped(maps, entry, "weight" in parametersOf(layer, shape)), output) : entry;
  } catch (error) {
    if (error instanceof TooManyPhases) return null;
    throw error;
  }
}

/** Of what depends on all elements of an array at once. @param {Fields} array @param {Shape} input @returns {Fields} */
function combined(array, input) {
  const sizes = !array.fields.length ? array.sizes : array.fields.map((field, axis) =>
    Math.max(0, Math.min(input[axis], field.elements(array.counts[axis] - 1)[1]) - Math.max(0, field.elements(0)[0]))); // prettier-ignore
  return { ...array, fields: [], axes: [], sizes };
}

/** How outputs depend on inputs along each of the last axes; none where each does on its own. @param {Layer} layer @param {Shape} shape @param {number[]} output @returns {AxisMap[]} */
function mapsOf(layer, shape, output) {
  const [before, behind] = [shape.slice(1), output.slice(2)];
  if (layer.type.startsWith("ConvTranspose"))
    return transposedAxes(layer, before.length).map((axis, i) => ({
      identity: axis.kernel === 1 && axis.stride === 1 && !axis.padding && before[i] === behind[i],
      apply: (field) => field.afterTransposed(axis),
    })); // prettier-ignore
  if (layer.type === "Upsample" || layer.type.startsWith("Adaptive")) {
    const mode = layer.type === "Upsample" ? filled(layer).mode : "adaptive";
    return before.map((size, i) => {
      const common = divisor(behind[i], size);
      return {
        identity: size === behind[i],
        apply: (field) => field.mapped((o) => span(o, size, behind[i], mode), behind[i] / common, size / common),
      };
    });
  }
  return windowsOf(layer, shape).map((window) => ({
    identity: window.kernel === 1 && window.stride === 1 && !window.before && window.input === window.output,
    apply: (field) => field.after(window),
  })); // prettier-ignore
}

/** @param {number} a @param {number} b @returns {number} */
const divisor = (a, b) => (b ? divisor(b, a % b) : a);

/** The first and the last element that an output of another size depends on. @param {number} index @param {number} inputs @param {number} outputs @param {string} mode @returns {[number, number]} */
function span(index, inputs, outputs, mode) {
  if (mode === "adaptive") {
    const [first, end] = adaptiveWindow(index, inputs, outputs);
    return [first, end - 1];
  }
  const nearest = floorDivide(index * inputs, outputs);
  if (mode === "nearest") return [nearest, nearest];
  const twice = (2 * index + 1) * inputs - outputs;
  const low = floorDivide(twice, 2 * outputs);
  return [low, low + (twice - low * 2 * outputs ? 1 : 0)];
}

/** @param {AxisMap[]} maps @param {Fields} array @param {boolean} weighted @returns {Fields | null} */
function mapped(maps, array, weighted) {
  const [fields, axes] = [[...array.fields], [...array.axes]];
  const begin = axes.length - maps.length;
  for (const [i, map] of maps.entries()) {
    const axis = axes[begin + i];
    if (map.identity) continue;
    if (axis === null || axis < 0) return null;
    fields[axis] = map.apply(fields[axis]);
  }
  if (weighted && begin > 0) axes[begin - 1] = null; // the channels are mixed
  return { ...array, fields, axes, sizes: fields.map((field) => field.size) };
}

/** Where arrays meet, an element has the fields of all paths. @param {Layer} layer @param {(Fields | null)[]} entries @param {Shape} input @returns {Fields | null} */
function joined(layer, entries, input) {
  const known = entries.filter((entry) => entry !== null);
  const whole = known.filter((entry) => !entry.fields.length);
  if (whole.length)
    return whole.reduce((a, b) => ({ ...a, sizes: a.sizes.map((size, axis) => Math.max(size, b.sizes[axis])) }));
  if (known.length < entries.length) return null;
  const rank = Math.max(...known.map((entry) => entry.axes.length));
  const axes = Array.from({ length: rank }, (_, position) => {
    const meeting = new Set(known.map((entry) => entry.axes[position - rank + entry.axes.length] ?? null));
    return meeting.size === 1 ? [...meeting][0] : MERGED;
  });
  if (layer.type === "Concat") axes[1] = null;
  const [first, ...others] = known;
  /** @type {AxisField[]} */
  const fields = [];
  for (const axis of input.keys()) {
    let field = first.fields[axis];
    for (const other of others) {
      if (JSON.stringify(other.fields[axis]) === JSON.stringify(field)) continue;
      const same = other.counts[axis] === first.counts[axis];
      const both = same ? field.joined(other.fields[axis], first.counts[axis]) : null;
      if (!both) return null;
      field = both;
    }
    fields.push(field);
  }
  return { ...first, fields, axes, sizes: fields.map((field) => field.size) };
}

/** Notes how many elements lie along each axis now. @param {Fields | null} array @param {number[]} shape @returns {Fields | null} */
function counted(array, shape) {
  if (!array?.fields.length || shape.length !== array.axes.length) return array;
  const counts = [...array.counts];
  array.axes.forEach((axis, position) => {
    if (axis !== null && axis >= 0) counts[axis] = shape[position];
  });
  return { ...array, counts };
}

/** Which axes are still there in a new shape: as many elements come before, and as long as it was.
 * @param {number[]} old @param {number[]} shape @param {(number | null)[]} axes */
function reshaped(old, shape, axes) {
  /** @type {Map<string, number | null>} */
  const starts = new Map();
  let before = 1;
  old.forEach((size, position) => {
    if (size > 1) starts.set(`${before},${size}`, axes[position]);
    before *= size;
  });
  before = 1;
  const kept = shape.map((size) => {
    const key = `${before},${size}`;
    before *= size;
    return starts.has(key) ? key : null;
  });
  const left = kept.filter((key) => key !== null).map((key) => starts.get(key) ?? null);
  const positioned = [...starts.values()].filter((axis) => axis !== null);
  const other = positioned.every((axis) => left.includes(axis)) ? null : MERGED;
  return shape.map((size, i) => {
    const key = kept[i];
    return key !== null ? (starts.get(key) ?? null) : size === 1 ? null : other;
  });
}
