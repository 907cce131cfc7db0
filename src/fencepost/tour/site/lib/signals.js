// Signals for a model of signals: from a CSV file as `fencepost train` takes it, or drawn by hand.
import { el, field, fill, show } from "./dom.js";
import { grouped } from "../sizing/text.js";

const [WIDTH, HEIGHT] = [600, 170];
const COLOURS = ["var(--accent)", "var(--second)", "#2f9e44", "#9c36b5", "#868e00"];
const DASHES = ["", "7 4", "2 4", "10 3 2 3", "14 5"];

/**
 * The signals of a CSV file: a row per signal, all of channel 0, then all of channel 1; a column may hold labels.
 * @param {string} text @param {number} channels @param {number} width @param {string | number} label
 * @returns {{ values: Float32Array, label: string }[]}
 */
export function parseSignals(text, channels, width, label) {
  const wanted = channels * width;
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim() && !line.startsWith("#"));
  const separator = [";", "\t", "|", ",", /\s+/].find((mark) => (lines[0] ?? "").trim().split(mark).length > 1) ?? ",";
  const rows = lines.map((line) => line.trim().split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
  /** @param {string} cell */
  const number = (cell) => (cell === "" ? NaN : Number(separator === "," ? cell : cell.replace(",", ".")));
  const named = rows.length > 1 && rows[0].filter((cell) => Number.isNaN(number(cell))).length * 2 > rows[0].length;
  const header = named ? rows.shift() : undefined;
  const begin = header ? 2 : 1;
  if (!rows.length) throw new Error("This file holds no signals: it needs a row for each, with its values separated by commas.");
  return rows.slice(0, 1000).map((cells, i) => {
    let column = -1;
    if (cells.length === wanted + 1) {
      column = typeof label === "number" ? (label + cells.length) % cells.length : (header?.indexOf(label) ?? -1);
      if (column < 0) column = Math.max(0, cells.findIndex((cell) => Number.isNaN(number(cell))));
    }
    const values = Float32Array.from(cells.filter((_, c) => c !== column), number);
    if (values.length !== wanted || !values.every(Number.isFinite)) {
      const shape = channels > 1 ? `${channels} × ${width} = ${grouped(wanted)}` : grouped(wanted);
      throw new Error(`A row must have ${shape} numbers, and may have a label. Row ${i + begin} has ${grouped(values.filter(Number.isFinite).length)} numbers.`);
    }
    return { values, label: column < 0 ? "" : cells[column] };
  });
}

/**
 * Controls that choose a signal, or draw one.
 * @param {import("./inside.js").Model} model @param {(values: Float32Array) => void} changed @param {(message: string) => void} refuse
 */
export function signalSource(model, changed, refuse) {
  const [channels, width] = model.plan.input;
  const [mean, std] = [model.mean, model.std];
  let values = Float32Array.from({ length: channels * width }, (_, i) => {
    const c = Math.floor(i / width);
    return mean[c] + std[c] * Math.sin((2 * Math.PI * (2 + c) * (i % width)) / width);
  });
  let channel = 0;
  let at = width >> 1;
  const chart = el("div");
  const title = el("p.note", null, "A sine, to begin with. Draw over it, or choose a file.");
  const rows = el("span");

  const range = () => {
    let [low, high] = [Math.min(...mean.map((m, c) => m - 3 * std[c])), Math.max(...mean.map((m, c) => m + 3 * std[c]))];
    for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
    return [low, high];
  };
  let [low, high] = range();

  function draw() {
    const x = (/** @type {number} */ i) => 6 + (i / Math.max(1, width - 1)) * (WIDTH - 12);
    const y = (/** @type {number} */ v) => 6 + (1 - (v - low) / (high - low || 1)) * (HEIGHT - 12);
    const lines = Array.from({ length: channels }, (_, c) => el("polyline", {
      points: Array.from(values.subarray(c * width, (c + 1) * width), (v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" "),
      fill: "none", stroke: COLOURS[c % 5], "stroke-dasharray": DASHES[c % 5] || null, "stroke-width": c === channel ? 3 : 1.5,
    })); // prettier-ignore
    const svg = el("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, tabindex: 0, role: "slider", "aria-label": `The signal, channel ${channel}: arrow keys choose a value and change it`,
      "aria-valuenow": +values[channel * width + at].toPrecision(4), "aria-valuetext": `at ${at}: ${show(values[channel * width + at])}`,
      style: "touch-action: none; cursor: crosshair; border: 1px solid var(--line); border-radius: 6px",
      onpointerdown: paint, onpointermove: paint, onkeydown: key,
    }, lines, el("circle", { cx: x(at), cy: y(values[channel * width + at]), r: 5, fill: COLOURS[channel % 5] })); // prettier-ignore
    const focused = chart.contains(document.activeElement);
    fill(chart, svg);
    if (focused) svg.focus({ preventScroll: true });
  }
  /** @param {PointerEvent} e */
  function paint(e) {
    if (!e.buttons) return;
    const box = chart.getBoundingClientRect();
    const to = Math.max(0, Math.min(width - 1, Math.round(((e.clientX - box.left) / box.width) * (width - 1))));
    const value = low + (1 - (e.clientY - box.top) / box.height) * (high - low);
    const from = e.type === "pointerdown" ? to : at;
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) values[channel * width + i] = value;
    at = to;
    told();
  }
  /** @param {KeyboardEvent} e */
  function key(e) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
    if (!by) return;
    e.preventDefault();
    at = Math.max(0, Math.min(width - 1, at + by[0]));
    values[channel * width + at] += (by[1] * (high - low)) / 20;
    told();
  }
  function told() {
    draw();
    changed(values.slice());
  }

  const input = el("input", { type: "file", accept: ".csv,.txt,.tsv,text/csv,text/plain", hidden: true, "data-signals": true, onchange: async () => {
    const file = input.files[0];
    if (!file) return;
    try {
      const found = parseSignals(await file.text(), channels, width, model.config.metadata?.training?.label ?? "label");
      const which = el("input", { type: "number", min: 1, max: found.length, value: 1, oninput: () => choose() });
      const choose = () => {
        const one = found[Math.max(0, Math.min(found.length - 1, Math.round(+which.value) - 1 || 0))];
        values = one.values.slice();
        [low, high] = range();
        fill(title, `${file.name}: ${grouped(found.length)} ${found.length === 1 ? "signal" : "signals"}.${one.label ? ` This one's label is ${one.label}.` : ""}`);
        told();
      };
      fill(rows, found.length > 1 ? field("Signal", which) : null);
      choose();
    } catch (error) {
      refuse(/** @type {Error} */ (error).message);
    }
  } }); // prettier-ignore
  const which = el("select", { onchange: () => { channel = +which.value; draw(); } }, Array.from({ length: channels }, (_, c) => el("option", { value: c }, `channel ${c}`)));
  draw();
  queueMicrotask(() => changed(values.slice()));
  return el("div", null,
    el("div.row", null, el("button", { onclick: () => input.click() }, "Choose signals (CSV)"), input, rows, channels > 1 ? field("Draw", which) : null, el("span.note", null, "Nothing leaves this tab.")),
    title, chart); // prettier-ignore
}
