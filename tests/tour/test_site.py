"""The pages' files: what they take from Python is current, and they need nothing from elsewhere."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from pathlib import Path

import pytest

import node
from fencepost.errors import SizeError
from fencepost.sizing import output_size, windows

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import tour  # noqa: E402

CONFIGURATIONS = 100_000


@pytest.mark.parametrize("path", tour.files())
def test_what_comes_from_python_is_current(path):
    assert path.read_text(encoding="utf-8") == tour.files()[path], "run `make tour`"


def test_pages_load_nothing_from_elsewhere():
    for path in node.SITE.rglob("*.*"):
        if path.suffix in (".js", ".css", ".html"):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://|//[\w-]+\.\w+/", text), path


def test_the_pages_are_small():
    assert sum(path.stat().st_size for path in node.SITE.rglob("*.*")) < 2_000_000
    for path in tour.WASM:
        assert len(gzip.compress(path.read_bytes(), 9)) < 200_000
    for path in node.SITE.rglob("*.js"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path


def configuration(random: random.Random) -> tuple[object, object, dict[str, object]]:
    axes = random.choice([0, 0, 1, 2, 2, 3])

    def each(low: int, high: int) -> object:
        if axes == 0 or random.random() < 0.4:
            return random.randint(low, high)
        return tuple(random.randint(low, high) for _ in range(axes))

    longest = random.choice([6, 14, 40, 300])
    sizes = tuple(random.randint(1, longest) for _ in range(axes))
    if random.random() < 0.3:
        sizes = sizes[:1] * axes
    options: dict[str, object] = {}
    if random.random() < 0.7:
        options["stride"] = each(1, random.choice([2, 4, 9]))
    if random.random() < 0.3:
        options["dilation"] = each(1, 4)
    kind = random.random()
    if kind < 0.15:
        options["padding"] = "same"
    elif kind < 0.5:
        options["padding"] = each(0, 4)
    elif kind < 0.75:
        pairs = tuple((random.randint(0, 5), random.randint(0, 5)) for _ in range(max(1, axes)))
        options["padding"] = pairs if axes else pairs[0]
    if random.random() < 0.3:
        options["remainder"] = random.choice(["error", "crop", "pad"])
    return sizes or random.randint(1, longest), each(1, random.choice([3, 7, 12])), options


def python_says(size, kernel, options):
    try:
        output = output_size(size, kernel, **options)
    except SizeError as error:
        problem = error.problem
        return [
            problem.rule, problem.received,
            [[a.axis, a.equation, a.consequence, a.lost_elements] for a in problem.axes],
            [[s.text, s.output, s.note] for s in problem.suggestions],
        ]  # fmt: skip
    return [
        output,
        [
            [w.before, w.after, w.output, w.remainder, w.equation, w.short_equation, w.remark]
            for w in windows(size, kernel, **options)
        ],
    ]


SIZES = """
import { readFileSync } from "node:fs";
import { SizeError, suggestionText } from "SITE/sizing/errors.js";
import { outputSize, windows } from "SITE/sizing/sizing.js";
for (const line of readFileSync(0, "utf8").trim().split("\\n")) {
  const [size, kernel, options, expected] = JSON.parse(line);
  let got;
  try {
    got = [outputSize(size, kernel, options), windows(size, kernel, options).map((w) =>
      [w.before, w.after, w.output, w.leftOver, w.equation, w.shortEquation, w.remark])];
  } catch (error) {
    if (!(error instanceof SizeError)) throw error;
    const { rule, received, axes, suggestions } = error.problem;
    got = [rule, received, axes.map((a) => [a.axis, a.equation, a.consequence, a.lostElements]),
      suggestions.map((s) => [suggestionText(s), s.output, s.note])];
  }
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    console.log(line, JSON.stringify(got));
    break;
  }
}
"""


def test_sizes_and_errors_are_those_of_python():
    draw = random.Random(0)
    lines = []
    for _ in range(CONFIGURATIONS):
        size, kernel, options = configuration(draw)
        expected = python_says(size, kernel, options)
        lines.append(json.dumps([size, kernel, options, expected], ensure_ascii=False))
    assert node.run(SIZES, given="\n".join(lines)) == ""
