"""The report as a page: complete, its figures right, names escaped, nothing fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from fencepost.cli.training.page import page
from fencepost.cli.training.session import Trained
from fencepost.datasets import Dataset
from fencepost.training import Epoch, History

VOID = {"meta", "img", "line", "polyline", "circle"}
SECTIONS = (
    "Data", "Training", "Classes", "The most confident errors",
    "Network", "How to use the file",
)  # fmt: skip


class Reader(HTMLParser):
    """Checks that elements are closed in order, and collects texts and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.texts, self.attributes = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def facts(shape=(1, 8, 8), classes=3, *, validated=True, seeds=1, names=None, **changes):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (30, *shape)).astype(np.uint8)
    labels = np.arange(30) % classes
    names = names or tuple(f"class {k}" for k in range(classes))
    data = Dataset(images, labels, names)
    net = fp.Network(shape, [fp.Flatten(), fp.Linear(classes)], class_names=names)
    epochs = [
        Epoch(k, 1 / k, 1 - 0.5 / k, *((0.7, 0.6) if validated else (None, None)), 0.1, 1.0, 99.0)
        for k in (1, 2, 3)
    ]
    history = History(epochs, 2 if validated else None, "finished")
    trained = [
        Trained(seed, net, history, net.evaluate(images, labels), 12.3) for seed in range(seeds)
    ]
    settings = {
        "title": "net on data",
        "model_file": Path("data-net.safetensors"),
        "trained": trained[0],
        "all_trained": trained,
        "train": data,
        "validation_images": 5 if validated else 0,
        "test": data,
        "data": "30 images.",
        "recipe": "Training: 3 epochs.",
        "remarks": ["The classes are unbalanced."],
        "left_out": (),
    }
    return page.Facts(**{**settings, **changes})


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 300, 40), (2, 12)])
@pytest.mark.parametrize(
    ("classes", "validated", "seeds"), [(2, True, 1), (3, False, 3), (25, True, 1)]
)
def test_every_section_is_there_and_nothing_is_fetched(shape, classes, validated, seeds):
    given = facts(shape, classes, validated=validated, seeds=seeds)
    written = page.page(given)
    reader = Reader(written)
    assert all(section in reader.texts for section in SECTIONS)
    crossed = classes <= page.CLASSES_CROSSED
    assert ("Confusion matrix" in reader.texts, "The most frequent errors" in reader.texts) == (
        crossed,
        not crossed,
    )
    for name, value in reader.attributes:
        if name in ("src", "href"):
            assert value.startswith("data:image/png;base64,")
    assert not re.search(r"https?:|@import|url\(|<script", written)
    evaluation = given.trained.evaluation
    text = " ".join(reader.texts)
    assert f"{100 * evaluation.accuracy:.2f} %" in text
    assert f"{100 * evaluation.macro_f1:.2f} %" in text
    assert "5 are used for validation after each epoch." in text or not validated
    assert ("Over 3 seeds (0 to 2)" in text) == (seeds == 3)
    wrong = 30 - int(np.trace(evaluation.confusion))
    assert f"{wrong} of 30 are misclassified." in text
    assert written.count("<figure>") == min(wrong, page.MISTAKES_SHOWN)
    assert ("predicted class count" in text) == (classes > page.CLASSES_CROSSED)


def test_names_and_files_are_text():
    written = page.page(facts(names=("<b>cat", "dog & owl", '"'), left_out=("<i>.png: bad",)))
    reader = Reader(written)
    assert "<b>cat" in reader.texts and "dog & owl" in reader.texts
    assert "&lt;i&gt;.png: bad" in written


def test_a_model_of_features_is_used_with_its_backbone():
    given = facts()
    given.trained.network.metadata["training"] = {"backbone": {"path": "a.onnx"}}
    assert "fp.Backbone.from_config(network" in page.page(given)
    assert "fp.Backbone" not in page.page(facts())


def test_a_file_name_with_a_space_can_be_typed():
    text = " ".join(Reader(page.page(facts(model_file=Path("my $model.st")))).texts)
    assert "fencepost predict 'my $model.st' image.jpg" in text
    assert 'fp.load("my $model.st")' in text


def test_settings_in_a_row_are_broken_between_them():
    written = page.page(facts(recipe="augmentation shift=4,rotate=10, of 1,234 images"))
    assert "shift=4,<wbr>rotate=10, of 1,234 images" in written


NAMES = ("A class of very many words that say all there is to know", "x" * 90, "<b>c</b>", "d")


@pytest.mark.parametrize("width", [360, 800, 1440])
@pytest.mark.parametrize("classes", [4, 25])
def test_long_names_leave_the_figures_in_sight(width, classes, tmp_path, browser):
    names = (NAMES + tuple(f"{NAMES[0]} {k}" for k in range(classes)))[:classes]
    files = tuple(f"{'folder/' * 20}{k}.png is not an image" for k in range(60))
    page.write(tmp_path / "a.html", facts(classes=classes, names=names, left_out=files))
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto((tmp_path / "a.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    boxes = tab.evaluate(
        """[...document.querySelectorAll("table")].map(table => {
          const figure = table.rows[1].cells[table.classList.contains("text") ? 2 : 1];
          return figure.getBoundingClientRect().right })"""
    )
    assert len(boxes) == 3 and max(boxes) <= width, boxes
    reasons = tab.evaluate(
        "(e => [e.scrollWidth, e.clientWidth])(document.querySelector('pre.files'))"
    )
    assert reasons[0] <= reasons[1]
    heights = tab.evaluate(
        "[...document.querySelectorAll('.long')].map(box => box.getBoundingClientRect().height)"
    )
    assert len(heights) == (2 if classes == 25 else 0) and max(heights, default=0) < 450
    tab.close()


def test_words_above_columns_stay_whole(tmp_path, browser):
    names = ("animals", "food", "household", "plants", "town", "vehicles")
    page.write(tmp_path / "a.html", facts(classes=len(names), names=names))
    tab = browser.new_page(viewport={"width": 360, "height": 900})
    tab.goto((tmp_path / "a.html").as_uri())
    lines = tab.evaluate(
        """[...document.querySelectorAll(".confusion th")].filter(th => th.firstChild).map(th => {
          const text = document.createRange(); text.selectNodeContents(th);
          return text.getClientRects().length })"""
    )
    assert lines == [1] * 2 * len(names)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.close()


def test_it_is_written_whole(tmp_path):
    page.write(tmp_path / "a.html", facts())
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page.page(facts())
    assert len(list(tmp_path.iterdir())) == 1
