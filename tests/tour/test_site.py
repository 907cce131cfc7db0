"""The pages' files: what they take from Python is current, and they need nothing from elsewhere."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from pathlib import Path

import pytest

import fencepost as fp
import node
from fencepost.errors import SizeError
from fencepost.planning import parse_layers
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


TEXTS = [
    ((3, 32, 32), "Conv2d(8, 1), Residual(Conv2d(8, 3, padding=1), ReLU6, DropPath(0.2))"),
    ((8, 15, 14), "Residual(Conv2d(16, 3, stride=2, padding=1, remainder='crop'), BatchNorm2d,"
     " shortcut=[Conv2d(16, 1, stride=2, remainder='crop'), BatchNorm2d])"),
    ((4, 9, 8), "Concat([], Conv2d(3, 1), [Conv2d(2, 1), ReLU]), GroupNorm(3), HardSwish"),
    ((6, 9, 8), "Gate(GlobalAvgPool, Linear(2), ReLU, Linear(6), HardSigmoid), LayerNorm"),
    ((6, 9, 8), "Gate(Conv2d(1, 1), Sigmoid), LayerNorm(over='channels', affine=False)"),
    ((3, 9, 9), "Conv2d(3, 16, 3)"),
    ((3, 9, 9), "Conv2d(3, (5, 5), 3, padding='same', bias=False)"),
    ((3, 9, 9), "Conv2d(16, 3, kernel_size=3)"),
    ((8,), "Linear(8, 4)"),
    ((8,), "Linear(8, 4, bias=False)"),
    ((3, 9, 9), "Flatten, Linear(243, 10, True)"),
    ((3, 9, 9), "BatchNorm2d(3), GroupNorm(1, 3), LayerNorm((3, 9, 9))"),
    ((3, 9, 9), "Conv2d(4, 3, padding='valid'), ReLU(inplace=True), MaxPool2d(2, ceil_mode=True)"),
    ((3, 9, 9), "MaxPool2d(2, 2, 0, 1, False, True), AvgPool2d(2, 2, 0, True), Flatten(1, -1)"),
    ((3, 9, 9), "AvgPool2d(2, padding=1, ceil_mode=True)"),
    ((3, 9, 9), "AvgPool2d(2, ceil_mode=True, remainder='crop')"),
    ((3, 9, 9), "MaxPool2d(2, ceil_mode=1)"),
    ((3, 9, 9), "MaxPool2d(2, return_indices=True)"),
    ((3, 9, 9), "Flatten(0), Linear(2)"),
    ((3, 9, 9), "ReLU(2)"),
    ((8,), "Dropout(0.1, True), Softmax(dim=1), Softmax(2)"),
    ((4, 8, 8), "Concat([], [MaxPool2d(2), Conv2d(8, 3, padding=1), Upsample(scale_factor=2)])"),
    ((4, 5, 7), "Upsample((9, 8), mode='bilinear'), AdaptiveAvgPool2d((3, 4)), Flatten, Softmax"),
    ((4, 5, 7), "ConvTranspose2d(6, 3, stride=2, padding=1, output_padding=1, groups=2), Tanh"),
    ((4, 11), "ConvTranspose1d(6, 4, stride=2, bias=False), AdaptiveAvgPool1d(5), Upsample(15)"),
    ((8, 16, 16), "Residual(Conv2d(16, 3, stride=2, padding=1, remainder='crop'))"),
    ((8, 16, 16), "Residual(Conv2d(16, 3, padding=1), shortcut=Conv2d(8, 1))"),
    ((8,), "Residual(Linear(4))"),
    ((8, 28, 28), "Concat([], MaxPool2d(2))"),
    ((8, 28, 28), "Concat([], Conv2d(8, 3))"),
    ((8, 28, 28), "Concat([], Flatten)"),
    ((16, 8, 8), "Gate(GlobalAvgPool, Linear(4))"),
    ((16, 8, 8), "Gate(Conv2d(4, 1))"),
    ((16, 8, 8), "Gate(Conv2d(4, 3))"),
    ((16, 8, 8), "Residual(Conv2d(16, 3, padding=1), Residual(Conv2d(16, 9)))"),
    ((6, 8, 8), "GroupNorm(4)"),
    ((6, 8, 8), "ConvTranspose2d(4, 3, groups=4)"),
    ((6, 2, 2), "ConvTranspose2d(4, 1, padding=2)"),
    ((6, 8, 8), "Upsample(2, mode='linear')"),
    ((6, 8, 8), "Upsample((2, 3, 4))"),
    ((6, 8), "AdaptiveAvgPool2d(3)"),
    ((6, 8, 8), "Concat(ReLU)"),
    ((6, 8, 8), "Gate()"),
    ((6, 8, 8), "Upsample(2, scale_factor=2)"),
    ((6, 8, 8), "Upsample(2, mode='cubic')"),
    ((6, 8, 8), "ConvTranspose2d(4, 3, output_padding=1)"),
]  # fmt: skip


def layers_in_python(shape, text):
    try:
        net = fp.Network(shape, parse_layers(text))
    except SizeError as error:
        return [error.problem.rule, error.problem.received, error.problem.remedy]
    except fp.ArgumentError as error:
        return str(error)
    plan = fp.plan(shape, text)
    arrays = {name: list(array.shape) for name, array in net.parameters.items()}
    return [
        [row.layer.describe() for row in plan.rows],
        [list(row.output_shape) for row in plan.rows],
        [row.multiply_adds for row in plan.rows],
        [row.connections for row in plan.rows],
        arrays,
    ]


LAYERS = """
import { readFileSync } from "node:fs";
import { ArgumentError, SizeError } from "SITE/sizing/errors.js";
import { parseLayers } from "SITE/layers/layer_text.js";
import { describe } from "SITE/layers/layers.js";
import { plan, steps } from "SITE/engine/network.js";
const [shape, text] = JSON.parse(readFileSync(0, "utf8"));
try {
  const made = plan(shape, parseLayers(text));
  const last = made.engineInput.concat(steps(made).map((step) => step.out)).pop();
  if (last.reduce((a, b) => a * b) !== made.outputs) throw new Error(`the steps end in ${last}`);
  const arrays = Object.fromEntries([...made.parameters].map(([name, { shape }]) => [name, shape]));
  const keys = ["output", "multiplyAdds", "connections"];
  const columns = keys.map((key) => made.rows.map((row) => row[key]));
  console.log(JSON.stringify([made.rows.map((row) => describe(row.layer)), ...columns, arrays]));
} catch (error) {
  if (!(error instanceof SizeError || error instanceof ArgumentError)) throw error;
  const { rule, received, remedy } = error.problem ?? {};
  console.log(JSON.stringify(rule ? [rule, received, remedy ?? ""] : error.message));
}
"""


@pytest.mark.parametrize(("shape", "text"), TEXTS)
def test_layers_and_their_errors_are_those_of_python(shape, text):
    got = json.loads(node.run(LAYERS, given=json.dumps([shape, text])))
    assert got == layers_in_python(shape, text)


SEEDS = [text for _, text in TEXTS] + [
    "Conv1d(4, 3, dilation=2, remainder='crop'), BatchNorm1d(eps=0.001, momentum=0.2), Softmax",
    "Conv2d(4, (3, 5), padding=((1, 1), (2, 2)), groups=2), Subsample(2), LeakyReLU(0.1)",
    "fp.Conv2d(6, 5),\n  ReLU  # then pooling\nAvgPool2d(2, count_include_pad=False), Flatten, RBF",
]
PIECES = [
    '"', "'", "(", ")", "[", "]", ",", "=", "#", "0", "-1", "1.5", "2.0", "1e3", "True", "None",
    "()", "1000000000", "(1,2)", "[1,2,3]", "stride", "padding", "mode", "bias", "in_channels",
    "Conv2D", "MaxPool", "relu", "Dense", "nn.ReLU", "fp.ReLU", "[]", "$", "é", "'same'",
    "'valid'", "ceil_mode=True", "ceil_mode", "inplace=True", "start_dim=0", "Flatten(1)",
    "return_indices", "'nearst'", "x=", "p=2", "eps=0", "momentum=3", "Residual()", "Concat([])",
    "Gate(", "1.",
]  # fmt: skip
SHAPES = [(3, 32, 32), (8, 16, 16), (4, 11), (6, 9, 8), (84,)]


def mutated(draw):
    """A text of layers with something in it replaced, added or left out."""
    text = draw.choice(SEEDS)
    for _ in range(draw.choice([0, 1, 1, 2])):
        at = draw.choice(list(re.finditer(r"[\w.]+|\S", text))).span()
        kept = [text[: at[0]], text[at[0] : at[1]], text[at[1] :]]
        kept[1] = draw.choice(["", draw.choice(PIECES), kept[1] + draw.choice(PIECES)])
        text = "".join(kept) or "x"
    return text


def planned_in_python(shape, text):
    try:
        plan = fp.plan(shape, text)
    except fp.ArgumentError as error:
        return str(error)
    fields = [
        [list(row.receptive_field), [str(field.stride) for field in row.fields or ()], row.covers]
        if row.receptive_field
        else None
        for row in plan.rows
    ]
    rules = [problem.problem.rule for problem in plan.problems]
    return [[row.layer.describe() for row in plan.rows], fields, rules]


PLANS = """
import { readFileSync } from "node:fs";
import { ArgumentError } from "SITE/sizing/errors.js";
import { parseLayers } from "SITE/layers/layer_text.js";
import { describe } from "SITE/layers/layers.js";
import { receptiveFields } from "SITE/layers/receptive_fields.js";
import { sizes } from "SITE/engine/network.js";
for (const [shape, text] of JSON.parse(readFileSync(0, "utf8"))) {
  let got;
  try {
    const { rows, problem } = sizes(shape, parseLayers(text));
    const fields = receptiveFields(shape, rows).map((f) => f && [f.size, f.stride, f.covers]);
    got = [rows.map((row) => describe(row.layer)), fields, problem ? [problem.problem.rule] : []];
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    got = error.message;
  }
  console.log(JSON.stringify(got));
}
"""


def test_texts_of_layers_and_receptive_fields_are_read_as_in_python():
    draw = random.Random(0)
    cases = [(draw.choice(SHAPES), mutated(draw)) for _ in range(600)]
    lines = node.run(PLANS, given=json.dumps(cases)).splitlines()
    for (shape, text), line in zip(cases, lines, strict=True):
        assert json.loads(line) == planned_in_python(shape, text), (shape, text)
