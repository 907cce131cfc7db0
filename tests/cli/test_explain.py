"""`fencepost explain`: the page, what is said of it, and what cannot be explained."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from cli.refusal import refused


@pytest.fixture
def cross(folder):
    return sorted((folder / "cross").iterdir())[0]


def test_page_and_answer(fencepost, model, cross, tmp_path):
    done = fencepost("explain", model, cross, "-o", "why.png", "--json")
    assert done.status == 0, done.err
    assert not done.json["untrained"]
    (said,) = done.json["images"]
    assert said["output"] == "why.png"
    with Image.open(tmp_path / "why.png") as page:
        assert min(page.size) > 600
        assert np.ptp(np.asarray(page.convert("L"))) > 200
    (predicted,) = fencepost("predict", model, cross, "--json").json["predictions"]
    for key in ("class", "probability", "top", "prepared"):
        assert said[key] == predicted[key]
    assert [path.name for path in tmp_path.iterdir()] == ["why.png"]


def test_svg_of_another_class(fencepost, model, cross, tmp_path):
    done = fencepost("explain", model, cross, "-o", "why.svg", "--class", "square")
    assert done.status == 0, done.err
    assert "Saved why.svg" in done.err
    text = (tmp_path / "why.svg").read_text("utf-8")
    assert text.rstrip().endswith("</svg>")
    assert "<!-- for square -->" in text
    assert fp.load(model).class_names[0] in text


@pytest.mark.parametrize("size", [(9, 9), (40, 300)])
def test_photographs_of_any_size_are_prepared(fencepost, model, tmp_path, size):
    pixels = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    done = fencepost("explain", model, "a.png", "-o", "why.png", "--json")
    assert done.status == 0, done.err
    assert done.json["images"][0]["prepared"][0].startswith("Resized it")


def test_models_without_names_or_classes(fencepost, tmp_path):
    Image.new("L", (9, 9), 200).save(tmp_path / "a.png")
    named = fp.Network((1, 9, 9), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(3)])
    named.save(tmp_path / "a.st")
    done = fencepost("explain", "a.st", "a.png", "-o", "a.png.png", "--json")
    assert done.json["images"][0]["class"] in ("0", "1", "2")
    assert done.json["untrained"]
    assert "it is not trained" in done.err
    single = fp.Network((1, 9, 9), [fp.Flatten(), fp.Linear(1)])
    single.save(tmp_path / "b.st")
    done = fencepost("explain", "b.st", "a.png", "-o", "b.svg", "--json")
    expected = single(np.full((9, 9), 200, np.uint8))[0, 0]
    assert done.json["images"][0]["outputs"] == [pytest.approx(expected)]


def test_a_folder_of_images_becomes_a_folder_of_pages(fencepost, model, cross, tmp_path):
    (tmp_path / "in" / "more").mkdir(parents=True)
    for name in ("in/a.png", "in/more/b.png"):
        (tmp_path / name).write_bytes(cross.read_bytes())
    (tmp_path / "in" / "bad.png").write_text("no image")
    done = fencepost("explain", model, "in", "-o", "out", "--json")
    assert done.status == 2 and "bad.png" in done.err
    images = done.json["images"]
    assert [image.get("output") for image in images] == ["out/a.png", None, "out/more/b.png"]
    assert (tmp_path / "out" / "more" / "b.png").stat().st_size > 1000
    refused(fencepost("explain", model, "in", "-o", "out"), "out/a.png", "--overwrite")
    refused(fencepost("explain", model, "in", "-o", "a.png"), "a folder for several images")


def test_bad_input(fencepost, model, cross, tmp_path):
    (tmp_path / "file").write_text("no image")
    out = ("-o", "why.png")
    refused(fencepost("explain", model, "gone.png", *out), "gone.png")
    refused(fencepost("explain", model, "file", *out), "file")
    refused(fencepost("explain", "file", cross, *out), "file")
    refused(fencepost("explain", model, cross, "-o", "why.jpg"), ".png or .svg", "why.jpg")
    refused(fencepost("explain", model, cross, "-o", "/proc/why.png"), "place that can be written")
    refused(fencepost("explain", model, cross, *out, "--class", "dog"), "circle, cross", "dog")
    refused(fencepost("explain", model, cross), "--out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_signals_and_broken_models_are_refused(fencepost, model, cross, tmp_path):
    fp.Network((1, 16), [fp.Flatten(), fp.Linear(2)]).save(tmp_path / "signals.st")
    refused(fencepost("explain", "signals.st", cross, "-o", "a.png"), "(1, 16)")
    net = fp.load(model)
    net.parameter_vector[:] = 1e30  # whose sums are infinite
    net.save(tmp_path / "broken.st")
    refused(fencepost("explain", "broken.st", cross, "-o", "a.png"), "must be finite", "diverged")


def test_the_process_needs_no_display_and_no_pyplot(environment, model, cross, tmp_path):
    code = (
        "import sys; from fencepost.cli.app import run; status = run(sys.argv[1:]); "
        "assert 'matplotlib.pyplot' not in sys.modules; sys.exit(status)"
    )
    command = [sys.executable, "-c", code, "explain", model, cross, "-o", tmp_path / "why.png"]
    environment.pop("DISPLAY", None)
    subprocess.run(list(map(str, command)), check=True, env=environment)
    assert (tmp_path / "why.png").exists()


@pytest.fixture
def signals(tmp_path):
    """A model that looks at samples 21 to 26, and a table of three rows."""
    net = fp.Network((1, 40), [fp.Flatten(), fp.Linear(2)], class_names=("low", "high"))
    weights = np.zeros((2, 40), np.float32)
    weights[1, 20:26] = 3
    net.parameters["1.weight"][:], net.parameters["1.bias"][:] = weights, [0, -9]
    net.save(tmp_path / "signals.st")
    rows = np.zeros((3, 40))
    rows[1, 20:26] = 1
    header = ",".join(f"t{k}" for k in range(40))
    np.savetxt(tmp_path / "new.csv", rows, delimiter=",", header=header, comments="")
    return tmp_path


def test_rows_of_a_table_have_a_page_each_and_the_samples_that_matter(fencepost, signals):
    done = fencepost("explain", "signals.st", "new.csv", "-o", "why", "--json")
    assert done.status == 0, done.err
    assert [path.name for path in sorted((signals / "why").iterdir())] == [
        f"new-row{row}.png" for row in (1, 2, 3)
    ]
    assert [each["class"] for each in done.json["images"]] == ["low", "high", "low"]
    ((first, last),) = done.json["images"][1]["important"]
    assert 17 <= first <= 21
    assert 26 <= last <= 30
    done = fencepost("explain", "signals.st", "new.csv", "-o", "one.png", "--row", 2)
    assert (signals / "one.png").exists()
    assert done.out.startswith("new.csv, row 2: high (")
    assert done.out.endswith(f"; samples that matter most: {first} to {last}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new.csv", "-o", "a.png"), "--out must name a folder for several rows."),
        (("new.csv", "-o", "a.png", "--row", 4), "Received: 4; new.csv has 3."),
        (("new.csv", "a.png", "-o", "b"), "Received: both."),
        (("a.png", "-o", "b.png", "--row", 1), "--row is for tables of signals"),
    ],
)
def test_rows_that_cannot_be_explained(fencepost, signals, arguments, words):
    Image.new("L", (4, 4)).save(signals / "a.png")
    done = fencepost("explain", "signals.st", *arguments)
    assert (done.status, words in done.err) == (2, True), done.err
