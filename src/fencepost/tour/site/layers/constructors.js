// What the constructors of src/fencepost/layers check, in their order and their words.
import { choice, flag, integer, paddings, perAxis, real, written } from "../sizing/arguments.js";
import { ArgumentError } from "../sizing/errors.js";
import { Decimal, repr, say } from "../sizing/text.js";
import { transposedAxes } from "./resizing.js";
import { TYPES } from "./types.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {[string, import("../sizing/arguments.js").Check][]} Checks */

const AT_LEAST_1 = integer(1);

/** @param {number} axes @returns {Checks} */
const windowed = (axes) => [
  ["kernel_size", perAxis(axes)], ["stride", perAxis(axes)], ["padding", paddings(axes)],
  ["dilation", perAxis(axes)], ["remainder", choice("error", "crop", "pad")],
]; // prettier-ignore

/** @param {Layer} layer @returns {Checks} */
function checksOf({ type }) {
  const axes = type.includes("1d") ? 1 : 2;
  if (type.startsWith("ConvTranspose")) {
    const sizes = ["kernel_size", "stride"].map((name) => /** @type {Checks[0]} */ ([name, perAxis(axes)]));
    const zeros = ["padding", "output_padding"].map((name) => /** @type {Checks[0]} */ ([name, perAxis(axes, 0)]));
    return [["out_channels", AT_LEAST_1], ...sizes, ...zeros, ["groups", AT_LEAST_1], ["bias", flag], ["dilation", perAxis(axes)]];
  }
  if (type.startsWith("Conv")) return [...windowed(axes), ["out_channels", AT_LEAST_1], ["groups", AT_LEAST_1], ["bias", flag]];
  if (type.startsWith("Adaptive")) return [["output_size", perAxis(axes)]];
  if (/Pool\dd|Subsample/.test(type)) return [...windowed(axes), ["count_include_pad", flag]];
  if (type === "Upsample") {
    /** @type {import("../sizing/arguments.js").Check} */
    const sizes = (name, value) => perAxis(value?.length ?? 1)(name, value);
    return [["size", sizes], ["scale_factor", sizes], ["mode", choice("nearest", "bilinear", "linear")]];
  }
  const beyond = ["eps", real()];
  const usual = { negative_slope: real(), p: real(true), variance: real(), momentum: real(), groups: AT_LEAST_1, out_features: AT_LEAST_1 };
  return /** @type {Checks} */ ([["groups", usual.groups], beyond, ...Object.entries(usual).filter(([name]) => name !== "groups"),
    ["affine", flag], ["over", choice("all", "channels")], ["bias", flag]]); // prettier-ignore
}

/** The layer with its arguments checked; throws ArgumentError. @param {Layer} layer @returns {Layer} */
export function constructed(layer) {
  const made = { ...layer };
  if (layer.type === "Upsample" && (layer.size ?? null) === null === ((layer.scale_factor ?? null) === null))
    throw new ArgumentError(say("layers/resizing:Upsample.__init__", 0, written(layer.size ?? null), written(layer.scale_factor ?? null)));
  for (const [name, check] of checksOf(layer)) {
    if (!(name in layer)) continue;
    const usual = TYPES[layer.type].arguments[name];
    if (layer[name] === null && usual === null) continue;
    made[name] = check(name, layer[name]);
    if (name === "eps" && made.eps === 0) throw new ArgumentError(say("layers/norm:positive_eps", 0));
    if (name === "variance" && made.variance === 0)
      throw new ArgumentError(say("layers/dense:RBF.__init__", 0, written(layer.variance)));
  }
  if (layer.type.startsWith("BatchNorm") && made.momentum > 1)
    throw new ArgumentError(say("layers/norm:_BatchNorm.__init__", 0, written(layer.momentum)));
  if (layer.type === "RBF") made.centres = centres(layer.centres ?? "digits");
  if (layer.type.startsWith("ConvTranspose")) transposed(made);
  else if (layer.type.startsWith("Conv")) convolution(made);
  return made;
}

/** @param {Layer} layer */
function convolution(layer) {
  const where = "layers/convolution:_Conv.__init__";
  const { groups = 1, out_channels, connections = null } = layer;
  if (connections !== null) table(connections);
  if (out_channels % groups) throw new ArgumentError(say(where, 0, groups, out_channels));
  if (connections === null) return;
  if (groups !== 1) throw new ArgumentError(say(where, 1, groups));
  if (connections.length !== out_channels) throw new ArgumentError(say(where, 2, connections.length, out_channels));
}

/** @param {any} connections */
function table(connections) {
  const where = "layers/convolution:_table";
  const even = Array.isArray(connections) && connections.length && connections.every((row) => Array.isArray(row) && row.length && row.length === connections[0].length);
  if (!even || connections.flat().some((/** @type {any} */ entry) => ![0, 1, true, false].includes(entry)))
    throw new ArgumentError(say(where, 0, written(connections)));
  const empty = connections.findIndex((/** @type {number[]} */ row) => !row.some(Boolean));
  if (empty >= 0) throw new ArgumentError(say(where, 1, empty));
}

/** @param {any} given */
function centres(given) {
  const where = "layers/dense:RBF.__init__";
  if (given === "digits") return given;
  if (typeof given === "string") throw new ArgumentError(say(where, 1, written(given)));
  const plain = (/** @type {any} */ v) => (v instanceof Decimal ? v.number : v);
  const rows = Array.isArray(given) ? given.map((row) => (Array.isArray(row) ? row.map(plain) : null)) : [];
  if (!rows.length || rows.some((row) => !row?.length || row.length !== rows[0]?.length || !row.every(Number.isFinite)))
    throw new ArgumentError(say(where, 2, repr(shapeOf(given))));
  return rows;
}

/** @param {any} value @returns {number[]} */
const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...(value.length ? shapeOf(value[0]) : [])] : []);

/** @param {Layer} layer */
function transposed(layer) {
  const { groups = 1, out_channels } = layer;
  if (out_channels % groups) throw new ArgumentError(say("layers/resizing:_ConvTranspose.__init__", 0, groups, out_channels));
  const each = transposedAxes(layer, layer.type.endsWith("1d") ? 1 : 2);
  if (each.some((a) => a.outputPadding >= Math.max(a.stride, a.dilation)))
    throw new ArgumentError(say("layers/resizing:_ConvTranspose.__init__", 1, repr(each.map((a) => a.outputPadding)), repr(each.map((a) => a.stride)), repr(each.map((a) => a.dilation))));
}
