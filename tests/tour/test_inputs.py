"""Inputs with the batch, channels last or without channels: the pages read them as Python does."""

from __future__ import annotations

import json

import pytest

import node
from fencepost.cli.app import run

IMAGES = "Conv2d(16, 3, padding=1), ReLU, MaxPool2d(2), Flatten, Linear(10)"
COLOURS = "Conv2d(6, 3, padding=1, groups=3), Residual(Conv2d(6, 3, padding=1)), Flatten, Linear(2)"
SIGNALS = "Conv1d(4, 5), ReLU, Flatten, Linear(2)"
FEATURES = "Linear(10), ReLU, Linear(2)"
INPUTS = [
    "3x32x32", "1x3x32x32", "8x3x32x40", "1x32x32x3", "2x1x3x32x32", "1x1x3x32x32x1", "32x32x3",
    "33x32x3", "32x40x1", "32x32x4", "7x7x3", "32x32", "28x28", "128x2", "1x128", "1x1x128",
    "1x32x32", "128", "10", "1x10", "(3, 32, 32)", "3 × 32X32", " (1,3,32,32) ", "(32, 32, 3,)",
    "3x0x32", "0x0", "", "x", "3x-1x3", "3.0x32x32", "1e3", "0x20x5", "3x32x1000000000", "it's",
    "3x99999x99999", "99999x99999",
]  # fmt: skip

ANSWERS = """
import { readFileSync } from "node:fs";
import { ArgumentError } from "SITE/sizing/errors.js";
import { channelsLastNote, parseInput } from "SITE/sizing/input_text.js";
import { parseLayers } from "SITE/layers/layer_text.js";
import { sizes } from "SITE/engine/network.js";
for (const [input, layers] of JSON.parse(readFileSync(0, "utf8"))) {
  let got;
  try {
    const shape = parseInput(input);
    const { problem } = sizes(shape, parseLayers(layers));
    const { rule, received, remedy } = problem?.problem ?? {};
    got = problem ? [rule, received, remedy ?? ""] : [channelsLastNote(shape)];
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    got = [error.message];
  }
  console.log(JSON.stringify(got));
}
"""


def command_says(capsys, text, layers):
    """What `fencepost size` answers: the error's parts, or the note on an input that fits."""
    run(["size", "--json", "--", text, layers])
    printed = capsys.readouterr()
    if not printed.out:
        return [printed.err.removeprefix("fencepost: ").rstrip("\n")]
    result = json.loads(printed.out)
    for problem in result["problems"]:
        return [problem["rule"], problem["received"], problem["remedy"]]
    return [result["note"] or ""]


@pytest.mark.parametrize("layers", [IMAGES, COLOURS, SIGNALS, FEATURES])
def test_the_pages_answer_as_the_command_does(capsys, layers):
    lines = node.run(ANSWERS, given=json.dumps([(text, layers) for text in INPUTS])).splitlines()
    for text, line in zip(INPUTS, lines, strict=True):
        assert json.loads(line) == command_says(capsys, text, layers), text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1x3x32x32", "That is 3 × 32 × 32: leave out the batch dimension."),
        ("32x32x3", "It fits with an input of 3 × 32 × 32: put the channels first."),
        ("32x32", "It fits with an input of 1 × 32 × 32: add the channels."),
    ],
)
def test_the_page_says_which_reading_fits(tab, capsys, text, words):
    page = tab("design")
    page.locator("textarea").fill(IMAGES)
    page.get_by_label("Input").fill(text)
    said = page.locator(".notice").inner_text()
    assert words in said
    assert all(part in said for part in command_says(capsys, text, IMAGES))
    page.get_by_label("Input").fill("3x32x32")
    assert page.locator(".notice").count() == 0


def test_the_page_says_how_channels_last_are_read(tab, capsys):
    page = tab("design?input=32x32x3&layers=Conv2d(8, 3)")
    said = page.locator(".notice").inner_text()
    assert [said] == command_says(capsys, "32x32x3", "Conv2d(8, 3)")
    assert said.endswith("If its channels come last: 3x32x32.")
