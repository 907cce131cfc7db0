"""`fencepost learn-kernel`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from cli.refusal import refused


@pytest.fixture
def pictures(tmp_path):
    """A picture and its sharpened copy, as files."""
    random = np.random.default_rng(5)
    small = random.integers(40, 216, (30, 40)).astype(np.uint8)
    before = np.asarray(Image.fromarray(small).resize((160, 120), Image.Resampling.BICUBIC))
    Image.fromarray(before).save(tmp_path / "before.png")
    after = fp.filter_image(before, fp.kernels.sharpen())
    Image.fromarray(after).save(tmp_path / "after.png")
    return tmp_path


def test_a_learned_kernel_is_applied_by_filter(fencepost, pictures):
    kernel, again = pictures / "kernel.txt", pictures / "again.png"
    done = fencepost(
        "learn-kernel", pictures / "before.png", pictures / "after.png", "-o", kernel,
        "--plot", pictures / "kernel.png",
    )  # fmt: skip
    assert done.status == 0
    assert "Reliable: the residual is rounding." in done.out
    assert (pictures / "kernel.png").stat().st_size > 1000
    np.testing.assert_allclose(
        fp.kernels.parse(f"@{kernel}").matrix, fp.kernels.sharpen().matrix, atol=0.02
    )
    done = fencepost("filter", pictures / "before.png", "--kernel", f"@{kernel}", "-o", again)
    assert done.status == 0
    one, other = (
        np.asarray(Image.open(path)).astype(int) for path in (again, pictures / "after.png")
    )
    assert np.abs(one - other).max() <= 1


def test_for_machines_and_with_a_size(fencepost, pictures):
    learned = fencepost(
        "learn-kernel", pictures / "before.png", pictures / "after.png", "--size", "3x5",
        "-o", pictures / "k.txt", "--json",
    ).json  # fmt: skip
    assert np.shape(learned["kernel"]) == (3, 5)
    assert learned["determined"]
    assert np.loadtxt(pictures / "k.txt").tolist() == learned["kernel"]


def test_a_compressed_copy_says_how_it_was_compressed(fencepost, pictures):
    copy = pictures / "after.jpg"
    Image.open(pictures / "after.png").save(copy, quality=60)
    call = ("learn-kernel", pictures / "before.png", copy, "-o", pictures / "k.txt", "--overwrite")
    assert "compression as a JPEG accounted for: the file's own tables" in fencepost(*call).out
    learned = fencepost(*call, "--json").json
    assert learned["compression"] == "the file's own tables"
    off = np.abs(np.subtract(learned["kernel"], fp.kernels.sharpen().matrix))
    assert (off < 3 * np.array(learned["errors"])).all()
    assert off.max() < 1


def test_bad_input(fencepost, pictures):
    before, after, out = (pictures / name for name in ("before.png", "after.png", "k.txt"))

    def refusal(words, *arguments):
        refused(fencepost("learn-kernel", *arguments), words)

    refusal("ROWSxCOLUMNS", before, after, "-o", out, "--size", "big")
    refusal("at most 31", before, after, "-o", out, "--size", "99")
    Image.new("L", (50, 50)).save(pictures / "small.png")
    refusal("must have the same shape", before, pictures / "small.png", "-o", out)
    Image.new("RGB", (160, 120)).save(pictures / "colour.png")
    refusal("the same channels", before, pictures / "colour.png", "-o", out)
    refusal("missing.png", before, pictures / "missing.png", "-o", out)
    assert not out.exists()
    out.write_text("mine")
    refusal("--overwrite", before, after, "-o", out)
    assert out.read_text() == "mine"


def test_folders_of_images_give_a_kernel_each(fencepost, pictures):
    before, after, out = (pictures / name for name in ("befores", "afters", "kernels"))
    for folder in (before / "inner", after / "inner"):
        folder.mkdir(parents=True)
    for name in ("a", "inner/b"):
        (before / f"{name}.png").write_bytes((pictures / "before.png").read_bytes())
        Image.open(pictures / "after.png").save(after / f"{name}.tif")
    done = fencepost("learn-kernel", before, after, "-o", out)
    assert done.status == 0
    assert done.out.count("Reliable: the residual is rounding.") == 2
    for name in ("a", "inner/b"):
        learned = fp.kernels.parse(f"@{out / name}.txt").matrix
        np.testing.assert_allclose(learned, fp.kernels.sharpen().matrix, atol=0.02)
    refused(fencepost("learn-kernel", before, after, "-o", out), "--overwrite")
    (after / "a.tif").unlink()
    done = fencepost("learn-kernel", before, after, "-o", out, "--overwrite", "--json")
    assert done.status == 2
    assert "a.png" in done.err and "must hold its copy" in done.err
    assert ["error" in image for image in done.json["images"]] == [True, False]


def test_a_folder_and_an_image_are_no_pair(fencepost, pictures):
    refused(
        fencepost("learn-kernel", pictures, pictures / "after.png", "-o", pictures / "k"),
        "two images or two folders",
    )
    (pictures / "empty").mkdir()
    refused(
        fencepost("learn-kernel", pictures / "empty", pictures, "-o", pictures.parent / "k"),
        "must contain images",
    )
    refused(
        fencepost(
            "learn-kernel", pictures, pictures, "-o", pictures.parent / "k", "--plot", "k.png"
        ),
        "for one pair of images",
    )
