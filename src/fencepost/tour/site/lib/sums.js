// How one value of a network was made: its window, its kernel and the sum; or the one value that an
// activation changed. Every number in a window leads on to how it was made itself.
import { describe, engineShape, filled, two } from "../layers/layers.js";
import { titleOf } from "../engine/views.js";
import { joined, normalised } from "./joins.js";
import { adaptiveWindow, transposedAxes } from "../layers/resizing.js";
import { el, show } from "./dom.js";
import { css } from "./paint.js";

const MOST_CHANNELS = 6;
const MOST_TERMS = 10;

/**
 * @typedef {import("./inside.js").Model} Model
 * @typedef {import("./inside.js").Pick} Pick
 * @typedef {import("./inside.js").Values} Values
 * @typedef {{ value: number, weight: number, from: Pick | null }} Term from null: padding
 */

/** @param {Model} model @param {Values} values @param {Pick} at @param {(pick: Pick) => void} go */
export function howMade(model, values, at, go) {
  if (at.layer < 0) {
    const [, height, width] = engineShape(model.plan.input);
    const v = values.input[(at.channel * height + at.y) * width + at.x];
    const pixel = v * model.std[at.channel] + model.mean[at.channel];
    return el("p.sum", null, `pixel(${at.y}, ${at.x}) = ${show(pixel)}; the network sees (${show(pixel)} − ${show(model.mean[at.channel])}) / ${show(model.std[at.channel])} = `, el("b", { "data-value": v }, show(v, 4)));
  }
  const row = model.views[at.layer];
  const [first] = row.from;
  /** @param {number} view */
  const outputs = (view) => (view < 0 ? values.input : values.layers[view]);
  const source = outputs(first);
  const [, outHeight, outWidth] = engineShape(row.output);
  const value = values.layers[at.layer][(at.channel * outHeight + at.y) * outWidth + at.x];
  const title = el("h2", null, `${titleOf(row, describe)}: ${place(row.output, at)} = `, el("b", { "data-value": value }, show(value, 5)));
  const type = row.layer.type;
  const input = engineShape(row.input);
  /** @param {number} c @param {number} y @param {number} x @returns {Pick} */
  const from = (c, y, x) => ({ layer: first, channel: c, y, x });
  /** @param {number} c @param {number} y @param {number} x */
  const read = (c, y, x) => source[(c * input[1] + y) * input[2] + x];

  if (/^ConvTranspose/.test(type)) {
    const bias = model.plan.parameters.get(`${row.path}.bias`);
    const terms = transposedTerms(model, at, row, input, read, from);
    return [title, ...largest(terms, bias ? model.parameters[bias.at + at.channel] : 0, go)];
  }
  if (type === "Upsample") return [title, ...largest(upsampledTerms(row, input, at, read, from), 0, go)];
  if (/^Conv/.test(type)) return [title, ...convolution(model, at, row, input, read, from, go)];
  if (/Pool|Subsample/.test(type)) {
    const terms = windowTerms(row, input, at, at.channel, read, from);
    return [title, grid(terms, "window", go), el("p.sum", null, poolText(type, row, terms, value))];
  }
  if (type === "Linear") {
    const weight = /** @type {any} */ (model.plan.parameters.get(`${row.path}.weight`));
    const bias = model.plan.parameters.get(`${row.path}.bias`);
    const terms = Array.from({ length: input[0] }, (_, i) => ({
      value: source[i], weight: model.parameters[weight.at + at.channel * input[0] + i], from: from(i, 0, 0),
    })); // prettier-ignore
    return [title, ...largest(terms, bias ? model.parameters[bias.at + at.channel] : 0, go)];
  }
  if (type === "Flatten") {
    const each = input[1] * input[2];
    const c = Math.floor(at.channel / each);
    const [y, x] = [Math.floor((at.channel % each) / input[2]), at.channel % input[2]];
    return [title, el("p", null, "It is the value of ", link(from(c, y, x), place(row.input, { layer: first, channel: c, y, x }), go), ".")];
  }
  if (/^(Residual|Concat|Gate)$/.test(type)) return [title, joined(model, outputs, row, at, go)];
  if (/Norm|^Softmax$|^RBF$/.test(type)) return [title, ...normalised(model, row, input, at, read, from, go)];
  const before = read(at.channel, at.y, at.x);
  return [title, el("p.sum", null, `${type}(`, link(from(at.channel, at.y, at.x), show(before, 5), go), `) = ${show(value, 5)}`)];
}

/** @param {number[]} shape @param {Pick} at */
const place = (shape, at) =>
  shape.length === 1 ? `value ${at.channel}` : shape.length === 2 ? `channel ${at.channel}, position ${at.x}` : `channel ${at.channel}, row ${at.y}, column ${at.x}`;

