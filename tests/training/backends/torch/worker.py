"""One of the processes that `test_processes` starts: trains some networks, and keeps the weights.

`python worker.py FOLDER` runs `CASES`; `python worker.py FOLDER ARGUMENT...` runs the command, and
the second process of it kills itself once, at the beginning of the second epoch.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

import fencepost as fp
from fencepost.training import SGD, Adam, CrossEntropy, fit

SETTINGS = {"epochs": 2, "backend": "torch", "device": "cpu", "threads": 1, "progress": False}


def data(count, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 2, 8, 8)).astype(np.float32), random.integers(0, 3, count)


def net():
    block = [fp.Conv2d(6, 3, padding=1, bias=False), fp.BatchNorm2d(), fp.ReLU()]
    layers = [*block, fp.Residual(*block), fp.Flatten(), fp.BatchNorm1d(), fp.Linear(3)]
    return fp.Network((2, 8, 8), layers, seed=1)


def one_pixel_net():
    return fp.Network(
        (2, 8, 8), [fp.Conv2d(4, 3, bias=False), fp.BatchNorm2d(), fp.Flatten(), fp.Linear(1)]
    )


WEIGHTED = CrossEntropy(label_smoothing=0.1, class_weights=(1.0, 4.0, 0.5))
# A network, how many images, and settings; batches that do not divide evenly, and one that leaves
# a process without an image.
CASES = {
    "even": (net, 64, {"batch_size": 32, "optimizer": SGD(lr=0.05)}),
    "uneven": (net, 75, {"batch_size": 21, "optimizer": SGD(lr=0.05), "loss": WEIGHTED}),
    "adam": (net, 75, {"batch_size": 21, "optimizer": Adam(lr=0.01), "validation": 0.2}),
    "augmented": (net, 75, {"batch_size": 21, "augmentation": "shift=1,noise=0.1"}),
    "one image": (one_pixel_net, 1, {"batch_size": 8, "loss": "mse"}),
}


def run_cases(folder):
    """Train everything; the first keeps the results."""
    results = {}
    for name, (make, count, settings) in CASES.items():
        trained = make()
        images, labels = data(count)
        history = fit(trained, images, labels, **SETTINGS, **settings)
        results[f"{name} weights"] = trained.parameter_vector
        results[f"{name} state"] = trained.state_vector
        results[f"{name} loss"] = history["loss"]
        results[f"{name} validation"] = np.array(history["validation_loss"], np.float64)
    np.savez(folder / f"{os.environ.get('RANK', 'alone')}.npz", **results)


def part():
    """End the group of processes, and see that nothing kept it: no thread of gloo's is left.

    Such a thread, freeing a tensor while Python ends, made one process in 15 end by SIGABRT.
    """
    from torch import distributed

    distributed.destroy_process_group()
    if sys.platform == "linux":
        tasks = Path("/proc/self/task").iterdir()
        names = [(task / "comm").read_text().strip() for task in tasks]
        assert not [name for name in names if "gloo" in name], names


def die_after_an_epoch(path):
    """Have this process kill itself before the first step for which the checkpoint has an epoch."""
    from fencepost.training.backends.torch.backend import TorchBackend
    from fencepost.training.checkpoints import Checkpoint

    def run(*arguments):
        if path.exists() and Checkpoint.load(path).epoch >= 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return steps(*arguments)

    steps, TorchBackend.run = TorchBackend.run, run


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if not sys.argv[2:]:
        run_cases(folder)
        part()
    else:
        from fencepost.cli.app import run

        if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            die_after_an_epoch(folder / "run.ckpt")
        sys.exit(run(sys.argv[2:]))
