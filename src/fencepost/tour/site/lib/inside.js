// Inside a network: the maps of every layer for one image, and how any value in them was made.
import { describe, engineShape } from "../layers/layers.js";
import { titleOf } from "../engine/views.js";
import { formatShape } from "../sizing/text.js";
import { el, fill, show } from "./dom.js";
import { howMade } from "./sums.js";
import { paint } from "./paint.js";

const MOST_MAPS = 32;
const ROW = 20; // values in a row where a layer's output is flat

/**
 * @typedef {import("../engine/model_file.js").Model} Model
 * @typedef {{ layer: number, channel: number, y: number, x: number }} Pick layer −1 is the input
 * @typedef {{ input: Float32Array, layers: Float32Array[] }} Values normalised input, each view's output
 */

/** Normalised pixels, as the network sees them. @param {Model} model @param {ArrayLike<number>} image */
export function normalised(model, image) {
  const each = image.length / model.mean.length;
  return Float32Array.from(image, (v, i) => {
    const channel = Math.floor(i / each);
    return Math.fround((v - model.mean[channel]) / model.std[channel]);
  });
}

/** The outputs of views from those of the engine's steps. @param {Model} model @param {Float32Array[]} steps */
export const ofLayers = (model, steps) => model.views.map((view) => steps[view.step]);

/** @param {Model} model @param {Pick} at */
function within(model, at) {
  if (at.layer < -1 || at.layer >= model.views.length) return false;
  return shapeOf(model, at.layer).every((size, i) => [at.channel, at.y, at.x][i] >= 0 && [at.channel, at.y, at.x][i] < size);
}

/** @param {Model} model @param {number} layer @returns {[number, number, number]} */
export const shapeOf = (model, layer) =>
  engineShape(layer < 0 ? model.plan.input : model.views[layer].output);

/**
 * A row of layers, each with its maps, and below it how the chosen value was made.
 * @param {(pick: Pick) => void} [picked]
 */
