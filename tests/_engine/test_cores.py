"""Cores that a container grants: what the files of control groups say, in both versions."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fencepost._engine.cores import VERSION_1, quota, usable_cores


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("20000 100000\n", 1),
        ("max 100000\n", None),
        ("100000 0\n", None),
        ("", None),
    ],
)
def test_version_2(tmp_path, text, cores):
    (tmp_path / "cpu.max").write_text(text)
    assert quota(tmp_path) == cores


@pytest.mark.parametrize(("time", "cores"), [("250000\n", 3), ("-1\n", None), ("0\n", None)])
def test_version_1(tmp_path, time, cores):
    for name, text in zip(VERSION_1, (time, "100000\n"), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert quota(tmp_path) == cores


def test_without_control_groups(tmp_path):
    assert quota(tmp_path / "none") is None


def default_threads(**environment: str) -> int:
    """Return the number of threads that a fresh process starts with."""
    command = [sys.executable, "-c", "import fencepost as fp; print(fp.get_num_threads())"]
    asked = {k: v for k, v in os.environ.items() if k != "FENCEPOST_NUM_THREADS"}
    return int(subprocess.check_output(command, env=asked | environment))


def test_a_process_starts_with_its_cores():
    assert default_threads() == usable_cores()
    assert default_threads(FENCEPOST_NUM_THREADS="3") == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_fewer_cores_are_fewer_threads():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert default_threads() == 1
    finally:
        os.sched_setaffinity(0, before)
