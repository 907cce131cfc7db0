// Pictures from the page's own files, the visitor's files, or a camera; none of them leaves the tab.
import { el, fill, notice } from "./dom.js";

const LARGEST = 2 ** 20; // pixels: a megapixel at 30 frames a second
export const NO_IMAGE = "This is not an image that the browser can show. Use a PNG, JPEG or WebP file.";
export const NO_CAMERA =
  "There is no camera, or the page is not allowed to use it. Allow it next to the address, or choose a file.";

/** @param {CanvasImageSource} picture @param {number} width @param {number} height @returns {ImageData} */
function pixels(picture, width, height) {
  const scale = Math.min(1, Math.sqrt(LARGEST / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** The pixels of a picture file, upright. @param {string | Blob} source @returns {Promise<ImageData>} */
export async function photo(source) {
  const blob = typeof source === "string" ? await (await fetch(source)).blob() : source;
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  return pixels(bitmap, bitmap.width, bitmap.height);
}

/**
 * Controls that choose a picture: a file (also dropped on the page) or the camera. What went wrong
 * is said beside them, until the visitor chooses again.
 * @param {(image: ImageData) => void} show
 */
export function photoSource(show) {
  /** @type {MediaStream | null} */
  let stream = null;
  const input = el("input", { type: "file", accept: "image/*", hidden: true, onchange: () => take(input.files[0]) });
  /** @param {Blob | undefined} file */
  async function take(file) {
    if (!file) return;
    stop();
    fill(problem);
    try {
      show(await photo(file));
    } catch {
      fill(problem, notice(NO_IMAGE));
    }
  }
  async function camera() {
    if (stream) return stop();
    fill(problem);
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 640 } });
    } catch {
      return fill(problem, notice(NO_CAMERA));
    }
    const video = document.createElement("video");
    video.srcObject = stream;
    video.muted = true;
    await video.play();
    fill(button, "Stop the camera");
    const next = () => {
      if (!stream) return;
      if (video.videoWidth) show(pixels(video, video.videoWidth, video.videoHeight));
      setTimeout(next, 50);
    };
    next();
  }
  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    fill(button, "Camera");
  }
  const over = (/** @type {DragEvent} */ e) => e.preventDefault();
  const drop = (/** @type {DragEvent} */ e) => {
    e.preventDefault();
    const file = e.dataTransfer?.files[0];
    if (file && !file.name.endsWith(".safetensors")) take(file);
  };
  addEventListener("dragover", over);
  addEventListener("drop", drop);
  const button = el("button", { onclick: camera }, "Camera");
  const problem = el("div");
  const controls = el("div", null, el("div.row", null,
    el("button", { onclick: () => input.click() }, "Choose an image"), button, input,
    el("span.note", null, "Nothing leaves this tab.")), problem); // prettier-ignore
  return Object.assign(controls, {
    show,
    stop() {
      stop();
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    },
  });
}
