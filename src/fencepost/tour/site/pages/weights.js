// Shared weights: a convolution drawn as a layer of neurons. Edges of one weight have one colour and one
// dash; a weight that changes changes all of its edges.
import { el, fill, show, slider } from "../lib/dom.js";

const COLOURS = ["var(--accent)", "var(--second)", "#2f9e44", "#9c36b5", "#868e00"];
const DASHES = ["", "7 4", "2 4", "10 3 2 3", "14 5"];

/** @type {import("../main.js").Page} */
export const page = {
  title: "A kernel is a layer that shares its weights",
  lead:
    "Move one weight, and watch every edge of its colour change with it. " +
    "Then shift the signal, and see the outputs shift along.",
  tutorial: "shared-weights.html",

  mount(root, { state, update }) {
    /** @param {string | undefined} text @param {number[]} usual @param {number} most */
    const list = (text, usual, most) => {
      const given = (text ?? "").split(",").filter(Boolean).map(Number);
      return given.length && given.length <= most && given.every(Number.isFinite) ? given : usual;
    };
    let f = list(state.f, [0, 0, 0, 6, 6, 6, 6, 0, 0], 16);
    let g = list(state.g, [1, -1], 5);
    const picture = el("div.scroll");
    const counts = el("div", { "aria-live": "polite" });
    const weights = el("div");

    function draw() {
      const k = g.length;
      const padded = [...Array(k - 1).fill(null), ...f];
      const step = 62;
      const right = Math.max(150, Math.min(360, (picture.clientWidth || 440) - 80)); // text is not scaled down
      /** @type {any[]} */
      const parts = [];
      const outputs = f.map((_, x) => g.reduce((sum, w, j) => sum + w * (f[x - j] ?? 0), 0));
      outputs.forEach((value, x) => {
        g.forEach((weight, j) => {
          parts.push(el("line", {
            x1: 40, y1: 30 + (x + k - 1 - j) * step, x2: right, y2: 30 + (x + k - 1) * step,
            stroke: COLOURS[j], "stroke-dasharray": DASHES[j] || null, "data-weight": j,
            "stroke-width": Math.max(1, Math.min(9, 1.5 + 2.2 * Math.abs(weight))), opacity: weight ? 0.9 : 0.25,
          }, el("title", null, `g(${j}) = ${show(weight)}`))); // prettier-ignore
        });
        parts.push(neuron(right, 30 + (x + k - 1) * step, show(value), false), el("text.soft", { x: right + 32, y: 35 + (x + k - 1) * step }, `y(${x})`));
      });
      padded.forEach((value, i) => parts.push(neuron(40, 30 + i * step, value === null ? "0" : show(value), value === null)));
      const height = 60 + (padded.length - 1) * step;
      fill(picture, el("svg", { viewBox: `0 0 ${right + 80} ${height}`, style: `max-width: ${right + 180}px`, role: "img", "aria-label": "Neurons of a layer with shared weights" }, parts));
      const full = f.length * f.length;
      fill(counts, el("p.sum", { "data-y": outputs.join(",") }, `y = ${outputs.map((v) => show(v)).join(", ")}`),
        el("p.note", null, `${f.length} × ${k} = ${f.length * k} edges share ${k} ${k === 1 ? "weight" : "weights"}. Fully connected, the same layer would have ${full} weights, one for each edge. ` +
          "One neuron over a colour image of 256 × 256 pixels has 196,608; a 3 × 3 kernel over all its channels has 27.")); // prettier-ignore
    }
    /** @param {number} x @param {number} y @param {string} text @param {boolean} zero */
    const neuron = (x, y, text, zero) =>
      el("g", null,
        el("circle", { cx: x, cy: y, r: 22, fill: "var(--panel)", stroke: "var(--ink)", "stroke-dasharray": zero ? "4 4" : null }),
        el("text", { x, y: y + 5, "text-anchor": "middle" }, text)); // prettier-ignore

    function controls() {
      fill(weights, g.map((weight, j) => {
        const control = slider(`g(${j})`, { min: -3, max: 3, step: 0.1, value: weight }, (value) => { g[j] = value; changed(); }, show);
        control.style.borderLeft = `5px ${j % 2 ? "dashed" : "solid"} ${COLOURS[j]}`;
        control.style.paddingLeft = "8px";
        return control;
      })); // prettier-ignore
    }
    function changed() {
      update({ f: f.join(","), g: g.join(",") });
      draw();
    }
    const size = (/** @type {number} */ by) => {
      if (by > 0 && g.length < 5) g = [...g, 1];
      if (by < 0 && g.length > 1) g = g.slice(0, -1);
      controls();
      changed();
    };
    controls();
    root.append(el("div.columns", null,
      el("section.panel", null, el("h2", null, "Weights"), weights,
        el("p.row", null, el("button", { onclick: () => size(1) }, "one more"), el("button", { onclick: () => size(-1) }, "one less")),
        el("h2", null, "Signal"),
        el("p.row", null,
          el("button", { onclick: () => { f = [0, ...f.slice(0, -1)]; changed(); } }, "shift by one"),
          el("button", { onclick: () => { f = f.map(() => Math.round(9 * Math.random())); changed(); } }, "another one"))),
      el("div.stack", null, el("section.panel", null, counts), el("section.panel", null, picture)))); // prettier-ignore
    draw();
  },
};
