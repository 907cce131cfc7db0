// Your model: a .safetensors file that `fencepost train` made, its classes, your images or camera, and the
// same views as on the page Draw.
import { engine, openModel } from "../engine/engine.js";
import { describe } from "../layers/layers.js";
import { readModel } from "../engine/model_file.js";
import { prepareDigit } from "../lib/digits.js";
import { eachFrame, el, fill, notice } from "../lib/dom.js";
import { inside, normalised, ofLayers, probabilities } from "../lib/inside.js";
import { matters } from "../lib/matters.js";
import { lenet5 } from "../lib/models.js";
import { photoSource } from "../lib/photos.js";
import { signalSource } from "../lib/signals.js";
import { formatShape, grouped } from "../sizing/text.js";

/** @typedef {import("../engine/model_file.js").Model} Model */

const GIVEN = "the model that was given";

const MOST_VALUES = 2e7; // of all layers for one image: 80 MB

/** What a page cannot show of a model, in a sentence; empty if it can show all. @param {Model} model */
function cannotShow({ plan, views }) {
  const [channels] = plan.input;
  if (plan.input.length === 1 || (plan.input.length === 3 && channels !== 1 && channels !== 3))
    return `This page shows models of signals, and of grey or colour images, 1 or 3 × height × width. This one takes ${formatShape(plan.input)}: \`fencepost explain\` explains it.`;
  const values = views.reduce((sum, view) => sum + view.output.reduce((a, b) => a * b), 0);
  if (values > MOST_VALUES)
    return `This page shows models with up to ${grouped(MOST_VALUES)} values in all layers. This one has ${grouped(values)}: \`fencepost explain\` explains it.`;
  return "";
}

/** @type {import("../main.js").Page} */
export const page = {
  title: "Look into a model of your own",
  lead:
    "Drop a .safetensors file that fencepost train wrote, then an image or a signal, or turn the camera on. " +
    "Click any value to see how it was computed: no file leaves this tab.",
  tutorial: "training.html",

  mount(root, { state, update }) {
    /** @type {Model | null} */
    let model = null;
    /** @type {ImageData | null} */
    let picture = null;
    /** @type {Float32Array | null} */
    let signal = null;
    const problems = el("div");
    const facts = el("div");
    const signals = el("div");
    const bars = el("div", { "aria-live": "polite" });
    const shown = el("canvas.photo", { role: "img", "aria-label": "The model's input", style: "max-width: 16rem; image-rendering: pixelated" });
    const view = inside((at) => update({ at: `${at.layer},${at.channel},${at.y},${at.x}` }));
    const what = matters();
    const after = el("div.stack", { hidden: true }, el("div.columns.even", null, el("section.panel", null, bars), what.element), view.element);
    if (state.at) {
      const [layer, channel, y, x] = state.at.split(",").map(Number);
      if ([layer, channel, y, x].every(Number.isInteger)) view.choose({ layer, channel, y, x });
    }

    /** @param {ArrayBuffer} buffer @param {string} name */
    async function open(buffer, name) {
      try {
        const read = readModel(buffer, name);
        const reason = cannotShow(read);
        if (reason) throw new Error(reason);
        await openModel("own", read);
        use(read, name);
      } catch (error) {
        fill(problems, notice(/** @type {Error} */ (error).message));
      }
    }
    async function example() {
      try {
        const read = await lenet5();
        await openModel("own", read);
        use(read, "LeNet-5, as an example");
      } catch (error) {
        fill(problems, notice(/** @type {Error} */ (error).message));
      }
    }
    /** @param {Model} read @param {string} name */
    function use(read, name) {
      model = read;
      const ofSignals = read.plan.input.length === 2;
      pictures.stop();
      pictures.hidden = shown.hidden = ofSignals;
      signal = null;
      after.hidden = true;
      const heard = (/** @type {Float32Array} */ values) => { signal = values; fill(problems); look(); };
      fill(signals, ofSignals ? signalSource(read, heard, (message) => fill(problems, notice(message))) : null);
      fill(problems);
      fill(facts,
        el("h2", null, name),
        el("p", null, `${formatShape(read.plan.input)} → ${outputs(read)} ${grouped(read.plan.parameterCount)} parameters.`),
        el("p.note", null, read.plan.rows.map((row) => describe(row.layer)).join(", "))); // prettier-ignore
      look();
    }

    const look = eachFrame(async () => {
      const ofSignals = model?.plan.input.length === 2;
      if (!model || !(ofSignals ? signal : picture)) return;
      const { image, note } = ofSignals ? { image: signal, note: "" } : brought(model, /** @type {ImageData} */ (picture));
      if (!image) return fill(bars, el("p.note", null, note));
      try {
        const steps = await engine("features", { key: "own", image });
        const layers = ofLayers(model, steps);
        after.hidden = false;
        if (!ofSignals) paintImage(shown, model, image);
        fill(bars, probabilities(model, layers[layers.length - 1]), el("p.note", null, note));
        view.show(model, { input: normalised(model, image), layers });
        what.show("own", model, image, layers[layers.length - 1]);
        root.dataset.shown = `${+(root.dataset.shown ?? 0) + 1}`;
      } catch (error) {
        fill(problems, notice(/** @type {Error} */ (error).message));
      }
    });

    const input = el("input", { type: "file", accept: ".safetensors", hidden: true, "data-model": true, onchange: () => take(input.files[0]) });
    /** @param {File | undefined} file */
    async function take(file) {
      if (file) await open(await file.arrayBuffer(), file.name);
    }
    const drop = (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      const file = e.dataTransfer?.files[0];
      if (file?.name.endsWith(".safetensors")) take(file);
    };
    addEventListener("drop", drop);
    const pictures = photoSource((image) => {
      picture = image;
      fill(problems);
      look();
    });

    root.append(problems, el("div.columns", null,
      el("section.panel", null,
        el("p.row", null, el("button.primary", { onclick: () => input.click() }, "Choose a model"), input),
        el("p.note", null, "Or drop it anywhere on this page. You make one with ", el("code", null, "fencepost train --data photos/ --out photos.safetensors"), ", where each folder of photos/ is a class."),
        el("button", { onclick: example }, "Take LeNet-5")),
      el("section.panel", null, facts, pictures, signals, shown)), after); // prettier-ignore
    if (new URLSearchParams(location.search).has("given"))
      fetch("given.safetensors").then(async (response) => {
        if (!response.ok) throw new Error(`${GIVEN} can no longer be read. Choose a model file instead.`);
        await open(await response.arrayBuffer(), GIVEN);
      }).catch((error) => fill(problems, notice(error.message))); // prettier-ignore
    return () => {
      pictures.stop();
      removeEventListener("drop", drop);
    };
  },
};

