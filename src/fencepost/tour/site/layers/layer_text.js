// Layers as text, by the grammar of src/fencepost/planning/text.py and with its errors.
import { ELSEWHERE, LIMITS } from "../data/tables.js";
import { nearest } from "../sizing/arguments.js";
import { ArgumentError } from "../sizing/errors.js";
import { Decimal, asList, grouped, markColumn, say } from "../sizing/text.js";
import { constructed } from "./constructors.js";
import { REQUIRED, TYPES } from "./layers.js";
import { foreignNames, pytorchOrder, translated } from "./pytorch_arguments.js";
import { depthOf } from "./descriptions.js";

const TOKEN = /((?:[ \t\r\f\v]|#[^\n]*)+)|(\n)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_]))|([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)|("[^"\n]*"|'[^'\n]*')|([()[\],=])/uy;
const KINDS = ["", "space", "line", "number", "name", "string", "mark"];
const WHERE = "planning/text:_Reader";
const EXAMPLE = say("planning/text:_EXAMPLE", 0);
/** @type {Record<string, string>} */
const CLOSING = { "(": ")", "[": "]" };
/** @type {Record<string, any>} */
const CONSTANTS = { True: true, False: false, None: null };

/** @typedef {{ kind: string, text: string, at: number }} Token */
/** @typedef {import("./layers.js").Layer} Layer */

/** @param {string} text @returns {Layer[]} */
export function parseLayers(text) {
  if (text.length > LIMITS.text) throw new ArgumentError(say("planning/text:parse_layers", 1, grouped(LIMITS.text), grouped(text.length)));
  return new Reader(text).everything();
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.position = 0;
    this.depth = 0;
    this.next = this.token();
  }

  /** @returns {Token} */
  token() {
    while (this.position < this.text.length) {
      const at = TOKEN.lastIndex = this.position;
      const match = TOKEN.exec(this.text);
      if (!match) {
        const which = /["']/.test(this.text[at]) ? 0 : /[\p{Nd}+.-]/u.test(this.text[at]) ? 1 : 2;
        throw this.refusal({ kind: "unknown", text: this.text[at], at }, say("planning/tokens:_unreadable", which));
      }
      this.position = TOKEN.lastIndex;
      const kind = KINDS[match.findIndex((group, i) => i && group !== undefined)];
      if (kind !== "space") return { kind, text: match[0], at };
    }
    return { kind: "end", text: "", at: this.text.trimEnd().length };
  }
  advance() {
    const passed = this.next;
    this.next = this.token();
    return passed;
  }
  skipLines() {
    while (this.next.kind === "line") this.advance();
  }

  /** @param {Token} token @param {string} reason */
  refusal({ at }, reason) {
    const start = this.text.lastIndexOf("\n", at - 1) + 1;
    const line = this.text.slice(at ? start : 0).split("\n")[0].trimEnd();
    const number = this.text.slice(0, at).split("\n").length;
    const where = this.text.trim().includes("\n") ? say("planning/tokens:Tokens.refuse", 0, number) : "";
    const end = /[.?]$/.test(reason) ? "" : ".";
    return new ArgumentError(`${reason}${end}\n\n${markColumn(line, at - (at ? start : 0))}${where}`);
  }

  everything() {
    this.skipLines();
    if (this.next.kind === "end") throw new ArgumentError(say(`${WHERE}.everything`, 0));
    const start = this.next;
    const found = start.text === "[" ? this.chain(this.values(), start) : this.layers();
    if (!found.length) throw this.refusal(start, say(`${WHERE}.everything`, 1));
    this.skipLines();
    if (this.next.kind !== "end") throw this.refusal(this.next, say(`${WHERE}.everything`, 2));
    return found;
  }

  layers() {
    const made = [this.layer()];
    while (this.next.kind === "line" || this.next.text === ",") {
      this.skipLines();
      if (this.next.text === ",") {
        this.advance();
        this.skipLines();
      }
      if (this.next.kind === "end") break;
      made.push(this.layer());
    }
    return made;
  }

  /** @returns {Layer} */
  layer() {
    const name = this.next;
    if (name.kind !== "name") throw this.refusal(name, say(`${WHERE}._layer`, 0, EXAMPLE));
    const type = this.type(name);
    this.advance();
    const names = Object.keys(TYPES[type].arguments);
    const branched = "layers" in TYPES[type].arguments || "chains" in TYPES[type].arguments;
    const taken = branched ? (type === "Residual" ? ["shortcut"] : []) : names;
    /** @type {[any, Token][]} */
    let positional = [];
    /** @type {Map<string, [any, Token]>} */
    let named = new Map();
    const allowed = [...names, ...taken, ...foreignNames(type, names)];
    const takes = say("planning/text:_takes", 0, type, names.join(", ") || say("planning/text:_takes", 2));
    if (this.next.text === "(") {
      const opening = this.open();
      while (this.next.text !== CLOSING["("]) {
        const first = this.next;
        if (first.kind === "name" && /^[ \t]*=/.test(this.text.slice(this.position))) {
          this.advance();
          this.advance();
          this.skipLines();
          if (named.has(first.text)) throw this.refusal(first, say(`${WHERE}._check_name`, 0, first.text));
          if (!allowed.includes(first.text)) {
            const known = /^in_(channels|features)$/.test(first.text);
            const hint = known ? say(`${WHERE}._check_name`, 1) : nearest(first.text, names);
            throw this.refusal(first, say(`${WHERE}._check_name`, 2, first.text, takes, hint).trimEnd());
          }
          named.set(first.text, [this.value(), first]);
        } else if (named.size) throw this.refusal(first, say(`${WHERE}._call`, 0));
        else positional.push([this.value(), first]);
        this.comma(opening);
      }
      this.close();
    }
    if (branched) return this.branched(type, name, positional, named);
    [positional, named] = this.translated(type, name, positional, named);
    const values = Object.fromEntries([...named].map(([key, [value]]) => [key, value]));
    const order = pytorchOrder(type, TYPES[type].arguments, positional.map(([value]) => value), values);
    if (order) throw this.refusal(positional[0][1], order);
    if (positional.length > names.length) throw this.refusal(positional[names.length][1], say(`${WHERE}._tokens_of`, 0, takes));
    /** @type {Layer} */
    const made = { type };
    /** @type {Map<string, Token>} */
    const tokens = new Map();
    positional.forEach(([value, token], k) => {
      made[names[k]] = value;
      tokens.set(names[k], token);
    });
    for (const [key, [value, token]] of named) {
      if (tokens.has(key)) throw this.refusal(token, say(`${WHERE}._tokens_of`, 1, key));
      made[key] = value;
      tokens.set(key, token);
    }
    const missing = names.filter((key) => TYPES[type].arguments[key] === REQUIRED && !tokens.has(key));
    if (missing.length) throw this.refusal(name, say(`${WHERE}._tokens_of`, 2, type, missing.join(say(`${WHERE}._tokens_of`, 3))));
    return this.made(type, name, tokens, () => constructed(made));
  }

  /** Takes arguments that only PyTorch's layer has for what they are here.
   * @param {string} type @param {Token} name @param {[any, Token][]} positional
   * @param {Map<string, [any, Token]>} named @returns {[[any, Token][], Map<string, [any, Token]>]} */
  translated(type, name, positional, named) {
    const given = Object.fromEntries([...named].map(([key, [value]]) => [key, value]));
    try {
      const [values, kept] = translated(type, Object.keys(TYPES[type].arguments), positional.map(([value]) => value), given);
      const tokens = Object.entries(kept).map(([key, value]) => /** @type {[string, [any, Token]]} */ ([key, [value, named.get(key)?.[1] ?? name]]));
      return [positional.slice(0, values.length), new Map(tokens)];
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      const culprit = [...named.keys()].find((key) => error.message.startsWith(`${key} `));
      const at = culprit === undefined ? positional[positional.length - 1]?.[1] : named.get(culprit)?.[1];
      throw this.refusal(at ?? name, say(`${WHERE}._translated`, 1, type, error.message));
    }
  }

  /** What the constructor makes, or its error at the argument that it names. @template T
   * @param {string} type @param {Token} name @param {Map<string, Token>} tokens @param {() => T} make */
  made(type, name, tokens, make) {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      const culprit = [...tokens.keys()].find((key) => error.message.startsWith(`${key} `));
      throw this.refusal(culprit === undefined ? name : (tokens.get(culprit) ?? name), say(`${WHERE}._made`, 1, type, error.message));
    }
  }

  /** @param {Token} name */
  type(name) {
    const parts = name.text.split(".");
    const type = /** @type {string} */ (parts.pop());
    if (!["", "fp", "fencepost"].includes(parts.join("."))) {
      const torch = parts.includes("nn") ? say(`${WHERE}._class`, 1, EXAMPLE) : "";
      throw this.refusal(name, say(`${WHERE}._class`, 0) + torch);
    }
    const known = Object.keys(TYPES).sort();
    if (known.includes(type)) return type;
    const alike = ELSEWHERE[type.toLowerCase()];
    const hint = (alike ? say(`${WHERE}._class`, 2, alike) : nearest(type, known)) || say(`${WHERE}._class`, 3, known.join(", "));
    throw this.refusal(name, say(`${WHERE}._class`, 4, type, hint));
  }

  /** A layer that takes layers, or, as Concat does, chains of them.
   * @param {string} type @param {Token} name @param {[any, Token][]} positional @param {Map<string, [any, Token]>} named @returns {Layer} */
  branched(type, name, positional, named) {
    const given = [...positional];
    /** @type {Layer[] | null} */
    let shortcut = null;
    for (const [key, [value, token]] of named)
      if (key === "shortcut") shortcut = this.chain(value, token);
      else if (type === "Concat" && Array.isArray(value)) given.push(...value.map((each) => /** @type {[any, Token]} */ ([each, token])));
      else given.push([value, token]);
    const chains = given.map(([value, token]) => this.chain(value, token));
    const layers = chains.flat();
    return this.made(type, name, new Map(), () => {
      const where = "layers/branches:";
      if (type === "Concat" && chains.length < 2) throw new ArgumentError(say(`${where}Concat.__init__`, 0, chains.length));
      if (type !== "Concat" && !layers.length) throw new ArgumentError(say(`${where}_chain`, 0, type));
      /** @type {Layer} */
      const made = type === "Concat" ? { type, chains } : { type, layers, ...(shortcut ? { shortcut } : {}) };
      const depth = depthOf(made);
      if (depth > LIMITS.depth) throw new ArgumentError(say("layers/branched:Branched.require_depth", 0, LIMITS.depth, depth));
      return made;
    });
  }

  /** @param {any} value @param {Token} token @returns {Layer[]} */
  chain(value, token) {
    const all = Array.isArray(value) ? value : [value];
    if (!all.every((item) => item?.type)) throw this.refusal(token, say(`${WHERE}._chain`, 0, EXAMPLE));
    return all;
  }

  /** @returns {any} */
  value() {
    const token = this.next;
    if (token.text in CLOSING) return this.values();
    if (token.kind === "name" && !(token.text in CONSTANTS)) {
      const layer = Object.keys(TYPES).some((known) => known.toLowerCase() === token.text);
      if (/^\p{Ll}+$/u.test(token.text) && !layer) throw this.refusal(token, say(`${WHERE}._value`, 0, token.text));
      return this.layer();
    }
    if (!["number", "string", "name"].includes(token.kind)) throw this.refusal(token, say(`${WHERE}._value`, 1));
    this.advance();
    if (token.kind === "name") return CONSTANTS[token.text];
    if (token.kind === "string") return token.text.slice(1, -1);
    if (token.text.length > 40) throw this.refusal(token, say(`${WHERE}._number`, 0));
    return /^[+-]?\d+$/.test(token.text) ? Number(token.text) : new Decimal(Number(token.text));
  }

  /** @returns {any} */
  values() {
    const opening = this.open();
    const made = [];
    let comma = false;
    while (this.next.text !== CLOSING[opening.text]) {
      made.push(this.value());
      comma = this.comma(opening);
    }
    this.close();
    if (opening.text === "[") return asList(made);
    return made.length === 1 && !comma ? made[0] : made;
  }

  open() {
    if (++this.depth > LIMITS.brackets) throw this.refusal(this.next, say(`${WHERE}._open`, 0, LIMITS.brackets));
    const opening = this.advance();
    this.skipLines();
    return opening;
  }
  close() {
    this.depth--;
    this.advance();
  }

  /** @param {Token} opening */
  comma(opening) {
    this.skipLines();
    if (this.next.text === ",") {
      this.advance();
      this.skipLines();
      return true;
    }
    const where = `${WHERE}._comma_or_end`;
    if (this.next.kind === "end") throw this.refusal(opening, say(where, 0, opening.text));
    if (this.next.text !== CLOSING[opening.text]) throw this.refusal(this.next, say(where, 1, CLOSING[opening.text]));
    return false;
  }
}
