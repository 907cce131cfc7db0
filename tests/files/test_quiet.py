"""Warnings are silenced in one block of one thread, and nowhere else, whoever else sets filters."""

from __future__ import annotations

import pickle
import threading
import time
import warnings

import pytest
from PIL import Image

import fencepost as fp
from fencepost.files import quiet as module
from fencepost.files.pictures import opened
from fencepost.files.quiet import quiet


def test_blocks_of_threads_that_overlap_silence_nobody_else():
    entered, leave = threading.Event(), threading.Event()

    def long_block():
        with quiet():
            entered.set()
            leave.wait(10)
            warnings.warn("of the thread", stacklevel=1)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        other = threading.Thread(target=long_block)
        with quiet():
            other.start()
            entered.wait(10)
            warnings.warn("in the block", stacklevel=1)
        warnings.warn("beside the thread", stacklevel=1)
        leave.set()
        other.join()
        warnings.warn("afterwards", stacklevel=1)
    assert [str(each.message) for each in seen] == ["beside the thread", "afterwards"]


def test_filters_that_others_set_come_second():
    with warnings.catch_warnings():
        with quiet():
            warnings.warn("first", stacklevel=1)
        for forbid in (lambda: warnings.simplefilter("error"), warnings.resetwarnings):
            forbid()
            with quiet(), quiet():
                warnings.warn("within", stacklevel=1)
            assert warnings.filters.count(module._FILTER) == 1
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="outside"):
            warnings.warn("outside", stacklevel=1)
        # joblib sends the filters to its processes.
        assert pickle.loads(pickle.dumps(warnings.filters)) == warnings.filters


def test_filters_made_anew_from_patterns_silence_nothing():
    parallel = pytest.importorskip("sklearn.utils.parallel")
    with quiet():
        pass

    def heard():
        with pytest.warns(UserWarning, match="heard"):
            warnings.warn("heard", stacklevel=1)
        with quiet():
            warnings.warn("nobody sees this", stacklevel=1)
        return True

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet():
            pass
        jobs = parallel.Parallel(n_jobs=1)(parallel.delayed(heard)() for _ in range(2))
    assert jobs == [True, True]


def test_pictures_that_are_decoded_by_others_swallow_no_warning(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(path)
    stop = threading.Event()

    def decode(pause):
        while not stop.is_set():
            with opened(path):
                time.sleep(pause)

    decoders = [threading.Thread(target=decode, args=(pause,)) for pause in (0.001, 0.0017)]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for thread in decoders:
            thread.start()
        for _ in range(50):
            fp.errors.warn("heard")
            time.sleep(0.001)
        stop.set()
        for thread in decoders:
            thread.join()
        fp.errors.warn("heard")
    assert len(seen) == 51
