"""The finder of faulty texts finds them."""

from __future__ import annotations

from fencepost.plots import style
from plots.texts import drawn_texts, faults


def test_sound_texts_have_no_faults():
    figure = style.new_figure(3, 2)
    figure.text(0.1, 0.2, "one")
    figure.text(0.1, 0.6, "two")
    figure.text(0.9, 0.9, "unseen, and cut off", visible=False)
    assert [text.text for text in drawn_texts(figure)] == ["one", "two"]
    assert faults(figure) == []


def test_each_fault_is_found():
    figure = style.new_figure(3, 2)
    axes = figure.add_axes((0.2, 0.2, 0.6, 0.6))
    axes.set_xticks([0, 1e-3, 1], ["left", "beside it", "right"])
    axes.set_yticks([])
    figure.text(0.95, 0.5, "over the edge")
    figure.text(0.1, 0.9, "tiny", fontsize=3)
    assert faults(figure) == [
        "'over the edge' is cut off",
        "'tiny' has 3.0 points",
        "'left' and 'beside it' overlap",
    ]
