// What can be looked at in a network: every layer, those within others too, and what joins their
// chains, each with the values that it reads.
import { chainsOf } from "../layers/branches.js";
import { outputShape, stepsOf, windowsOf } from "../layers/types.js";

/**
 * @typedef {import("../layers/types.js").Layer} Layer
 * @typedef {import("../layers/types.js").Shape} Shape
 * @typedef {{ path: string, layer: Layer, input: Shape, output: Shape,
 *   windows: import("../sizing/window.js").Window[], from: number[], step: number }} View
 *   path as names of arrays begin, "3" or "3.shortcut.0"; from are the views that it reads, −1 being
 *   the network's input; step is the engine's
 */

/** Views in the order of the engine's steps. @param {import("./network.js").NetworkPlan} plan @returns {View[]} */
export function viewsOf(plan) {
  /** @type {View[]} */
  const views = [];
  let steps = 0;
  /** @param {Layer} layer @param {string} path @param {Shape} input @param {number} from @returns {number} the view of what comes out */
  function add(layer, path, input, from) {
    const output = outputShape(layer, input);
    const begin = steps;
    const ends = chainsOf(layer).map(([prefix, chain]) => {
      let [end, shape] = [from, input];
      for (const [i, inner] of chain.entries()) {
        end = add(inner, `${path}.${prefix}${i}`, shape, end);
        shape = outputShape(inner, shape);
      }
      return end;
    });
    steps = begin + stepsOf(layer, input, () => -1).length;
    const read = layer.type === "Gate" ? [from, ...ends] : ends.length ? ends : [from];
    views.push({ path, layer, input, output, windows: ends.length ? [] : windowsOf(layer, input), from: read, step: steps - 1 });
    return views.length - 1;
  }
  let last = -1;
  plan.rows.forEach((row, index) => (last = add(row.layer, `${index}`, row.input, last)));
  return views;
}

/** What a view is called. @param {View} view @param {(layer: Layer) => string} describe */
export const titleOf = ({ path, layer }, describe) => `${path} ${chainsOf(layer).length ? `${layer.type}: joined` : describe(layer)}`;
