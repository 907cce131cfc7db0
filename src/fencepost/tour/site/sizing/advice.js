// What a SizeError says: which windows do not fit, what would be lost, and what would fit. The rules
// are those of src/fencepost/sizing/advice.py, and its texts are filled in.
import { joinWords, plural, say } from "./text.js";
import { halved, samePadding } from "./window.js";

/**
 * @typedef {import("./window.js").Window} Window
 * @typedef {import("./sizing.js").SizingCall} SizingCall
 * @typedef {import("./errors.js").Suggestion} Suggestion
 * @typedef {import("./errors.js").SizeProblem} SizeProblem
 */

/** @type {Record<number, string[]>} */
const AXIS_NAMES = { 1: [""], 2: ["height", "width"], 3: ["depth", "height", "width"] };
const SEARCH = 200; // how far the nearest fitting value is searched for

/** Windows that do not fit. @param {SizingCall} call @returns {SizeProblem} */
export function misfit(call) {
  const names = AXIS_NAMES[call.windows.length] ?? call.windows.map((_, i) => `axis ${i}`);
  /** @type {Map<string, { window: Window, names: string[] }>} */
  const groups = new Map();
  call.windows.forEach((window, i) => {
    if (window.resolved(call.remainder)) return;
    const key = JSON.stringify(window);
    const group = groups.get(key) ?? { window, names: [] };
    group.names.push(names[i]);
    groups.set(key, group);
  });
  const misfits = [...groups.values()];
  const axes = misfits.map(({ window, names }) => {
    const axis = joinWords(names);
    let text = consequence(window);
    if (misfits.length > 1) text = `${axis.charAt(0).toUpperCase()}${axis.slice(1)}: ${text}`;
    return { axis, equation: window.equation, consequence: text, lostElements: window.lostElements };
  });
  const small = misfits.filter(({ window }) => window.span < 0).length;
  let rule;
  if (small === misfits.length) rule = say("sizing/advice:misfit", 2);
  else if (small) rule = say("sizing/advice:misfit", 3) + say("sizing/advice:misfit", 4);
  else rule = say("sizing/advice:misfit", 5) + say("sizing/advice:misfit", 6);
  if (axes.length === 1 && axes[0].axis) {
    const the = axes[0].axis.startsWith("axis") ? "" : "the ";
    rule = rule.replace(":", say("sizing/advice:misfit", 8, the, axes[0].axis));
  }
  let suggestions = suggest(call, true);
  if (!suggestions.length) suggestions = suggest(call, false);
  return { rule, received: call.received, axes, suggestions };
}

/** The two meanings of "same" with a stride. @param {SizingCall} call @returns {SizeProblem} */
export function ambiguousSame(call) {
  const where = "sizing/advice:ambiguous_same";
  const tensorflow = call.windows.map((window) => window.same());
  const pytorch = call.windows.map((window) => {
    const [zeros] = samePadding(window.kernel, window.dilation);
    return window.with({ before: zeros, after: zeros });
  });
  /** @type {Suggestion[]} */
  const suggestions = [];
  /** @type {[Window[], string][]} */
  const choices = [
    [tensorflow, say(where, 0)],
    [pytorch, say(where, 1)],
  ];
  for (const [padded, note] of choices) {
    /** @type {Record<string, any>} */
    const changes = { padding: paddingArgument(call, padded) };
    let remainder = call.remainder;
    if (remainder === "error" && padded.some((window) => !window.resolved("error"))) {
      remainder = "crop";
      changes.remainder = remainder;
    }
    const output = outputs(call, padded, remainder);
    if (output !== null) suggestions.push({ changes, output, note });
  }
  return { rule: say(where, 2), received: call.received, axes: [], suggestions };
}

/** @param {Window} window */
function consequence(window) {
  const where = "sizing/advice:_consequence";
  if (window.span < 0) {
    const spanned = plural(window.effectiveKernelSize, "element");
    let kernel = say(where, 0, plural(window.kernel, "element"));
    kernel +=
      window.dilation > 1 ? say(where, 1, window.dilation, spanned) : say(where, 2, spanned);
    const padding = window.before || window.after ? say(where, 3) : "";
    return say(where, 4, kernel, padding, window.padded, -window.span);
  }
  const lost = window.lostElements;
  const zeros = window.leftOver - lost;
  const fit = say(where, 5, plural(window.output, "window"), window.output === 1 ? "fits" : "fit");
  if (!lost) return say(where, 6, fit, last(zeros, "zero"));
  let text = say(where, 7, fit, last(lost, "element"));
  if (zeros) text += say(where, 8, lost === 1 ? "it" : "them");
  text += ".";
  if (window.stride > window.effectiveKernelSize) {
    const between = plural(window.stride - window.effectiveKernelSize, "element");
    text += say(where, 9, window.stride, between);
  }
  return text;
}

