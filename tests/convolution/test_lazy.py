"""Arrays of Dask: lazy, and equal to the array as a whole, wherever its chunks are cut."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp

da = pytest.importorskip("dask.array")

BOUNDARIES = ["zero", "reflect", "mirror", "nearest", "wrap", "none", 7]
MODES = ["full", "same", "valid"]
# Shape, chunks, kernel: what each is here for.
CASES = [
    ((23,), 5, (4,)),  # an even kernel
    ((23,), 1, (3,)),  # chunks smaller than the kernel
    ((9,), ((2, 0, 4, 3),), (2,)),  # an empty chunk
    ((23,), 6, (40,)),  # a kernel larger than the array
    ((12,), 3, (12,)),
    ((1,), 1, (3,)),
    ((17, 19), (4, 6), (3, 4)),
    ((17, 19), (17, 1), (1, 9)),  # nothing along one axis
    ((17, 19), ((1, 1, 9, 6), (2, 17)), (5, 2)),
    ((6, 5, 9), (2, 5, 3), (2, 3, 4)),
]


def same(lazy, whole):
    """Compare a lazy result with that of the whole array: dtype and shape before it is computed."""
    assert isinstance(lazy, da.Array)
    computed = lazy.compute(scheduler="sync")
    assert lazy.dtype == computed.dtype == whole.dtype
    assert lazy.shape == computed.shape == whole.shape
    assert type(computed) is type(whole)
    if whole.dtype.kind == "i":
        np.testing.assert_array_equal(computed, whole)
    else:
        single = whole.dtype in (np.float32, np.complex64)
        np.testing.assert_allclose(computed, whole, rtol=1e-5 if single else 1e-12, atol=1e-4)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("shape", "chunks", "size"), CASES)
def test_results_are_those_of_the_whole_array(shape, chunks, size, boundary):
    random = np.random.default_rng(7)
    f, g = random.integers(-99, 99, shape), random.integers(-5, 6, size)
    x = da.from_array(f, chunks=chunks)
    last = tuple(k - 1 for k in size)
    calls = [(fp.convolve, "centre"), (fp.correlate, "first"), (fp.convolve, last)]
    for (function, origin), mode in itertools.product(calls, MODES):
        try:
            whole = function(f, g, mode, boundary=boundary, origin=origin)
        except fp.SizeError as error:
            with pytest.raises(fp.SizeError) as raised:
                function(x, g, mode, boundary=boundary, origin=origin)
            assert str(raised.value) == str(error)
            continue
        same(function(x, g, mode, boundary=boundary, origin=origin), whole)


@given(st.data())
@settings(max_examples=60)
def test_wherever_an_array_is_cut(data):
    draw = data.draw
    size = draw(st.integers(1, 40))
    cuts = sorted(draw(st.lists(st.integers(0, size), max_size=6)))
    chunks = tuple(b - a for a, b in itertools.pairwise([0, *cuts, size]))
    k = draw(st.integers(1, 50))
    f, g = np.arange(size)[::-1] ** 2, np.arange(1, k + 1)
    options = {
        "mode": draw(st.sampled_from(MODES[:2])),
        "boundary": draw(st.sampled_from([b for b in BOUNDARIES if b != "none"])),
        "origin": draw(st.integers(0, k - 1)),
    }
    same(
        fp.convolve(da.from_array(f, chunks=(chunks,)), g, **options), fp.convolve(f, g, **options)
    )


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", ">i4", "u8", "f2", "f4", ">f8", "c8", "c16"])
def test_dtypes(dtype):
    random = np.random.default_rng(3)
    f = (random.random((15, 14)) * 9).astype(dtype)
    x = da.from_array(f, chunks=(4, 5))
    for g in (random.integers(-4, 5, (3, 2)), random.random((3, 2), np.float32),
              random.random((3, 2)) * 1j, fp.kernels.gaussian(1)):  # fmt: skip
        same(fp.correlate(x, g, boundary="wrap"), fp.correlate(f, g, boundary="wrap"))
    same(fp.convolve(x, [[1, 2]], boundary=1 + 2j), fp.convolve(f, [[1, 2]], boundary=1 + 2j))


@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (0, 2), (-1, -3)])
def test_axes_and_channels(axes):
    f = np.random.default_rng(5).random((12, 13, 3))
    x = da.from_array(f, chunks=(5, 4, 2))
    g = np.random.default_rng(6).random((2, 3))
    same(
        fp.convolve(x, g, "same", axes=axes, boundary="mirror"),
        fp.convolve(f, g, "same", axes=axes, boundary="mirror"),
    )


@pytest.mark.parametrize("boundary", ["reflect", "wrap", "none", 2.5])
@pytest.mark.parametrize("nan", ["propagate", "ignore"])
def test_missing_elements(boundary, nan):
    random = np.random.default_rng(11)
    missing = random.random((14, 15)) < 0.3
    f = random.normal(size=missing.shape)
    whole_numbers = (f * 9).astype(int)
    g = np.array([[1, 2], [3, 4], [0, 1]])
    options = {"boundary": boundary, "nan": nan, "mode": "full"}
    for array in (f, whole_numbers):
        x, mask = da.from_array(array, chunks=4), da.from_array(missing, chunks=5)
        expected = fp.convolve(array, g, mask=missing, **options)
        same(fp.convolve(x, g, mask=mask, **options), expected)
        same(fp.convolve(x, g, mask=missing, **options), expected)
        masked = np.ma.masked_array(array, missing)
        expected = fp.convolve(masked, g, **options)
        lazy = fp.convolve(da.from_array(masked, chunks=4), g, **options)
        same(lazy, expected)
        np.testing.assert_array_equal(np.ma.getmaskarray(lazy.compute()), expected.mask)
    f[missing] = np.nan
    same(fp.convolve(da.from_array(f, chunks=4), g, **options), fp.convolve(f, g, **options))


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(block):
        raise AssertionError("computed")

    x = da.ones((100, 100), chunks=10).map_blocks(fail, dtype=float, meta=np.empty((0, 0)))
    for boundary in BOUNDARIES:
        fp.convolve(x, np.ones((3, 30)), boundary=boundary)
    fp.correlate(x, np.ones((3, 3)), nan="ignore", mask=x > 0)


def test_a_part_needs_only_its_neighbours():
    asked = []

    def note(block, block_id=None):
        asked.append(block_id)
        return block

    x = da.ones((60, 60), chunks=10).map_blocks(note, dtype=float, meta=np.empty((0, 0)))
    fp.convolve(x, np.ones((3, 3)), "same")[22, 22].compute(scheduler="sync")
    assert sorted(asked) == sorted(itertools.product((1, 2, 3), repeat=2))


def test_more_elements_than_32_bits_count():
    x = da.ones(5_000_000_000, chunks=((500, 4_999_999_000, 500),), dtype=np.uint8)
    result = fp.convolve(x, [1, 2, 3], boundary="mirror")
    assert result.shape == (5_000_000_002,)
    assert result[-3:].compute().tolist() == [6, 6, 6]
    assert fp.convolve(x, [1, 2, 3])[-3:].compute().tolist() == [6, 5, 3]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: fp.convolve(da.ones((0, 3)), [[1]]), "at least one element"),
        (lambda: fp.convolve(da.ones(9)[da.ones(9) > 0], [1]), "Use f.compute_chunk_sizes()"),
        (lambda: fp.convolve(da.from_array(np.array(["a"])), [1]), "must be an array of numbers"),
        (lambda: fp.convolve(da.ones(()), [1]), "at least one axis"),
        (lambda: fp.convolve(da.ones((3, 3)), [1]), "as many axes"),
        (lambda: fp.convolve(da.ones(3), [np.nan]), "g must be finite"),
        (lambda: fp.convolve(da.ones(3), [1], mask=[True]), "mask must be True or False"),
        (lambda: fp.convolve(da.ones(3), [1], "some"), "mode must be one of"),
        (lambda: fp.convolve(da.ones(3), [1], nan="drop"), "nan must be one of"),
        (lambda: fp.correlate(da.ones(3), [1], method="slow"), "method must be one of"),
    ],
)
def test_what_cannot_be_is_said_at_once(make, said):
    with pytest.raises(fp.FencepostError) as raised:
        make()
    assert said in str(raised.value)


def test_fencepost_imports_no_dask():
    code = "import sys, fencepost as fp; fp.convolve([1], [1]); print('dask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
