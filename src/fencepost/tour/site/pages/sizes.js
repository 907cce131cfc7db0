// Sizes: sliders move windows over an input; the equation with its numbers; what does not fit is said
// in the library's words, and each of its suggestions can be clicked.
import { el, fill, slider } from "../lib/dom.js";
import { SizeError, suggestionText } from "../sizing/errors.js";
import { outputSize, windows } from "../sizing/sizing.js";
import { Window } from "../sizing/window.js";
import { problemText } from "../lib/problem.js";

const RANGES = /** @type {[string, string, number, number, number][]} */ ([
  ["input", "Input I", 1, 32, 10], ["kernel", "Kernel R", 1, 11, 3], ["padding", "Padding P", 0, 6, 0],
  ["stride", "Stride S", 1, 6, 2], ["dilation", "Dilation", 1, 4, 1],
]); // prettier-ignore

/** @type {import("../main.js").Page} */
export const page = {
  title: "How large is the output?",
  lead:
    "Move the sliders until the last window ends exactly at the edge. " +
    "Where it does not, click one of the suggestions.",
  tutorial: "sizes.html",

  mount(root, { state, update }) {
    /** @type {Record<string, number>} */
    const now = Object.fromEntries(RANGES.map(([key, , low, high, usual]) =>
      [key, Math.min(high, Math.max(low, Math.round(+(state[key] ?? usual)) || 0))]));
    let after = state.after === undefined ? null : +state.after;
    let remainder = /** @type {import("../sizing/window.js").Remainder} */ (["crop", "pad"].includes(state.remainder) ? state.remainder : "error");
    const picture = el("div.scroll");
    const answer = el("div", { "aria-live": "polite" });
    const sliders = el("div");

    function controls() {
      fill(sliders, RANGES.map(([key, label, min, max]) =>
        slider(label, { min, max: Math.max(max, now[key]), value: now[key] }, (value) => {
          now[key] = value;
          if (key === "padding") after = null;
          if (key !== "remainder") remainder = "error";
          changed();
        })));
    }
    function changed() {
      update({ ...Object.fromEntries(Object.entries(now).map(([k, v]) => [k, `${v}`])),
        after: after === null ? "" : `${after}`, remainder: remainder === "error" ? "" : remainder });
      draw();
    }

    function draw() {
      const padding = after === null ? now.padding : [now.padding, after];
      const options = { stride: now.stride, padding, dilation: now.dilation, remainder };
      /** @type {Window} */
      let window = new Window(now.input, now.kernel, now.stride, now.dilation, now.padding, after ?? now.padding);
      try {
        const output = outputSize(now.input, now.kernel, options);
        [window] = windows(now.input, now.kernel, options);
        fill(answer,
          el("p.sum", { "data-output": output }, window.shortEquation),
          el("p.note", null, `${output} ${output === 1 ? "window" : "windows"} fit. I − R positions to move over, in steps of S; + 1 because of fence posts: ` +
            `${output} posts stand at the ends of ${Number(output) - 1} steps.`)); // prettier-ignore
      } catch (error) {
        if (!(error instanceof SizeError)) throw error;
        fill(answer, problemText(error.problem), el("ul.fence", null, error.suggestions.map((suggestion) =>
          el("li", null, el("button", { onclick: () => take(suggestion.changes), title: suggestion.note },
            `${suggestionText(suggestion)} → ${suggestion.output}`))))); // prettier-ignore
      }
      fill(picture, drawing(window));
    }

    /** @param {Record<string, any>} changes */
    function take(changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (name === "input_size") now.input = value;
        else if (name === "kernel_size") now.kernel = value;
        else if (name === "remainder") remainder = value;
        else if (name === "padding") {
          [now.padding, after] = Array.isArray(value) ? value : [value, null];
        } else now[name] = value;
      }
      controls();
      changed();
    }

    controls();
    root.append(el("div.columns", null,
      el("section.panel", null, sliders),
      el("div.stack", null, el("section.panel", null, picture), el("section.panel", null, answer)))); // prettier-ignore
    draw();
  },
};

/** The padded input, and each window below it, with a fence post at its start. @param {Window} w */
function drawing(w) {
  const size = 26;
  const rows = Math.max(1, Math.min(w.output, 40));
  const parts = [];
  for (let i = 0; i < w.padded; i++) {
    const zero = i < w.before || i >= w.before + w.input;
    const lost = !zero && w.span >= 0 && i >= w.padded - w.leftOver;
    parts.push(el("rect", { x: 4 + i * size, y: 4, width: size - 3, height: size - 3, rx: 4, fill: zero ? "none" : lost ? "var(--mark)" : "var(--second)", stroke: lost ? "var(--accent)" : "var(--soft)", "stroke-dasharray": zero || lost ? "3 3" : null }));
    parts.push(el("text", { x: 4 + i * size + (size - 3) / 2, y: 21, "text-anchor": "middle", fill: "var(--panel)", style: zero || lost ? "" : "fill: var(--panel)" }, zero ? "0" : i - w.before));
  }
  for (let k = 0; k < rows; k++)
    for (let j = 0; j < w.kernel; j++) {
      const at = k * w.stride + j * w.dilation;
      const beyond = at >= w.padded;
      parts.push(el("rect", { x: 4 + at * size, y: 40 + k * 20, width: size - 3, height: 14, rx: 3, fill: beyond || !w.output ? "none" : "var(--accent)", stroke: "var(--accent)" }));
      if (!j && w.output) parts.push(el("text", { x: 4 + at * size + size / 2 - 2, y: 51 + k * 20, "text-anchor": "middle", style: "fill: var(--panel); font-size: 11px" }, k));
    }
  if (w.output && w.leftOver) {
    const at = w.output * w.stride;
    for (let j = 0; j < w.kernel; j++)
      parts.push(el("rect", { x: 4 + (at + j * w.dilation) * size, y: 40 + rows * 20, width: size - 3, height: 14, rx: 3, fill: "none", stroke: "var(--accent)", "stroke-dasharray": "3 3" }));
  }
  const across = Math.max(w.padded, (w.output ? w.output * w.stride : 0) + w.effectiveKernelSize) * size + 8;
  const height = 64 + rows * 20;
  return el("svg", { viewBox: `0 0 ${across} ${height}`, style: `width: ${across}px; max-width: none`, role: "img", "aria-label": `${w.output} windows over ${w.padded} elements` }, parts);
}
