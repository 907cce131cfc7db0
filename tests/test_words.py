"""Names and prose use the words of PyTorch, SciPy, OpenCV and NumPy: these are not among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src/fencepost", "engine", "docs", "examples")
PAGES = ("README.md", "CONTRIBUTING.md")
# A word (whole, also within a name), and what stands for it.
RETIRED = {
    "whole numbers|whole number(?! of steps)": "integers",
    "onlookers?|looked_at": "coverage",
    "letters": "characters",
    "judg\\w*": "rules, or the result of running them",
    "Winner": "ArgMax",
    "Filler": "BatchLoader",
    "reckon\\w*": "compute, account for",
    "glances?": "is_inspected",
    "stray": "unexpected",
    "sureness|surest": "confidence, most confident",
    "undone": "inverted, inverse",
    "Sight": "receptive field",
    "pointed\\(": "mark_column",
    "lost_cells": "lost_elements",
    "files\\.whole": "files.atomic",
    "may call": "the linter's contract says it",
    "kept out and tested": "held out for testing",
    "how surely": "how confidently",
    "pull of the weights": "weight decay",
    "decides all that is random": "random seed",
    "keeps the training": "checkpoint file for resuming",
    "one that is there is replaced": "an existing file is overwritten",
    "as it looks": "detected",
    "the model's recipe": "the default itself",
    "before there is a network": "before you build it",
    "which would count": "which would be used",
    "stand before the decimals|stands before the decimals": "decimal separator",
    "stands alone, or takes": "has no value, or takes",
    "dropped in silence": "silently dropped",
    "another number of (?:features|channels) than arrive": "gets the wrong number of",
    "the batch is no part of it": "leave out the batch dimension",
    "what it was asked for": "what you specified",
    "called like (?:a part|parts) of the data": "has the name of a split",
    "may be written to and has": "writable, with enough space",
    "habits of what to do": "libraries differ",
    "taken for which|what it was taken for": "predicted class",
}


def lines():
    paths = [ROOT / page for page in PAGES]
    for folder in FOLDERS:
        for suffix in ("py", "pyi", "cpp", "h", "md"):
            paths += (ROOT / folder).rglob(f"*.{suffix}")
    for path in sorted(paths):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


LINES = list(lines())


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_does_not_come_back(word):
    pattern = re.compile(rf"(?<![A-Za-z])(?:{word})(?![A-Za-z])", re.IGNORECASE)
    if word[0].isupper():
        pattern = re.compile(rf"(?<![A-Za-z])(?:{word})(?![a-z])")
    places = [where for where, line in LINES if pattern.search(line)]
    assert not places, f"write {RETIRED[word]} instead: {', '.join(places[:10])}"
