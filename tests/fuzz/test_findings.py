"""What the fuzzer has found is found no more: each input is read or refused, in little memory."""

from __future__ import annotations

import tracemalloc
import warnings
from pathlib import Path

import pytest

from fencepost.errors import FencepostError
from fuzz.targets import TARGETS, run

FINDINGS = Path(__file__).parent / "findings"
FILES = sorted(FINDINGS.glob("*/*"))
_MOST = 100e6  # bytes


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found(path):
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(path.parent.name, path.read_bytes())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < _MOST


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_the_fuzzer_starts_from_is_read(name):
    target, seeds = TARGETS[name]
    outcomes = []
    for seed in seeds():
        try:
            target(seed)
            outcomes.append("read")
        except FencepostError:
            outcomes.append("refused")
    assert 2 * outcomes.count("read") > len(outcomes)
