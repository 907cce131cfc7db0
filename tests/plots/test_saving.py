"""Pictures and animations reach a file completely, or not at all."""

from __future__ import annotations

import pytest
from PIL import Image

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.plots import style


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml")])
def test_pictures_are_saved_by_their_ending(tmp_path, name, start):
    path = fp.plots.save(fp.plots.signal([1, 2, 3]), tmp_path / name)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_picture_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"must end in \.png or \.svg.*a\.jpg.*name it a\.png"):
        fp.plots.save(style.new_figure(1, 1), tmp_path / "a.jpg")


def test_unwritable_picture_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match=r"could not be written to .*nowhere"):
        fp.plots.save(style.new_figure(1, 1), tmp_path / "nowhere" / "out.png")
    assert not list(tmp_path.iterdir())


def signals(count):
    return (fp.plots.signal([0] * k + [1] + [0] * (count - k)) for k in range(count))


def test_animated_gif_has_all_frames(tmp_path):
    path = fp.plots.save_animation(signals(4), tmp_path / "a.gif", seconds=0.5)
    with Image.open(path) as image:
        assert image.n_frames == 4
        assert image.info["duration"] == 500
        assert image.info["loop"] == 0
        image.seek(3)
        assert image.info["duration"] == 1500


def test_frames_must_be_of_one_size(tmp_path):
    with pytest.raises(ArgumentError, match=r"at least one\. Received: none"):
        fp.plots.save_animation([], tmp_path / "a.gif")
    figures = [style.new_figure(1, 1), style.new_figure(2, 1)]
    with pytest.raises(ArgumentError, match="Received: 100 × 100 and 200 × 100"):
        fp.plots.save_animation(figures, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_animated_page_needs_nothing_else(tmp_path):
    text = fp.plots.save_animation(signals(3), tmp_path / "a.html").read_text("utf-8")
    assert text.count("data:image/png;base64,") == 3
    assert "http" not in text
    assert 'max="2"' in text


def test_what_is_no_figure_is_not_saved(tmp_path):
    with pytest.raises(ArgumentError, match=r"a figure or axes of matplotlib.*int"):
        fp.plots.save(3, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
