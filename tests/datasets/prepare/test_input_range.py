"""The range of training images: mistakes of scale are seen, other images of the data are not."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets.dataset import channel_statistics
from fencepost.datasets.prepare.input_range import InputRange

MISTAKES = {
    "divided by 255": lambda x: x / np.float32(255),
    "multiplied by 255": lambda x: x * np.float32(255),
    "16 bits": lambda x: x.astype(np.int32) * 257,
    "-1 to 1": lambda x: x / np.float32(127.5) - 1,
    "standardised": lambda x: (x - x.mean()) / x.std(),
    "signed": lambda x: x.astype(np.int16) - 128,
}


@functools.cache
def mnist(of=None):
    train, test = fp.datasets.mnist("train"), fp.datasets.mnist("test")
    if of is None:
        return train.images, test.images, test.targets
    return train.images / np.float32(of), test.images / np.float32(of), test.targets


def photographs():
    """Parts of the photographs that come with matplotlib, of very unlike brightness."""
    from matplotlib.cbook import get_sample_data
    from PIL import Image

    with get_sample_data("grace_hopper.jpg") as file:
        picture = np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1)
    rng = np.random.default_rng(0)
    corners = rng.integers(0, np.array(picture.shape[1:]) - 32, (3000, 2))
    parts = np.stack([picture[:, y : y + 32, x : x + 32] for y, x in corners])
    return parts[:2000], parts[2000:], parts[2000:].mean(axis=(1, 2, 3)) > 100


def rows():
    x = np.random.default_rng(0).normal([5, 100, -3, 0.1], [1, 30, 0.2, 0.01], (1500, 4))
    return x[:1000].astype(np.float32), x[1000:].astype(np.float32), x[1000:, 0] > 5


SETS = {"mnist": mnist, "photographs": photographs, "rows": rows, "0-1": lambda: mnist(255)}


def measured(train):
    train = train[:: max(len(train) // 2000, 1)]
    mean, std = channel_statistics(train)
    planes = train.reshape(*train.shape, *(1,) * (4 - train.ndim))
    return InputRange.measure(planes, mean, 1 / std), mean, 1 / std


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("batch", [1, 10, 100])
def test_held_out_images_are_not_remarked_on(name, batch):
    train, test, labels = SETS[name]()
    known, mean, scale = measured(train)
    test = test.reshape(*test.shape, *(1,) * (4 - test.ndim))
    by_class = test[np.argsort(labels, kind="stable")]
    for images in (test[:500], by_class[:500], by_class[-500:]):
        for start in range(0, len(images) - batch + 1, batch):
            assert known.remark(images[start : start + batch], mean, scale) is None


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("batch", [1, 100])
def test_mistakes_of_scale_are(mistake, batch):
    train, test, _ = mnist()
    known, mean, scale = measured(train)
    wrong = MISTAKES[mistake](test[:400])
    for start in range(0, 400 - batch + 1, batch):
        assert known.remark(wrong[start : start + batch], mean, scale) is not None


def test_images_with_light_and_dark_exchanged_are_where_that_is_certain():
    for data, certain in ((mnist, True), (photographs, False)):
        train, test, _ = data()
        known, mean, scale = measured(train)
        assert (known.remark(255 - test[:20], mean, scale) is not None) == certain


def test_photographs_of_another_scale_are():
    train, test, _ = photographs()
    known, mean, scale = measured(train)
    for mistake in MISTAKES.values():
        assert known.remark(mistake(test[:20]), mean, scale) is not None


def test_a_remark_says_both_ranges_and_the_likeliest_mistake():
    train, test, _ = mnist()
    known, mean, scale = measured(train)
    assert known.remark(test[:9] / np.float32(255), mean, scale) == (
        "the images are far from the training images: their values range from 0 to "
        f"{test[:9].max() / 255:.3g}, mean {test[:9].mean() / 255:.3g}, those of the training "
        f"images from 0 to 255, mean {mean[0]:.3g}. Were they divided by 255? Pass them unscaled, "
        "as in training: the network normalises them itself."
    )
    known, mean, scale = measured(train / np.float32(255))
    assert known.remark(test[:9], mean, scale).endswith("divided by 255: do the same here.")


def test_blank_images_show_no_scale():
    train, _, _ = mnist()
    known, mean, scale = measured(train)
    assert known.remark(np.zeros((3, 1, 28, 28), np.uint8), mean, scale) is None


def test_a_range_travels_as_json_and_what_is_none_is_refused():
    known, *_ = measured(mnist()[0])
    assert InputRange.from_dict(json.loads(json.dumps(known.to_dict()))) == known
    for wrong in (3, {"low": 0}, {**known.to_dict(), "more": 1}, {**known.to_dict(), "low": "x"}):
        with pytest.raises(fp.ArgumentError, match="an input range must be numbers"):
            InputRange.from_dict(wrong)
