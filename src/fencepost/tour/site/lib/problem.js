// Errors as the library writes them. A SizeError: rule, what was received, equation, consequence,
// remedy. An ArgumentError: a sentence, and the line with a mark below what it speaks of.
import { say } from "../sizing/text.js";
import { el } from "./dom.js";

/** @param {import("../sizing/errors.js").SizeProblem} problem */
export function problemText(problem) {
  const where = "errors:SizeProblem.text";
  const rule = problem.layer ? say(where, 0, problem.layer, problem.rule) : problem.rule;
  return el("div.notice", { role: "status" },
    el("p", null, el("strong", null, rule)),
    problem.received && el("p", null, say(where, 1, problem.received)),
    (problem.axes ?? []).map((axis) => [
      axis.equation && el("p.sum", null, `${axis.axis ? axis.axis + ": " : ""}${axis.equation}`),
      axis.consequence && el("p", null, axis.consequence)]).flat(),
    problem.remedy && el("p", null, problem.remedy),
    problem.suggestions?.length ? el("p", null, say("errors:_choices", problem.suggestions.length > 1 ? 2 : 3)) : null,
  ); // prettier-ignore
}


/** @param {string} message */
export function argumentText(message) {
  const [sentence, ...marked] = message.split("\n\n");
  return el("div.notice", { role: "alert" }, el("p", null, sentence), marked.map((lines) => el("pre.sum.scroll", null, lines)));
}
