// Design: a network written as text or layer by layer, with its volumes to scale, a table, receptive
// fields, and the library's own errors.
import { describe } from "../layers/layers.js";
import { parseLayers } from "../layers/layer_text.js";
import { sizes } from "../engine/network.js";
import { receptiveFields } from "../layers/receptive_fields.js";
import { choice, el, field, fill, notice } from "../lib/dom.js";
import { argumentText, problemText } from "../lib/problem.js";
import { suggestionText } from "../sizing/errors.js";
import { channelsLastNote, parseInput } from "../sizing/input_text.js";
import { formatShape, grouped } from "../sizing/text.js";
import { LENET5 } from "./train.js";

const NETWORKS = /** @type {Record<string, [string, string, string]>} */ ({
  lenet5: ["LeNet-5", "1x28x28", LENET5],
  vgg: ["a small VGG", "3x64x64", "Conv2d(32, 3, padding=1), ReLU, MaxPool2d(2),\nConv2d(64, 3, padding=1), ReLU, MaxPool2d(2),\nConv2d(128, 3, padding=1), ReLU, MaxPool2d(2),\nGlobalAvgPool, Linear(10)"],
  residual: ["residual", "3x32x32", "Conv2d(32, 3, padding=1), BatchNorm2d, ReLU,\nResidual(Conv2d(32, 3, padding=1), ReLU, Conv2d(32, 3, padding=1)),\nMaxPool2d(2), GlobalAvgPool, Linear(10)"],
  wrong: ["one that does not fit", "1x28x28", "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(3), Flatten, Linear(10)"],
});
const ADD = ["Conv2d(16, 3, padding=1)", "ReLU", "MaxPool2d(2)", "BatchNorm2d", "Dropout(0.3)", "GlobalAvgPool", "Flatten", "Linear(10)"];

/** @type {import("../main.js").Page} */
export const page = {
  title: "Design a network on paper",
  lead:
    "Write layers, or add them with the buttons, and see every size before anything runs. " +
    "Where something does not fit, click a suggestion; then train what you have made.",
  tutorial: "sizes.html",

  mount(root, { state, update }) {
    let text = state.layers ?? LENET5.replace(/, (?=Conv|Flatten)/g, ",\n");
    let input = state.input ?? "1x28x28";
    const area = el("textarea", { "aria-label": "Layers", spellcheck: "false", value: text, oninput: () => { text = area.value; changed(); } });
    const shape = el("input", { type: "text", value: input, size: 12, oninput: () => { input = shape.value; changed(); } });
    const picture = el("div.scroll");
    const table = el("div.scroll");
    const problem = el("div", { "aria-live": "polite" });
    const trainIt = el("a.button", { href: "#train" }, "Train it on MNIST");

    function changed() {
      update({ layers: text, input });
      draw();
    }
    function draw() {
      trainIt.hidden = true;
      let axes, layers;
      try {
        axes = parseInput(input);
        layers = parseLayers(text);
      } catch (error) {
        return fill(problem, argumentText(/** @type {Error} */ (error).message));
      }
      const note = channelsLastNote(axes);
      const { rows, problem: misfit } = sizes(axes, layers);
      fill(problem, misfit && problemText(misfit.problem), misfit?.suggestions.length ? el("ul.fence", null, misfit.suggestions.map((s) =>
        el("li", null, el("button", { onclick: () => take(rows.length, s.changes), disabled: "input_size" in s.changes, title: "input_size" in s.changes ? "Change what comes before" : s.note }, `${suggestionText(s)} → ${formatShape(s.output)}`)))) : null, note && !misfit ? notice(note, "status") : null); // prettier-ignore
      const fits = !misfit && `${axes}` === "1,28,28" && `${rows[rows.length - 1]?.output}` === "10";
      trainIt.hidden = !fits;
      trainIt.setAttribute("href", `#train?layers=${encodeURIComponent(text)}`);
      fill(picture, volumes(axes, rows));
      const fields = receptiveFields(axes, rows);
      const total = (/** @type {"parameters" | "multiplyAdds" | "connections"} */ key) => grouped(rows.reduce((sum, row) => sum + row[key], 0));
      const right = (/** @type {any} */ cell) => el("td.right", null, cell);
      fill(table, el("table", null,
        el("thead", null, el("tr", null, el("th", null, "#"), el("th", null, "layer"), el("th", null, "output"), ["receptive field", "effective stride", "effective padding", "parameters", "multiply-adds", "connections"].map((t) => el("th.right", null, t)))),
        el("tbody", null,
          el("tr", null, el("td"), el("td", null, "input"), el("td", null, formatShape(axes)), Array.from({ length: 6 }, () => el("td"))),
          rows.map((row, i) => el("tr", { title: row.windows.map((w) => w.shortEquation).join("; ") },
            el("td", null, i), el("td.layer", null, describe(row.layer)), el("td", null, formatShape(row.output)),
            ...fieldCells(fields[i]).map(right),
            right(row.parameters ? grouped(row.parameters) : "–"), right(row.multiplyAdds ? grouped(row.multiplyAdds) : "–"), right(row.connections ? grouped(row.connections) : "–"))),
          el("tr", { "data-parameters": rows.reduce((s, r) => s + r.parameters, 0) }, el("td"), el("td", null, el("b", null, "total")), el("td"), el("td"), el("td"), el("td"),
            right(total("parameters")), right(total("multiplyAdds")), right(total("connections")))))); // prettier-ignore
    }

    /** Writes a suggestion into the text. @param {number} index @param {Record<string, any>} changes */
    function take(index, changes) {
      const layers = parseLayers(text);
      Object.assign(layers[index], changes);
      text = layers.map(describe).join(", ").replace(/\(\)/g, "").replace(/, (?=Conv|Flatten)/g, ",\n");
      area.value = text;
      changed();
    }
    /** @param {string} key */
    function begin(key) {
      [, input, text] = NETWORKS[key];
      shape.value = input;
      area.value = text;
      changed();
    }
    root.append(el("div.columns", null,
      el("section.panel", null,
        choice("Begin with", Object.entries(NETWORKS).map(([key, [title]]) => [key, title]), "lenet5", begin),
        field("Input", shape), area,
        el("p.row", null, ADD.map((layer) => el("button", { onclick: () => { text = `${text.trimEnd().replace(/,$/, "")},\n${layer}`; area.value = text; changed(); } }, `+ ${layer.split("(")[0]}`))),
        trainIt),
      el("div.stack", null, problem, el("section.panel", null, picture), el("section.panel", null, table)))); // prettier-ignore
    draw();
  },
};

