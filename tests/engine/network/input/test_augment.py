"""Augmentation against its definition, at every instruction set that this machine has.

Most tests read the map itself: an image whose value is its own x coordinate, distorted, shows at
each pixel where that pixel came from, because bilinear interpolation of a ramp is exact.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from engine.network.input.augmenting import Array, augment
from fencepost import _engine

LEVELS = _engine.levels()
EVERYTHING: dict[str, Any] = {
    "shift": 2.0,
    "rotate": 15.0,
    "scale": 0.2,
    "shear": 10.0,
    "flip": True,
    "elastic_alpha": 20.0,
    "elastic_sigma": 4.0,
    "noise": 5.0,
    "fill": 7.0,
}


def random_images(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)


def ramps(count: int, height: int, width: int) -> NDArray[np.float32]:
    """Return images (count, 2, H, W) whose channels are x and y, counted from the centre."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    one = np.stack([x - (width - 1) / 2, y - (height - 1) / 2])
    return np.broadcast_to(one, (count, *one.shape)).copy()


FAR = 1e9  # a fill so large that even its rounding error cannot pass for a point inside


def read_affine(
    engine: ModuleType, count: int, size: int = 33, **options: Any
) -> tuple[Array, Array]:
    """Return each draw's inverse map of (x, y): matrices (count, 2, 2), offsets (count, 2)."""
    points = ramps(count, size, size)
    source = augment(engine, points, fill=FAR, **options)
    inner: Array = np.all(np.abs(source) <= (size - 1) / 2, axis=1)
    matrices, offsets = np.empty((count, 2, 2)), np.empty((count, 2))
    for i in range(count):
        to = np.column_stack([points[i][:, inner[i]].T, np.ones(inner[i].sum())])
        fit, residual, rank, _ = np.linalg.lstsq(to, source[i][:, inner[i]].T, rcond=None)
        assert rank == 3
        assert np.all(residual < 1e-6), "the map is not affine"
        matrices[i], offsets[i] = fit[:2].T, fit[2]
    return matrices, offsets


def assert_uniform(values: Array, low: float, high: float) -> None:
    slack = 1e-4 * (high - low)
    assert values.min() >= low - slack
    assert values.max() <= high + slack
    assert stats.kstest(values, "uniform", (low, high - low)).pvalue > 1e-3


# --- the draw ------------------------------------------------------------------------------------


def test_the_draw_depends_on_seed_step_and_index_alone(engine: ModuleType) -> None:
    images = np.repeat(random_images(1, 1, 28, 28), 8, axis=0)
    first = augment(engine, images, seed=3, step=9, **EVERYTHING)
    assert np.array_equal(first, augment(engine, images, seed=3, step=9, **EVERYTHING))
    assert np.array_equal(first[:3], augment(engine, images[:3], seed=3, step=9, **EVERYTHING))
    for seed, step in [(4, 9), (3 + 2**32, 9), (3, 10), (3, 9 + 2**32)]:
        other = augment(engine, images, seed=seed, step=step, **EVERYTHING)
        assert (first != other).any(axis=(1, 2, 3)).all()
    for i in range(8):
        for j in range(i):
            assert (first[i] != first[j]).any()


def test_images_are_chosen_and_drawn_by_their_index(engine: ModuleType) -> None:
    images = random_images(8, 1, 28, 28)
    every = np.asarray(engine.augment(images, EVERYTHING, 3, 9))
    index = np.array([5, 0, 7, 5])
    for threads in (1, 3, 9):
        chosen = engine.augment(images, EVERYTHING, 3, 9, index=index, threads=threads)
        np.testing.assert_array_equal(chosen, every[index])
    with pytest.raises(ValueError, match="index names an image that is not there"):
        engine.augment(images, EVERYTHING, 3, 9, index=np.array([8]))


def test_affine_options_compose_and_leave_each_others_draws_alone(engine: ModuleType) -> None:
    # A = rotation · shear · scale, each as it is drawn when it is alone; the matrices are A^-1.
    rotation, _ = read_affine(engine, 20, rotate=30.0)
    shear, _ = read_affine(engine, 20, shear=25.0)
    scale, _ = read_affine(engine, 20, scale=0.3)
    _, shift = read_affine(engine, 20, shift=3.0)
    every: dict[str, Any] = {"rotate": 30.0, "shear": 25.0, "scale": 0.3, "shift": 3.0}
    matrices, offsets = read_affine(engine, 20, **every)
    np.testing.assert_allclose(matrices, scale @ shear @ rotation, atol=1e-4)
    np.testing.assert_allclose(offsets, np.einsum("nij,nj->ni", matrices, shift), atol=1e-3)


