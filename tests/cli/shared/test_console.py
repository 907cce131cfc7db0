"""Text for people and JSON for machines, each on its stream."""

from __future__ import annotations

import json

import pytest

from fencepost.cli.shared.console import Console, format_sample_shape, noun


def test_without_json_text_goes_to_standard_output(capsys):
    console = Console(as_json=False)
    console.say("one", "two")
    console.note("saved")
    console.result({"value": 1})
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("one\ntwo\n", "saved\n")


def test_with_json_standard_output_holds_one_object(capsys):
    console = Console(as_json=True)
    console.say("progress")
    console.result({"value": "é", "none": None})
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"value": "é", "none": None}
    assert shown.err == "progress\n"


def test_nan_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        Console(as_json=True).result({"value": float("nan")})


@pytest.mark.parametrize(("columns", "width"), [("61", 61), ("200", 200)])
def test_the_terminal_says_how_wide_lines_are(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert Console(as_json=False).width == width


def test_words():
    assert [noun(shape) for shape in ((1, 8, 8), (1, 8))] == ["images", "signals"]
    assert format_sample_shape((1, 28, 28)) == "28 × 28 pixels, 1 channel"
    assert format_sample_shape((2, 12_000)) == "12,000 samples, 2 channels"
