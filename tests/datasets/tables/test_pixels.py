"""Rows of pixels are images, whatever the columns are called; rows of a signal are not."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from datasets.refusal import refused

pytestmark = pytest.mark.usefixtures("lean")
DIGITS, NUMBERS = (array[:60] for array in fp.datasets.mnist("test"))


def colours(count=40, side=12):
    """Smooth colour images (count, 3, side, side)."""
    y, x = np.mgrid[:side, :side] / side
    random = np.random.default_rng(0).uniform(size=(count, 3, 3, 1, 1))
    images = random[:, :, 0] * x + random[:, :, 1] * y + random[:, :, 2]
    return (images * 85).astype(np.uint8)


def write(path, rows, labels, names=None, first=True, separator=","):
    lines = [names] if names else []
    for row, label in zip(rows.reshape(len(rows), -1), labels, strict=True):
        cells = [str(value) for value in row.tolist()]
        lines.append([str(label), *cells] if first else [*cells, str(label)])
    path.write_text("\n".join(separator.join(line) for line in lines) + "\n")
    return path


NAMES = {
    "kaggle": [f"pixel{k}" for k in range(784)],
    "from 1": [f"pixel{k}" for k in range(1, 785)],
    "rows and columns": [f"{r}x{c}" for r in range(1, 29) for c in range(1, 29)],
    "zeros": [f"pixel{k:04}" for k in range(784)],
    "sklearn": [f"pixel_{r}_{c}" for r in range(28) for c in range(28)],
    "counted": [str(k) for k in range(784)],
}


@pytest.mark.parametrize("names", [*NAMES, None])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
def test_mnist_as_a_table(tmp_path, names, ending):
    head = ["label", *NAMES[names]] if names else None
    separator = "\t" if ending == ".tsv" else ","
    path = write(tmp_path / f"mnist{ending}", DIGITS, NUMBERS, head, separator=separator)
    data = fp.datasets.open(path, label="label" if names else "0").train
    assert (data.input_shape, data.images.dtype) == ((1, 28, 28), np.uint8)
    np.testing.assert_array_equal(data.images, DIGITS)
    np.testing.assert_array_equal(np.array(data.class_names, int)[data.targets], NUMBERS)
    assert "Each row is an image of 28 × 28 pixels" in data.description


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_colours_in_the_order_that_the_pixels_show(tmp_path, last, named):
    """CIFAR-10's rows are planes; HAM10000's have three values per pixel."""
    images = colours()
    rows = images.transpose(0, 2, 3, 1) if last else images
    names = [*(f"pixel{k}" for k in range(432)), "label"] if named else None
    path = write(tmp_path / "c.csv", rows, np.arange(40) % 3, names, first=False)
    data = fp.datasets.open(path, label="last").train
    np.testing.assert_array_equal(data.images, images)


def test_floats_that_are_called_pixels(tmp_path):
    names = ["label", *(f"p{k}" for k in range(784))]
    path = write(tmp_path / "f.csv", DIGITS / np.float32(255), NUMBERS, names)
    data = fp.datasets.open(path).train
    np.testing.assert_allclose(data.images, DIGITS / np.float32(255), rtol=1e-6)


@pytest.mark.parametrize("width", [256, 784, 140, 768])
@pytest.mark.parametrize("period", [5, 16, 28, 57.3])
def test_signals_are_signals_though_there_is_a_square_number_of_values(tmp_path, width, period):
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 6, (30, 1))
    waves = 120 + 60 * np.sin(2 * np.pi * np.arange(width) / 97 + phase)
    waves += 30 * np.sin(2 * np.pi * np.arange(width) / period + phase)
    path = write(tmp_path / "w.csv", waves.astype(np.uint8), np.arange(30) % 2)
    if width in (period**2, 3 * period**2):
        return  # what repeats after a row is an image, as far as anyone can see
    assert len(fp.datasets.open(path, label="first").train.input_shape) == 2
    walk = np.clip(np.cumsum(rng.integers(-3, 4, (30, width)), axis=1) + 128, 0, 255)
    path = write(tmp_path / "w.csv", walk, np.arange(30) % 2)
    assert len(fp.datasets.open(path, label="first").train.input_shape) == 2


def test_a_size_says_that_rows_are_images(tmp_path):
    rows = np.random.default_rng(0).normal(size=(20, 60))
    path = write(tmp_path / "r.csv", rows, np.arange(20) % 2)
    data = fp.datasets.open(path, label=0, size=(6, 10)).train
    assert data.input_shape == (1, 6, 10)
    refused(
        lambda: fp.datasets.open(path, label=0, size=(7, 10)), "60 values for 7 × 10", path=path
    )


def test_parts_in_tables_have_one_form(tmp_path):
    """A few digits of one class would not look like images by themselves."""
    for part, images in (("train", DIGITS), ("test", np.zeros((4, 784), np.uint8))):
        write(tmp_path / f"mnist_{part}.csv", images, NUMBERS[: len(images)])
    source = fp.datasets.open(tmp_path, label=0)
    assert source.test is not None
    assert source.train.input_shape == source.test.input_shape == (1, 28, 28)
