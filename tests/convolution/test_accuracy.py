"""Every result as exact, beside its own terms, as the direct sum: whatever the range of values."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost import _engine
from fencepost.convolution import apply
from fencepost.convolution.methods import accuracy, blocks, factors, fft, regions, whole
from fencepost.convolution.methods.accuracy import FACTOR
from fencepost.convolution.parsing import parse_call


def bound(f, g):
    """Return Σ|f||g|, and what the module states that a result may be off by."""
    sums = fp.convolve(np.abs(f).astype(float), np.abs(g).astype(float), method="direct")
    unit = np.finfo(np.result_type(f, g)).eps / 2
    return FACTOR * unit * g.size * sums


def precisely(f, g):
    """Return the full convolution in extended precision."""
    out = np.zeros(np.add(f.shape, g.shape) - 1, np.longdouble)
    for index in np.ndindex(g.shape):
        part = tuple(slice(i, i + n) for i, n in zip(index, f.shape, strict=True))
        out[part] += f.astype(np.longdouble) * np.longdouble(g[index])
    return out


def test_a_signal_of_81_orders_of_magnitude():
    a = np.array([0] * 1000 + [10.0 ** (9 * i) for i in range(10)])
    result = fp.convolve(a, a)
    np.testing.assert_allclose(result, precisely(a, a).astype(float), rtol=1e-13)
    choice = fp.explain_method(a, a)
    assert choice.method == "direct"
    assert "of the results directly, whose terms are small beside others" in str(choice)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3000,), (150, 170), (20, 24, 28)])
@pytest.mark.parametrize("orders", [0, 1, 3, 8, 15])
@pytest.mark.parametrize("seed", range(2))
def test_random_magnitudes(dtype, shape, orders, seed):
    random = np.random.default_rng(seed)
    sizes = {1: (200,), 2: (19, 23), 3: (7, 8, 6)}[len(shape)]
    f, g = (
        random.normal(size=size) * 10.0 ** (orders * random.uniform(-1, 1, size))
        for size in (shape, sizes)
    )
    f[random.random(shape) < 0.2] = 0
    if seed:
        f[tuple(slice(0, n // 2) for n in shape)] *= 1e-9
    f, g = f.astype(dtype), g.astype(dtype)
    off = np.abs(fp.convolve(f, g) - precisely(f, g))
    assert (off <= bound(f, g)).all()


def test_an_array_of_which_a_part_is_read():
    """A kernel larger than the array changes places with it: then only a part lies under it."""
    random = np.random.default_rng(7)
    f = random.normal(size=6000)
    g = random.normal(size=9000) * np.repeat([1, 1, 1e-9], 3000)
    exact, allowed = precisely(g, f), bound(f, g) * f.size / g.size
    for origin in (0, 4000, 8999):
        assert fp.explain_method(f, g, "same", origin=origin).method == "fft"
        part = slice(origin, origin + f.size)
        off = np.abs(fp.convolve(f, g, "same", origin=origin) - exact[part])
        assert (off <= allowed[part]).all()


@pytest.mark.parametrize("shape", [(100_000,), (600, 700)])
def test_one_peak_is_felt_in_its_windows_only(shape):
    random = np.random.default_rng(1)
    f = random.normal(size=shape).astype(np.float32)
    g = random.normal(size=(31,) * len(shape)).astype(np.float32)
    peak = tuple(n // 2 for n in shape)
    calm = fp.convolve(f, g, "same", method="fft")
    f[peak] = 1e12
    choice = fp.explain_method(f, g, "same", method="auto")
    result = fp.convolve(f, g, "same")
    outside = np.ones(shape, bool)
    outside[tuple(slice(n - 16, n + 17) for n in peak)] = False
    np.testing.assert_allclose(result[outside], calm[outside], rtol=0, atol=1e-3)
    if choice.method == "fft":
        assert "of the results directly" in choice.reason


def test_a_small_weight_beside_a_large_one_is_not_dropped():
    random = np.random.default_rng(2)
    g = random.normal(size=(15, 15))
    g[3, 4] = 1e17
    f = np.zeros((400, 400))
    f[200, 200] = 1.0
    result = fp.convolve(f, g, "same")
    np.testing.assert_allclose(result[193:208, 193:208], g, rtol=1e-13)
    ones = np.ones((15, 15))
    ones[3, 4] = 1e17
    np.testing.assert_allclose(fp.convolve(f, ones, "same")[193:208, 193:208], ones, rtol=1e-13)


def test_factors_true_to_the_largest_weight_are_used_where_values_are_alike():
    y, x = np.mgrid[-12:13, -12:13] / 4.0
    g = (x**2 + y**2 - 2) * np.exp(-(x**2 + y**2) / 2)  # of rank 2, with zeros on a circle
    f = np.random.default_rng(3).uniform(0.5, 1, (500, 500))
    assert fp.explain_method(f, g, "same").method == "separable"
    f[:250] *= 1e-12
    assert fp.explain_method(f, g, "same").method != "separable"
    off = np.abs(fp.convolve(f, g) - precisely(f, g))
    assert (off <= bound(f, g)).all()


def test_alike_values_are_transformed():
    random = np.random.default_rng(4)
    f, g = random.normal(size=(1000, 900)), random.normal(size=(41, 43))
    for mode in ("same", "valid", "full"):
        assert fp.explain_method(f, g, mode).method == "fft"
    assert "directly" not in fp.explain_method(f, g, "valid").reason
    image = random.integers(0, 2, (900, 900)).astype(np.uint8) * 255
    assert fp.explain_method(image, g.astype(np.float32), "same").reason.startswith("the cheapest")


def test_the_lower_bound_of_the_terms_is_one():
    from fencepost.convolution.apply import _task
    from fencepost.convolution.parsing import parse_call

    random = np.random.default_rng(5)
    for shape, size in [
        ((300,), (70,)),
        ((60, 50), (21, 9)),
        ((40, 41), (8, 30)),
        ((20, 18, 16), (9, 8, 3)),
    ]:
        for boundary in ("zero", "reflect", "mirror", "wrap", "nearest", 2.0, "none"):
            f, g = random.normal(size=shape), random.normal(size=size)
            call = parse_call(f, g, "same", boundary, "centre", None, "auto", flip=True)
            task = _task(call.f, call.g, call.fill.real, call.dtype, call)
            known = accuracy.scales(task)
            exact = fp.convolve(np.abs(f), np.abs(g), "same", boundary=boundary, method="direct")
            least = known.least[0, ..., 0]
            for axis, side in enumerate(known.sides):
                least = np.repeat(least, side, axis=axis)
            part = tuple(slice(0, n) for n in exact.shape)
            assert (least[part] <= exact * (1 + 1e-12)).all()
            everywhere = blocks.least_of_all(task, known.sides, known.energy)
            everywhere = everywhere[0, ..., 0]
            for axis, side in enumerate(known.sides):
                everywhere = np.repeat(everywhere, side, axis=axis)
            assert (everywhere[part] <= exact * (1 + 1e-12)).all()
            middle = tuple(n // 2 for n in exact.shape)
            assert least[middle] > 0.003 * exact[middle]


@pytest.mark.parametrize("boundary", ["zero", "wrap", "reflect", "nearest"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_that_are_even_enough_are_transformed_without_further_thought(boundary, dtype):
    """Where every block has its least share of the largest element, no result is in doubt."""
    from fencepost.convolution.apply import _image_task
    from fencepost.convolution.boundaries import parse_boundary
    from fencepost.convolution.methods import tiles

    random = np.random.default_rng(6)
    kernel = random.uniform(0.5, 1, (31, 31)) * random.choice((-1, 1), (31, 31))
    image = random.uniform(0.2, 1, (1, 90, 80, 1)).astype(dtype)
    task = _image_task(image, kernel, (15, 15), parse_boundary(boundary), dtype, 0.0)
    transform = tiles.best(task, 2)
    share = accuracy.least_share(task, transform)
    known = accuracy.scales(task)
    assert np.sqrt(known.energy.min()) >= share * image.max()
    assert not accuracy.doubt(task, transform).blocks.any()
    filtered = fp.filter_image(image[0, ..., 0], kernel, boundary=boundary)
    direct = fp.convolve(image[0, ..., 0].astype(float), kernel, "same", boundary=boundary)
    magnitudes = fp.convolve(image[0, ..., 0], np.abs(kernel), "same", boundary=boundary)
    bound = FACTOR * kernel.size * np.finfo(dtype).eps / 2 * magnitudes
    assert (np.abs(filtered - direct) <= bound).all()


@pytest.mark.filterwarnings("error")
def test_infinities_beside_each_other_bring_no_warning():
    random = np.random.default_rng(0)
    f, g = random.normal(size=(400, 400)), random.normal(size=(31, 31))
    f[20, 20], f[100, 200] = np.inf, -np.inf
    assert fp.explain_method(f, g, "same").method == "fft"
    result = fp.convolve(f, g, "same")
    expected = fp.convolve(f, g, "same", method="direct")
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_do_not_cancel_between_the_products_of_a_kernel(rank, dtype):
    random = np.random.default_rng(8)
    g = (random.uniform(size=(9, rank)) @ random.normal(size=(rank, 9))).astype(dtype)
    f = random.normal(size=(2, 40, 50)).astype(dtype)
    f[0, 20, 20], f[0, 9, 40], f[1, 30, 3] = np.inf, -np.inf, np.nan
    result = fp.convolve(f, g, "same", axes=(1, 2), method="separable")
    expected = fp.convolve(f, g, "same", axes=(1, 2), method="direct")
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-4)
    assert np.isposinf(result).any()
    assert np.isneginf(result).any()


@pytest.mark.parametrize("boundary", ["zero", "wrap", "reflect", 3.0])
def test_nan_and_infinity_in_arrays_transformed_as_a_whole(boundary):
    random = np.random.default_rng(6)
    f, g = random.normal(size=(90, 100)), random.normal(size=(70, 80))
    f[3, 5], f[80, 90] = np.nan, np.inf
    f[40, 50] = -np.inf
    expected = fp.convolve(f, g, "same", boundary=boundary, method="direct")
    result = fp.convolve(f, g, "same", boundary=boundary, method="fft")
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("dtype", "shape", "kernel", "scales"),
    [
        (np.float64, (4000,), (300,), (1e255, 1e165)),
        (np.float64, (4000,), (300,), (1e-180, 1e-270)),
        (np.float64, (160, 140), (33, 31), (1e-180, 1e-270)),
        (np.float32, (160, 140), (33, 31), (1e-24, 1e-35)),
        (np.float32, (24, 26, 28), (8, 9, 10), (1e-24, 1e-35)),
        (np.float32, (24, 26, 28), (8, 9, 10), (1e30, 1e18)),
    ],
)
@pytest.mark.parametrize("weights", [1.0, "tiny"])
def test_values_whose_squares_no_float_holds(dtype, shape, kernel, scales, weights):
    random = np.random.default_rng(7)
    f, g = random.normal(size=shape), random.normal(size=kernel)
    f[: shape[0] // 2] *= scales[1]
    f[shape[0] // 2 :] *= scales[0]
    if weights == "tiny":  # of which the squares are 0, too
        f /= scales[0]
        g *= 1e-170 if dtype == np.float64 else 1e-26
    f, g = f.astype(dtype), g.astype(dtype)
    off = np.abs(fp.convolve(f, g) - precisely(f, g))
    sums = precisely(np.abs(f), np.abs(g))
    unit = np.finfo(dtype).eps / 2
    assert (off <= FACTOR * g.size * (unit * sums + np.finfo(dtype).smallest_normal)).all()


@pytest.mark.parametrize("small", [1e-24, 1e-30])
def test_small_images_are_as_exact_the_second_time(small):
    random = np.random.default_rng(8)
    image, g = (random.normal(size=size).astype(np.float32) for size in ((64, 64), (31, 31)))
    image *= np.float32(small)
    image[:32] *= np.float32(1e-9)
    first = [fp.filter_image(image, g, boundary="zero") for _ in range(3)][-1]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 15), g.shape)
    weights = np.flip(g).astype(float)
    exact = np.tensordot(windows.astype(float), weights, ((2, 3), (0, 1)))
    sums = np.tensordot(np.abs(windows.astype(float)), np.abs(weights), ((2, 3), (0, 1)))
    bound = FACTOR * g.size * (np.finfo(np.float32).eps / 2 * sums + 1.2e-38)
    assert (np.abs(first - exact) <= bound).all()


def test_boundaries_whose_squares_no_float_holds_are_explained():
    choice = fp.explain_method(np.ones((30, 40)), np.ones((2, 2)), boundary=1e308)
    assert choice.method == "direct"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["auto", "direct", "separable", "box", "fft"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_weights_bring_no_warnings(method, dtype):
    g = np.ones((3, 3), dtype) * dtype(np.finfo(dtype).max / 30)
    result = fp.convolve(np.ones((6, 6), dtype), g, "valid", method=method)
    np.testing.assert_allclose(result / g[0, 0], 9, rtol=1e-5)


def test_overflow_on_the_way_is_none_in_the_result():
    f = np.full(3000, 1e308)
    g = np.zeros(300)
    g[0] = 1.0
    np.testing.assert_array_equal(fp.convolve(f, g, "same", origin=0, method="fft"), f)


def _tiles(count, height, width):
    """Yield tiles of many kinds, those among them that a transform rounds worst."""
    shape = count, height, width
    yield RANDOM_TILES.standard_normal(shape)
    yield RANDOM_TILES.standard_normal(shape) * 10.0 ** RANDOM_TILES.integers(-6, 7, shape)
    impulses = np.zeros(shape)
    impulses[:, height // 2, width // 3] = 1 + np.arange(count)
    yield impulses
    y, x = np.mgrid[:height, :width]
    yield np.broadcast_to((x + y) / (height + width), shape)
    yield np.broadcast_to((x < width // 2) * 1.0, shape)
    yield np.cos(2 * np.pi * (3 * y / height + 5 * x / width + RANDOM_TILES.random((count, 1, 1))))
    partners = RANDOM_TILES.standard_normal(shape)
    partners[::2] *= 1e4
    yield partners


RANDOM_TILES = np.random.default_rng(24)


@pytest.mark.parametrize(
    ("tile", "kernel"),
    [
        ((16, 16), (5, 7)),
        ((32, 32), (9, 9)),
        ((64, 64), (21, 3)),
        ((1, 256), (1, 19)),
        ((1, 4096), (1, 1001)),
    ],
)
def test_what_a_transform_is_trusted_with_is_as_good_as_promised(tile, kernel):
    """16 K u Σ|f||g|, wherever the estimate says so, in tiles that are transformed in pairs."""
    count, (height, width) = 60, tile
    lists = (
        np.arange(count, dtype=np.int32)[:, None],
        *(np.arange(n, dtype=np.int32) for n in tile),
    )
    outputs = height - kernel[0] + 1, width - kernel[1] + 1

    def transformed(f, g):
        out = np.empty((count, *outputs, 1), f.dtype)
        _engine.correlate_fft(np.ascontiguousarray(f), g[None], *lists, 0.0, out, tile)
        return out

    peak = np.zeros(kernel)
    peak[kernel[0] // 2, kernel[1] // 2] = 1
    worst = 0.0
    for g in (RANDOM_TILES.standard_normal(kernel), np.ones(kernel), peak):
        for values in _tiles(count, height, width):
            f, weights = values.astype(np.float32)[..., None], g.astype(np.float32)
            exact = transformed(f.astype(np.float64), weights.astype(np.float64))
            sums = transformed(np.abs(f).astype(np.float64), np.abs(weights).astype(np.float64))
            error = np.abs(transformed(f, weights) - exact)
            power = np.square(f.astype(np.float64)).reshape(-1, 2, height * width).sum(axis=(1, 2))
            rms = np.sqrt(np.repeat(power, 2) / (height * width)).reshape(-1, 1, 1, 1)
            eps, norm = 2.0**-23, float(np.linalg.norm(weights))
            estimate = 4 * eps * np.log2(height * width) * rms * norm
            promised = accuracy.FACTOR * weights.size * eps / 2 * sums.clip(0)
            trusted = estimate <= promised
            if trusted.any():
                worst = max(worst, float((error[trusted] / promised[trusted]).max()))
    assert 0 < worst < 0.5


def _data(kind, shape, random):
    along = np.indices(shape).sum(axis=0) / sum(shape)
    inside = tuple(slice(n // 4, n - n // 4) for n in shape)
    framed = np.zeros(shape)
    framed[inside] = random.normal(size=framed[inside].shape)
    return {
        "normal": random.normal(size=shape),
        "uniform": random.random(shape),
        "ramp": along,
        "ones": np.ones(shape),
        "edge": (along > 0.5) * 1.0,
        "bell": np.exp(-(((along - 0.5) / 0.1) ** 2)),
        "decay": np.exp(-20 * along),
        "power": along**4,
        "decades": random.normal(size=shape) * 10 ** random.uniform(-6, 7, shape),
        "impulses": (random.random(shape) < 0.01) * random.normal(size=shape),
        "framed": framed,
    }[kind]


@pytest.mark.parametrize("mode", ["full", "same"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "kernel"), [((900,), (701,)), ((40,), (13,)), ((40, 50), (21, 17)), ((9, 8, 7),) * 2]
)
def test_whole_arrays_of_any_kind_are_as_exact_as_promised(shape, kernel, dtype, mode):
    """Also where few terms add up, at the ends, and where data are smooth and of one sign."""
    random = np.random.default_rng(3)
    kinds = ["normal", "uniform", "ramp", "ones", "edge", "bell", "decay", "power", "decades"]
    for f_kind in [*kinds, "impulses", "framed"]:
        for g_kind in kinds:
            f = _data(f_kind, shape, random).astype(dtype)
            g = _data(g_kind, kernel, random).astype(dtype)
            task = _task_of(f, g, mode)
            transform = whole.sizes_of(task)
            assert transform is not None
            fft._run_exactly(task, transform)
            result = task.out.reshape(task.outputs)
            wanted, allowed = precisely(f, g), bound(f, g)
            if mode == "same":
                inner = tuple(
                    slice((k - 1) // 2, (k - 1) // 2 + n)
                    for n, k in zip(shape, kernel, strict=True)
                )
                wanted, allowed = wanted[inner], allowed[inner]
            assert (np.abs(result - wanted) <= 0.7 * allowed).all(), (f_kind, g_kind)


def _task_of(f, g, mode):
    call = parse_call(f, g, mode, "fill", "centre", None, "auto", flip=True)
    return apply._task(call.f, call.g, 0.0, call.dtype, call)


def test_an_array_with_a_frame_of_zeros_is_transformed(monkeypatch):
    """Its results are known where windows hold zeros only: no box of them is summed."""
    random = np.random.default_rng(5)
    f, g = _data("framed", (40, 41, 42), random), random.normal(size=(19, 17, 15))
    boxes = []
    monkeypatch.setattr(regions, "compute", lambda _, found: boxes.extend(found))
    for dtype in (np.float32, np.float64):
        result = fp.convolve(f.astype(dtype), g.astype(dtype))
        assert boxes == []
        assert not result[:10].any()
        assert not result[-9:].any()
        assert (np.abs(result - precisely(f, g)) <= bound(f.astype(dtype), g.astype(dtype))).all()


FRAMES = [((30, 30), (40, 20)), ((0, 0), (25, 70)), ((100, 0), (0, 0)), ((1, 1), (1, 1))]


@pytest.mark.parametrize("boundary", ["zero", "reflect", "wrap", "nearest"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("frame", FRAMES)
def test_no_terms_are_summed_over_a_frame_of_zeros_in_tiles(monkeypatch, frame, dtype, boundary):
    random = np.random.default_rng(6)
    f, g = np.zeros((200, 210), dtype), random.normal(size=(21, 17)).astype(dtype)
    inside = tuple(slice(a, n - b) for (a, b), n in zip(frame, f.shape, strict=True))
    f[inside] = random.normal(size=f[inside].shape)
    monkeypatch.setattr(fft.whole, "sizes_of", lambda _: None)
    terms = []

    def compute(task, found, computed=regions.compute):
        ends = regions._ends(task)
        for box in found:
            kernel = [last - first for first, last in regions._weights(task, box, ends)]
            terms.append(task.out[box].size * int(np.prod(kernel)))
        computed(task, found)

    monkeypatch.setattr(regions, "compute", compute)
    mode = "full" if boundary == "zero" else "same"
    call = parse_call(f, g, mode, boundary, "centre", None, "auto", flip=True)
    task = apply._task(call.f, call.g, 0.0, call.dtype, call)
    fft.propose(task, 1.0, False).run()
    twice = frame is FRAMES[2] and boundary != "zero"  # what is not zero, beyond an edge too
    assert sum(terms) < (0.6 if twice else 0.1) * task.out.size * g.size
    wanted = fp.convolve(f.astype(float), g.astype(float), mode, boundary=boundary, method="direct")
    sums = fp.convolve(
        np.abs(f).astype(float), np.abs(g).astype(float), mode, boundary=boundary, method="direct"
    )
    allowed = FACTOR * np.finfo(dtype).eps / 2 * g.size * sums
    assert (np.abs(task.out.reshape(task.outputs) - wanted) <= allowed).all()


@pytest.mark.parametrize("boundary", ["zero", "reflect", "mirror", "wrap", "nearest", "none"])
def test_a_frame_of_zeros_is_left_out_where_it_lies_around_all_copies(boundary):
    """Of small arrays, which are extended by themselves several times."""
    random = np.random.default_rng(11)
    left_out = 0
    for _ in range(300):
        n, k = random.integers(1, 12, 2)
        a, b = random.integers(0, n + 1, 2)
        f = np.zeros(n)
        f[a : n - b] = random.normal(size=len(f[a : n - b]))
        if boundary == "none" and k > n:
            continue
        call = parse_call(f, random.normal(size=k), "same", boundary, 0, None, "auto", flip=True)
        task = apply._task(call.f, call.g, 0.0, call.dtype, call)
        inner = regions.without_frame(task)
        left_out += inner is not task
        extended = [np.append(each.source.ravel(), 0.0)[each.indices[0]] for each in (task, inner)]
        np.testing.assert_array_equal(*extended)
        first, last = whole.present(inner.indices[0], inner.source.shape[1])
        assert not extended[1][:first].any()
        assert not extended[1][last + 1 :].any()
    assert left_out > 10


def test_a_frame_of_zeros_around_what_is_not_finite_or_nothing():
    random = np.random.default_rng(7)
    g = random.normal(size=(33, 33))
    f = np.zeros((300, 300))
    np.testing.assert_array_equal(fp.convolve(f, g), np.zeros((332, 332)))
    f[100:200, 90:180] = random.normal(size=(100, 90))
    f[100, 120], f[150, 179] = np.nan, np.inf
    direct = fp.convolve(f, g, method="direct")
    result = fp.convolve(f, g)
    np.testing.assert_array_equal(np.isfinite(result), np.isfinite(direct))
    finite = np.isfinite(direct)
    np.testing.assert_allclose(result[finite], direct[finite], atol=1e-10)
    planes = np.zeros((3, 300, 300, 2))
    planes[1:, 60:200, 30:, :] = random.normal(size=(2, 140, 270, 2))
    together = fp.convolve(planes, g, axes=(1, 2))
    for plane in range(3):
        for channel in range(2):
            alone = fp.convolve(planes[plane, ..., channel], g, method="direct")
            np.testing.assert_allclose(together[plane, ..., channel], alone, atol=1e-10)


@pytest.mark.parametrize("shape", [(1, 7, 1), (3, 12, 2), (1, 9, 11, 1), (2, 5, 6, 7, 1)])
def test_boxes_cover_what_is_marked_and_no_result_twice(shape):
    random = np.random.default_rng(8)
    sides = tuple(random.integers(1, 4, len(shape) - 2))
    outputs = [n * side - random.integers(side) for n, side in zip(shape[1:-1], sides, strict=True)]
    for share in (0, 0.02, 0.3, 0.9, 1):
        for ends in (False, True):
            mask = random.random(shape) < share
            if ends:
                mask[:, 0] = mask[:, -1] = True
            covered = np.zeros((shape[0], *outputs), int)
            for box in regions.boxes(mask, sides, outputs):
                covered[box] += 1
            assert covered.max() <= 1
            marked = mask.any(axis=-1)
            for axis, (side, n) in enumerate(zip(sides, outputs, strict=True), 1):
                marked = marked.repeat(side, axis).take(range(n), axis)
            assert (covered[marked] == 1).all()


def test_a_part_proves_a_rank_only_where_it_is_high():
    random = np.random.default_rng(9)
    for dtype in (np.float32, np.float64):
        for shape in ((16, 16), (40, 33), (3, 12, 20)):
            rows = int(np.prod(shape[:-1]))
            noise = random.normal(size=shape).astype(dtype)
            assert factors.is_of_high_rank(noise)
            for rank in (1, 3, 4):
                low = random.normal(size=(rows, rank)) @ random.normal(size=(rank, shape[-1]))
                low *= 10.0 ** random.integers(-20, 20)
                assert not factors.is_of_high_rank(low.reshape(shape).astype(dtype))
        assert not factors.is_of_high_rank(np.full((20, 20), np.nan, dtype))
        assert not factors.is_of_high_rank(np.zeros((20, 20), dtype))
