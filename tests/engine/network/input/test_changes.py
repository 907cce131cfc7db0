"""What augmentation draws: distributions, the words behind them, and what crops, erasing and mixing
do with it, against the definitions, at every instruction set.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fencepost import definitions
from fencepost.training import Augmentation


def drawn(engine, shape, count, seed=1, step=0, **options):
    """Return the changes of each of `count` images, by name."""
    settings = Augmentation(**options).engine()
    return [dict(engine.changes(shape, settings, seed, step, i)) for i in range(count)]


def column(changes, name):
    """Return the values of one change, of the images that have it."""
    return np.array([change[name] for change in changes if name in change])


def images(count, *shape):
    return np.random.default_rng(3).integers(0, 256, (count, *shape), dtype=np.uint8)


# --- crops ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 96, 96), (1, 60, 200)])
def test_crops_have_areas_and_ratios_as_torchvision(engine, shape):
    crops = column(drawn(engine, shape, 3000, crop=0.3), "crop")
    assert len(crops) > 2900
    top, left, height, width = (crops / np.tile(shape[1:], 2)).T
    area, ratio = height * width, width / height
    assert 0.29 < area.min() < 0.32
    assert area.max() <= 1
    # Large crops that would not fit are drawn again, so only small ones are uniform.
    small = area[area < 0.6]
    assert stats.kstest(small, "uniform", (small.min(), np.ptp(small))).pvalue > 1e-3
    assert 0.73 < ratio.min() < 0.77
    assert 1.3 < ratio.max() < 1.36
    assert top.min() == left.min() == 0
    assert (top + height).max() == (left + width).max() == 1
    place = top[height < 1] / (1 - height[height < 1])
    assert place.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("shape", [(3, 17, 12), (1, 5, 30), (4, 1, 9), (3, 2, 2)])
def test_crops_are_enlarged_as_defined(engine, shape):
    given = images(40, *shape)
    changes = drawn(engine, shape, 40, crop=0.2)
    result = engine.augment(given, Augmentation(crop=0.2).engine(), 1, 0)
    for i in range(40):
        expected = given[i]
        if "crop" in changes[i]:
            expected = definitions.resized_crop(given[i], *np.array(changes[i]["crop"], int))
        np.testing.assert_allclose(result[i], expected, atol=5e-3)


def test_crop_follows_flips_and_warps(engine):
    # A ramp tells where each pixel comes from.
    height, width = 14, 22
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ramp = np.repeat(np.stack([x, y])[None], 60, axis=0)
    options = {"crop": 0.4, "flip": True, "vflip": True, "shift": 2.0, "rotate": 20.0}
    changes = drawn(engine, (2, height, width), 60, **options)
    result = engine.augment(ramp, Augmentation(**options, fill=1e9).engine(), 1, 0)
    inside = np.all(np.abs(result) < 100, axis=1)
    assert {("flip" in change, "vflip" in change) for change in changes} == {
        (a, b) for a in (False, True) for b in (False, True)
    }
    for i, change in enumerate(changes):
        shift_x, shift_y, degrees, _, _ = change["affine"]
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        to_x, to_y = x - (width - 1) / 2 - shift_x, y - (height - 1) / 2 - shift_y
        from_x = c * to_x + s * to_y + (width - 1) / 2
        from_y = -s * to_x + c * to_y + (height - 1) / 2
        if "flip" in change:
            from_x = width - 1 - from_x
        if "vflip" in change:
            from_y = height - 1 - from_y
        if "crop" in change:
            from_y, from_x = definitions.crop_points(
                from_y, from_x, (height, width), *change["crop"]
            )
        np.testing.assert_allclose(result[i, 0][inside[i]], from_x[inside[i]], atol=1e-3)
        np.testing.assert_allclose(result[i, 1][inside[i]], from_y[inside[i]], atol=1e-3)


def test_vflip_reverses_half_of_the_images_exactly(engine):
    given = images(1, 3, 9, 14)
    result = engine.augment(np.repeat(given, 2000, 0), Augmentation(vflip=True).engine(), 1, 0)
    same = (result == given).all(axis=(1, 2, 3))
    flipped = (result == given[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ flipped).all()
    assert abs(flipped.mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)


# --- colours and RandAugment ---------------------------------------------------------------------


def test_factors_of_jitter_are_uniform(engine):
    changes = drawn(engine, (3, 8, 8), 2000, brightness=0.4, contrast=1.5, saturation=0.2, hue=0.1)
    for name, low, high in (
        ("brightness", 0.6, 1.4), ("contrast", 0, 2.5), ("saturation", 0.8, 1.2), ("hue", -0.1, 0.1)
    ):  # fmt: skip
        values = column(changes, name)[:, 0]
        assert len(values) == 2000
        assert stats.kstest(values, "uniform", (low, high - low)).pvalue > 1e-3
    orders = [tuple(change) for change in changes]
    counts = np.unique([" ".join(order) for order in orders], return_counts=True)[1]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


def test_randaugment_draws_all_changes_with_torchvisions_magnitudes(engine):
    count, width, height = 4000, 331, 662
    changes = drawn(engine, (3, height, width), count, randaugment=(1, 15))
    names = [next(iter(change)) for change in changes]
    counts = np.unique(names, return_counts=True)[1]
    assert len(counts) == 14
    assert stats.chisquare(counts).pvalue > 1e-3
    signed = {
        "shear_x": 0.15, "shear_y": 0.15, "translate_x": 75, "translate_y": 150, "rotate": 15,
    }  # fmt: skip
    for name, magnitude in signed.items():
        values = column(changes, name)[:, 0]
        np.testing.assert_allclose(np.abs(values), magnitude, rtol=1e-6)
        assert 0.3 < (values > 0).mean() < 0.7
    for name in ("brightness", "saturation", "contrast", "sharpness"):
        values = column(changes, name)[:, 0]
        np.testing.assert_allclose(np.abs(values - 1), 0.45, rtol=1e-6)
    assert set(column(changes, "posterize")[:, 0]) == {6.0}
    assert set(column(changes, "solarize")[:, 0]) == {0.5}
    # Every magnitude of posterize, as torchvision's 8 - round(m / 7.5) with halves to even.
    for magnitude in range(31):
        posterized = column(
            drawn(engine, (3, 8, 8), 60, randaugment=(1, magnitude)), "posterize"
        )[:, 0]  # fmt: skip
        assert set(posterized) == {round(8 - magnitude / 7.5)}


# --- erasing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 40, 70), (4, 9, 6), (1, 1, 8)])
def test_erasing(engine, shape):
    given = images(400, *shape)
    mean = np.arange(shape[0]) + 0.5
    augmentation = Augmentation(erase=0.6)
    changes = drawn(engine, shape, 400, erase=0.6)
    result = engine.augment(given, augmentation.engine(mean=mean), 1, 0)
    erased = [change for change in changes if change]
    if shape[1] == 1:
        assert not erased  # no rectangle leaves a row of it
    else:
        assert len(erased) / 400 == pytest.approx(0.6, abs=0.12)
    for i, change in enumerate(changes):
        expected = given[i]
        if change:
            expected = definitions.erase(given[i], *np.array(change["erase"], int), mean)
        np.testing.assert_array_equal(result[i], expected)
    if shape[1] == 40:
        _, _, height, width = column(changes, "erase").T
        area = height * width / (40 * 70)
        assert 0.015 < area.min() < 0.05
        assert 0.28 < area.max() < 0.345
        assert 0.25 < (height / width).min() < 0.45
        assert 2.3 < (height / width).max() < 3.6


# --- mixing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 1.5, 8.0])
def test_shares_of_mixup_have_a_beta_distribution(engine, alpha):
    shares = column(drawn(engine, (3, 8, 8), 3000, mixup=alpha), "mixup")[:, 0]
    low = shares[shares < 0.5]  # of small alphas the others are rounded to 1
    assert abs(len(low) / 3000 - 0.5) < 0.04
    assert stats.kstest(low, lambda x: 2 * stats.beta.cdf(x, alpha, alpha)).pvalue > 1e-3


def test_tiny_alphas_leave_an_image_or_take_the_other(engine):
    shares = column(drawn(engine, (3, 8, 8), 300, mixup=1e-4), "mixup")[:, 0]
    assert np.all((shares < 1e-3) | (shares > 1 - 1e-3))
    assert 0.3 < shares.mean() < 0.7


@pytest.mark.parametrize("shape", [(3, 30, 50), (1, 1, 20), (4, 3, 3)])
@pytest.mark.parametrize("others", ["", "flip,crop=0.5", "jitter=0.3,erase=0.5"])
def test_mixing_is_with_the_next_image(engine, shape, others):
    given = images(60, *shape)
    plain = engine.augment(given, Augmentation.parse(others).engine(), 1, 0) if others else given
    partners = np.roll(plain, -1, axis=0)
    text = f"{others},mixup=0.7,cutmix=1".lstrip(",")
    settings = Augmentation.parse(text).engine()
    result = engine.augment(given, settings, 1, 0)
    seen = set()
    for i in range(60):
        name, values = engine.changes(shape, settings, 1, 0, i)[-1]
        seen.add(name)
        if name == "mixup":
            expected = definitions.mixup(plain[i], partners[i], values[0])
        else:
            expected, _ = definitions.cutmix(plain[i], partners[i], *np.array(values, int))
        np.testing.assert_allclose(result[i], expected, atol=1e-3)
    assert seen == {"mixup", "cutmix"}


def test_rectangles_of_cutmix(engine):
    height, width = 100, 160
    changes = drawn(engine, (3, height, width), 3000, cutmix=1.0)
    top, left, rows, columns = column(changes, "cutmix").T
    assert top.min() == left.min() == 0
    assert (top + rows).max() == height
    assert (left + columns).max() == width
    inside = (top > 0) & (left > 0) & (top + rows < height) & (left + columns < width)
    inside &= rows > 9  # of small ones, rounding down counts
    np.testing.assert_allclose(columns[inside] / rows[inside], width / height, rtol=0.21)
    assert np.median(rows * columns) / (height * width) == pytest.approx(0.27, abs=0.06)


# --- all together --------------------------------------------------------------------------------


def test_threads_and_places_in_the_array_change_nothing(engine):
    given = images(33, 3, 20, 28)
    settings = Augmentation.parse("strong,jitter=0.4,rotate=20,elastic=8:4,noise=3").engine()
    expected = engine.augment(given, settings, 5, 6)
    for threads in (2, 5):
        np.testing.assert_array_equal(
            engine.augment(given, settings, 5, 6, None, threads), expected
        )
    chosen = engine.augment(given, settings, 5, 6, np.array([4, 5, 6]))
    np.testing.assert_array_equal(chosen[:2], expected[4:6])


def test_options_leave_each_others_draws_alone(engine):
    options = {
        "crop": 0.5, "shift": 2, "flip": True, "hue": 0.1, "erase": 0.5, "mixup": 0.2,
        "randaugment": (2, 9),
    }  # fmt: skip
    every = drawn(engine, (3, 30, 30), 50, **options)
    for option in ("crop", "shift", "hue", "erase", "mixup"):
        alone = drawn(engine, (3, 30, 30), 50, **{option: options[option]})
        name = "affine" if option == "shift" else option
        assert [change.get(name) for change in alone] == [change.get(name) for change in every]
