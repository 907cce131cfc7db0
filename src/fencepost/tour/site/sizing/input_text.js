// The shape of an input as people type it, read as src/fencepost/cli/size.py reads it.
import { ArgumentError } from "./errors.js";
import { likeliestReading } from "./readings.js";
import { formatShape, repr, say } from "./text.js";

/** Up to `most` sizes, all at least 1, with "x" or commas between them; null if it is not.
 * @param {string} text @param {number} most */
function parseSizes(text, most) {
  const sizes = text.replace(/^[ ()]+|[ ()]+$/g, "").split(/\s*[x×X,]\s*/);
  return sizes.length <= most && sizes.every((size) => /^\d{1,9}$/.test(size) && +size) ? sizes.map(Number) : null;
}

/** The shape that a text says; throws ArgumentError. @param {string} text */
export function parseInput(text) {
  const shape = parseSizes(text, 3);
  if (shape) return shape;
  const larger = parseSizes(text, 5);
  const where = "cli/size:size";
  throw new ArgumentError(say(where, 1, repr(text), larger ? say(where, 0, likeliestReading(larger)) : ""));
}

/** How an input is read whose channels may stand last; else empty. @param {number[]} shape */
export function channelsLastNote(shape) {
  const [channels, height, width] = shape;
  if (shape.length !== 3 || ![1, 3, 4].includes(width) || Math.min(channels, height) < 8) return "";
  return say("cli/size:_note", 0, channels, formatShape([height, width]), width, channels, height);
}
