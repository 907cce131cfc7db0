"""Fixtures for files of data."""

import tracemalloc

import pytest

from datasets.image_folders import picture, save


@pytest.fixture
def lean():
    """No bad file may make a loader ask for much memory."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


@pytest.fixture
def folder(tmp_path):
    """A folder of two classes of three grey images each."""
    for name in ("cat", "dog"):
        for k in range(3):
            save(tmp_path / name / f"{k}.png", picture())
    return tmp_path
