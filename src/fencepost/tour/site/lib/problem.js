// A SizeError as the library writes it: rule, what was received, equation, consequence, remedy.
import { el } from "./dom.js";

/** @param {import("../sizing/errors.js").SizeProblem} problem */
export function problemText(problem) {
  const rule = problem.layer ? `${problem.layer}: ${problem.rule}` : problem.rule;
  return el("div.notice", { role: "status" },
    el("p", null, el("strong", null, rule)),
    problem.received && el("p", null, `Received: ${problem.received}.`),
    (problem.axes ?? []).map((axis) => [
      axis.equation && el("p.sum", null, `${axis.axis ? axis.axis + ": " : ""}${axis.equation}`),
      axis.consequence && el("p", null, axis.consequence)]).flat(),
    problem.remedy && el("p", null, problem.remedy),
    problem.suggestions?.length ? el("p", null, problem.suggestions.length > 1 ? "Any one of these fits:" : "This fits:") : null,
  ); // prettier-ignore
}