def test_levels_agree() -> None:
    images = random_images(16, 3, 28, 28).astype(np.float32) / 255
    options: dict[str, Any] = EVERYTHING | {"noise": 0.1, "fill": 0.5}
    results = [augment(engine, images, **options) for engine in LEVELS.values()]
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], atol=1e-4)


# --- each option ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_no_option_copies_exactly(engine: ModuleType, dtype: type) -> None:
    images: Array = random_images(3, 2, 9, 13).astype(dtype)
    result = augment(engine, images, fill=3.0)
    assert result.dtype == np.float32
    assert np.array_equal(result, images)


def test_uint8_and_float32_agree(engine: ModuleType) -> None:
    images = random_images(5, 3, 28, 28)
    expected = augment(engine, images.astype(np.float32), **EVERYTHING)
    assert np.array_equal(augment(engine, images, **EVERYTHING), expected)


def test_shift_is_uniform_on_both_axes(engine: ModuleType) -> None:
    matrices, offsets = read_affine(engine, 2000, size=17, shift=2.5)
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=1e-4)
    for axis in range(2):
        assert_uniform(offsets[:, axis], -2.5, 2.5)
    assert abs(np.corrcoef(offsets.T)[0, 1]) < 0.1


def test_shift_moves_the_centre_of_mass(engine: ModuleType) -> None:
    dot = np.zeros((200, 1, 15, 15), np.float32)
    dot[:, :, 7, 7] = 1
    x = np.arange(15) - 7
    moved = augment(engine, dot, shift=4.0)
    np.testing.assert_allclose(moved.sum(axis=(1, 2, 3)), 1, atol=1e-4)
    _, offsets = read_affine(engine, 200, size=15, shift=4.0)
    np.testing.assert_allclose((moved * x).sum(axis=(1, 2, 3)), -offsets[:, 0], atol=1e-4)
    np.testing.assert_allclose((moved * x[:, None]).sum(axis=(1, 2, 3)), -offsets[:, 1], atol=1e-4)


def test_rotation_is_about_the_centre_and_uniform(engine: ModuleType) -> None:
    matrices, offsets = read_affine(engine, 1000, size=17, rotate=30.0)
    np.testing.assert_allclose(offsets, 0, atol=1e-4)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-4)
    identity = np.broadcast_to(np.eye(2), matrices.shape)
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), identity, atol=1e-4)
    assert_uniform(np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])), -30, 30)


def test_scale_keeps_proportions_and_is_uniform(engine: ModuleType) -> None:
    matrices, offsets = read_affine(engine, 1000, size=17, scale=0.25)
    np.testing.assert_allclose(offsets, 0, atol=1e-4)
    np.testing.assert_allclose(matrices[:, 0, 0], matrices[:, 1, 1], atol=1e-4)
    np.testing.assert_allclose(matrices[:, [0, 1], [1, 0]], 0, atol=1e-4)
    assert_uniform(1 / matrices[:, 0, 0], 0.75, 1.25)


def test_shear_slides_rows_and_is_uniform(engine: ModuleType) -> None:
    matrices, offsets = read_affine(engine, 1000, size=17, shear=20.0)
    np.testing.assert_allclose(offsets, 0, atol=1e-4)
    np.testing.assert_allclose(matrices[:, [0, 1, 1], [0, 0, 1]], [[1, 0, 1]] * 1000, atol=1e-4)
    assert_uniform(np.degrees(np.arctan(-matrices[:, 0, 1])), -20, 20)


def test_flip_reverses_half_of_the_images_exactly(engine: ModuleType) -> None:
    image = random_images(1, 3, 9, 14)
    result = augment(engine, np.repeat(image, 2000, axis=0), flip=True)
    same = (result == image).all(axis=(1, 2, 3))
    flipped = (result == image[..., ::-1]).all(axis=(1, 2, 3))
    assert (same ^ flipped).all()
    assert abs(flipped.mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)


