// Kernels: a photograph, a matrix that is edited, the result at every stroke; and under the pointer
// the window, the Hadamard product and the sum.
import { KERNELS } from "../data/tables.js";
import { BOUNDARIES, index } from "../engine/boundaries.js";
import { engine } from "../engine/engine.js";
import { choice, eachFrame, el, fill, notice, show, slider } from "../lib/dom.js";
import { photo, photoSource } from "../lib/photos.js";

const START = "laplace";
const LARGEST = 9;

/** @param {string} text @returns {number[][] | null} */
function parse(text) {
  if (!text) return null;
  const rows = text.split(";").map((row) => row.split(",").map(Number));
  const ok = rows.length <= LARGEST && rows[0].length <= LARGEST && rows.every((r) => r.length === rows[0].length);
  return ok && rows.flat().every(Number.isFinite) ? rows : null;
}

/** @type {import("../main.js").Page} */
export const page = {
  title: "A kernel over a photograph",
  lead:
    "Choose a kernel, then change one of its numbers and watch the image change. " +
    "Move over the result to see which window, which products and which sum produced a pixel.",
  tutorial: "images.html",

  mount(root, { state, update }) {
    const named = KERNELS.find(([name]) => name === (state.name ?? START)) ?? KERNELS[1];
    let kernel = parse(state.kernel ?? "") ?? named[3].map((row) => [...row]);
    let boundary = BOUNDARIES.includes(state.boundary) ? state.boundary : "reflect";
    let offset = +(state.offset ?? 0) || 0;
    let wrap = state.wrap === "wrong";
    /** @type {ImageData | null} */
    let source = null;
    /** @type {Uint8ClampedArray | null} */
    let result = null;
    let at = (state.at ?? "256,215").split(",").map(Number);

    const problems = el("div");
    const before = el("canvas.photo", { "aria-label": "The photograph", tabindex: 0, role: "img" });
    const after = el("canvas.photo", { "aria-label": "The photograph convolved with the kernel; arrow keys move the window", tabindex: 0, role: "img" });
    const matrix = el("div.matrix", { role: "group", "aria-label": "Kernel" });
    const summary = el("p.note");
    const sums = el("div");
    const timing = el("span.note");

    const render = eachFrame(async () => {
      if (!source) return;
      const begin = performance.now();
      const { width, height } = source;
      try {
        const out = await engine("filter", { pixels: source.data, width, height, kernel, boundary, offset });
        paint(out, boundary === "none" ? kernel : [[0]], width, height);
        timing.textContent = `${(performance.now() - begin).toFixed(0)} ms for ${width} × ${height} pixels`;
        root.dataset.ms = `${performance.now() - begin}`;
        fill(problems);
        explain();
      } catch (error) {
        fill(problems, notice(/** @type {Error} */ (error).message));
      }
    });

    /** @param {Uint8Array} out @param {number[][]} less @param {number} width @param {number} height */
    function paint(out, less, width, height) {
      after.width = width - less[0].length + 1;
      after.height = height - less.length + 1;
      const shown = new Uint8ClampedArray(out.buffer);
      if (wrap) modulo(shown);
      for (let i = 3; i < shown.length; i += 4) shown[i] = 255;
      result = shown;
      after.getContext("2d").putImageData(new ImageData(/** @type {any} */ (shown), after.width), 0, 0);
    }

    /** What arithmetic in bytes makes of a sum that does not fit: it begins again at 0. @param {Uint8ClampedArray} shown */
    function modulo(shown) {
      const { data, width, height } = /** @type {ImageData} */ (source);
      const [rows, columns] = [kernel.length, kernel[0].length];
      const low = boundary === "none" ? 0 : rows >> 1;
      const left = boundary === "none" ? 0 : columns >> 1;
      for (let y = 0, i = 0; y < after.height; y++)
        for (let x = 0; x < after.width; x++, i += 4)
          for (let c = 0; c < 3; c++) {
            let sum = offset;
            for (let r = 0; r < rows; r++)
              for (let q = 0; q < columns; q++) {
                const yy = index(boundary, y + r - low, height);
                const xx = index(boundary, x + q - left, width);
                if (yy >= 0 && xx >= 0)
                  sum += kernel[rows - 1 - r][columns - 1 - q] * data[4 * (yy * width + xx) + c];
              }
            shown[i + c] = ((Math.round(sum) % 256) + 256) % 256;
          }
    }

    function explain() {
      if (!source || !result || !(at[0] >= 0 && at[1] >= 0)) return fill(sums, el("p.note", null, "Point at the result."));
      const { data, width, height } = source;
      const [rows, columns] = [kernel.length, kernel[0].length];
      const none = boundary === "none";
      const [x, y] = [Math.min(at[0], after.width - 1), Math.min(at[1], after.height - 1)];
      /** @type {(number | null)[][]} */
      const window = [];
      for (let r = 0; r < rows; r++) {
        window.push([]);
        for (let q = 0; q < columns; q++) {
          const yy = index(boundary, y + r - (none ? 0 : rows >> 1), height);
          const xx = index(boundary, x + q - (none ? 0 : columns >> 1), width);
          const i = 4 * (yy * width + xx);
          window[r].push(yy < 0 || xx < 0 ? 0 : grey(data, i));
        }
      }
      const flipped = [...kernel].reverse().map((row) => [...row].reverse());
      const products = window.map((row, r) => row.map((value, q) => (value ?? 0) * flipped[r][q]));
      const sum = products.flat().reduce((a, b) => a + b, offset);
      const shown = wrap ? ((Math.round(sum) % 256) + 256) % 256 : Math.min(255, Math.max(0, Math.round(sum)));
      const became = Math.abs(sum - shown) < 0.01 ? "" : ` → shown as ${shown}`;
      fill(
        sums,
        el("h2", null, `Pixel ${x}, ${y}, in grey`),
        el("div.scroll", null, el("div.row", null,
          numbers(window, "window"), "×", numbers(flipped, "kernel, turned over"), "=", numbers(products, "product"))),
        el("p.sum", null, `sum${offset ? ` + ${offset}` : ""} = `, el("b", { "data-sum": sum }, show(sum, 5)), became),
      ); // prettier-ignore
      frame();
    }

    function frame() {
      if (!source) return;
      const context = before.getContext("2d");
      context.putImageData(source, 0, 0);
      const [rows, columns] = [kernel.length, kernel[0].length];
      const none = boundary === "none";
      context.strokeStyle = "#e8590c";
      context.lineWidth = Math.max(1, source.width / 250);
      const [x, y] = [at[0] - (none ? 0 : columns >> 1), at[1] - (none ? 0 : rows >> 1)];
      context.strokeRect(x - 0.5, y - 0.5, columns + 1, rows + 1);
      context.strokeRect(x - 12, y - 12, columns + 24, rows + 24);
    }

    function editor() {
      matrix.style.gridTemplateColumns = `repeat(${kernel[0].length}, auto)`;
      fill(matrix, kernel.flatMap((row, r) => row.map((value, q) => {
        const input = el("input", {
          type: "text", inputmode: "decimal", "aria-label": `row ${r + 1}, column ${q + 1}`,
          value: `${+value.toFixed(4)}`,
          oninput: () => {
            const given = Number(input.value.replace(",", ".").replace("−", "-"));
            if (!Number.isFinite(given)) return;
            kernel[r][q] = given;
            changed();
          },
        });
        return input;
      }))); // prettier-ignore
    }
    function changed() {
      update({ kernel: kernel.map((row) => row.map((v) => +v.toPrecision(6)).join(",")).join(";") });
      render();
    }
    /** @param {string} name */
    function choose(name) {
      const found = KERNELS.find(([known]) => known === name);
      if (!found) return;
      kernel = found[3].map((row) => [...row]);
      summary.textContent = found[2];
      offset = kernel.flat().some((v) => v < 0) && Math.abs(kernel.flat().reduce((a, b) => a + b)) < 1e-6 && !/laplace|log/.test(name) ? 128 : 0;
      update({ name, offset: `${offset}` });
      offsetSlider.querySelector("input").value = offset;
      offsetSlider.querySelector("output").textContent = offset;
      editor();
      changed();
    }
    /** @param {number} size */
    function resize(size) {
      const old = kernel;
      const shift = (old.length - size) >> 1;
      kernel = Array.from({ length: size }, (_, r) =>
        Array.from({ length: size }, (_, q) => old[r + shift]?.[q + shift] ?? 0));
      editor();
      changed();
    }

    const offsetSlider = slider("Add", { min: 0, max: 255, value: offset }, (value) => {
      offset = value;
      update({ offset: `${value}` });
      render();
    });
    /** @param {number} x @param {number} y */
    function look(x, y) {
      if (!source) return;
      at = [Math.max(0, Math.min(after.width - 1, x)), Math.max(0, Math.min(after.height - 1, y))];
      update({ at: at.join(",") });
      explain();
    }
    for (const canvas of [before, after]) {
      canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => {
        const box = canvas.getBoundingClientRect();
        look(Math.floor(((e.clientX - box.left) / box.width) * canvas.width), Math.floor(((e.clientY - box.top) / box.height) * canvas.height));
      });
      canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
        const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
        if (!move) return;
        e.preventDefault();
        const step = e.shiftKey ? 10 : 1;
        look((at[0] || 0) + step * move[0], (at[1] || 0) + step * move[1]);
      });
    }

    const pictures = photoSource((image) => {
      source = image;
      before.width = image.width;
      before.height = image.height;
      before.getContext("2d").putImageData(image, 0, 0);
      render();
    });

    summary.textContent = named[2];
    editor();
    const groups = KERNELS.map(([name, group]) => /** @type {[string, string]} */ ([name, `${name.replace(/_/g, " ")} (${group})`]));
    root.append(
      el("div.columns", null,
        el("div.stack", null,
          el("section.panel", null,
            choice("Kernel", groups, named[0], choose),
            summary, el("div.scroll", null, matrix),
            el("p.row", null, [3, 5, 7].map((n) => el("button", { onclick: () => resize(n) }, `${n} × ${n}`))),
            offsetSlider,
            choice("Edge", BOUNDARIES.map((b) => [b, { zero: "zero beyond", reflect: "reflect (edge twice)", mirror: "mirror (edge once)", nearest: "nearest pixel", wrap: "wrap around", none: "none: smaller result" }[b] ?? b]), boundary,
              (value) => { boundary = value; update({ boundary }); render(); }),
            choice("Too large", [["", "clipped to 0 and 255"], ["wrong", "wraps around (wrong)"]], wrap ? "wrong" : "",
              (value) => { wrap = value === "wrong"; update({ wrap: value }); render(); })),
          el("section.panel", null, pictures)),
        el("div.stack", null,
          problems,
          el("section.panel", null, el("div.columns.even", null, before, after), timing),
          el("section.panel", { "aria-live": "polite" }, sums))),
    ); // prettier-ignore
    photo("data/hopper.jpg").then((image) => source ?? pictures.show(image));
    return () => pictures.stop();
  },
};

/** Brightness of a pixel by ITU-R BT.601. @param {ArrayLike<number>} data @param {number} i */
const grey = (data, i) => Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]);

/** @param {(number | null)[][]} rows @param {string} title */
function numbers(rows, title) {
  const spans = rows.flat().map((value) => el("span", null, show(value ?? 0)));
  const style = `grid-template-columns: repeat(${rows[0].length}, auto)`;
  return el("div", null, el("div.note", null, title), el("div.numbers", { style }, spans));
}