/** @param {Model} model */
function outputs({ config, plan, classNames }) {
  if (!config.class_names && plan.outputs === 1) return "one number.";
  return `${grouped(classNames.length)} ${config.class_names ? "classes" : "outputs"}: ${classNames.slice(0, 20).join(", ")}${classNames.length > 20 ? ", …" : ""}.`;
}

/**
 * A picture as `fencepost predict` brings it: a digit for a model of MNIST's style; else resized so that it
 * fills the input, the middle cut out.
 * @param {Model} model @param {ImageData} picture @returns {{ image: Uint8Array | Float32Array | null, note: string }}
 */
function brought(model, picture) {
  const [channels, height, width] = model.plan.engineInput;
  const training = model.config.metadata?.training;
  if (training?.preparation?.style === "mnist") {
    const grey = Float32Array.from({ length: picture.width * picture.height }, (_, i) => (0.299 * picture.data[4 * i] + 0.587 * picture.data[4 * i + 1] + 0.114 * picture.data[4 * i + 2]) / 255);
    const border = [...grey.subarray(0, picture.width), ...grey.subarray(-picture.width)].sort();
    const ground = border[border.length >> 1];
    const ink = grey.map((v) => Math.abs(v - ground) / Math.max(ground, 1 - ground));
    return { image: prepareDigit(ink, picture.height, picture.width), note: "The digit was cut out, scaled and centred, as the training images are." };
  }
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(picture, 0, 0);
  const scale = Math.max(height / picture.height, width / picture.width);
  const small = document.createElement("canvas");
  small.width = width;
  small.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d"));
  context.imageSmoothingQuality = "high";
  // Where training images were brought to this size without keeping their proportions, so is this one.
  if (training?.size) context.drawImage(canvas, 0, 0, width, height);
  else context.drawImage(canvas, (width - picture.width * scale) / 2, (height - picture.height * scale) / 2, picture.width * scale, picture.height * scale);
  const { data } = context.getImageData(0, 0, width, height);
  const image = new Uint8Array(channels * height * width);
  for (let i = 0; i < height * width; i++)
    if (channels === 1) image[i] = Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
    else for (let c = 0; c < 3; c++) image[c * height * width + i] = data[4 * i + c];
  const white = training?.preparation?.white ?? 255;
  const scaled = white === 255 ? image : Float32Array.from(image, (v) => (v * white) / 255);
  return { image: scaled, note: `Resized and cropped to ${height} × ${width} pixels.` };
}

/** @param {HTMLCanvasElement} canvas @param {Model} model @param {ArrayLike<number>} image */
function paintImage(canvas, model, image) {
  const [channels, height, width] = model.plan.engineInput;
  canvas.width = width;
  canvas.height = height;
  const out = new ImageData(width, height);
  for (let i = 0; i < height * width; i++)
    for (let c = 0; c < 4; c++)
      out.data[4 * i + c] = c === 3 ? 255 : image[(channels === 3 ? c * height * width : 0) + i];
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(out, 0, 0);
}
