"""The examples run as they are told to, print what they found, and write what they name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import fencepost as fp

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


def run(script: str, folder: Path, *arguments: str) -> str:
    """Run an example in an empty folder, and return what it printed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *arguments],
        check=False, cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def pictures(folder: Path) -> set[str]:
    """Names of the pictures in a folder; each of them can be read, and something is on it."""
    found = {path for path in folder.iterdir() if path.suffix in (".png", ".gif")}
    for path in found:
        with Image.open(path) as image:
            assert min(image.size) >= 150, path.name
            darkest, lightest = image.convert("L").getextrema()
            assert darkest < lightest, path.name
    return {path.name for path in found}


def test_smoothing(tmp_path):
    printed = run("01_smoothing.py", tmp_path)
    assert "f ∗ g:   [3.33, 6.33, 9.67, 9.33, 9.67, 6.67, 7.0, 6.67, 9.67, 9.0]" in printed
    assert "y(7) = f(5)·g(2) + f(6)·g(1) + f(7)·g(0)\n     = 1·1 + 10·1 + 9·1\n" in printed
    assert "full:   [10, 19, 29, 28, 29, 20, 21, 20, 29, 27, 18, 8]" in printed
    off = {
        int(line.split("with ")[1].split()[0]): float(line.rpartition(" ")[2])
        for line in printed.splitlines()
        if line.startswith("After smoothing")
    }
    assert off[25] < off[5] and off[25] < off[75]  # as it says: too many flatten the wave
    assert pictures(tmp_path / "out") == {"smoothed.png", "wave.png", "steps.gif"}


def test_kernels(tmp_path):
    printed = run("02_kernels.py", tmp_path, "pictures")
    assert "        = 192\n" in printed
    assert "mean:size=5       sum  1.0" in printed and "laplace           sum  0.0" in printed
    assert "My kernel is the one called sharpen: True" in printed
    assert pictures(tmp_path / "pictures") == {
        "sum.png", "mean-size5.png", "gaussian-sigma2.png", "laplace.png", "sobel-x.png",
        "sharpen.png", "hopper-edges.png",
    }  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_pooling(tmp_path):
    printed = run("03_pooling.py", tmp_path)
    assert "[[5 9]\n [2 5]]" in printed and "[[13 19]\n [ 4 10]]" in printed
    rows = [line.split() for line in printed.splitlines() if line[:5].strip().isdigit()]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4"]
    assert all(float(pooled) > float(plain) for _, plain, pooled in rows[1:])
    assert "28 pixels cannot be divided into windows of 5. Try an input of 25 × 25" in printed
    assert pictures(tmp_path / "out") == {"digit-edges.png", "misfit.png"}


def test_sizes(tmp_path):
    printed = run("04_sizes.py", tmp_path)
    assert "I = 13, R = 3, S = 2: 6\n" in printed
    assert "10 × 5 under 3 × 3: (8, 3)\nwith padding 1: (10, 5)\n" in printed
    assert "= 4.5\n" in printed and 'remainder="pad"   → output 5' in printed
    assert "LeNet-5: 61,706 parameters" in printed
    assert "Inputs from 24 to 40 that fit: (24, 28, 32, 36, 40)" in printed
    assert "/ 2 + 1 = 12.5" in printed
    assert pictures(tmp_path / "out") == {"stride.png", "padding.png", "lenet5.png", "field.png"}


def test_lenet5(tmp_path):
    printed = run("05_lenet5.py", tmp_path, "digits", "--epochs", "1", "--images", "6000")
    assert "61,706" in printed
    accuracy = float(printed.split("Test accuracy: ")[1].split("%")[0])
    assert accuracy > 80
    assert f"Its {round(100 * (100 - accuracy))} mistakes" in printed
    assert "the predictions are the same: True" in printed
    folder = tmp_path / "digits"
    images, labels = fp.datasets.mnist("test")
    net = fp.load(folder / "digits.safetensors")
    assert 100 * net.evaluate(images, labels).accuracy == pytest.approx(accuracy, abs=0.01)
    names = ("history", "kernels", "confusion", "mistakes", "explain")
    assert pictures(folder) == {f"{name}.png" for name in names}


def test_your_images(tmp_path):
    printed = run("06_your_images.py", tmp_path)
    assert "300 colour images of 32 × 32 pixels in 3 classes" in printed
    accuracy = float(printed.split("accuracy ")[1].split("%")[0])
    assert accuracy > 85
    assert printed.count(": predicted ") == 3
    net = fp.load(tmp_path / "out" / "shapes.safetensors")
    assert net.class_names == ("circle", "cross", "square")
    data = fp.datasets.image_folder(tmp_path / "out" / "shapes")
    assert net.evaluate(*data).accuracy > 0.85
    again = run("06_your_images.py", tmp_path)  # over what is there already
    assert again == printed


def test_signals(tmp_path):
    printed = run("07_signals.py", tmp_path)
    assert "signals, channels, samples: (2000, 1, 64)" in printed
    assert float(printed.split("accuracy ")[1].split("%")[0]) > 85
    assert float(printed.split("largest difference ")[1].split()[0]) < 1e-4
    assert pictures(tmp_path / "out") == {"filtered.png", "signal-network.png"}


def test_every_script_is_listed_shown_and_short():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    page = (EXAMPLES.parent / "docs" / "guides" / "examples.md").read_text(encoding="utf-8")
    assert len(SCRIPTS) == 7
    for name in SCRIPTS:
        assert f"({name})" in readme
        assert f'--8<-- "examples/{name}"' in page
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        assert text.startswith('"""') and f"Run: python examples/{name}" in text
        assert len(text.splitlines()) <= 80, name
