// Draw: a digit drawn with finger or mouse, classified at every stroke, with every map; any value can
// be clicked, and what matters is shown by gradient and by covering.
import { engine, openModel } from "../engine/engine.js";
import { prepareDigit } from "../lib/digits.js";
import { choice, eachFrame, el, fill, notice } from "../lib/dom.js";
import { inside, normalised, ofLayers, probabilities } from "../lib/inside.js";
import { matters } from "../lib/matters.js";
import { lastTrained, lenet5, sampleDigits } from "../lib/models.js";
import { paint } from "../lib/paint.js";

const SIZE = 280; // pixels of the canvas; the pen is 22 wide, as a stroke of MNIST's in a box of 200

/** Strokes as the link keeps them: points of two hexadecimal digits each, strokes apart by dots. */
/** @param {[number, number][][]} strokes */
const pack = (strokes) => strokes.map((s) => s.map((p) => p.map((v) => v.toString(16).padStart(3, "0")).join("")).join("")).join(".");
/** @param {string} text @returns {[number, number][][]} */
const unpack = (text) => text.split(".").filter(Boolean).map((s) => (s.match(/.{6}/g) ?? []).map((p) => /** @type {[number, number]} */ ([parseInt(p.slice(0, 3), 16), parseInt(p.slice(3), 16)])));

