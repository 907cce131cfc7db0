// The receptive field along one axis, as src/fencepost/graph/axis_field.py has it, with its reasons.
import { floorDivide } from "./window.js";

/** @typedef {[number, number]} Span the first element of the input, and the one after the last */
const MOST_PHASES = 2000;

/** Receptive fields repeat in more phases than can be followed. */
export class TooManyPhases extends Error {}

/** @param {number} a @param {number} b @returns {number} */
const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/** @param {number} phases */
function limited(phases) {
  if (phases > MOST_PHASES) throw new TooManyPhases(`${phases}`);
  return phases;
}

/** Output n·P + j of P phases has the span of phase j, moved by n periods. */
export class AxisField {
  /** @param {Span[]} spans @param {number} period */
  constructor(spans = [[0, 1]], period = 1) {
    this.spans = spans;
    this.period = period;
  }

  /** Elements from the first to the last of an output's, at most. */
  get size() {
    return Math.max(0, ...this.spans.map(([start, stop]) => stop - start));
  }
  /** Elements from one output's field to its neighbour's, on average, as a reduced fraction. */
  get stride() {
    const common = gcd(this.period, this.spans.length);
    const [over, under] = [this.period / common, this.spans.length / common];
    return under === 1 ? `${over}` : `${over}/${under}`;
  }
  /** Elements by which the first field begins before the input. */
  get before() {
    return -this.spans[0][0] || 0;
  }

  /** What output `index` spans. @param {number} index @returns {Span} */
  elements(index) {
    const turn = floorDivide(index, this.spans.length);
    const [start, stop] = this.spans[index - turn * this.spans.length];
    return [start + turn * this.period, stop + turn * this.period];
  }

  /** Whether one of so many outputs spans the whole input. @param {number} size @param {number} outputs */
  covers(size, outputs) {
    const phases = this.spans.length;
    return this.spans.slice(0, outputs).some(([start, stop], phase) => {
      const turns = floorDivide(outputs - phase + phases - 1, phases);
      const moved = Math.min(floorDivide(-start, this.period), turns - 1) * this.period;
      return start <= 0 && stop + moved >= size;
    });
  }

  /** @param {import("./window.js").Window} window */
  after(window) {
    const width = window.effectiveKernelSize - 1;
    return this.mapped((output) => {
      const first = output * window.stride - window.before;
      return [first, first + width];
    }, 1, window.stride); // prettier-ignore
  }

  /** @param {{ kernel: number, stride: number, padding: number, dilation: number }} transposed */
  afterTransposed({ kernel, stride, padding, dilation }) {
    const width = dilation * (kernel - 1);
    return this.mapped((output) => {
      const last = output + padding;
      return [-floorDivide(width - last, stride), floorDivide(last, stride)];
    }, stride, 1); // prettier-ignore
  }

  /** After anything whose outputs depend on known inputs, first to last; `outputs` later it is the same, `inputs` later.
   * @param {(output: number) => Span} span @param {number} outputs @param {number} inputs */
  mapped(span, outputs, inputs) {
    const phases = this.spans.length;
    const turns = phases / gcd(phases, inputs);
    const spans = Array.from({ length: limited(turns * outputs) }, (_, output) => {
      const [first, last] = span(output);
      const [start] = this.elements(first);
      return /** @type {Span} */ ([start, first <= last ? this.elements(last)[1] : start]);
    });
    return new AxisField(spans, ((turns * inputs) / phases) * this.period);
  }

  /** Of a sum of two: what either spans; null if the strides differ. @param {AxisField} other @param {number} outputs */
  joined(other, outputs) {
    if (this.stride !== other.stride) {
      if (outputs > 1) return null;
      return new AxisField([hull(this.spans[0], other.spans[0])], Math.max(this.period, other.period));
    }
    const [own, others] = [this.spans.length, other.spans.length];
    const phases = limited((own * others) / gcd(own, others));
    const spans = Array.from({ length: phases }, (_, i) => hull(this.elements(i), other.elements(i)));
    return new AxisField(spans, (this.period * phases) / own);
  }
}

/** @param {Span} a @param {Span} b @returns {Span} */
const hull = (a, b) => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