def test_affine_options_are_one_bilinear_resampling(engine: ModuleType) -> None:
    # The map is read from ramps, and applied by SciPy to random images with the same draws.
    options: dict[str, Any] = {
        "shift": 3.0,
        "rotate": 40.0,
        "scale": 0.3,
        "shear": 15.0,
        "flip": True,
    }
    count, height, width = 12, 24, 33
    images = random_images(count, 1, height, width).astype(np.float32)
    result = augment(engine, images, seed=8, fill=50.0, **options)
    matrices, offsets = read_affine(engine, count, seed=8, **options)
    pixels = ramps(1, height, width)[0].reshape(2, -1)
    for i in range(count):
        x, y = matrices[i] @ pixels + offsets[i][:, None]
        at = [y + (height - 1) / 2, x + (width - 1) / 2]
        expected = ndimage.map_coordinates(images[i, 0], at, order=1, mode="grid-constant", cval=50)
        np.testing.assert_allclose(result[i, 0].ravel(), expected, atol=0.05)
    signs = np.sign(np.linalg.det(matrices))
    assert set(signs) == {-1.0, 1.0}


def test_channels_move_together(engine: ModuleType) -> None:
    images = np.repeat(random_images(6, 1, 20, 21), 3, axis=1)
    result = augment(engine, images, **EVERYTHING | {"noise": 0.0})
    assert np.array_equal(result[:, 0], result[:, 1])
    assert np.array_equal(result[:, 0], result[:, 2])


def test_fill_takes_the_place_of_what_lies_outside(engine: ModuleType) -> None:
    white = np.full((40, 1, 12, 12), 255, np.uint8)
    result = augment(engine, white, shift=6.0, rotate=30.0, fill=-3.5)
    assert result.min() == -3.5
    assert result.max() == 255
    unchanged = augment(engine, white, shift=6.0, rotate=30.0, fill=255.0)
    np.testing.assert_allclose(unchanged, 255, rtol=1e-6)
    beyond = augment(engine, white, shift=1e9, fill=2.0)
    assert np.array_equal(beyond, np.full_like(beyond, 2))


# --- the elastic field ---------------------------------------------------------------------------


def elastic_field(engine: ModuleType, count: int, size: int, alpha: float, sigma: float) -> Array:
    """Return displacements (count, axis, y, x) of the pixels that stay inside, in pixels."""
    points = ramps(count, size, size)
    source = augment(engine, points, fill=FAR, elastic_alpha=alpha, elastic_sigma=sigma)
    margin = size // 4
    field: Array = (source - points)[:, :, margin:-margin, margin:-margin]
    assert np.abs(field).max() < margin, "the test's own margin is too small"
    return field


@pytest.mark.parametrize("sigma", [0.6, 1.0, 1.7, 4.0, 9.0])
def test_elastic_displacements_have_the_definitions_variance(
    engine: ModuleType, sigma: float
) -> None:
    # Uniform numbers in (-1, 1), one for each pixel, blurred: the variance is that of one number
    # times the sum of the squared weights.
    impulse = np.zeros((121, 121))
    impulse[60, 60] = 1
    weights = ndimage.gaussian_filter(impulse, sigma, truncate=6)
    expected = np.sqrt((weights**2).sum() / 3)
    if sigma >= 1:
        assert expected == pytest.approx(1 / (sigma * np.sqrt(12 * np.pi)), rel=1e-2)
    field = elastic_field(engine, 3000, 24, alpha=1.0, sigma=sigma)
    assert field.std() == pytest.approx(expected, rel=0.03)
    # The numbers lie sigma pixels apart, but no pixel may feel that: each has the same variance.
    each = field.std(axis=0)
    np.testing.assert_allclose(each, expected, rtol=5 / np.sqrt(2 * 3000))
    assert abs(field.mean(axis=0)).max() < 5 * expected / np.sqrt(3000)


@pytest.mark.parametrize("sigma", [1.0, 4.0])
def test_elastic_displacements_are_correlated_over_sigma(engine: ModuleType, sigma: float) -> None:
    field = elastic_field(engine, 4000, 32, alpha=1.0, sigma=sigma)
    for distance in [1, 2, 4, 8]:
        expected = np.exp(-(distance**2) / (4 * sigma**2))
        for a, b in [
            (field[..., distance:], field[..., :-distance]),
            (field[..., distance:, :], field[..., :-distance, :]),
        ]:
            assert np.corrcoef(a.ravel(), b.ravel())[0, 1] == pytest.approx(expected, abs=0.03)
    assert abs(np.corrcoef(field[:, 0].ravel(), field[:, 1].ravel())[0, 1]) < 0.03


