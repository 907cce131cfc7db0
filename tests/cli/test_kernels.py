"""`fencepost kernels`: the list, and what is said of one kernel."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from cli.refusal import refused


def test_all_are_listed(fencepost):
    done = fencepost("kernels")
    assert done.status == 0
    for name in fp.kernels.catalogue.ENTRIES:
        assert f"  {name} " in done.out


def test_the_list_for_machines(fencepost):
    done = fencepost("kernels", "--json")
    found = {entry["name"]: entry for entry in done.json["kernels"]}
    assert found.keys() == fp.kernels.catalogue.ENTRIES.keys()
    assert "sigma" in found["gaussian"]["arguments"]


def test_one_is_shown(fencepost):
    done = fencepost("kernels", "sobel:x")
    assert done.status == 0
    assert str(fp.kernels.sobel("x")) in done.out
    assert "sum 0, rank 1" in done.out
    assert "rising by 1 per pixel to the right: 8" in done.out
    assert "rising by 1 per pixel downwards: 0" in done.out


def test_a_pair_shows_both(fencepost):
    shown = fencepost("kernels", "prewitt", "--json").json["kernels"]
    assert [item["matrix"] for item in shown] == [
        fp.kernels.prewitt(direction).matrix.tolist() for direction in "xy"
    ]


@pytest.mark.parametrize(
    "text", ["gaussian:sigma=2", "sobel:y", "emboss", "3x3: 1,2,3 4,5,6 7,8,9"]
)
def test_responses_are_those_of_convolution(fencepost, text):
    kernel = fp.kernels.parse(text)
    (shown,) = fencepost("kernels", text, "--json").json["kernels"]
    y, x = np.mgrid[-20:21, -20:21].astype(float)
    samples = (np.ones_like(x), (x == 0) & (y == 0), x, x >= 0, y, (x**2 + y**2) / 2)
    expected = [fp.convolve(np.asarray(s, float), kernel, "same")[20, 20] for s in samples]
    np.testing.assert_allclose(list(shown["responses"].values()), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["laplace", "sobel", "sobel:x", "mean:size=3,ndim=1", "log"])
def test_one_is_drawn_with_what_it_does(fencepost, tmp_path, name):
    done = fencepost("kernels", name, "--plot", "out.png", "--json")
    assert done.status == 0
    assert done.json["plot"] == "out.png"
    with Image.open(tmp_path / "out.png") as image:
        assert image.width == 1050


def test_drawing_that_cannot_be(fencepost):
    refused(fencepost("kernels", "--plot", "out.png"), "--plot needs a kernel")
    refused(fencepost("kernels", "mean", "--plot", "out.bmp"), ".png or .svg", "out.bmp")
    refused(fencepost("kernels", "mean", "--plot", "no/out.png"), "--plot", "mkdir -p no")
    refused(fencepost("kernels", "mean", "--plot", "a.png", "--portrait", "b.png"), "b.png")


def test_unknown_names_get_the_nearest(fencepost):
    refused(fencepost("kernels", "gausian"), "gausian", "gaussian", "column 1")
