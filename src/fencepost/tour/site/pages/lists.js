// Lists: f and g as bars that are dragged; the kernel slides, turned over, and the sum is written out.
import { choice, el, fill, show } from "../lib/dom.js";

const PRESETS = /** @type {Record<string, [string, number[], number[]]>} */ ({
  article: ["The article's signal, smoothed", [10, 9, 10, 9, 10, 1, 10, 9, 10, 8], [1 / 3, 1 / 3, 1 / 3]],
  edges: ["Edges: 1, −1", [0, 0, 0, 6, 6, 6, 6, 2, 2, 2], [1, -1]],
  noise: ["A noisy sine wave", [0, 2.6, 3.1, 6.3, 5.2, 7.9, 6.1, 7.2, 4.4, 4.9, 1.6, 1.9, -1.8, -1.4, -4.7, -3.6, -6.6, -5.1, -7.3, -5.4], [0.2, 0.2, 0.2, 0.2, 0.2]],
  copy: ["A single 1 copies the kernel", [0, 0, 1, 0, 0, 0], [7, 8, 9]],
});

/** @param {string | undefined} text @param {number[]} otherwise @param {number} most */
function list(text, otherwise, most) {
  const values = (text ?? "").split(",").filter(Boolean).map(Number);
  return values.length && values.length <= most && values.every(Number.isFinite) ? values : [...otherwise];
}

/**
 * All sums of the full convolution (or correlation), each with its terms: indices of f and g.
 * @param {number[]} f @param {number[]} g @param {boolean} correlate @param {"full" | "same" | "valid"} mode
 */
export function sums(f, g, correlate, mode) {
  const [n, k] = [f.length, g.length];
  let [first, last] = [0, n + k - 1];
  if (mode === "same") [first, last] = [0, n]; // with g's origin first: over f's own domain
  if (mode === "same" && correlate) [first, last] = [k - 1, n + k - 1];
  if (mode === "valid") [first, last] = [k - 1, n];
  const made = [];
  for (let x = first; x < last; x++) {
    const terms = [];
    for (let i = Math.max(0, x - k + 1); i <= Math.min(n - 1, x); i++) terms.push([i, correlate ? k - 1 - (x - i) : x - i]);
    made.push({ x: correlate ? x - k + 1 : x, terms, value: terms.reduce((s, [i, j]) => s + f[i] * g[j], 0) });
  }
  return made;
}

