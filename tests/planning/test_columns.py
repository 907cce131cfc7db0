"""What is said of a plan below its table."""

from __future__ import annotations

import fencepost as fp


def test_what_is_dropped_is_said():
    text = "Conv2d(4, 4, padding='same'), MaxPool2d(3, stride=2, remainder='crop')"
    notes = fp.plan((1, 10, 8), text).text(120)
    assert 'layer 1, MaxPool2d(3, stride=2, remainder="crop"): the last element of each' in notes
    assert '"same" puts 1 zero before the input and 2 after it' in notes
    assert "never used" not in fp.plan((1, 11, 9), text).text(120)
    skipped = fp.plan((1, 10), "Conv1d(4, 2, stride=5, remainder='crop')").text(120)
    assert "the last 3 elements of each row are never used" in skipped


def test_what_covers_the_input_is_said():
    covering = "the input is 9 × 9, and layer 1, Conv2d(1, 7, padding=3), is the first"
    text = "Conv2d(1, 3), Conv2d(1, 7, padding=3), ReLU"
    assert covering in fp.plan((1, 9, 9), text).text(160)
    assert "no layer has an output that depends on all" in fp.plan((1, 10, 10), text).text(160)
