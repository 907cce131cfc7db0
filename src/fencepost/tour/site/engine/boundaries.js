// What lies beyond an edge, as lists of indices: src/fencepost/convolution/boundaries.py.

export const BOUNDARIES = ["zero", "reflect", "mirror", "nearest", "wrap", "none"];

/**
 * Which element stands at each coordinate of an axis extended by a kernel of `kernel` elements
 * whose origin is its middle; −1 is the fill value.
 * @param {string} boundary @param {number} size @param {number} kernel
 */
export function indices(boundary, size, kernel) {
  const before = boundary === "none" ? 0 : kernel >> 1;
  const length = boundary === "none" ? size : size + kernel - 1;
  return Int32Array.from({ length }, (_, i) => index(boundary, i - before, size));
}

/** @param {string} boundary @param {number} i @param {number} size */
export function index(boundary, i, size) {
  if (i >= 0 && i < size) return i;
  /** @param {number} period */
  const phase = (period) => ((i % period) + period) % period;
  if (boundary === "wrap") return phase(size);
  if (boundary === "nearest") return Math.min(size - 1, Math.max(0, i));
  if (boundary === "reflect") return Math.min(phase(2 * size), 2 * size - 1 - phase(2 * size));
  if (boundary === "mirror") {
    const period = Math.max(1, 2 * size - 2);
    return Math.min(phase(period), period - phase(period));
  }
  return -1;
}
