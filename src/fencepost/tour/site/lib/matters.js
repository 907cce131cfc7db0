// Which pixels matter for an output: by its gradient, and by covering them up, as
// src/fencepost/network/saliency.py defines both.
import { engine } from "../engine/engine.js";
import { el, fill } from "./dom.js";
import { paint } from "./paint.js";

/** @typedef {import("../engine/model_file.js").Model} Model */

/** @param {ArrayLike<number>} logits @param {number} which */
function probability(logits, which) {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const powers = values.map((v) => Math.exp(v - largest));
  return powers[which] / powers.reduce((a, b) => a + b, 0);
}

/**
 * By how much the probability drops where a patch covers a pixel, on average over the patches.
 * @param {string} key @param {Model} model @param {ArrayLike<number>} image @param {number} output
 */
export async function occlusion(key, model, image, output) {
  const [channels, height, width] = model.plan.engineInput;
  const side = Math.max(1, Math.round(Math.max(height, width) / 6));
  const stride = Math.max(1, Math.ceil((Math.max(height, width) - side) / 24));
  /** @param {number} extent */
  const starts = (extent) => {
    const size = Math.min(side, extent);
    const all = [];
    for (let i = 0; i < extent - size + 1; i += stride) all.push(i);
    if (all[all.length - 1] !== extent - size) all.push(extent - size);
    return all;
  };
  const plain = Float32Array.from(image);
  const corners = starts(height).flatMap((y) => starts(width).map((x) => [y, x]));
  const batch = new Float32Array((corners.length + 1) * plain.length);
  batch.set(plain);
  corners.forEach(([top, left], k) => {
    const at = (k + 1) * plain.length;
    batch.set(plain, at);
    for (let c = 0; c < channels; c++)
      for (let y = top; y < Math.min(top + side, height); y++)
        batch.fill(model.mean[c], at + (c * height + y) * width + left, at + (c * height + y) * width + Math.min(left + side, width));
  });
  const outputs = await engine("forward", { key, images: batch, count: corners.length + 1 });
  const before = probability(outputs.subarray(0, model.plan.outputs), output);
  const drops = new Float32Array(height * width);
  const times = new Float32Array(height * width);
  corners.forEach(([top, left], k) => {
    const after = probability(outputs.subarray((k + 1) * model.plan.outputs, (k + 2) * model.plan.outputs), output);
    for (let y = top; y < Math.min(top + side, height); y++)
      for (let x = left; x < Math.min(left + side, width); x++) {
        drops[y * width + x] += before - after;
        times[y * width + x]++;
      }
  });
  return drops.map((d, i) => d / times[i]);
}

/** A panel with both pictures, made a moment after the last change. */
export function matters() {
  const style = "width: 8rem; image-rendering: pixelated; border: 1px solid var(--line)";
  const gradient = el("canvas", { style, role: "img", "aria-label": "Gradient of the output by every pixel" });
  const covered = el("canvas", { style, role: "img", "aria-label": "Drop of the probability where a patch covers the image" });
  const title = el("h2", null, "What matters");
  const element = el("section.panel", null, title, el("div.row", { style: "align-items: flex-start; gap: 1rem" },
    el("figure", { style: "margin: 0" }, gradient, el("figcaption.note", null, "gradient: a larger value here raises (orange) or lowers (blue) the output")),
    el("figure", { style: "margin: 0" }, covered, el("figcaption.note", null, "covering: how far the probability drops where a patch hides the input"))),
  ); // prettier-ignore
  /** @type {any} */
  let timer = 0;
  return {
    element,
    /** @param {string} key @param {Model} model @param {Uint8Array | Float32Array} image @param {Float32Array} logits */
    show(key, model, image, logits) {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        try {
          await both(key, model, image, logits);
        } catch {
          fill(title, "What matters cannot be computed here"); // the page has said why
        }
      }, 150);
    },
  };

  /** @param {string} key @param {Model} model @param {Uint8Array | Float32Array} image @param {Float32Array} logits */
  async function both(key, model, image, logits) {
    const output = logits.indexOf(Math.max(...logits));
    const [channels, height, width] = model.plan.engineInput;
    const all = await engine("saliency", { key, image, output });
    const slope = new Float32Array(height * width);
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < slope.length; i++) {
        const v = all[c * slope.length + i];
        if (Math.abs(v) > Math.abs(slope[i])) slope[i] = v;
      }
    for (const canvas of [gradient, covered]) canvas.style.height = height === 1 ? "3rem" : "";
    paint(gradient, slope, height, width, "signed");
    paint(covered, await occlusion(key, model, image, output), height, width, "signed");
    fill(title, `What matters for ${model.classNames[output]}`);
  }
}