/** The nearest choices that fit. @param {SizingCall} call @param {boolean} sound */
function suggest(call, sound) {
  /** @type {[string, Window[] | null][]} */
  const tried = [
    ["input", inputs(call, -1)],
    ["input", inputs(call, +1)],
    ["padding", trimmed(call)],
    ["padding", extended(call)],
    ["padding", evenPadding(call)],
  ];
  for (const name of /** @type {("stride" | "kernel" | "dilation")[]} */ ([
    "stride",
    "kernel",
    "dilation",
  ]))
    for (const direction of [-1, +1]) tried.push([name, nearest(call, name, direction)]);
  /** @type {Map<string, Suggestion>} */
  const made = new Map();
  for (const [argument, windows] of tried) {
    if (!windows) continue;
    const key = JSON.stringify(windows);
    if (made.has(key) || !isSound(call, windows, sound)) continue;
    const output = outputs(call, windows, call.remainder);
    if (output !== null)
      made.set(key, { changes: changes(call, windows, argument), output, note: "" });
  }
  return [...made.values(), ...remainders(call, sound)];
}

/** @param {SizingCall} call @param {Window[]} windows @param {string} argument */
function changes(call, windows, argument) {
  if (argument === "padding") return { padding: paddingArgument(call, windows) };
  const values = windows.map((window) => /** @type {any} */ (window)[argument]);
  const names = /** @type {Record<string, string>} */ ({ input: "input_size", kernel: "kernel_size" });
  const name = names[argument] ?? argument;
  /** @type {Record<string, any>} */
  const made = { [name]: shortest(call, values, name) };
  const besides = (/** @type {Window} */ window) => window.stride !== window.kernel;
  if (call.pool && argument === "kernel" && windows.some(besides) && !call.windows.some(besides))
    made.stride = shortest(call, windows.map((window) => window.stride), "stride");
  return made;
}

/**
 * Whether no windows are new that cover nothing but padding; a pool has none at all.
 * @param {SizingCall} call @param {Window[]} windows @param {boolean} [sound]
 */
const isSound = (call, windows, sound = true) =>
  call.pool
    ? windows.every((window) => !window.blankWindows)
    : !sound || windows.every((window, i) => window.blankWindows <= call.windows[i].blankWindows);

/** @param {SizingCall} call @param {Window[]} windows @param {import("./window.js").Remainder} remainder */
function outputs(call, windows, remainder) {
  const sizes = [];
  for (const window of windows) {
    const fitting = window.resolved(remainder);
    if (!fitting) return null;
    sizes.push(fitting.output);
  }
  return call.scalar ? sizes[0] : sizes;
}

/** Elements too many (positive) or missing (negative). @param {SizingCall} call @param {Window} window */
function excess(call, window) {
  if (window.resolved(call.remainder)) return 0;
  return window.span < 0 ? window.span : window.leftOver;
}

/** @param {SizingCall} call @param {number} direction */
function inputs(call, direction) {
  const changed = [];
  for (const window of call.windows) {
    let much = excess(call, window);
    if (much > 0 && direction > 0) much -= window.stride;
    else if (much < 0 && direction < 0) return null;
    if (window.input - much < 1) return null;
    changed.push(window.with({ input: window.input - much }));
  }
  return changed;
}

/** @param {SizingCall} call */
function trimmed(call) {
  const much = call.windows.map((window) => excess(call, window));
  if (call.windows.some((window, i) => much[i] < 0 || much[i] > window.after)) return null;
  return call.windows.map((window, i) => window.with({ after: window.after - much[i] }));
}

/** @param {SizingCall} call */
function extended(call) {
  return call.windows.map((window) => {
    const much = excess(call, window);
    let [before, after] = [0, 0];
    if (much > 0) after = window.stride - much;
    else if (much < 0) [before, after] = halved(-much);
    return window.with({ before: window.before + before, after: window.after + after });
  });
}

