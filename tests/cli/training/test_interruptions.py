"""Trainings that are stopped, by Ctrl-C or for good, and gone on with."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from cli.interrupts import COMMAND, killed_at, started


def test_resumed_run_ends_like_one_that_was_not_stopped(fencepost, folder, tmp_path):
    base = ["--data", folder, "--epochs", 4, "--plot", "none"]
    unbroken = fencepost("train", *base, "--out", "unbroken.st", "--checkpoint", "a.ckpt")
    assert unbroken.status == 0, unbroken.err
    again = fencepost("train", *base, "--out", "again.st", "--checkpoint", "a.ckpt", "--resume")
    assert again.status == 0, again.err
    assert "starts afresh" not in again.err
    first, second = fp.load(tmp_path / "unbroken.st"), fp.load(tmp_path / "again.st")
    assert np.array_equal(first.parameter_vector, second.parameter_vector)
    other = fencepost("train", *base, "--lr", 0.1, "--checkpoint", "a.ckpt", "--resume")
    assert other.status == 2
    assert "lr" in other.err


def test_a_checkpoint_that_is_not_there_is_said(fencepost, folder):
    """Of a name with a slip, a training would begin anew without a word."""
    base = ["--data", folder, "--epochs", 1, "--plot", "none", "--overwrite", "--resume"]
    done = fencepost("train", *base, "--checkpoint", "rum.ckpt")
    assert done.status == 0, done.err
    assert "There is no rum.ckpt to resume from: training starts afresh." in done.err
    fencepost("train", *base, "--checkpoint", "two.ckpt", "--seed", 4)
    Path("two.ckpt").rename("two-seed4.ckpt")
    done = fencepost("train", *base, "--checkpoint", "two.ckpt", "--seed", 4, "--seeds", 2)
    assert "There is no two-seed5.ckpt to resume from" in done.err


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX does")
@pytest.mark.parametrize("kept", [True, False])
def test_control_c_stops_the_training(fencepost, folder, tmp_path, environment, kept):
    extra = ["--checkpoint", "run.ckpt"] if kept else []
    command = [*COMMAND, "train", "--data", str(folder)]
    command += ["--epochs", "100000", "--out", "a.st", *extra]
    process = started(command, tmp_path, environment)
    while not process.stderr.readline().startswith("epoch "):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "Traceback" not in err
    left = {path.name for path in tmp_path.iterdir()}
    if kept:
        assert "run.ckpt has the last epoch" in err
        assert "--resume" in err
        assert left == {"run.ckpt"}
        forgot = ["--data", folder, "--epochs", 100000, "--checkpoint", "run.ckpt"]
        refused = fencepost("train", *forgot, "--out", "a.st")
        assert refused.status == 2
        assert "run.ckpt" in refused.err
        assert "--resume" in refused.err
    else:
        assert "nothing was saved" in err
        assert not left


def test_killed_and_resumed(fencepost, folder, tmp_path, environment):
    """Killed without warning in the middle, and resumed: bit for bit the same model."""
    base = ["train", "--data", str(folder), "--epochs", "40", "--plot", "none"]
    killed_at(10, [*base, "--out", "a.st", "--checkpoint", "c.ckpt"], tmp_path, environment)
    assert not Path(tmp_path, "a.st").exists()
    assert fencepost(*base, "--out", "a.st", "--checkpoint", "c.ckpt", "--resume").status == 0
    assert fencepost(*base, "--out", "b.st").status == 0
    first, second = fp.load(tmp_path / "a.st"), fp.load(tmp_path / "b.st")
    assert np.array_equal(first.parameter_vector, second.parameter_vector)
    assert np.array_equal(first.state_vector, second.state_vector)
