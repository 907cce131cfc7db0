// The model that the pages share: the bundled LeNet-5, the one just trained, or the visitor's own.
import { readModel } from "../engine/model_file.js";

/** @typedef {import("../engine/model_file.js").Model} Model */

/** @type {Model | null} */
let trained = null;
/** @type {Promise<Model> | null} */
let bundled = null;

/** Keeps what the page Train has made, for the page Draw. @param {Model} model */
export const keep = (model) => (trained = model);
export const lastTrained = () => trained;

/** LeNet-5, trained on MNIST beforehand. */
export function lenet5() {
  bundled ??= fetch("data/lenet5.safetensors")
    .then((response) => response.arrayBuffer())
    .then((buffer) => readModel(buffer, "lenet5.safetensors"));
  return bundled;
}

/** Thirty test digits of MNIST, three of each. @returns {Promise<{ label: number, pixels: Uint8Array }[]>} */
export async function sampleDigits() {
  const bytes = new Uint8Array(await (await fetch("data/digits.bin")).arrayBuffer());
  return Array.from({ length: bytes.length / 785 }, (_, i) => ({
    label: bytes[785 * i],
    pixels: bytes.slice(785 * i + 1, 785 * (i + 1)),
  }));
}
