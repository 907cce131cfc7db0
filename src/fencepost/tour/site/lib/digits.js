// A drawn digit brought to what MNIST's makers made of theirs: the ink cut out, thickened where it is
// thin, scaled to a box of 20 pixels, centred by its centre of mass in 28 × 28. The steps are those of
// src/fencepost/datasets/prepare/glyphs.py for light strokes on a plain dark ground.

const BOX = 20;
const FRAME = 28;
const THIN = 1.6;
const WANTED = 2.1;

/** @typedef {{ values: Float32Array, height: number, width: number }} Grey */

/**
 * @param {ArrayLike<number>} ink 0 to 1, (height, width)
 * @param {number} height @param {number} width
 * @returns {Uint8Array | null} 28 × 28, or null if nothing is drawn
 */
export function prepareDigit(ink, height, width) {
  // From a fifth of its height on an edge counts as ink, from four fifths on as nothing else.
  const values = Float32Array.from(ink, (v) => Math.max(0, Math.min(1, (v - 0.2) / 0.6)));
  let glyph = cut({ values, height, width });
  if (!glyph) return null;
  const stroke = (strokeWidth(glyph) * BOX) / Math.max(glyph.height, glyph.width);
  if (stroke < THIN) {
    const radius = Math.max(1, Math.round((((WANTED - stroke) / 2) * Math.max(glyph.height, glyph.width)) / BOX));
    glyph = /** @type {Grey} */ (cut(thicken(pad(glyph, 2 * radius), radius)));
  }
  const scale = BOX / Math.max(glyph.height, glyph.width);
  const tall = Math.max(1, Math.round(glyph.height * scale));
  const wide = Math.max(1, Math.round(glyph.width * scale));
  const small = resize(glyph, tall, wide);
  const largest = Math.max(...small, 1e-6);
  let [mass, my, mx] = [0, 0, 0];
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++) {
      const v = (small[y * wide + x] = (small[y * wide + x] * 255) / largest);
      mass += v;
      my += v * (y + 0.5);
      mx += v * (x + 0.5);
    }
  /** @param {number} middle @param {number} size */
  const corner = (middle, size) => Math.max(0, Math.min(FRAME - size, Math.round(FRAME / 2 - middle)));
  const [top, left] = [corner(my / mass, tall), corner(mx / mass, wide)];
  const result = new Uint8Array(FRAME * FRAME);
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++) result[(top + y) * FRAME + left + x] = Math.round(small[y * wide + x]);
  return result;
}

/** The box around what is inked. @param {Grey} image @returns {Grey | null} */
function cut({ values, height, width }) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (values[y * width + x] > 0.25) {
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        [left, right] = [Math.min(left, x), Math.max(right, x)];
      }
  if (bottom < 0) return null;
  const [h, w] = [bottom - top + 1, right - left + 1];
  const out = new Float32Array(h * w);
  for (let y = 0; y < h; y++) out.set(values.subarray((top + y) * width + left, (top + y) * width + left + w), y * w);
  return { values: out, height: h, width: w };
}

/** @param {Grey} image @param {number} zeros @returns {Grey} */
function pad({ values, height, width }, zeros) {
  const w = width + 2 * zeros;
  const out = new Float32Array((height + 2 * zeros) * w);
  for (let y = 0; y < height; y++) out.set(values.subarray(y * width, (y + 1) * width), (y + zeros) * w + zeros);
  return { values: out, height: height + 2 * zeros, width: w };
}

/** Twice the area over the outline: the width of a long thin stroke. @param {Grey} image */
function strokeWidth(image) {
  const { values, height, width } = pad(image, 1);
  let [area, outline] = [0, 0];
  for (const v of image.values) area += v;
  for (let y = 0; y + 1 < height; y++)
    for (let x = 0; x + 1 < width; x++) {
      const i = y * width + x;
      outline += Math.hypot(values[i + width] - values[i], values[i + 1] - values[i]);
    }
  return (2 * area) / outline;
}

/** Maximum over squares and diamonds in turn. @param {Grey} image @param {number} radius @returns {Grey} */
function thicken({ values, height, width }, radius) {
  for (let step = 0; step < radius; step++) {
    const out = new Float32Array(values.length);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let most = 0;
        for (let dy = -1; dy <= 1; dy++)
          for (let dx = -1; dx <= 1; dx++) {
            if (dy && dx && !(step % 2)) continue;
            const [yy, xx] = [y + dy, x + dx];
            if (yy >= 0 && yy < height && xx >= 0 && xx < width) most = Math.max(most, values[yy * width + xx]);
          }
        out[y * width + x] = most;
      }
    values = out;
  }
  return { values, height, width };
}

/** Pillow's bicubic, whose support grows as the picture shrinks, in bytes after each pass. @param {Grey} image @param {number} tall @param {number} wide */
function resize({ values, height, width }, tall, wide) {
  const across = weights(width, wide);
  const down = weights(height, tall);
  const rows = new Float32Array(height * wide);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < wide; x++) {
      let sum = 0;
      for (const [i, w] of across[x]) sum += Math.floor(255 * values[y * width + i]) * w;
      rows[y * wide + x] = Math.round(Math.max(0, Math.min(255, sum)));
    }
  const out = new Float32Array(tall * wide);
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++) {
      let sum = 0;
      for (const [i, w] of down[y]) sum += rows[i * wide + x] * w;
      out[y * wide + x] = Math.round(Math.max(0, Math.min(255, sum)));
    }
  return out;
}

/** @param {number} from @param {number} to @returns {[number, number][][]} */
function weights(from, to) {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, x) => {
    const centre = (x + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - 2 * stretch + 0.5));
    const last = Math.min(from, Math.floor(centre + 2 * stretch + 0.5));
    const found = [];
    let total = 0;
    for (let i = first; i < last; i++) {
      const w = cubic((i - centre + 0.5) / stretch);
      found.push(/** @type {[number, number]} */ ([i, w]));
      total += w;
    }
    return found.map(([i, w]) => [i, w / total]);
  });
}

/** Keys' cubic with a = −1/2, as Pillow's. @param {number} x */
function cubic(x) {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}
