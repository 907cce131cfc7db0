// What an input that does not fit may be meant as, as src/fencepost/sizing/readings.py has it: with
// its batch, channels last, or none.
import { formatShape, say } from "./text.js";

const WHERE = "sizing/readings:";
const [BATCH, LAST, NONE] = ["_BATCH", "_LAST", "_NONE"].map((name) => say(WHERE + name, 0));

/** @typedef {{ shape: number[], why: string }} Reading without the batch and with channels first */

/** What a shape may be meant as, the most probable first. @param {number[]} shape @returns {Generator<Reading>} */
export function* readings(shape) {
  const [first, second, third] = shape;
  const count = shape.length;
  if (count > 3) {
    const [height, width, channels] = shape.slice(-3);
    const both = { shape: [channels, height, width], why: say(`${WHERE}readings`, 0, BATCH, LAST) };
    const batch = { shape: [height, width, channels], why: BATCH };
    yield* channels < Math.min(height, width) ? [both, batch] : [batch, both];
    return;
  }
  if (count === 3 && third < Math.min(first, second)) yield { shape: [third, first, second], why: LAST };
  if (count > 1 && first === 1) yield { shape: shape.slice(1), why: BATCH };
  if (count === 2 && second < first) yield { shape: [second, first], why: LAST };
  if (count < 3) yield { shape: [1, ...shape], why: NONE };
  if (count === 2) yield { shape: [3, ...shape], why: NONE };
}

/** With which reading of a shape that does not fit everything does; empty if with none.
 * @param {number[]} input @param {(shape: number[]) => boolean} fits */
export function fittingReading(input, fits) {
  for (const { shape, why } of readings(input))
    if (fits(shape)) return say(`${WHERE}fitting_reading`, 0, formatShape(shape), why);
  return "";
}

/** What a shape of too many sizes is without its batch. @param {number[]} input */
export function likeliestReading(input) {
  const [{ shape, why }] = readings(input);
  return say(`${WHERE}likeliest_reading`, 0, formatShape(shape), why);
}
