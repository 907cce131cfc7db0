// Train: a network on MNIST, live: loss, accuracy, kernels forming, the hardest digits; pause, step, go on,
// another rate; saved as a file that `fencepost predict` reads, and back.
import { engine, openModel } from "../engine/engine.js";
import { parseLayers } from "../layers/layer_text.js";
import { planOf, readModel, writeModel } from "../engine/model_file.js";
import { freshParameters, freshState } from "../engine/network.js";
import { viewsOf } from "../engine/views.js";
import { describe } from "../layers/layers.js";
import { el, field, fill, notice, save, show, slider } from "../lib/dom.js";
import { mnist } from "../lib/mnist.js";
import { keep } from "../lib/models.js";
import { paint } from "../lib/paint.js";

export const LENET5 =
  "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(16, 5), ReLU, MaxPool2d(2), Flatten, Linear(120), ReLU, Linear(84), ReLU, Linear(10)";
const BATCH = 64;
const MEAN = 33.318421; // of MNIST's training digits, and their standard deviation
const STD = 78.567467;
// What `fencepost predict` asks of a model: how pictures are brought to it.
const TRAINING = {
  model: "tour", data: "mnist", size: null, label: "label", channels: null,
  preparation: { style: "mnist", background: "dark", white: 255 },
}; // prettier-ignore

/** What was trained when the page was left, to go on with: the engine still has it. @type {any} */
let left = null;