/**
 * The terms of a window over one channel, row by row. A padded element is 0 and leads nowhere.
 * @param {import("../engine/views.js").View} row @param {number[]} input @param {Pick} at @param {number} channel
 * @param {(c: number, y: number, x: number) => number} read @param {(c: number, y: number, x: number) => Pick} from
 * @returns {Term[][]}
 */
function windowTerms(row, input, at, channel, read, from) {
  const [tall, wide] = two(row.output.slice(1), 1);
  const adaptive = /^Adaptive/.test(row.layer.type);
  const [top, bottom] = adaptive ? adaptiveWindow(at.y, input[1], tall) : [0, input[1]];
  const [left, right] = adaptive ? adaptiveWindow(at.x, input[2], wide) : [0, input[2]];
  const axes = row.windows.length === 1 ? [null, row.windows[0]] : row.windows.length ? row.windows : [null, null];
  /** @param {import("../sizing/window.js").Window | null} w @param {number} k @param {number} begin @param {number} end */
  const along = (w, k, begin, end) =>
    w ? Array.from({ length: w.kernel }, (_, j) => k * w.stride - w.before + j * w.dilation) : Array.from({ length: end - begin }, (_, i) => begin + i);
  return along(axes[0], at.y, top, bottom).map((y) =>
    along(axes[1], at.x, left, right).map((x) => {
      const there = y >= 0 && y < input[1] && x >= 0 && x < input[2];
      return { value: there ? read(channel, y, x) : 0, weight: 1, from: there ? from(channel, y, x) : null };
    }),
  );
}

/** @param {Model} model @param {Pick} at @param {any} row @param {number[]} input @param {any} read @param {any} from @param {(pick: Pick) => void} go */
function convolution(model, at, row, input, read, from, go) {
  const layer = filled(row.layer);
  const weight = /** @type {any} */ (model.plan.parameters.get(`${row.path}.weight`));
  const bias = model.plan.parameters.get(`${row.path}.bias`);
  const area = row.windows.reduce((/** @type {number} */ n, /** @type {any} */ w) => n * w.kernel, 1);
  const perGroup = input[0] / layer.groups;
  const first = Math.floor(at.channel / (layer.outs ?? layer.out_channels / layer.groups)) * perGroup;
  /** Which input channels meet this kernel, and where their weights begin. @type {[number, number][]} */
  let meets = Array.from({ length: perGroup }, (_, i) => [first + i, weight.at + (at.channel * perGroup + i) * area]);
  if (layer.connections) {
    let begin = weight.at;
    for (let o = 0; o < at.channel; o++) begin += area * layer.connections[o].filter(Boolean).length;
    meets = layer.connections[at.channel].flatMap((/** @type {number} */ on, /** @type {number} */ c) => {
      if (!on) return [];
      begin += area;
      return [[c, begin - area]];
    });
  }
  const b = bias ? model.parameters[bias.at + at.channel] : 0;
  const channels = meets.map(([channel, begin]) => {
    const terms = windowTerms(row, input, at, channel, read, from);
    let j = begin;
    for (const line of terms) for (const term of line) term.weight = model.parameters[j++];
    const sum = terms.flat().reduce((s, t) => s + t.value * t.weight, 0);
    return { channel, terms, sum };
  });
  const order = [...channels].sort((p, q) => Math.abs(q.sum) - Math.abs(p.sum)).slice(0, MOST_CHANNELS);
  const total = channels.reduce((s, c) => s + c.sum, b);
  const rest = channels.length - order.length;
  return [
    order.map(({ channel, terms, sum }) => el("div.scroll", null, el("div.row", null,
      grid(terms, `window, channel ${channel}`, go), "×",
      grid(terms.map((line) => line.map((t) => ({ ...t, value: t.weight, from: null }))), "kernel", go), "=",
      grid(terms.map((line) => line.map((t) => ({ ...t, value: t.value * t.weight, from: null }))), `products, sum ${show(sum, 4)}`, go)))),
    rest ? el("p.note", null, `${rest} more channels, with smaller sums, add ${show(total - b - order.reduce((s, c) => s + c.sum, 0), 4)}.`) : null,
    el("p.sum", null, `sum ${show(total - b, 5)} + bias ${show(b, 4)} = `, el("b", { "data-sum": total }, show(total, 5))),
  ].flat(); // prettier-ignore
}

/** The elements that a transposed convolution adds up for one output: o = i · stride − padding + t · dilation.
 * @param {Model} model @param {Pick} at @param {any} row @param {number[]} input @param {any} read @param {any} from @returns {Term[]} */