/** Size, stride and padding of a receptive field, as `fencepost size` writes them. @param {import("../layers/receptive_fields.js").Field | null} field */
function fieldCells(field) {
  const alike = (/** @type {any[]} */ values) => (new Set(values).size > 1 ? values : values.slice(0, 1)).join(" × ");
  if (!field) return ["", "", ""];
  const { size, stride, before, covers } = field;
  return [covers && !stride.length ? "all" : alike(size), alike(stride), alike(before)];
}

/** Volumes side by side, in the proportions of their sizes. @param {number[]} input @param {import("../engine/network.js").Row[]} rows */
function volumes(input, rows) {
  const shapes = [input, ...rows.filter((row) => !/ReLU|Drop|Norm|Tanh|Sigmoid|GELU|SiLU|Swish|Softmax/.test(row.layer.type)).map((row) => row.output)];
  const largest = Math.max(...shapes.map((s) => Math.max(...(s.length === 1 ? [1] : s.slice(1)))));
  let x = 10;
  let end = -35; // of the label before
  const parts = shapes.map((s) => {
    const [channels, height, width] = s.length === 3 ? s : s.length === 2 ? [s[0], 1, s[1]] : [1, Math.min(largest, s[0] / 4), 1];
    const h = Math.max(4, (130 * height) / largest);
    const w = Math.max(4, (60 * width) / largest);
    const d = s.length === 1 ? 6 : Math.max(4, Math.min(90, 9 * Math.sqrt(channels)));
    const y = 100 - h / 2;
    const skew = w / 2;
    const label = formatShape(s);
    const half = 3.8 * label.length;
    x = Math.max(x, end + 10 + half - d / 2);
    end = x + d / 2 + half;
    const group = el("g", null,
      el("path", { d: `M${x} ${y} l${skew} ${-skew / 1.5} h${d} l${-skew} ${skew / 1.5} z`, fill: "var(--mark)", stroke: "var(--ink)" }),
      el("path", { d: `M${x + d} ${y} l${skew} ${-skew / 1.5} v${h} l${-skew} ${skew / 1.5} z`, fill: "var(--line)", stroke: "var(--ink)" }),
      el("rect", { x, y, width: d, height: h, fill: "var(--panel)", stroke: "var(--ink)" }),
      el("text.soft", { x: x + d / 2, y: 192, "text-anchor": "middle" }, label)); // prettier-ignore
    x += Math.max(d + skew + 18, 92);
    return group;
  });
  x = Math.max(x, end);
  return el("svg", { viewBox: `-25 0 ${x + 20} 205`, style: `min-width: ${Math.min(x, 900)}px; max-width: ${x + 20}px`, role: "img", "aria-label": "Volumes of the layers, to scale" }, parts);
}
