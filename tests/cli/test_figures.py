"""`fencepost figures`: the pictures, the page, and folders that cannot be written."""

from __future__ import annotations

import contextlib
import io
import json
from html import escape

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from cli.refusal import refused
from fencepost.cli.app import run


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Draw all figures once: the folder and what was said of it."""
    folder = tmp_path_factory.mktemp("article") / "new" / "figures"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert run(["figures", "-o", str(folder), "--json"]) == 0
    return folder, json.loads(said.getvalue())


def test_fourteen_figures_and_a_page(drawn):
    folder, said = drawn
    assert [figure["number"] for figure in said["figures"]] == list(range(1, 15))
    names = {path.name for path in folder.iterdir()}
    assert len(names) == 15
    assert "index.html" in names
    for figure in said["figures"]:
        (path,) = figure["files"]
        with Image.open(path) as image:
            assert min(image.size) > 400
            assert np.ptp(np.asarray(image.convert("L"))) > 200


def test_page_has_all_that_it_needs(drawn):
    folder, said = drawn
    text = (folder / "index.html").read_text("utf-8")
    assert text.count("data:image/png;base64,") == 14
    assert "http" not in text
    assert "<script" not in text
    for figure in said["figures"]:
        assert escape(figure["caption"]) in text
        assert escape(figure["claim"]) in text


def test_some_figures_as_svg_too(fencepost, tmp_path):
    done = fencepost("figures", "-o", "some", "--only", "14, 1", "--svg")
    assert done.status == 0
    assert "(13 − 3) / 2 + 1 = 6 outputs" in done.out
    names = {path.name for path in (tmp_path / "some").iterdir()}
    assert names == {
        "01-signal.png", "01-signal.svg", "14-stride.png", "14-stride.svg", "index.html"
    }  # fmt: skip
    assert (tmp_path / "some" / "14-stride.svg").read_text("utf-8").rstrip().endswith("</svg>")


def test_own_portrait(fencepost, tmp_path):
    gradient = np.tile(np.arange(200, dtype=np.uint8), (80, 1))
    Image.fromarray(gradient).save(tmp_path / "me.png")
    done = fencepost("figures", "-o", "mine", "--only", "5", "--portrait", "me.png")
    assert done.status == 0
    assert "0 % of the pixels are edges" in done.out


def test_bad_input(fencepost, tmp_path):
    (tmp_path / "file").write_text("")
    refused(fencepost("figures", "-o", "file/figures"), "--out must name a folder")
    refused(fencepost("figures", "-o", "new", "--only", "3,15"), "--only", "1 to 14", "3,15")
    refused(fencepost("figures", "-o", "new", "--only", "6", "--portrait", "no.jpg"), "no.jpg")
    refused(fencepost("figures", "-o", "/proc/figures"), "place that can be written")


def test_missing_sample_photograph_has_a_way_out(fencepost, tmp_path, monkeypatch):
    monkeypatch.setattr(mpl, "get_data_path", lambda: str(tmp_path))
    refused(fencepost("figures", "-o", "new", "--only", "6"), "--portrait FILE", "grace_hopper")