export function inside(picked) {
  const maps = el("div.layers.scroll");
  const made = el("section.panel", { "aria-live": "polite" });
  const element = el("div.stack", null, el("section.panel", null, maps), made);
  /** @type {Model | null} */
  let model = null;
  /** @type {Values | null} */
  let values = null;
  /** @type {Pick | null} */
  let chosen = null;
  /** @type {HTMLCanvasElement[][]} */
  let canvases = [];

  /** @param {Model} of */
  function build(of) {
    model = of;
    canvases = [];
    const columns = [-1, ...of.views.keys()].map((layer) => {
      const [channels, height, width] = shapeOf(of, layer);
      const flat = height * width === 1;
      const lines = !flat && of.plan.input.length === 2; // a signal: a line for each channel, in one picture
      const count = flat || lines ? 1 : Math.min(channels, MOST_MAPS);
      const list = Array.from({ length: count }, (_, channel) => {
        const canvas = el("canvas.map", { tabindex: 0, role: "img", "aria-label": `${name(of, layer)}${flat ? "" : `, channel ${channel}`}`, "data-layer": layer, "data-channel": channel });
        canvas.addEventListener("click", (/** @type {MouseEvent} */ e) => {
          const box = canvas.getBoundingClientRect();
          const x = clamp(Math.floor(((e.clientX - box.left) / box.width) * canvas.width), canvas.width);
          const y = clamp(Math.floor(((e.clientY - box.top) / box.height) * canvas.height), canvas.height);
          if (lines) pick({ layer, channel: y, y: 0, x });
          else if (!flat) pick({ layer, channel, y, x });
          else if (y * canvas.width + x < channels) pick({ layer, channel: y * canvas.width + x, y: 0, x: 0 });
        });
        canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => move(e, layer, channel, flat ? ROW : 0, lines));
        if (lines) canvas.style.height = `${Math.max(1.2, Math.min(14, channels * 0.5))}rem`;
        return canvas;
      });
      canvases.push(list);
      const across = flat || count === 1 ? 1 : count <= 8 ? 2 : 4;
      const size = flat ? 9.5 : lines ? Math.max(6, Math.min(14, width / 8)) : layer < 0 && count === 1 ? 9 : across === 2 ? 5 : 3;
      const more = !flat && !lines && channels > count ? `, ${count} shown` : "";
      return el("div", null,
        el("h3", null, name(of, layer)),
        el("p.note", null, formatShape(layer < 0 ? of.plan.input : of.views[layer].output) + more),
        el("div", { style: `display: grid; gap: 4px; grid-template-columns: repeat(${across}, ${size}rem)` }, list)); // prettier-ignore
    });
    fill(maps, columns);
  }

  /** @param {KeyboardEvent} e @param {number} layer @param {number} channel @param {number} across of a flat layer @param {boolean} lines */
  function move(e, layer, channel, across, lines) {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [0, 0] }[e.key];
    if (!by || !model) return;
    e.preventDefault();
    const [channels, height, width] = shapeOf(model, layer);
    const from = chosen?.layer === layer && (across || lines || chosen.channel === channel) ? chosen : { channel: across ? 0 : channel, y: 0, x: 0 };
    if (across) return pick({ layer, channel: clamp(from.channel + by[0] * across + by[1], channels), y: 0, x: 0 });
    if (lines) return pick({ layer, channel: clamp(from.channel + by[0], channels), y: 0, x: clamp(from.x + by[1], width) });
    pick({ layer, channel, y: clamp(from.y + by[0], height), x: clamp(from.x + by[1], width) });
  }
  /** @param {number} v @param {number} size */
  const clamp = (v, size) => Math.max(0, Math.min(size - 1, v));

  /** @param {Pick} at */
  function pick(at) {
    chosen = at;
    picked?.(at);
    draw();
  }

  function draw() {
    if (!model || !values) return;
    const of = model;
    const all = [values.input, ...values.layers];
    canvases.forEach((list, index) => {
      const layer = index - 1;
      const [channels, height, width] = shapeOf(of, layer);
      const data = all[index];
      const flat = height * width === 1;
      let full = 0;
      for (const v of data) full = Math.max(full, Math.abs(v));
      list.forEach((canvas, channel) => {
        if (flat) {
          const padded = new Float32Array(Math.ceil(channels / ROW) * ROW);
          padded.set(data);
          paint(canvas, padded, padded.length / Math.min(ROW, padded.length), Math.min(ROW, channels), "signed", full);
        } else if (of.plan.input.length === 2) {
          paint(canvas, data, channels, width, "signed", full);
          if (chosen?.layer === layer) mark(canvas, chosen.channel, chosen.x);
          return;
        } else if (layer < 0 && of.plan.input[0] === 1) {
          const [low, high] = [Math.min(...data), Math.max(...data)];
          paint(canvas, data.map((v) => (v - low) / (high - low || 1)), height, width, "grey", 1);
        } else paint(canvas, data.subarray(channel * height * width, (channel + 1) * height * width), height, width, "signed", full);
        if (chosen?.layer === layer && (flat || chosen.channel === channel)) mark(canvas, flat ? Math.floor(chosen.channel / ROW) : chosen.y, flat ? chosen.channel % ROW : chosen.x);
      });
    });
    if (chosen) fill(made, howMade(of, values, chosen, pick));
    else fill(made, el("p.note", null, "Click any value above, a pixel of a map, and see the window, the kernel and the sum that produced it."));
  }

  /** @param {HTMLCanvasElement} canvas @param {number} y @param {number} x */
  function mark(canvas, y, x) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.fillStyle = "#e6007a";
    context.fillRect(x, y, 1, 1);
  }

  return {
    element,
    /** @param {Model} of @param {Values} shown */
    show(of, shown) {
      if (model !== of) {
        build(of);
        if (chosen && !within(of, chosen)) chosen = null;
      }
      values = shown;
      draw();
    },
    /** @param {Pick | null} at */
    choose(at) {
      chosen = at;
      draw();
    },
  };
}

/** @param {Model} model @param {number} layer */
export const name = (model, layer) => (layer < 0 ? "input" : titleOf(model.views[layer], describe));

/** Bars of the classes' probabilities, the likeliest marked; of a single output, its value. @param {Model} model @param {Float32Array} outputs */
export function probabilities({ plan, config, classNames: names }, outputs) {
  if (outputs.length === 1 && !config.class_names) return el("p", { "data-output": outputs[0] }, "output ", el("b", null, show(outputs[0], 5)));
  const already = plan.rows[plan.rows.length - 1].layer.type === "Softmax";
  const largest = outputs.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(outputs, (v) => (already ? v : Math.exp(v - largest)));
  const total = powers.reduce((a, b) => a + b, 0);
  const best = outputs.indexOf(largest);
  const order = names.length > 12 ? [...powers.keys()].sort((a, b) => powers[b] - powers[a]).slice(0, 12) : [...powers.keys()];
  return el("div.bars", { "data-best": names[best], role: "list", "aria-label": "Probabilities" },
    order.map((i) => {
      const share = powers[i] / total;
      return [
        el(`span${i === best ? ".best" : ""}`, { role: "listitem" }, names[i]),
        el("span.bar", null, el("i", { style: `width: ${(100 * share).toFixed(1)}%` })),
        el("span", null, `${(100 * share).toFixed(share > 0.9995 || share < 0.0005 ? 0 : 1)} %`)];
    }).flat()); // prettier-ignore
}