/** @param {SizingCall} call */
function evenPadding(call) {
  const changed = [];
  for (const window of call.windows) {
    const even = excess(call, window) ? evenlyPadded(window, call.remainder) : window;
    if (!even) return null;
    changed.push(even);
  }
  return changed;
}

/** @param {Window} window @param {import("./window.js").Remainder} remainder */
function evenlyPadded(window, remainder) {
  const now = Math.max(window.before, window.after);
  const most = Math.min(window.stride + Math.max(0, -window.span), SEARCH);
  for (let distance = 0; distance <= most; distance++)
    for (const padding of [now - distance, now + distance]) {
      if (padding < 0) continue;
      const candidate = window.with({ before: padding, after: padding });
      if (candidate.resolved(remainder)) return candidate;
    }
  return null;
}

/** @param {SizingCall} call @param {"stride" | "kernel" | "dilation"} argument @param {number} direction */
function nearest(call, argument, direction) {
  if (new Set(call.windows.map((window) => window[argument])).size === 1) {
    const together = first(call.windows, argument, direction, call.remainder);
    if (together || call.windows.length === 1) return together;
  }
  /** @type {Window[]} */
  const changed = [];
  for (const window of call.windows) {
    /** @type {Window[] | null} */
    let own = [window];
    if (excess(call, window)) own = first([window], argument, direction, call.remainder);
    if (!own) return null;
    changed.push(...own);
  }
  return changed;
}

/**
 * @param {Window[]} windows @param {"stride" | "kernel" | "dilation"} argument
 * @param {number} direction @param {import("./window.js").Remainder} remainder
 */
function first(windows, argument, direction, remainder) {
  const start = windows[0][argument];
  let stop = direction < 0 ? Math.max(0, start - 1 - SEARCH) : start + 1 + SEARCH;
  if (argument === "stride") {
    if (windows.some((window) => window.span < 0)) return null;
    if (direction > 0) stop = Math.min(stop, 2 * start + 1); // twice as far is another network
  }
  if (argument === "dilation" && windows.every((window) => window.kernel === 1)) return null;
  for (let value = start + direction; direction > 0 ? value < stop : value > stop; value += direction) {
    const changed = windows.map((window) => window.with({ [argument]: value }));
    if (changed.every((window) => window.resolved(remainder))) return changed;
    if (direction > 0 && changed.some((window) => window.span < 0)) return null;
  }
  return null;
}

/** @param {SizingCall} call @param {boolean} sound @returns {Suggestion[]} */
function remainders(call, sound) {
  const where = "sizing/advice:_remainders";
  if (call.remainder !== "error" || call.windows.some((window) => window.span < 0)) return [];
  const made = [];
  const cropped = outputs(call, call.windows, "crop");
  const lost = call.windows.some((window) => window.lostElements);
  const what = lost ? say(where, 0) : say(where, 1);
  if (cropped !== null && isSound(call, call.windows, false))
    made.push({ changes: { remainder: "crop" }, output: cropped, note: say(where, 2, what) });
  const padded = call.windows.map((window) => window.resolved("pad")).filter((w) => w !== null);
  const output = outputs(call, padded, "error");
  if (output !== null && isSound(call, padded, sound))
    made.push({ changes: { remainder: "pad" }, output, note: say(where, 3) });
  return made;
}

/** @param {SizingCall} call @param {number[]} values @param {string} name */
function shortest(call, values, name) {
  const short = call.scalar || (call.inputHasAxes && name !== "input_size");
  return short && new Set(values).size === 1 ? values[0] : values;
}

/** @param {SizingCall} call @param {Window[]} windows */
function paddingArgument(call, windows) {
  const pairs = windows.map((window) => [window.before, window.after]);
  const clear = call.scalar || call.inputHasAxes;
  if (clear && pairs.every(([before, after]) => before === after))
    return shortest(call, pairs.map(([before]) => before), "padding");
  return call.scalar ? pairs[0] : pairs;
}

/** @param {number} count @param {string} noun */
const last = (count, noun) =>
  count === 1 ? say("sizing/advice:_last", 0, noun) : say("sizing/advice:_last", 1, count, noun);
