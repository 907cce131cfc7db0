// The engine as pages use it: `await engine.features({...})` runs in the worker.
import { hasSimd } from "./core.js";

/** @type {Worker | null} */
let worker = null;
let next = 1;
/** @type {Map<number, { resolve: Function, reject: Function, progress?: (value: any) => void }>} */
const waiting = new Map();

export const NO_SIMD =
  "This browser has no WebAssembly SIMD, which the computations here need. " +
  "Open the page in a current Firefox, Chrome, Edge or Safari.";

/**
 * @param {string} method one of worker.js @param {any} [values]
 * @param {(value: any) => void} [progress] told in between @returns {Promise<any>}
 */
export function engine(method, values, progress) {
  if (!hasSimd()) return Promise.reject(new Error(NO_SIMD));
  if (!worker) {
    worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      const call = waiting.get(data.id);
      if (!call) return;
      if ("progress" in data) return call.progress?.(data.progress);
      waiting.delete(data.id);
      if ("error" in data) call.reject(new Error(data.error));
      else call.resolve(data.result);
    };
  }
  const id = next++;
  worker.postMessage({ id, method, values });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject, progress }));
}

/** Hands a model to the engine under a name. @param {string} key @param {import("./model_file.js").Model} model */
export const openModel = (key, model) =>
  engine("open", {
    key, input: model.plan.input, layers: model.plan.rows.map((row) => row.layer),
    parameters: model.parameters, state: model.state, mean: model.mean, std: model.std,
  }); // prettier-ignore
