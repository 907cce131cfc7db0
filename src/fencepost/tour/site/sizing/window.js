// One axis of the output-size equation; the definitions are those of src/fencepost/sizing/window.py,
// which tests compare with these over 10⁵ configurations.
import { say } from "./text.js";

/** @typedef {"error" | "crop" | "pad"} Remainder */

/** @param {number} a @param {number} b */
export const floorDivide = (a, b) => Math.floor(a / b);
/** @param {number} a @param {number} b */
const ceilDivide = (a, b) => Math.ceil(a / b);

/** Half a padding before and half after; an odd zero goes to the far edge. @param {number} total */
export const halved = (total) => [floorDivide(total, 2), total - floorDivide(total, 2)];

/** The padding that keeps the size at stride 1. @param {number} kernel */
export const samePadding = (kernel, dilation = 1) => halved(dilation * (kernel - 1));

/** A kernel moved along one axis, and how many times it fits. */
export class Window {
  /**
   * @param {number} input elements of the input
   * @param {number} kernel elements of the kernel
   */
  constructor(input, kernel, stride = 1, dilation = 1, before = 0, after = 0, remark = "") {
    this.input = input;
    this.kernel = kernel;
    this.stride = stride;
    this.dilation = dilation;
    this.before = before;
    this.after = after;
    this.remark = remark;
  }

  /** The same window with other numbers. @param {Partial<Window>} changes */
  with(changes) {
    const w = { ...this, ...changes };
    return new Window(w.input, w.kernel, w.stride, w.dilation, w.before, w.after, w.remark);
  }

  /** TensorFlow's meaning of "same": input / stride windows, rounded up. */
  same() {
    const outputs = ceilDivide(this.input, this.stride);
    const needed = (outputs - 1) * this.stride + this.effectiveKernelSize;
    const [before, after] = halved(Math.max(0, needed - this.input));
    return this.with({ before, after });
  }

  get padded() {
    return this.before + this.input + this.after;
  }
  get effectiveKernelSize() {
    return this.dilation * (this.kernel - 1) + 1;
  }
  /** How far the first window can be moved; negative if not even one fits. */
  get span() {
    return this.padded - this.effectiveKernelSize;
  }
  get output() {
    return this.span >= 0 ? floorDivide(this.span, this.stride) + 1 : 0;
  }
  get leftOver() {
    return this.span >= 0 ? this.span % this.stride : this.padded;
  }
  get lostElements() {
    return Math.max(0, Math.min(this.input, this.leftOver - this.after));
  }
  /** How many windows cover nothing but padding: counted one by one. */
  get blankWindows() {
    const end = this.before + this.input;
    let blank = 0;
    for (let k = 0; k < this.output; k++) {
      const start = k * this.stride;
      // The first element of the kernel that is not before the input.
      const skipped = Math.max(0, ceilDivide(this.before - start, this.dilation));
      if (skipped >= this.kernel || start + skipped * this.dilation >= end) blank++;
    }
    return blank;
  }
  get equation() {
    const { input, before, after, dilation, kernel, stride } = this;
    const result = quotient(this.span + stride, stride);
    return say("sizing/window:Window.equation", 0, input, before, after, dilation, kernel, stride, result);
  }
  get shortEquation() {
    const size = this.dilation > 1 ? `${this.dilation}·(${this.kernel} − 1) − 1` : this.kernel;
    const cut = this.leftOver ? ` → ${this.output}` : "";
    const result = quotient(this.span + this.stride, this.stride) + cut;
    const padded = `${this.input} + ${this.before} + ${this.after}`;
    return `(${padded} − ${size}) / ${this.stride} + 1 = ${result}`;
  }

  /** The window finally used, or null if it does not fit. @param {Remainder} remainder */
  resolved(remainder) {
    if (this.span < 0) return null;
    if (this.leftOver && remainder === "error") return null;
    if (this.leftOver && remainder === "pad")
      return this.with({ after: this.after + this.stride - this.leftOver });
    return this;
  }
}

/** @param {number} numerator @param {number} denominator */
function quotient(numerator, denominator) {
  const sign = numerator < 0 ? "−" : "";
  const integer = floorDivide(Math.abs(numerator), denominator);
  const remainder = Math.abs(numerator) % denominator;
  if (!remainder) return `${sign}${integer}`;
  const hundredths = floorDivide(remainder * 100, denominator);
  const digits = `${hundredths}`.padStart(2, "0");
  const more = (remainder * 100) % denominator;
  return `${sign}${integer}.${more ? digits + "…" : digits.replace(/0+$/, "")}`;
}