function transposedTerms(model, at, row, input, read, from) {
  const layer = filled(row.layer);
  const weight = /** @type {any} */ (model.plan.parameters.get(`${row.path}.weight`));
  const axes = transposedAxes(layer, row.output.length - 1);
  const [outs, ins] = [layer.out_channels / layer.groups, input[0] / layer.groups];
  const first = Math.floor(at.channel / outs) * ins;
  /** Kernel elements and the input elements that they meet. @param {any} a @param {number} o @param {number} size */
  const along = (a, o, size) =>
    Array.from({ length: a.kernel }, (_, t) => [t, (o + a.padding - t * a.dilation) / a.stride])
      .filter(([, i]) => Number.isInteger(i) && i >= 0 && i < size);
  const columns = along(axes[axes.length - 1], at.x, input[2]);
  const rows = axes.length === 1 ? [[0, 0]] : along(axes[0], at.y, input[1]);
  const [tall, wide] = two(axes.map((a) => a.kernel), 1);
  return Array.from({ length: ins }, (_, c) => first + c).flatMap((c) =>
    rows.flatMap(([ky, y]) =>
      columns.map(([kx, x]) => ({
        value: read(c, y, x), from: from(c, y, x),
        weight: model.parameters[weight.at + ((c * outs + (at.channel % outs)) * tall + ky) * wide + kx],
      })))); // prettier-ignore
}

/** The one element that is repeated, or the neighbours that are weighed.
 * @param {any} row @param {number[]} input @param {Pick} at @param {any} read @param {any} from @returns {Term[]} */
function upsampledTerms(row, input, at, read, from) {
  const sizes = two(row.output.slice(1), 1);
  const linear = filled(row.layer).mode !== "nearest";
  const [rows, columns] = [at.y, at.x].map((o, axis) => {
    const size = input[axis + 1];
    if (!linear) return [[Math.floor((o * size) / sizes[axis]), 1]];
    const place = Math.max(0, ((o + 0.5) * size) / sizes[axis] - 0.5);
    const low = Math.min(Math.floor(place), size - 1);
    return low + 1 < size && place > low ? [[low, 1 - place + low], [low + 1, place - low]] : [[low, 1]]; // prettier-ignore
  });
  return rows.flatMap(([y, wy]) => columns.map(([x, wx]) => ({ value: read(at.channel, y, x), weight: wy * wx, from: from(at.channel, y, x) })));
}

/** @param {string} type @param {any} row @param {Term[][]} terms @param {number} value */
function poolText(type, row, terms, value) {
  const inside = terms.flat().filter((t) => t.from).map((t) => show(t.value, 3));
  const shown = inside.length > 12 ? `${inside.slice(0, 12).join(", ")}, …` : inside.join(", ");
  const word = /Max/.test(type) ? "maximum" : /Avg/.test(type) ? "mean" : "sum";
  return `${word} of ${shown} ${type === "Subsample" ? "· weight + bias" : ""} = ${show(value, 5)}`;
}

/** The terms that matter most of a long sum. @param {Term[]} terms @param {number} bias @param {(pick: Pick) => void} go */
function largest(terms, bias, go) {
  const order = [...terms].sort((p, q) => Math.abs(q.value * q.weight) - Math.abs(p.value * p.weight));
  const total = terms.reduce((s, t) => s + t.value * t.weight, bias);
  const shown = order.slice(0, MOST_TERMS);
  const rest = order.slice(MOST_TERMS).reduce((s, t) => s + t.value * t.weight, 0);
  return [
    el("p.note", null, `A sum of ${terms.length} products; the largest first.`),
    el("p.sum", null, shown.map((t, i) => [i ? " + " : "", link(/** @type {Pick} */ (t.from), show(t.value, 3), go), `·${show(t.weight, 3).startsWith("−") ? `(${show(t.weight, 3)})` : show(t.weight, 3)}`]).flat(),
      order.length > MOST_TERMS ? ` + ${show(rest, 4)} (all others)` : "", ` + bias ${show(bias, 3)} = `, el("b", { "data-sum": total }, show(total, 5))),
  ]; // prettier-ignore
}

/** @param {Pick} at @param {string} text @param {(pick: Pick) => void} go */
export const link = (at, text, go) =>
  el("a", { href: "#", onclick: (/** @type {Event} */ e) => { e.preventDefault(); go(at); } }, text); // prettier-ignore

/** Values as a small table, shaded; those that came from somewhere can be clicked. @param {Term[][]} terms @param {string} title @param {(pick: Pick) => void} go */
function grid(terms, title, go) {
  const full = Math.max(1e-9, ...terms.flat().map((t) => Math.abs(t.value)));
  const most = terms.length > 9 || terms[0].length > 9;
  if (most) return el("p.note", null, `${title}: ${terms.length} × ${terms[0].length} values`);
  const cells = terms.flat().map(({ value, from }) =>
    el("span", {
      style: `background: ${css((0.6 * value) / full, "signed")}; color: #111${from ? "; cursor: pointer" : ""}`,
      tabindex: from ? 0 : null, role: from ? "button" : null, title: from ? "How it was computed" : null,
      onclick: from ? () => go(from) : () => {},
      onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "Enter" && from && go(from),
    }, show(value, 2))); // prettier-ignore
  return el("div", null, el("div.note", null, title), el("div.numbers", { style: `grid-template-columns: repeat(${terms[0].length}, auto)` }, cells));
}
