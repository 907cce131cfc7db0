"""Memory of large results is taken again, and an array made of it is as any other."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest

LARGE = (1 << 24, 4)  # 64 MiB of uint8


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (5, 7), LARGE])
def test_an_array_is_as_numpy_makes_it(engine, shape, dtype):
    made = engine.empty(shape, np.dtype(dtype))
    assert type(made) is np.ndarray
    assert made.shape == shape
    assert made.dtype == dtype
    assert made.flags.owndata
    assert made.flags.c_contiguous
    assert made.flags.writeable
    made[...] = 3
    assert made.sum() == 3 * math.prod(shape)


def test_memory_of_a_result_is_taken_again(engine):
    first = engine.empty(LARGE, np.dtype(np.uint8))
    address = first.ctypes.data
    view = first[1:]
    del first
    gc.collect()
    other = engine.empty(LARGE, np.dtype(np.uint8))
    assert other.ctypes.data != address  # the view still has it
    del view
    third = engine.empty(LARGE, np.dtype(np.uint8))
    assert third.ctypes.data == address
    assert other.ctypes.data != address


def test_memory_much_larger_than_a_result_is_not_wasted_on_it(engine):
    large = engine.empty((1 << 26,), np.dtype(np.uint8))
    address = large.ctypes.data
    del large
    assert engine.empty((1 << 25,), np.dtype(np.uint8)).ctypes.data != address
    assert engine.empty((1 << 26,), np.dtype(np.uint8)).ctypes.data == address


def test_what_is_kept_has_an_end(engine):
    arrays = [np.copyto(made, 1) or made for made in _many(engine)]
    during = _resident()
    del arrays
    gc.collect()
    assert during - _resident() > 200 << 20  # of 512 MiB, 256 are kept


def _many(engine):
    return [engine.empty((64 << 20,), np.dtype(np.uint8)) for _ in range(8)]


def _resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def test_an_array_can_be_resized_in_place(engine):
    made = engine.empty(LARGE, np.dtype(np.uint8))
    made[...] = np.arange(4)
    made.resize((1 << 25, 4), refcheck=False)
    assert (made[: LARGE[0]] == np.arange(4)).all()
    assert not made[LARGE[0] :].any()
    made.resize((10, 4), refcheck=False)
    assert (made == np.arange(4)).all()


def test_other_arrays_are_not_made_of_it(engine):
    kept = engine.empty(LARGE, np.dtype(np.uint8))
    address = kept.ctypes.data
    del kept
    assert np.empty(LARGE, np.uint8).ctypes.data != address


def test_what_is_kept_is_not_kept_for_long(engine):
    made = engine.empty((96 << 20,), np.dtype(np.uint8))
    np.copyto(made, 1)
    during = _resident()
    del made
    gc.collect()
    for _ in range(40):
        engine.empty((33 << 20,), np.dtype(np.uint8))  # none of whose pages is touched
    assert during - _resident() > 64 << 20
