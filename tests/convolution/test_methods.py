"""The choice of a method: what it says, and that it is sensible."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp


@pytest.fixture
def random():
    return np.random.default_rng(31)


def test_small_kernels_are_summed_directly(random):
    choice = fp.explain_method(np.ones((500, 600)), random.normal(size=(3, 3)))
    assert choice.method == "direct"
    assert "9 multiplications per result" in choice.reason


def test_large_kernels_go_by_fft(random):
    choice = fp.explain_method(np.ones((1000, 1000), "f"), random.normal(size=(63, 63)).astype("f"))
    assert choice.method == "fft"
    assert "tiles of" in choice.reason
    assert (
        fp.explain_method(np.ones(10**6, "f"), random.normal(size=3001).astype("f")).method == "fft"
    )


def test_low_rank_is_run_separably(random):
    g = np.outer(np.hanning(15), np.hanning(15)).astype(np.float32)
    choice = fp.explain_method(np.ones((1000, 1000), "f"), g, "same")
    assert choice.method == "separable"
    assert choice.reason == "the cheapest, rank 1: 30 multiplications per result"


def test_integers_are_transformed_where_their_error_is_below_half(random):
    choice = fp.explain_method(np.ones(100_000, int), random.integers(-99, 99, 5000))
    assert choice.method == "fft"
    assert "rounded: the error is below ½" in choice.reason


def test_a_choice_prints_all_methods(random):
    f, g = np.ones((8, 8)), random.normal(size=(7, 7))
    choice = fp.explain_method(f, g, method="fft")
    lines = str(choice).splitlines()
    assert lines[0] == "fft: as asked, 4 tiles of 16 × 16"
    assert [line.split()[0] for line in lines[1:]] == ["direct", "separable", "box", "fft"]
    assert "49 multiplications per result" in lines[1]
    assert lines[2].split(maxsplit=2)[1:] == ["–", "rank above 4"]
    assert [one.method for one in choice.candidates] == ["direct", "separable", "box", "fft"]
    assert choice.candidates[1].seconds is None
    assert min(choice.candidates[0].seconds, choice.candidates[3].seconds) > 0


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize(
    ("shape", "kernel"),
    [
        ((50,), (9,)),
        ((3, 40), (5,)),
        ((40, 50), (7, 4)),
        ((40, 30, 3), (1, 6)),
        ((9, 10, 12), (3, 4, 5)),
    ],
)
@pytest.mark.parametrize("boundary", ["zero", "wrap", 2])
def test_equal_weights_are_summed_over_windows(random, shape, kernel, dtype, boundary):
    f = random.integers(0, 200, shape).astype(dtype)
    axes = {(3, 40): 1, (40, 30, 3): (0, 1)}.get(shape)
    for weight in (1, -3, 0.125) if f.dtype.kind == "f" else (1, -3):
        g = np.full(kernel, weight, f.dtype if f.dtype.kind == "f" else int)
        options = {"mode": "same", "boundary": boundary, "axes": axes}
        assert "sums over windows" in str(fp.explain_method(f, g, **options))
        result = fp.convolve(f, g, method="box", **options)
        expected = fp.convolve(f, g, method="direct", **options)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)


def test_a_mean_of_pixels_is_that_of_their_sum_rounded(random):
    image = random.integers(0, 256, (300, 301)).astype(np.uint8)
    for size in (3, 5, 31):
        sums = fp.convolve(image, np.ones((size, size), int), "same", boundary="reflect")
        expected = np.rint(sums / size**2).astype(np.uint8)
        np.testing.assert_array_equal(fp.filter_image(image, f"mean:size={size}"), expected)


def test_box_is_for_equal_weights(random):
    with pytest.raises(fp.ArgumentError, match="the weights are not all the same"):
        fp.convolve(np.ones((9, 9)), random.normal(size=(3, 3)), method="box")
    assert fp.explain_method(np.ones((900, 900)), np.ones((101, 101)), "same").method == "box"


def test_explaining_computes_nothing():
    huge = np.broadcast_to(np.float32(1), (40_000, 1_000))
    fp.explain_method(huge, np.ones((5, 5), np.float32))


@pytest.mark.parametrize("threads", [1, 2])
def test_results_do_not_depend_on_threads(random, threads):
    f, g = random.normal(size=(700, 800)), random.normal(size=(25, 30))
    before = fp.get_num_threads()
    expected = {m: fp.convolve(f, g, method=m) for m in ("direct", "fft")}
    try:
        fp.set_num_threads(threads)
        for method, result in expected.items():
            np.testing.assert_array_equal(fp.convolve(f, g, method=method), result)
    finally:
        fp.set_num_threads(before)


@pytest.mark.parametrize("method", ["auto", "direct", "fft"])
@pytest.mark.parametrize("mode", ["full", "same"])
@pytest.mark.parametrize(
    ("shape", "kernel"),
    [
        ((3,), (50_000,)),
        ((3, 3), (100, 120)),
        ((1, 5), (4, 30)),
        ((2, 3, 4), (20, 9, 8)),
        ((9,), (10,)),
    ],
)
def test_array_and_kernel_are_exchanged_where_the_kernel_is_larger(
    random, shape, kernel, mode, method
):
    f, g = random.normal(size=shape), random.normal(size=kernel)
    full = fp.convolve(g, f, method="direct")
    expected = full
    if mode == "same":
        expected = full[
            tuple(slice((k - 1) // 2, (k - 1) // 2 + n) for n, k in zip(shape, kernel, strict=True))
        ]
    np.testing.assert_allclose(fp.convolve(f, g, mode, method=method), expected, atol=1e-9)
    np.testing.assert_allclose(
        fp.correlate(
            f, np.flip(g), mode, method=method, origin=tuple(k - 1 - (k - 1) // 2 for k in kernel)
        ),
        expected,
        atol=1e-9,
    )
    assert "multiplications" in str(fp.explain_method(f, g, mode, method="direct"))


def test_nan_in_an_array_smaller_than_its_kernel_stays_in_its_windows(random):
    f, g = np.array([1.0, np.nan, 2.0]), random.normal(size=20)
    result = fp.convolve(f, g)
    assert np.flatnonzero(np.isnan(result)).tolist() == list(range(1, 21))
    assert result[0] == g[0]
    assert result[21] == 2 * g[19]


@pytest.mark.parametrize("method", ["box", "separable"])
def test_a_structured_kernel_larger_than_the_array_is_not_exchanged(method):
    f = np.random.default_rng(4).normal(size=(3, 6))
    g = np.ones((4, 5))
    result = fp.convolve(f, g, method=method)
    np.testing.assert_allclose(result, fp.convolve(f, g, method="direct"), atol=1e-13)
