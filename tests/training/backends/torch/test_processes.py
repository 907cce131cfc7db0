"""Two processes that train one network, joined by gloo on the loopback interface."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from training.backends.torch import worker

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
if not torch.distributed.is_available():
    pytest.skip("this PyTorch has no torch.distributed", allow_module_level=True)

SOURCES = os.pathsep.join([*map(str, Path(fp.__file__).parents[1:2]), *sys.path])
SECONDS = 1200  # on a busy machine


def environment(**more):
    inherited = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")}
    return inherited | {"PYTHONPATH": SOURCES, "OMP_NUM_THREADS": "1"} | more


@contextlib.contextmanager
def two_processes(*arguments):
    """Start two processes of the worker, which end with this."""
    # The store is here, as torchrun has it: so its port is taken from the beginning.
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = {
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0",
    }
    command = [sys.executable, worker.__file__, *arguments]
    processes = [
        subprocess.Popen(
            command,
            env=environment(RANK=rank, LOCAL_RANK=rank, **shared),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return what two processes and one made of every case."""
    folder = tmp_path_factory.mktemp("processes")
    with two_processes(folder) as processes:
        worker.run_cases(folder)
        for process in processes:
            _, errors = process.communicate(timeout=SECONDS)
            assert process.returncode == 0, errors
            assert "Warning" not in errors
            assert "Exception" not in errors  # the group that is gone already is not ended again
    return {name: np.load(folder / f"{name}.npz") for name in ("alone", "0", "1")}


@pytest.mark.parametrize("name", worker.CASES)
def test_two_processes_train_as_one_does(trained, name):
    for what in ("weights", "state", "loss", "validation"):
        alone, first, second = (trained[who][f"{name} {what}"] for who in ("alone", "0", "1"))
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, alone, rtol=1e-4, atol=2e-5)


def train(folder):
    """Return the command of a training whose data and checkpoint are in a folder."""
    images, labels = worker.data(90)
    np.savez(folder / "data.npz", images=images[:, :1], labels=labels)
    command = ["train", "--data", str(folder / "data.npz"), "--epochs", "20", "--batch-size", "8"]
    command += ["--model", "Conv2d(4, 3, bias=False), BatchNorm2d, ReLU", "--optimizer", "sgd"]
    return [*command, "--lr", "0.02", "--validation", "0.2", "--plot", "none", "--backend", "torch"]


def test_the_process_that_is_left_says_so(tmp_path):
    command = [*train(tmp_path), "--out", tmp_path / "a.st", "--checkpoint", tmp_path / "run.ckpt"]
    with two_processes(tmp_path, *command) as (left, killed):
        _, errors = left.communicate(timeout=SECONDS)
        assert killed.wait(SECONDS) == -signal.SIGKILL
    assert left.returncode == 2, errors
    assert "process 1 of 2 lost its connection" in errors
    assert "epoch 1/20 " in errors and "epoch 2/20 " not in errors


def test_killed_and_started_again_by_torchrun(tmp_path):
    """A process is killed: torchrun starts all again, they go on, and the first alone writes."""
    command = train(tmp_path)
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--max-restarts", "1"]
    torchrun += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    out = tmp_path / "two.safetensors"
    command_line = [sys.executable, *torchrun, worker.__file__, tmp_path, *command, "--out", out]
    result = subprocess.run(
        [*command_line, "--checkpoint", tmp_path / "run.ckpt", "--resume"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    epochs = [int(n) for n in re.findall(r"^epoch (\d+)/20 ", result.stderr, re.MULTILINE)]
    assert epochs == list(range(1, 21))
    assert result.stderr.count("Saved ") == result.stdout.count("Test accuracy: ") == 1

    alone = tmp_path / "one.safetensors"
    command = [sys.executable, "-m", "fencepost", *command, "--out", alone, "--threads", "1"]
    subprocess.run(command, env=environment(), capture_output=True, check=True, timeout=SECONDS)
    one, two = fp.load(alone), fp.load(out)
    np.testing.assert_allclose(two.parameter_vector, one.parameter_vector, atol=2e-3)
    assert two.temperature == pytest.approx(one.temperature, rel=1e-2)
    one.calibration = two.calibration = None  # measured of weights that are not the same to the bit
    assert one.config() == two.config()


def test_the_engine_trains_in_one_process(tmp_path, monkeypatch):
    from fencepost.cli.training.options import BackendOptions

    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(fp.ArgumentError, match=r"4 processes, started by torchrun, and the engine"):
        BackendOptions().is_first()
    monkeypatch.setenv("RANK", "3")
    assert not BackendOptions(backend="torch").is_first()