/** @type {import("../main.js").Page} */
export const page = {
  title: "Draw a digit, and look inside",
  lead:
    "Draw a digit in the black square, and see how confident the network is after every stroke. " +
    "Then click any value of any layer, and trace it back to the pixels.",
  tutorial: "training.html",

  mount(root, { state, update }) {
    const canvas = el("canvas.draw", { width: SIZE, height: SIZE, tabindex: 0, role: "img", "aria-label": "Draw a digit here; with the keyboard, arrow keys move the pen, and Space puts it down or lifts it" });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const seen = el("canvas", { style: "width: 84px; height: 84px; border: 1px solid var(--line)", role: "img", "aria-label": "The network's input: 28 × 28 pixels" });
    const bars = el("div", { "aria-live": "polite" });
    const timing = el("span.note");
    const problems = el("div");
    /** @type {[number, number][][]} */
    let strokes = unpack(state.strokes ?? "");
    /** @type {Uint8Array | null} */
    let example = null;
    /** @type {import("../engine/model_file.js").Model | null} */
    let model = null;
    let key = "";
    /** @type {[number, number][] | null} */
    let pen = null;
    /** @type {[number, number] | null} */
    let keys = null;
    const view = inside((at) => update({ at: `${at.layer},${at.channel},${at.y},${at.x}` }));
    const what = matters();
    if (state.at) {
      const [layer, channel, y, x] = state.at.split(",").map(Number);
      if ([layer, channel, y, x].every(Number.isInteger)) view.choose({ layer, channel, y, x });
    }

    function redraw() {
      context.fillStyle = "#000";
      context.fillRect(0, 0, SIZE, SIZE);
      context.strokeStyle = "#fff";
      context.lineWidth = 22;
      context.lineCap = context.lineJoin = "round";
      for (const stroke of strokes) {
        context.beginPath();
        stroke.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
        if (stroke.length === 1) context.lineTo(stroke[0][0] + 0.1, stroke[0][1]);
        context.stroke();
      }
      if (example) {
        const small = el("canvas");
        paint(small, Float32Array.from(example, (v) => v / 255), 28, 28, "grey", 1);
        context.imageSmoothingEnabled = false;
        context.drawImage(small, 0, 0, SIZE, SIZE);
      }
    }

    const classify = eachFrame(async () => {
      if (!model) return;
      const begin = performance.now();
      redraw();
      const data = context.getImageData(0, 0, SIZE, SIZE).data;
      if (keys) {
        context.beginPath();
        context.arc(keys[0], keys[1], 11, 0, 2 * Math.PI);
        context.strokeStyle = context.fillStyle = "#ff9d5c";
        context.lineWidth = 3;
        context.stroke();
        if (pen) context.fill();
      }
      const ink = Float32Array.from({ length: SIZE * SIZE }, (_, i) => data[4 * i] / 255);
      const image = example ?? prepareDigit(ink, SIZE, SIZE);
      if (!image) {
        fill(bars, el("p.note", null, "Nothing is drawn yet."));
        return;
      }
      let steps;
      try {
        steps = await engine("features", { key, image });
      } catch (error) {
        return fill(problems, notice(/** @type {Error} */ (error).message));
      }
      const layers = ofLayers(model, steps);
      paint(seen, Float32Array.from(image, (v) => v / 255), 28, 28, "grey", 1);
      fill(bars, probabilities(model, layers[layers.length - 1]));
      view.show(model, { input: normalised(model, image), layers });
      root.dataset.ms = `${performance.now() - begin}`;
      root.dataset.drawn = `${+(root.dataset.drawn ?? 0) + 1}`;
      timing.textContent = `${(performance.now() - begin).toFixed(0)} ms from the stroke to all maps`;
      what.show(key, model, image, layers[layers.length - 1]);
    });

    /** @param {PointerEvent} e @returns {[number, number]} */
    const point = (e) => {
      const box = canvas.getBoundingClientRect();
      /** @param {number} v */
      const inRange = (v) => Math.max(0, Math.min(SIZE - 1, Math.round(v)));
      return [inRange(((e.clientX - box.left) / box.width) * SIZE), inRange(((e.clientY - box.top) / box.height) * SIZE)];
    };
    canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ e) => {
      canvas.setPointerCapture(e.pointerId);
      if (example) [example, strokes] = [null, []];
      pen = [point(e)];
      strokes.push(pen);
      classify();
    });
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => {
      if (!pen) return;
      const [x, y] = point(e);
      const [px, py] = pen[pen.length - 1];
      if (Math.hypot(x - px, y - py) < 3) return;
      pen.push([x, y]);
      classify();
    });
    const lift = () => {
      if (pen) update({ strokes: pack(strokes), example: "" });
      pen = null;
    };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);

    // With the keyboard the pen is a ring, filled while it is down.
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[e.key];
      if (!by) return;
      e.preventDefault();
      const far = e.shiftKey ? 2 : 10;
      const [x, y] = (keys ??= [SIZE / 2, 60]);
      keys = [Math.max(0, Math.min(SIZE - 1, x + far * by[0])), Math.max(0, Math.min(SIZE - 1, y + far * by[1]))];
      if (e.key === " ") {
        if (example) [example, strokes] = [null, []];
        if (pen) lift();
        else strokes.push((pen = [keys]));
      } else pen?.push(keys);
      classify();
    });
    canvas.addEventListener("blur", () => {
      if (!keys) return;
      keys = null;
      lift();
      classify();
    });

    const examples = el("div.maps", { role: "group", "aria-label": "Examples from MNIST" });
    /** @param {string} index @param {{ pixels: Uint8Array }[]} digits */
    const useExample = (index, digits) => {
      example = digits[+index]?.pixels ?? null;
      strokes = [];
      update({ example: index, strokes: "" });
      classify();
    };
    /** @param {string} which */
    async function useModel(which) {
      const trained = lastTrained();
      model = which === "trained" && trained ? trained : await lenet5();
      key = model === trained ? "trained" : "lenet5";
      if (model.plan.engineInput.join() !== "1,28,28") [model, key] = [await lenet5(), "lenet5"];
      update({ model: which });
      await openModel(key, model);
      classify();
    }
    const options = /** @type {[string, string][]} */ ([["", "LeNet-5, trained on MNIST"]]);
    if (lastTrained()) options.push(["trained", "the one you have just trained"]);

    root.append(
      problems,
      el("div.columns", null,
        el("div.stack", null,
          el("section.panel", null, canvas,
            el("p.row", null,
              el("button", { onclick: () => { strokes = []; example = null; update({ strokes: "", example: "" }); classify(); } }, "Clear"),
              el("button", { onclick: () => { strokes.pop(); update({ strokes: pack(strokes) }); classify(); } }, "Undo")),
            el("h2", null, "or take one"), examples)),
        el("div.stack", null,
          el("section.panel", null,
            el("div.row", { style: "align-items: flex-start" }, el("div", null, seen, el("div.note", null, "28 × 28")), el("div", { style: "flex: 1; min-width: 12rem" }, bars)),
            choice("Network", options, state.model ?? "", useModel), timing),
          what.element)),
      view.element,
    ); // prettier-ignore
    redraw();
    sampleDigits().then((digits) => {
      fill(examples, digits.map(({ pixels, label }, i) => {
        const small = el("canvas", { style: "width: 34px; height: 34px" });
        paint(small, Float32Array.from(pixels, (v) => v / 255), 28, 28, "grey", 1);
        return el("button", { "aria-label": `a ${label}`, "data-example": i, onclick: () => useExample(`${i}`, digits) }, small);
      })); // prettier-ignore
      if (state.example || !strokes.length) useExample(state.example ?? "9", digits);
    });
    useModel(state.model ?? "").catch((error) => fill(problems, notice(error.message)));
  },
};
