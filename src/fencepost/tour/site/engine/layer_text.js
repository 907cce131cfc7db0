// Layers as text, by the grammar of src/fencepost/planning/text.py and with its errors.
import { ArgumentError } from "../sizing/errors.js";
import { repr, say } from "../sizing/text.js";
import { REQUIRED, TYPES } from "./layers.js";
import { transposedAxes } from "./resizing.js";

const TOKEN = /((?:[ \t\r\f\v]|#[^\n]*)+)|(\n)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|("[^"\n]*"|'[^'\n]*')|([()[\],=])/y;
const KINDS = ["", "space", "line", "number", "name", "string", "mark"];
const WHERE = "planning/text:_Reader";
const EXAMPLE = "Conv2d(6, 5, padding=2)";
/** @type {Record<string, string[]>} */
const CHOICES = { mode: ["nearest", "bilinear", "linear"], over: ["all", "channels"] };
/** @type {Record<string, string>} */
const CLOSING = { "(": ")", "[": "]" };

/** @typedef {{ kind: string, text: string, at: number }} Token */
/** @typedef {import("./layers.js").Layer} Layer */

/** @param {string} text @returns {Layer[]} */
export function parseLayers(text) {
  /** @type {Token[]} */
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      const which = /["']/.test(text[at]) ? 0 : /[\d+.-]/.test(text[at]) ? 1 : 2;
      throw refusal({ kind: "unknown", text: text[at], at }, say("planning/tokens:_unreadable", which));
    }
    const kind = KINDS[match.findIndex((group, i) => i && group !== undefined)];
    if (kind !== "space") tokens.push({ kind, text: match[0], at });
  }
  tokens.push({ kind: "end", text: "", at: text.trimEnd().length });
  let i = 0;
  const next = () => tokens[i];
  const skipLines = () => {
    while (next().kind === "line") i++;
  };

  /** @param {Token} token @param {string} reason */
  function refusal(token, reason) {
    const start = text.lastIndexOf("\n", token.at - 1) + 1;
    const line = text.slice(start).split("\n")[0].trimEnd();
    const number = text.slice(0, token.at).split("\n").length;
    const where = text.trim().includes("\n") ? say("planning/tokens:Tokens.refuse", 0, number) : "";
    const end = /[.?]$/.test(reason) ? "" : ".";
    const column = token.at - start;
    return new ArgumentError(`${reason}${end}\n\n    ${line}\n    ${" ".repeat(column)}^ column ${column + 1}${where}`);
  }

  skipLines();
  if (next().kind === "end") throw new ArgumentError(say(`${WHERE}.everything`, 0));
  const start = next();
  const found = start.text === "[" ? chain(values(), start) : layers();
  if (!found.length) throw refusal(start, say(`${WHERE}.everything`, 1));
  skipLines();
  if (next().kind !== "end") throw refusal(next(), say(`${WHERE}.everything`, 2));
  return found;

  function layers() {
    const made = [layer()];
    while (next().kind === "line" || next().text === ",") {
      skipLines();
      if (next().text === ",") {
        i++;
        skipLines();
      }
      if (next().kind === "end") break;
      made.push(layer());
    }
    return made;
  }

  /** @returns {Layer} */
  function layer() {
    const name = next();
    if (name.kind !== "name") throw refusal(name, say(`${WHERE}._layer`, 0, EXAMPLE));
    const parts = name.text.split(".");
    const type = /** @type {string} */ (parts.pop());
    if (!["", "fp", "fencepost"].includes(parts.join("."))) {
      const torch = parts.includes("nn") ? say(`${WHERE}._class`, 1, EXAMPLE) : "";
      throw refusal(name, say(`${WHERE}._class`, 0) + torch);
    }
    const known = Object.keys(TYPES);
    if (!known.includes(type)) {
      const alike = known.find((k) => k.toLowerCase() === type.toLowerCase()) ?? known.find((k) => near(k.toLowerCase(), type.toLowerCase()));
      const hint = alike ? say(`${WHERE}._class`, 2, alike) : say(`${WHERE}._class`, 3, known.sort().join(", "));
      throw refusal(name, say(`${WHERE}._class`, 4, type, hint));
    }
    i++;
    const names = Object.keys(TYPES[type].arguments);
    /** @type {[any, Token][]} */
    const positional = [];
    /** @type {Record<string, [any, Token]>} */
    const named = {};
    const takes = say("planning/text:_takes", 0, type, names.join(", ") || "no argument");
    if (next().text === "(") {
      const opening = tokens[i++];
      skipLines();
      while (next().text !== ")") {
        const first = next();
        if (first.kind === "name" && tokens[i + 1].text === "=") {
          i += 2;
          skipLines();
          if (first.text in named) throw refusal(first, say(`${WHERE}._check_name`, 0, first.text));
          if (!names.includes(first.text)) {
            const hint = /^in_(channels|features)$/.test(first.text) ? say(`${WHERE}._check_name`, 1) : "";
            throw refusal(first, say(`${WHERE}._check_name`, 2, first.text, takes, hint).trimEnd());
          }
          named[first.text] = [value(), first];
        } else if (Object.keys(named).length) throw refusal(first, say(`${WHERE}._call`, 0));
        else positional.push([value(), first]);
        comma(opening);
      }
      i++;
    }
    if (["Residual", "Concat", "Gate"].includes(type)) return branched(type, name, positional, named);
    if (positional.length > names.length) throw refusal(positional[names.length][1], say(`${WHERE}._tokens_of`, 0, takes));
    /** @type {Layer} */
    const made = { type };
    positional.forEach(([v], k) => (made[names[k]] = v));
    for (const [key, [v, token]] of Object.entries(named)) {
      if (key in made) throw refusal(token, say(`${WHERE}._tokens_of`, 1, key));
      made[key] = v;
    }
    const missing = names.filter((key) => TYPES[type].arguments[key] === REQUIRED && !(key in made));
    if (missing.length) throw refusal(name, say(`${WHERE}._tokens_of`, 2, type, missing.join(" and ")));
    const given = new Map([...positional.map(([, token], k) => /** @type {[string, Token]} */ ([names[k], token])),
      ...Object.entries(named).map(([key, [, token]]) => /** @type {[string, Token]} */ ([key, token]))]);
    check(made, (key) => given.get(key) ?? name);
    return made;
  }

  /** A layer that takes layers, or, as Concat does, chains of them.
   * @param {string} type @param {Token} name @param {[any, Token][]} positional @param {Record<string, [any, Token]>} named @returns {Layer} */
  function branched(type, name, positional, named) {
    const { shortcut, ...others } = named;
    const given = [...positional];
    for (const [v, token] of Object.values(others))
      given.push(...(type === "Concat" && Array.isArray(v) ? v.map((each) => /** @type {[any, Token]} */ ([each, token])) : [/** @type {[any, Token]} */ ([v, token])]));
    const chains = given.map(([v, token]) => chain(v, token));
    const where = "layers/branches:";
    if (type === "Concat") {
      if (chains.length < 2) throw refusal(name, `${type}: ${say(`${where}Concat.__init__`, 0, chains.length)}`);
      return { type, chains };
    }
    const layers = chains.flat();
    if (!layers.length) throw refusal(name, `${type}: ${say(`${where}_chain`, 0, type)}`);
    return shortcut ? { type, layers, shortcut: chain(...shortcut) } : { type, layers };
  }

  /** The checks of the constructors: integers and flags. @param {Layer} made @param {(key: string) => Token} at where an argument stands, or the name */
  function check(made, at) {
    for (const [key, given] of Object.entries(made)) {
      const least = {
        out_channels: 1, out_features: 1, kernel_size: 1, stride: 1, dilation: 1, groups: 1, padding: 0,
        output_size: 1, size: 1, scale_factor: 1, output_padding: 0,
      }[key]; // prettier-ignore
      if (least === undefined || given === "same" || given === null) continue;
      for (const v of [given].flat(2))
        if (!Number.isInteger(v) || v < least) {
          const kind = say("arguments:integer", 0) + say("arguments:integer", 1, least);
          throw refusal(at(key), `${made.type}: ${say("arguments:_refused", 0, key, kind, key, repr(given))}`);
        }
    }
    if (made.type.startsWith("Conv") && made.out_channels % (made.groups ?? 1))
      throw refusal(at("groups"), `${made.type}: ${say("layers/convolution:_Conv.__init__", 0, made.groups, made.out_channels)}`);
    if (made.type === "Upsample" && (made.size == null) === (made.scale_factor == null))
      throw refusal(at(""), `${made.type}: ${say("layers/resizing:Upsample.__init__", 0, repr(made.size ?? null), repr(made.scale_factor ?? null))}`);
    for (const [key, allowed] of Object.entries(CHOICES))
      if (key in TYPES[made.type].arguments && made[key] != null && !allowed.includes(made[key]))
        throw refusal(at(key), `${made.type}: ${say("arguments:_refused", 0, key, say("arguments:choice", 0, allowed.map((word) => `"${word}"`).join(", ")), key, repr(made[key]))}`);
    if (made.type.startsWith("ConvTranspose")) {
      const each = transposedAxes(made, made.type.endsWith("1d") ? 1 : 2);
      if (each.some((a) => a.outputPadding >= Math.max(a.stride, a.dilation)))
        throw refusal(at("output_padding"), `${made.type}: ${say("layers/resizing:_ConvTranspose.__init__", 1, repr(each.map((a) => a.outputPadding)), repr(each.map((a) => a.stride)), repr(each.map((a) => a.dilation)))}`);
    }
  }

  /** @param {any} v @param {Token} token @returns {Layer[]} */
  function chain(v, token) {
    const all = Array.isArray(v) ? v : [v];
    if (!all.every((item) => item?.type)) throw refusal(token, say(`${WHERE}._chain`, 0, EXAMPLE));
    return all;
  }

  /** @returns {any} */
  function value() {
    const token = next();
    if (token.text in CLOSING) return values();
    const constants = { True: true, False: false, None: null };
    if (token.kind === "name" && !(token.text in constants)) {
      if (/^[a-z]+$/.test(token.text) && !Object.keys(TYPES).some((k) => k.toLowerCase() === token.text))
        throw refusal(token, say(`${WHERE}._value`, 0, token.text));
      return layer();
    }
    if (!["number", "string", "name"].includes(token.kind)) throw refusal(token, say(`${WHERE}._value`, 1));
    i++;
    if (token.kind === "name") return constants[/** @type {"True"} */ (token.text)];
    return token.kind === "string" ? token.text.slice(1, -1) : Number(token.text);
  }

  /** @returns {any} */
  function values() {
    const opening = tokens[i++];
    skipLines();
    const made = [];
    let comma_ = false;
    while (next().text !== CLOSING[opening.text]) {
      made.push(value());
      comma_ = comma(opening);
    }
    i++;
    return opening.text === "(" && made.length === 1 && !comma_ ? made[0] : made;
  }

  /** @param {Token} opening */
  function comma(opening) {
    skipLines();
    if (next().text === ",") {
      i++;
      skipLines();
      return true;
    }
    if (next().kind === "end") throw refusal(opening, say(`${WHERE}._comma_or_end`, 0, opening.text));
    if (next().text !== CLOSING[opening.text]) throw refusal(next(), say(`${WHERE}._comma_or_end`, 1, CLOSING[opening.text]));
    return false;
  }
}

/** Whether two words differ by one letter, or by two neighbours exchanged. @param {string} a @param {string} b */
function near(a, b) {
  if (Math.abs(a.length - b.length) > 1) return false;
  let [i, j] = [0, 0];
  while (a[i] && a[i] === b[i]) i++;
  while (a[a.length - 1 - j] && j < Math.min(a.length, b.length) - i && a[a.length - 1 - j] === b[b.length - 1 - j]) j++;
  return Math.max(a.length, b.length) - i - j <= 2;
}