def test_elastic_displacements_are_near_normal_and_proportional_to_alpha(
    engine: ModuleType,
) -> None:
    field = elastic_field(engine, 3000, 32, alpha=1.0, sigma=4.0)[:, 0, 5, 5]
    assert stats.kstest(field / field.std(), "norm").pvalue > 1e-3
    more = elastic_field(engine, 3000, 32, alpha=8.0, sigma=4.0)[:, 0, 5, 5]
    np.testing.assert_allclose(more, 8 * field, atol=1e-4)


def test_elastic_field_turns_with_a_flip(engine: ModuleType) -> None:
    # The image is flipped first, then distorted.
    images = random_images(20, 1, 28, 28)
    options: dict[str, Any] = {"elastic_alpha": 30.0, "elastic_sigma": 4.0}
    plain = augment(engine, images, **options)
    of_flipped = augment(engine, images[..., ::-1].copy(), **options)
    result = augment(engine, images, flip=True, **options)
    for i in range(20):
        if (result[i] != plain[i]).any():
            np.testing.assert_allclose(result[i], of_flipped[i], atol=0.01)


def test_noise_is_added_last(engine: ModuleType) -> None:
    images = random_images(4, 1, 28, 28)
    still = augment(engine, images, **EVERYTHING | {"noise": 0.0})
    noise = augment(engine, np.zeros_like(images), noise=EVERYTHING["noise"])
    np.testing.assert_allclose(augment(engine, images, **EVERYTHING), still + noise, atol=1e-4)


# --- shapes --------------------------------------------------------------------------------------


def signal_ramps(count: int, width: int) -> NDArray[np.float32]:
    return ramps(count, 1, width)[:, :1].copy()


def test_signals_ignore_rotation_and_shear(engine: ModuleType) -> None:
    signals = random_images(10, 2, 1, 50)
    options: dict[str, Any] = EVERYTHING | {"rotate": 0.0, "shear": 0.0}
    expected = augment(engine, signals, **options)
    assert np.array_equal(augment(engine, signals, **EVERYTHING), expected)


def test_signals_are_shifted_and_scaled_along_their_length(engine: ModuleType) -> None:
    shifted = augment(engine, signal_ramps(1000, 31), shift=5.0)
    assert_uniform(shifted[:, 0, 0, 15], -5, 5)
    points = signal_ramps(1000, 31)
    scaled = augment(engine, points, scale=0.3)
    inner = slice(8, 23)
    ratio = scaled[:, 0, 0, inner] @ points[0, 0, 0, inner] / (points[0, 0, 0, inner] ** 2).sum()
    assert_uniform(1 / ratio, 0.7, 1.3)


def test_signals_have_an_elastic_field_of_one_dimension(engine: ModuleType) -> None:
    points = signal_ramps(4000, 60)
    field = (augment(engine, points, elastic_alpha=2.0, elastic_sigma=3.0) - points)[..., 15:-15]
    expected = 2 / np.sqrt(6 * np.sqrt(np.pi) * 3)
    assert field.std() == pytest.approx(expected, rel=0.03)
    correlation = np.corrcoef(field[..., 4:].ravel(), field[..., :-4].ravel())[0, 1]
    assert correlation == pytest.approx(np.exp(-16 / 36), abs=0.03)


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (1, 1, 7), (1, 7, 1), (2, 2, 2), (1, 8, 8), (3, 33, 17), (1, 1, 1000), (2, 65, 80)],
    ids=str,
)
def test_any_shape_stays_within_its_values(engine: ModuleType, shape: tuple[int, ...]) -> None:
    images = random_images(30, *shape)
    for options in [
        EVERYTHING,
        EVERYTHING | {"shift": 1e4, "rotate": 180.0, "scale": 0.99, "shear": 80.0},
        EVERYTHING | {"elastic_alpha": 1e6, "elastic_sigma": 0.1},
        EVERYTHING | {"elastic_alpha": 100.0, "elastic_sigma": 50.0},
    ]:
        result = augment(engine, images, **options | {"noise": 0.0})
        assert result.shape == images.shape
        low, high = min(images.min(), options["fill"]), max(images.max(), options["fill"])
        assert result.min() >= low - 1e-3
        assert result.max() <= high + 1e-3
