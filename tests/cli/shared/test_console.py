"""Text for people and JSON for machines, each on its stream."""

from __future__ import annotations

import json

import pytest

from fencepost.cli.shared.console import Console, format_sample_shape, images_bar, noun, part_bar


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


@pytest.mark.parametrize(("terminal", "shown"), [(True, True), (False, False)])
def test_a_terminal_sees_how_much_is_done(monkeypatch, capsys, terminal, shown):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    with part_bar("a.wav") as progress:
        progress(250, 1000)
    with images_bar(20) as advance:
        advance()
    said = capsys.readouterr()
    assert said.out == ""
    assert ("250/1000" in said.err and "1/20" in said.err) == shown
    assert shown or not said.err


def test_one_image_has_no_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with images_bar(1) as advance:
        advance()
    assert capsys.readouterr().err == ""
