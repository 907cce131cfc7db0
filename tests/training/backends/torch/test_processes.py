"""Two processes that train one network, joined by gloo on the loopback interface."""

import os
import re
import socket
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
SECONDS = 240  # on a busy machine


def environment(**more):
    inherited = {k: v for k, v in os.environ.items() if k not in ("RANK", "WORLD_SIZE")}
    return inherited | {"PYTHONPATH": SOURCES, "OMP_NUM_THREADS": "1"} | more


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return what two processes and one made of every case."""
    folder = tmp_path_factory.mktemp("processes")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    processes = [
        subprocess.Popen(
            [sys.executable, worker.__file__, folder],
            env=environment(
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE="2",
                LOCAL_WORLD_SIZE="2",
                MASTER_ADDR="127.0.0.1",
                MASTER_PORT=port,
            ),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
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


def test_killed_and_started_again_by_torchrun(tmp_path):
    """A process is killed: torchrun starts all again, they go on, and the first alone writes."""
    images, labels = worker.data(90)
    np.savez(tmp_path / "data.npz", images=images[:, :1], labels=labels)
    command = ["train", "--data", str(tmp_path / "data.npz"), "--epochs", "20", "--batch-size", "8"]
    command += ["--model", "Conv2d(4, 3, bias=False), BatchNorm2d, ReLU", "--optimizer", "sgd"]
    command += ["--lr", "0.02", "--validation", "0.2", "--plot", "none", "--backend", "torch"]
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
    assert "process 1 of 2 lost its connection" in result.stderr
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
