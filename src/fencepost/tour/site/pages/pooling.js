// Pooling: a digit that is edited, convolved with Sobel's kernel and pooled; shifted, to see what stays;
// and the accuracy by shift, as fencepost.experiments measured it.
import { SHIFTS } from "../data/tables.js";
import { choice, el, eachFrame, fill, notice, slider } from "../lib/dom.js";
import { sampleDigits } from "../lib/models.js";
import { paint } from "../lib/paint.js";
import { engine } from "../engine/engine.js";

const KINDS = /** @type {Record<string, (values: number[]) => number>} */ ({
  maximum: (v) => Math.max(...v),
  mean: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  sum: (v) => v.reduce((a, b) => a + b, 0),
});

/** @param {ArrayLike<number>} values @param {number} size @param {string} kind 28 × 28 in windows side by side */
export function pool(values, size, kind) {
  const out = Math.floor(28 / size);
  return Float32Array.from({ length: out * out }, (_, i) => {
    const [y, x] = [Math.floor(i / out) * size, (i % out) * size];
    const window = [];
    for (let r = 0; r < size; r++) for (let q = 0; q < size; q++) window.push(values[(y + r) * 28 + x + q]);
    return KINDS[kind](window);
  });
}

/** @type {import("../main.js").Page} */
export const page = {
  title: "Pooling keeps features and discards positions",
  lead:
    "Draw on the digit, or shift it, and compare how much of the map changes before and after pooling. " +
    "Then see below how much that does for a network's accuracy.",
  tutorial: "pooling.html",

  mount(root, { state, update }) {
    let kind = state.kind in KINDS ? state.kind : "maximum";
    let size = Math.min(7, Math.max(2, +(state.size ?? 4) || 4));
    let shift = [+(state.right ?? 0) || 0, +(state.down ?? 0) || 0];
    /** @type {Float32Array} */
    let digit = new Float32Array(784);
    if (state.pixels?.length === 784) digit = Float32Array.from(state.pixels, (c) => (parseInt(c, 16) || 0) / 15);
    const big = "width: 100%; max-width: 15rem; image-rendering: pixelated; border: 1px solid var(--line)";
    const canvas = (/** @type {string} */ label) => el("canvas", { style: big, role: "img", "aria-label": label });
    const original = canvas("The digit; draw on it");
    const [moved, edges, pooled] = ["The digit, shifted", "Its horizontal edges", "The edges, pooled"].map(canvas);
    original.style.touchAction = "none";
    original.style.cursor = "crosshair";
    original.tabIndex = 0;
    let cursor = false; // of the keyboard, shown while it is used
    const problems = el("div");
    const text = el("p", { "aria-live": "polite" });

    /** @param {Float32Array} image */
    const sobel = async (image) => {
      const kernel = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]];
      const values = await engine("filter", { pixels: image, width: 28, height: 28, channels: 1, kernel, boundary: "zero", float: true });
      return /** @type {Float32Array} */ (values.map((/** @type {number} */ v) => Math.max(0, v)));
    };
    const render = eachFrame(async () => {
      const there = new Float32Array(784);
      for (let y = 0; y < 28; y++)
        for (let x = 0; x < 28; x++) {
          const [yy, xx] = [y - shift[1], x - shift[0]];
          if (yy >= 0 && yy < 28 && xx >= 0 && xx < 28) there[y * 28 + x] = digit[yy * 28 + xx];
        }
      let before, after;
      try {
        [before, after] = [await sobel(digit), await sobel(there)];
      } catch (error) {
        return fill(problems, notice(/** @type {Error} */ (error).message));
      }
      const [small, smaller] = [pool(before, size, kind), pool(after, size, kind)];
      const side = Math.floor(28 / size);
      paint(original, digit, 28, 28, "grey", 1);
      if (cursor) {
        const context = /** @type {CanvasRenderingContext2D} */ (original.getContext("2d"));
        context.fillStyle = "#e6007a";
        context.fillRect(px, py, 1, 1);
      }
      paint(moved, there, 28, 28, "grey", 1);
      paint(edges, after, 28, 28, "signed");
      paint(pooled, smaller, side, side, "signed");
      const kept = [alike(before, after), alike(small, smaller)];
      root.dataset.kept = kept.join(",");
      text.textContent = `Shifted by ${shift[0]} right and ${shift[1]} down, the map of horizontal edges has a similarity of ${(100 * kept[0]).toFixed(0)} %, the pooled one of ${(100 * kept[1]).toFixed(0)} % (cosine of before and after).`;
    });

    const draw = (/** @type {PointerEvent} */ e) => {
      if (!e.buttons) return;
      const box = original.getBoundingClientRect();
      const [x, y] = [Math.floor(((e.clientX - box.left) / box.width) * 28), Math.floor(((e.clientY - box.top) / box.height) * 28)];
      for (const [dx, dy] of [[0, 0], [1, 0], [0, 1]]) if (x + dx < 28 && y + dy < 28 && x >= 0 && y >= 0) digit[(y + dy) * 28 + x + dx] = erases || e.shiftKey || e.buttons === 2 ? 0 : 1;
      keep();
      render();
    };
    let erases = false;
    const rubber = el("button", { "aria-pressed": "false", onclick: () => { erases = !erases; rubber.setAttribute("aria-pressed", `${erases}`); } }, "Eraser");
    let [px, py] = [14, 14];
    original.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[e.key];
      if (!move) return;
      e.preventDefault();
      [px, py] = [Math.max(0, Math.min(27, px + move[0])), Math.max(0, Math.min(27, py + move[1]))];
      if (e.key === " ") digit[py * 28 + px] = digit[py * 28 + px] > 0.5 ? 0 : 1;
      original.setAttribute("aria-label", `The digit; at row ${py}, column ${px}: ${digit[py * 28 + px].toFixed(1)}`);
      cursor = true;
      keep();
      render();
    });
    original.addEventListener("blur", () => { cursor = false; render(); });
    const keep = () => update({ pixels: Array.from(digit, (v) => Math.round(15 * v).toString(16)).join("") });
    original.addEventListener("pointerdown", draw);
    original.addEventListener("pointermove", draw);

    root.append(problems, el("div.columns", null,
      el("section.panel", null,
        choice("Pooling", Object.keys(KINDS).map((k) => [k, k]), kind, (value) => { kind = value; update({ kind }); render(); }),
        slider("Window", { min: 2, max: 7, value: size }, (value) => { size = value; update({ size: `${value}` }); render(); }, (v) => `${v} × ${v}`),
        slider("Right", { min: -6, max: 6, value: shift[0] }, (value) => { shift = [value, shift[1]]; update({ right: `${value}` }); render(); }),
        slider("Down", { min: -6, max: 6, value: shift[1] }, (value) => { shift = [shift[0], value]; update({ down: `${value}` }); render(); }),
        el("p.row", null, el("button", { onclick: () => { digit.fill(0); keep(); render(); } }, "Clear"), rubber),
        el("p.note", null, "Draw on the digit; to erase, turn the eraser on, or hold Shift. With the keyboard: arrow keys move over the digit, Space changes a pixel.")),
      el("div.stack", null,
        el("section.panel", null,
          el("div", { style: "display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr))" },
            [[original, "the digit"], [moved, "shifted"], [edges, "horizontal edges (Sobel)"], [pooled, "pooled"]].map(([c, label]) =>
              el("figure", { style: "margin: 0" }, c, el("figcaption.note", null, label)))),
          text),
        el("section.panel", null, el("h2", null, "Measured: accuracy of LeNet-5 by shift"), curve())))); // prettier-ignore
    if (!state.pixels)
      sampleDigits().then((digits) => {
        if (state.pixels) return; // drawn meanwhile
        digit = Float32Array.from(digits.filter(({ label }) => label === 2)[1].pixels, (v) => v / 255);
        render();
      });
    render();
  },
};

