"""Objects show themselves in notebooks: well-formed, escaped, with their numbers, short as text."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost import notebook

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
LABELS = np.arange(40) % 2
NAMES = ("<cat>", "dog & owl")


class Tags(HTMLParser):
    """Counts the tags that are open, all of which must be closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f"{data} "


def network():
    return fp.Network((1, 8, 8), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(2)], class_names=NAMES)


def shown():
    net = network()
    history = net.fit(IMAGES, LABELS, epochs=3, validation=0.2, progress=False)
    line = fp.Network((3,), [fp.Linear(2)])
    values = RNG.normal(size=(20, 2))
    fitted = line.fit(RNG.normal(size=(20, 3)), values, epochs=2, progress=False)
    waves = np.sin(np.arange(120.0)).reshape(4, 1, 30)
    data = fp.datasets.Dataset
    return {
        "network": (net, ["Conv2d(2, 3)", "total", f"{net.parameter_count:,}"], "Network((1, 8"),
        "residual network": (fp.models.resnet9((3, 32, 32), 10), ["Residual"], "layers, "),
        "history": (history, ["loss", "wrong, %", "training", "best: epoch"], "<History: 3 epochs"),
        "regression": (fitted, ["epoch", "loss"], "<History: 2 epochs, loss"),
        "no epochs": (fp.training.History(), ["epoch"], "<History: 0 epochs, running>"),
        "evaluation": (net.evaluate(IMAGES, LABELS), [*NAMES, "recall"], "<Evaluation: accuracy "),
        "data set": (data(IMAGES, LABELS, NAMES), NAMES, "Dataset("),
        "signals": (data(waves, [0, 1, 0, 1], NAMES), NAMES, "Dataset("),
        "targets": (data(IMAGES[:2], [[0.5], [1.5]]), ["0.5", "1.5"], "Dataset("),
        "features": (data(RNG.normal(size=(4, 3)), [0, 1, 0, 1]), [], "Dataset("),
        "floats": (data(RNG.normal(size=(4, 3, 9, 9)), [0, 1, 2, 0]), ["0", "1", "2"], "Dataset("),
        "data source": (
            fp.datasets.DataSource(
                "d", data(IMAGES, LABELS, NAMES), test=data(IMAGES, LABELS, NAMES)
            ),
            ["Training:", *NAMES, "Test:"],
            "DataSource(",
        ),
        "augmentation": (fp.training.Augmentation(shift=2), ["changed"], "Augmentation(shift=2.0)"),
        "no augmentation": (fp.training.Augmentation(), [], "Augmentation()"),
        "picture": (picture("RGB", np.uint8, 3), [], "<Picture 40 × 60, RGB, uint8>"),
    }


def picture(colours, dtype, channels):
    values = RNG.random((40, 60, channels)) * (1 if np.dtype(dtype).kind == "f" else 255)
    return fp.Picture(values.astype(dtype), colours)


SHOWN = shown()


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_whole_and_has_the_numbers(name):
    thing, words, representation = SHOWN[name]
    html = thing._repr_html_()
    tags = Tags(html)
    assert all(word in tags.text for word in words)
    assert "<script" not in html and "http" not in html.replace("http://www.w3.org", "")
    assert representation in repr(thing)
    assert len(repr(thing)) < 300 and "\n" not in repr(thing)
    assert len(html) < 100_000


@pytest.mark.parametrize(
    ("colours", "dtype", "channels"),
    [("L", "u1", 1), ("LA", "u1", 2), ("RGBA", "u2", 4), ("CMYK", "u1", 4), ("RGB", "f4", 3)],
)
def test_pictures_of_every_kind_are_shown(colours, dtype, channels):
    html = picture(colours, dtype, channels)._repr_html_()
    data = re.search('base64,([^"]*)"', html).group(1)
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (60, 40)


def test_a_large_picture_is_shown_small():
    large = fp.Picture(np.zeros((2000, 3000, 3), np.uint8), "RGB")
    assert len(large._repr_html_()) < 10_000


def test_curves_and_matrices_have_no_colour_of_text_of_their_own():
    """Light and dark notebooks differ in it."""
    drawn = notebook.curves("loss", {"training": [1.0, 0.5]}) + notebook.matrix(("a",), [[3]])
    assert "currentColor" in drawn
    assert "color: #" not in drawn and "black" not in drawn


def test_a_matrix_is_tinted_by_the_share_of_the_row():
    html = notebook.matrix(("a", "b"), [[3, 1], [0, 0]])
    assert "0.45)" in html and "0.15)" in html and html.count("0.00)") == 2
    assert html.count("·") == 2


def test_a_cell_that_holds_a_tag_is_text():
    assert "&lt;b&gt;" in notebook.table([("<b>",)], "<")
    assert "&lt;b&gt;" in notebook.paragraph("<b>")
    assert notebook.paragraph("") == ""
