// Arrays as pictures on a canvas. Grey for pixels from 0 to 1; for values with a sign, orange above
// 0 and blue below, with lightness as the second cue so that it reads without colour.

/** @typedef {"grey" | "signed"} Palette */

/**
 * Paints (height, width) values on a canvas of that many pixels, to be scaled up by style.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values
 * @param {number} height @param {number} width @param {Palette} palette
 * @param {number} [scale] the value that is full; by default the largest
 */
export function paint(canvas, values, height, width, palette, scale) {
  canvas.width = width;
  canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  let full = scale ?? 0;
  if (scale === undefined) for (let i = 0; i < height * width; i++) full = Math.max(full, Math.abs(values[i]));
  full = full || 1;
  for (let i = 0; i < height * width; i++) {
    const [r, g, b] = colour(values[i] / full, palette);
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** @param {number} v from −1 or 0 to 1 @param {Palette} palette @returns {[number, number, number]} */
export function colour(v, palette) {
  const x = Math.min(1, Math.abs(v));
  if (palette === "grey") {
    const level = Math.round(255 * Math.max(0, Math.min(1, v)));
    return [level, level, level];
  }
  // From white to a deep orange (dark at the end) or to a blue that is lighter at the end.
  if (v >= 0) return [Math.round(255 - 60 * x), Math.round(255 - 180 * x), Math.round(255 - 245 * x)];
  return [Math.round(255 - 215 * x), Math.round(255 - 135 * x), Math.round(255 - 40 * x)];
}

/** @param {number} v @param {Palette} palette */
export const css = (v, palette) => `rgb(${colour(v, palette).join(" ")})`;