/** Cosine of the angle between two arrays. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function alike(a, b) {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa && bb ? ab / Math.sqrt(aa * bb) : 1;
}

/** Accuracy by shift, with and without pooling: lines with different dashes, and the numbers. */
function curve() {
  const width = Math.min(480, Math.max(260, innerWidth - 68)); // so that its text is not scaled down
  const at = (/** @type {number} */ shift, /** @type {number} */ percent) => [40 + (shift / 6) * (width - 60), 20 + (1 - percent / 100) * 180];
  const line = (/** @type {number} */ column, /** @type {string} */ colour, /** @type {string} */ dash) =>
    el("polyline", { points: SHIFTS.map((row) => at(row[0], row[column]).join(",")).join(" "), fill: "none", stroke: colour, "stroke-width": 3, "stroke-dasharray": dash || null });
  const labels = SHIFTS.map(([shift]) => el("text.soft", { x: at(shift, 0)[0], y: 218, "text-anchor": "middle" }, shift));
  return el("div", null,
    el("svg", { viewBox: `0 0 ${width} 240`, style: "max-width: 38rem", role: "img", "aria-label": "Accuracy by shift, with and without pooling" },
      [0, 50, 100].map((p) => [el("line", { x1: 40, x2: width - 20, y1: at(0, p)[1], y2: at(0, p)[1], stroke: "var(--line)" }), el("text.soft", { x: 34, y: at(0, p)[1] + 4, "text-anchor": "end" }, p)]).flat(),
      line(1, "var(--accent)", ""), line(2, "var(--second)", "8 5"), labels,
      el("text.soft", { x: width / 2, y: 236, "text-anchor": "middle" }, "shift in pixels")),
    el("p.note", null, "Solid: with max pooling. Dashed: strided convolutions in its place, with as many parameters. Each line is the mean accuracy, in %, of five trained networks on 10,000 test digits."),
    el("div.scroll", null, el("table", null,
      el("thead", null, el("tr", null, ["shift", "with pooling", "without"].map((t) => el("th.right", null, t)))),
      el("tbody", null, SHIFTS.map((row) => el("tr", null, [`${row[0]}`, `${row[1].toFixed(2)} %`, `${row[2].toFixed(2)} %`].map((t) => el("td.right", null, t)))))))); // prettier-ignore
}