/** @type {import("../main.js").Page} */
export const page = {
  title: "Train a network on 60,000 digits",
  lead:
    "Press Train, and watch kernels form while the loss falls. " +
    "Pause, change the learning rate, continue, and open the network on the page Draw.",
  tutorial: "training.html",

  mount(root, { state, update }) {
    const layersText = state.layers ?? LENET5;
    let rate = +(state.rate ?? 0.05) || 0.05;
    let seed = +(state.seed ?? 1) || 1;
    let step = 0;
    let going = false;
    let seconds = 0;
    /** @type {number[]} */
    let losses = [];
    /** @type {[number, number][]} */
    let tested = [];
    /** @type {import("../engine/model_file.js").Model} */
    let model = /** @type {any} */ (null);
    /** @type {{ images: Uint8Array, labels: Uint8Array } | null} */
    let test = null;
    let perEpoch = Math.ceil(60000 / BATCH);

    const problems = el("div");
    const chart = el("div");
    const kernels = el("div.maps");
    const hardest = el("div.maps");
    const status = el("p", { role: "status" }, "60,000 digits are loaded when training begins.");
    const go = el("button.primary", { onclick: () => (going ? pause() : train(Infinity)) }, "Train");

    function fresh() {
      try {
        const config = {
          input_shape: [1, 28, 28], layers: parseLayers(layersText), normalization: [[MEAN], [STD]],
          class_names: [..."0123456789"], seed, initialization: "kaiming_uniform",
          metadata: { training: TRAINING },
        }; // prettier-ignore
        const plan = planOf(config);
        if (plan.outputs !== 10) throw new Error(`The last layer must have 10 outputs, one for each digit. It has ${plan.outputs}.`);
        model = { config, plan, views: viewsOf(plan), parameters: freshParameters(plan, seed), state: freshState(plan), mean: [MEAN], std: [STD], classNames: config.class_names };
        return true;
      } catch (error) {
        fill(problems, notice(`${/** @type {Error} */ (error).message} Change it on the page Design.`));
        go.disabled = true;
        return false;
      }
    }

    let opened = false;
    async function prepare() {
      if (!test) {
        status.textContent = "Loading MNIST …";
        const data = await mnist("train");
        perEpoch = Math.ceil(data.labels.length / BATCH);
        await engine("data", data);
        test = await mnist("t10k");
      }
      if (!opened) {
        await openModel("training", model);
        await engine("prepare", { key: "training", batch: BATCH, adam: false, momentum: 0.9, nesterov: true, decay: 0, seed });
        opened = true;
      }
    }

    /** @param {number} steps */
    async function train(steps) {
      going = true;
      go.textContent = "Pause";
      try {
        await prepare();
        while (going && steps > 0) {
          const to = Math.min(step + steps, (Math.floor(step / perEpoch) + 1) * perEpoch);
          const from = step;
          const begin = performance.now();
          await engine("train", { key: "training", batch: BATCH, from, to, rate, seed, chunk: steps === 1 ? 1 : 24 }, progress);
          seconds += (performance.now() - begin) / 1000;
          steps -= step - from;
          if (step % perEpoch === 0 || !going || steps <= 0) await measure();
        }
      } catch (error) {
        fill(problems, notice(/** @type {Error} */ (error).message));
      }
      going = false;
      go.textContent = step ? "Go on" : "Train";
    }
    let last = 0;
    /** @param {any} told */
    function progress(told) {
      step = told.step;
      losses.push(...told.losses);
      if (losses.some((v) => !Number.isFinite(v))) {
        pause();
        fill(problems, notice("The loss is no longer a number: the training diverged. Start again with a smaller learning rate."));
      }
      status.textContent = `Epoch ${(step / perEpoch).toFixed(2)}: loss ${show(told.losses.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0) / told.losses.length)}, ${show((100 * told.correct) / told.seen)} % of the last digits correct.`;
      if (performance.now() - last > 200) {
        last = performance.now();
        draw();
        engine("weights", { key: "training" }).then(({ parameters }) => showKernels(parameters));
      }
    }
    function pause() {
      going = false;
      engine("stop");
    }

    async function measure() {
      if (!test) return;
      const weights = await engine("weights", { key: "training" });
      model = { ...model, ...weights };
      keep(model);
      const count = test.labels.length;
      const outputs = await engine("forward", { key: "training", images: test.images, count });
      let right = 0;
      const wrong = [];
      for (let i = 0; i < count; i++) {
        const row = outputs.subarray(10 * i, 10 * (i + 1));
        const best = row.indexOf(Math.max(...row));
        if (best === test.labels[i]) right++;
        else wrong.push({ i, best, margin: row[best] - row[test.labels[i]] });
      }
      tested.push([step, right / count]);
      root.dataset.accuracy = `${right / count}`;
      root.dataset.seconds = `${seconds}`;
      status.textContent = `After ${(step / perEpoch).toFixed(2)} epochs and ${seconds.toFixed(1)} s of training: ${((100 * right) / count).toFixed(2)} % of 10,000 test digits correct.`;
      wrong.sort((a, b) => b.margin - a.margin);
      const images = test.images;
      const labels = test.labels;
      fill(hardest, wrong.slice(0, 24).map(({ i, best }) => {
        const canvas = el("canvas", { style: "width: 56px; height: 56px", role: "img", "aria-label": `a ${labels[i]}, classified as ${best}` });
        paint(canvas, Float32Array.from(images.subarray(784 * i, 784 * (i + 1)), (v) => v / 255), 28, 28, "grey", 1);
        return el("figure", { style: "margin: 0" }, canvas, el("figcaption.note", { style: "text-align: center; margin: 0" }, `${labels[i]} → ${best}`));
      })); // prettier-ignore
      showKernels(model.parameters);
      draw();
    }

    /** @param {Float32Array} parameters */
    function showKernels(parameters) {
      const first = model.plan.rows.findIndex((row) => row.layer.type === "Conv2d");
      const place = model.plan.parameters.get(`${first}.weight`);
      if (!place) return fill(kernels, el("p.note", null, "This network has no convolution."));
      const [count, , h, w] = place.shape;
      const each = place.size / count;
      if (kernels.children.length !== Math.min(count, 32) || kernels.firstElementChild?.tagName !== "CANVAS")
        fill(kernels, Array.from({ length: Math.min(count, 32) }, (_, k) => el("canvas", { style: "width: 70px; height: 70px; border: 1px solid var(--line)", role: "img", "aria-label": `kernel ${k}` })));
      const all = parameters.subarray(place.at, place.at + place.size);
      const full = Math.max(...all.map(Math.abs));
      [...kernels.children].forEach((canvas, k) =>
        paint(/** @type {HTMLCanvasElement} */ (canvas), all.subarray(k * each, k * each + h * w), h, w, "signed", full));
    }

    function draw() {
      const [width, height] = [Math.max(300, Math.min(760, chart.clientWidth || 640)), 200];
      const smooth = [];
      let mean = losses[0] ?? 0;
      for (const v of losses) smooth.push((mean += 0.08 * (v - mean)));
      const most = Math.max(perEpoch, losses.length);
      const x = (/** @type {number} */ i) => 44 + (i / most) * (width - 60);
      const y = (/** @type {number} */ v) => 14 + (1 - Math.min(v, 2.4) / 2.4) * (height - 40);
      const every = Math.max(1, Math.floor(smooth.length / 300));
      const points = smooth.filter((_, i) => i % every === 0).map((v, i) => `${x(i * every).toFixed(1)},${y(v).toFixed(1)}`);
      fill(chart, el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Loss by step, and accuracy after each epoch" },
        [0, 1, 2].map((v) => [el("line", { x1: 44, x2: width - 16, y1: y(v), y2: y(v), stroke: "var(--line)" }), el("text.soft", { x: 36, y: y(v) + 4, "text-anchor": "end" }, v)]).flat(),
        el("polyline", { points: points.join(" "), fill: "none", stroke: "var(--accent)", "stroke-width": 2.5 }),
        tested.map(([at, share]) => [el("circle", { cx: x(at), cy: y(2.2 * share), r: 5, fill: "var(--second)" }), el("text", { x: x(at) - 8, y: y(2.2 * share) + 18, "text-anchor": "end" }, `${(100 * share).toFixed(1)} %`)]).flat(),
        el("text.soft", { x: 44, y: height - 6 }, `loss by step; ${most} steps of ${BATCH} digits`))); // prettier-ignore
    }

    function reset() {
      pause();
      [step, seconds, losses, tested, opened] = [0, 0, [], [], false];
      fill(problems);
      fill(hardest);
      if (fresh()) showKernels(model.parameters);
      go.textContent = "Train";
      status.textContent = "Ready.";
      draw();
    }

    const input = el("input", { type: "file", accept: ".safetensors", hidden: true, onchange: async () => {
      const file = input.files[0];
      if (!file) return;
      pause();
      try {
        const read = readModel(await file.arrayBuffer(), file.name);
        if (`${read.plan.input}` !== "1,28,28" || read.plan.outputs !== 10)
          throw new Error(`${file.name} does not take digits of 1 × 28 × 28 and give 10 outputs. The page Your model opens it.`);
        model = read;
        [step, losses, tested, opened] = [0, [], [], false];
        fill(problems);
        await prepare();
        await measure();
      } catch (error) {
        fill(problems, notice(/** @type {Error} */ (error).message));
      }
    } }); // prettier-ignore

    async function store() {
      if (opened) model = { ...model, ...(await engine("weights", { key: "training" })) };
      save("tour.safetensors", writeModel(model));
    }

    const seedInput = el("input", { type: "number", min: 0, value: seed, onchange: () => { seed = +seedInput.value || 0; update({ seed: `${seed}` }); reset(); } });
    root.append(problems, el("div.columns", null,
      el("div.stack", null,
        el("section.panel", null,
          el("div.row", null, go, el("button", { onclick: () => going || train(1) }, "One step"), el("button", { onclick: reset }, "Anew")),
          slider("Rate", { min: -4, max: 0, step: 0.05, value: Math.log10(rate) }, (v) => { rate = 10 ** v; update({ rate: rate.toPrecision(2) }); }, (v) => show(10 ** v, 2)),
          el("p.note", null, "The initial learning rate; it falls to one half after one epoch, to one third after two."),
          field("Seed", seedInput),
          el("div.row", null, el("button", { onclick: store }, "Save .safetensors"), el("button", { onclick: () => input.click() }, "Open one"), input, el("a.button", { href: "#draw?model=trained" }, "Draw with it"))),
        el("section.panel", null, el("h2", null, "Network"),
          el("ol.note", { start: 0, style: "padding-left: 1.6rem" }, layersText === LENET5 || fresh() ? (fresh(), model ? model.plan.rows.map((row) => el("li", null, describe(row.layer))) : []) : []),
          el("a", { href: `#design?layers=${encodeURIComponent(layersText)}` }, "Change its layers"))),
      el("div.stack", null,
        el("section.panel", null, status, chart),
        el("section.panel", null, el("h2", null, "Kernels of the first convolution"), kernels),
        el("section.panel", null, el("h2", null, "The hardest test digits"), hardest)))); // prettier-ignore
    if (model) showKernels(model.parameters);
    if (left?.layersText === layersText && left.seed === seed) {
      ({ step, seconds, losses, tested, model, test, perEpoch } = left);
      opened = true;
      go.textContent = "Go on";
      measure();
    }
    draw();
    return () => {
      pause();
      if (opened && step) left = { layersText, seed, step, seconds, losses, tested, model, test, perEpoch };
    };
  },
};