/** @type {import("../main.js").Page} */
export const page = {
  title: "Two lists, slid over each other",
  lead:
    "Drag a bar of f or g up and down, and move along y to see which sum produces each of its values. " +
    "Then make g asymmetric, and compare convolution with correlation.",
  tutorial: "lists.html",

  mount(root, { state, update }) {
    const [, f0, g0] = PRESETS[state.preset] ?? PRESETS.article;
    let f = list(state.f, f0, 40);
    let g = list(state.g, g0, 12);
    let mode = /** @type {"full" | "same" | "valid"} */ (["same", "valid"].includes(state.mode) ? state.mode : "full");
    let correlate = state.operation === "correlation";
    let at = +(state.at ?? 5) || 0;
    const chart = el("div");
    const text = el("div", { "aria-live": "polite" });

    function draw() {
      const y = sums(f, g, correlate, mode);
      at = Math.max(0, Math.min(y.length - 1, at));
      const now = y[at];
      const used = new Set((now?.terms ?? []).map(([i]) => i));
      const first = Math.min(0, y[0]?.x ?? 0, -(g.length - 1) * (correlate ? 1 : 0));
      const columns = Math.max(f.length, ...y.map(({ x }) => x + 1)) - first;
      const width = Math.max(300, Math.min(760, chart.clientWidth || 760));
      const step = (width - 30) / columns;
      /** @param {number} i */
      const left = (i) => 26 + (i - first) * step;
      const top = Math.max(1, ...f.map(Math.abs), ...y.map(({ value }) => Math.abs(value)));
      const gTop = Math.max(0.5, ...g.map(Math.abs));
      const parts = [];
      parts.push(...series("f", f.map((v, i) => [i, v]), 20, 120, top, left, step, used, (i, v) => { f[i] = v; changed(); }));
      // g lies on the signal: turned over for a convolution.
      const shift = now ? now.x : 0;
      const slid = g.map((v, j) => /** @type {[number, number, number]} */ ([correlate ? shift + j : shift - j, v, j]));
      parts.push(...series(correlate ? "g" : "g, flipped", slid, 172, 68, gTop, left, step, null, (j, v) => { g[j] = v; changed(); }));
      parts.push(...series("y", y.map(({ x, value }) => [x, value]), 265, 120, top, left, step, new Set([now?.x]), null, (k) => { at = k; moved(); }));
      fill(chart, el("svg", { viewBox: `0 0 ${width} 420`, role: "group", "aria-label": "Bars of f, g and y" }, parts));
      writeOut(y);
    }

    /** @param {ReturnType<typeof sums>} y */
    function writeOut(y) {
      const now = y[at];
      if (!now) return fill(text, el("p.note", null, "In the mode valid, y has values only where g overlaps f completely: g is longer than f."));
      const sign = (/** @type {number} */ v) => (v < 0 ? `(${show(v)})` : show(v));
      fill(
        text,
        el("div.scroll", null,
          el("p.sum", null, `y(${show(now.x)}) = ` + now.terms.map(([i, j]) => `f(${i})·g(${j})`).join(" + ")),
          el("p.sum", null, "     = " + now.terms.map(([i, j]) => `${sign(f[i])}·${sign(g[j])}`).join(" + ")),
          el("p.sum", null, "     = ", el("b", { "data-value": now.value }, show(now.value, 5)))),
        el("p.note", null, `y = ${y.map(({ value }) => show(value)).join(", ")}`),
      ); // prettier-ignore
    }

    function changed() {
      update({ f: f.map((v) => +v.toFixed(3)).join(","), g: g.map((v) => +v.toFixed(4)).join(",") });
      draw();
    }
    function moved() {
      update({ at: `${at}` });
      draw();
      /** @type {HTMLElement | null} */ (chart.querySelector(`[data-y="${at}"]`))?.focus({ preventScroll: true });
    }

    /**
     * A row of bars that are dragged (or turned by arrow keys), or pointed at.
     * @param {string} name @param {number[][]} points position, value, index
     * @param {number} top @param {number} height @param {number} full @param {(i: number) => number} left
     * @param {number} step @param {Set<any> | null} marked
     * @param {((index: number, value: number) => void) | null} set @param {(index: number) => void} [look]
     */
    function series(name, points, top, height, full, left, step, marked, set, look) {
      const middle = top + (points.some(([, v]) => v < 0) ? height / 2 : height);
      const scale = (points.some(([, v]) => v < 0) ? height / 2 : height) / full;
      const parts = [
        el("text", { x: 2, y: name[0] === "g" ? top + 2 : middle }, name),
        el("line", { x1: 24, x2: 760, y1: middle, y2: middle, stroke: "var(--line)" }),
      ];
      points.forEach(([x, value, own], k) => {
        const index = own ?? k;
        const size = Math.max(2, Math.abs(value) * scale);
        const strong = !marked || marked.has(x);
        const bar = el("rect", {
          x: left(x) + step * 0.14, width: step * 0.72, y: value >= 0 ? middle - size : middle, height: size, rx: 2,
          fill: name === "y" ? "var(--second)" : name === "f" ? "var(--soft)" : "var(--accent)",
          opacity: strong ? 1 : 0.45, stroke: strong && name !== "f" ? "var(--ink)" : "none",
          style: set ? "cursor: ns-resize; touch-action: none" : "cursor: pointer", tabindex: 0,
          role: set ? "slider" : "button", "aria-label": `${name}(${index})`,
          "aria-valuenow": set ? +value.toFixed(3) : null, "data-y": look ? k : null, "data-bar": `${name[0]}${index}`,
        }); // prettier-ignore
        const label = el("text.soft", { x: left(x) + step / 2, y: value >= 0 ? middle + 15 : middle - 5, "text-anchor": "middle" }, show(value, 2));
        if (set) dragged(bar, value, scale, (v) => set(index, v));
        if (look) {
          bar.addEventListener("pointerenter", () => at !== k && look(k));
          bar.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
            const move = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
            if (move) { e.preventDefault(); look(Math.max(0, Math.min(points.length - 1, k + move))); }
          });
        }
        parts.push(bar, step > 24 ? label : null);
      });
      return parts.filter(Boolean);
    }

    /** @param {any} bar @param {number} value @param {number} scale @param {(v: number) => void} set */
    function dragged(bar, value, scale, set) {
      bar.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => {
        const svg = chart.querySelector("svg");
        const pixel = 420 / (svg?.getBoundingClientRect().height || 420);
        const move = (/** @type {PointerEvent} */ m) => set(round(value - ((m.clientY - e.clientY) * pixel) / scale));
        const up = () => {
          removeEventListener("pointermove", move);
          removeEventListener("pointerup", up);
        };
        addEventListener("pointermove", move);
        addEventListener("pointerup", up);
        e.preventDefault();
      });
      bar.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
        const move = { ArrowUp: 1, ArrowDown: -1 }[e.key];
        if (!move) return;
        e.preventDefault();
        const key = bar.dataset.bar;
        set(round(value + move * (scale > 20 ? 0.1 : 1)));
        /** @type {HTMLElement | null} */ (chart.querySelector(`[data-bar="${key}"]`))?.focus();
      });
    }
    /** @param {number} v */
    const round = (v) => Math.round(v * 10) / 10;

    const length = (/** @type {number[]} */ values, /** @type {number} */ most, /** @type {number} */ by) => {
      if (by > 0 && values.length < most) values.push(0);
      if (by < 0 && values.length > 1) values.pop();
      changed();
    };
    root.append(
      el("section.panel", null,
        el("div.row", null,
          choice("Begin with", Object.entries(PRESETS).map(([key, [title]]) => [key, title]), state.preset ?? "article", (preset) => {
            [f, g] = [[...PRESETS[preset][1]], [...PRESETS[preset][2]]];
            update({ preset });
            changed();
          }),
          choice("Operation", [["", "convolution: g flipped"], ["correlation", "cross-correlation"]], correlate ? "correlation" : "", (value) => { correlate = value === "correlation"; update({ operation: value }); draw(); }),
          choice("Mode", [["full", "full"], ["same", "same: as long as f"], ["valid", "valid: g completely on f"]], mode, (value) => { mode = /** @type {any} */ (value); update({ mode }); draw(); })),
        chart, text,
        el("p.row", null,
          el("button", { onclick: () => length(g, 12, 1) }, "longer g"), el("button", { onclick: () => length(g, 12, -1) }, "shorter g"),
          el("button", { onclick: () => length(f, 40, 1) }, "longer f"), el("button", { onclick: () => length(f, 40, -1) }, "shorter f"),
          el("button", { onclick: () => { f = f.map((v) => round(v + 3 * (Math.random() - 0.5))); changed(); } }, "add noise"),
          el("button", { onclick: () => { g = g.map(() => 1 / g.length); changed(); } }, "g averages"))),
    ); // prettier-ignore
    draw();
    addEventListener("resize", draw);
    return () => removeEventListener("resize", draw);
  },
};
