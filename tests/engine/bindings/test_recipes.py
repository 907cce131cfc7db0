"""The engine's recipes: a call that comes again gives what it gave, and no other call is taken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

ROWS = np.array([0, *range(9), 8], np.int32)
COLUMNS = np.array([0, *range(12), 11], np.int32)
ARGUMENTS = ("reflect", 1.0, None, (1, 2), "auto")


def image(channels=1, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (9, 12, channels)).astype(dtype)


def recipe(f, method, **changes):
    arithmetic = np.float64 if f.dtype in (np.uint16, np.float64) else np.float32
    weights = np.arange(1, 10, dtype=arithmetic).reshape(1, 3, 3) / 45
    more = None
    if method == "separable":
        weights = np.array([1, 2, 1], arithmetic).reshape(1, 3, 1) / 4
        more = np.array([1, 0, 2], arithmetic).reshape(1, 1, 3) / 4
    made = {
        "method": method,
        "source": f[None],
        "weights": weights,
        "more_weights": more,
        "planes": np.zeros((1, 1), np.int32),
        "rows": ROWS,
        "columns": COLUMNS,
        "fill": 0.0,
        "out": np.empty_like(f[None]),
        "divisor": 9.0,
        "offset": 0.0,
        "keep": None,
        "needs_opaque": False,
        "shape": f.shape,
        "dtype": f.dtype,
        "tile": (16, 16) if method == "fft" else None,
        "block": (9, 12),
    }
    return {**made, **changes}


def expected(f, method):
    padded = np.pad(f.astype(float), ((1, 1), (1, 1), (0, 0)), "symmetric")
    weights = {
        "direct": np.arange(1, 10).reshape(3, 3) / 45,
        "separable": np.outer([1, 2, 1], [1, 0, 2]) / 16,
        "box": np.full((3, 3), 1 / 9),
    }["direct" if method == "fft" else method]
    sums = sum(weights[i, j] * padded[i : i + 9, j : j + 12] for i in range(3) for j in range(3))
    return np.rint(sums) if f.dtype.kind == "u" else sums


@pytest.mark.parametrize("method", ["direct", "separable", "box", "fft"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_call_that_comes_again_is_the_sum_as_defined(engine, method, dtype, channels):
    recipes, kernel = engine.Recipes(), np.eye(3)
    f = image(channels, dtype)
    assert recipes.run(f, kernel, *ARGUMENTS) is None
    recipes.add(f, kernel, ARGUMENTS, **recipe(f, method))
    for seed in range(3):
        other = image(channels, dtype, seed)
        result = recipes.run(other, kernel.copy(), *ARGUMENTS)
        assert result.dtype == dtype
        near = 1e-4 if method == "fft" else 0  # of 255
        np.testing.assert_allclose(result, expected(other, method), rtol=1e-6, atol=near)


def test_transforms_are_followed_where_they_are_exact_enough(engine):
    """No block may be small beside the largest element, and nothing may be NaN."""
    recipes, f = engine.Recipes(), 1.0 + np.random.default_rng(2).random((9, 12, 1))
    changes = {"block": (3, 4), "least_share": 0.01}
    recipes.add(f, "k", ARGUMENTS, **recipe(f, "fft", **changes))
    assert recipes.run(f, "k", *ARGUMENTS) is not None
    dark = f.copy()
    dark[3:6, 4:8] *= 1e-3
    assert recipes.run(dark, "k", *ARGUMENTS) is None
    assert recipes.run(np.where(f == f.max(), 1e4, f), "k", *ARGUMENTS) is None
    assert recipes.run(np.where(f == f.max(), np.nan, f), "k", *ARGUMENTS) is None


@pytest.mark.parametrize("method", ["direct", "separable", "box"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [2, 4])
def test_the_last_channel_is_kept(engine, method, dtype, channels):
    recipes, f = engine.Recipes(), image(channels, dtype)
    recipes.add(f, "k", ARGUMENTS, **recipe(f, method, keep=(1, 1)))
    result = recipes.run(f, "k", *ARGUMENTS)
    np.testing.assert_array_equal(result[..., -1], f[..., -1])
    np.testing.assert_allclose(result[..., :-1], expected(f, method)[..., :-1], rtol=1e-6)


def test_what_is_transparent_is_not_taken_where_it_must_be_opaque(engine):
    recipes, f = engine.Recipes(), image(4)
    f[..., 3] = 255
    recipes.add(f, "k", ARGUMENTS, **recipe(f, "box", keep=(1, 1), needs_opaque=True))
    assert recipes.run(f, "k", *ARGUMENTS) is not None
    f[8, 11, 3] = 254
    assert recipes.run(f, "k", *ARGUMENTS) is None


def test_another_call_is_not_taken(engine):
    recipes, f, kernel = engine.Recipes(), image(), np.eye(3)
    recipes.add(f, kernel, ARGUMENTS, **recipe(f, "direct"))
    origin = ARGUMENTS[3]
    assert recipes.run(f, kernel, *ARGUMENTS) is not None
    for array, g, arguments in [
        (f.astype(np.uint16), kernel, ARGUMENTS),
        (f.view(np.int8), kernel, ARGUMENTS),
        (f[:, :11].copy(), kernel, ARGUMENTS),
        (f[:, ::-1], kernel, ARGUMENTS),
        (f.view(np.ma.MaskedArray), kernel, ARGUMENTS),
        (f.tolist(), kernel, ARGUMENTS),
        (f, kernel + 1, ARGUMENTS),
        (f, kernel.astype(np.float32), ARGUMENTS),
        (f, kernel.reshape(9, 1), ARGUMENTS),
        (f, kernel.tolist(), ARGUMENTS),
        (f, "k", ARGUMENTS),
        (f, kernel, ("wrap", 1.0, None, origin, "auto")),
        (f, kernel, ("reflect", True, None, origin, "auto")),
        (f, kernel, ("reflect", 2.0, None, origin, "auto")),
        (f, kernel, ("reflect", 1.0, 0, origin, "auto")),
        (f, kernel, ("reflect", 1.0, None, [1, 2], "auto")),
    ]:
        assert recipes.run(array, g, *arguments) is None


def test_the_latest_recipes_are_kept(engine):
    recipes, f = engine.Recipes(), image()
    for i in range(80):
        recipes.add(f, f"kernel {i}", ARGUMENTS, **recipe(f, "box"))
    assert recipes.run(f, "kernel 0", *ARGUMENTS) is None
    assert recipes.run(f, "kernel 79", *ARGUMENTS) is not None


def test_threads_may_follow_one_recipe(engine):
    f = np.random.default_rng(1).random((400, 300, 1), np.float32)
    lists = [np.array([0, *range(n), n - 1], np.int32) for n in f.shape[:2]]
    recipes = engine.Recipes()
    made = recipe(f, "direct", rows=lists[0], columns=lists[1])
    recipes.add(f, "k", ARGUMENTS, **made)
    images = [f * i for i in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda g: recipes.run(g, "k", *ARGUMENTS), images))
    for i, result in enumerate(results, 1):
        np.testing.assert_allclose(result, results[0] * i, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "winograd"}, "no such method"),
        ({"rows": ROWS[:-1]}, "rows must be"),
        ({"rows": ROWS + 1}, "rows must be"),
        ({"columns": COLUMNS + 1}, "columns must be"),
        ({"keep": (1, 0)}, "keep must be"),
        ({"keep": (9, 1)}, "keep must be"),
        ({"planes": np.ones((1, 1), np.int32)}, "no such plane"),
        ({"weights": np.ones((1, 3, 3), np.int64)}, "kernels must be"),
        ({"source": np.zeros((2, 9, 12, 1), np.uint8)}, "laid out"),
    ],
)
def test_what_cannot_be_is_refused(engine, changes, message):
    f = image()
    with pytest.raises(ValueError, match=message):
        engine.Recipes().add(f, "k", ARGUMENTS, **{**recipe(f, "direct"), **changes})
