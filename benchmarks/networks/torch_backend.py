"""The backend of PyTorch beside the engine: `python -m benchmarks.networks.torch_backend`.

The same networks, data and seeds on the engine, on PyTorch's CPU and, where there is one, on a GPU:
the first step's loss and gradient, whole trainings, model files, resuming, two processes on one
device. It prints tables, and ends with 1 if anything disagrees. About two minutes on 16 cores.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import fencepost as fp
from fencepost.text import format_table
from fencepost.training import SGD, Constant

#: Largest difference of a gradient, as a share of its largest element.
GRADIENT = 5e-3
ACCURACY = 0.02
LOGITS = 1e-3
Images = tuple[Any, Any]


def colours(count: int, seed: int) -> Images:
    """Return noisy stripes of ten kinds (direction, width, colour): (count, 3, 32, 32), uint8."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    y, x = np.mgrid[:32, :32] / 32
    angle = labels % 5 * (np.pi / 5) + random.normal(0, 0.08, count)
    frequency = 3 + 3 * (labels // 5)
    phase = random.uniform(0, 2 * np.pi, (count, 1, 1))
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y
    waves = np.sin(2 * np.pi * frequency[:, None, None] * along + phase)
    tint = random.uniform(0.3, 1, (count, 3, 1, 1))
    pixels = 128 + 60 * tint * waves[:, None] + random.normal(0, 70, (count, 3, 32, 32))
    return pixels.clip(0, 255).astype(np.uint8), labels


def places() -> list[tuple[str, dict[str, str]]]:
    """Name what there is to compute with, and how `fit` is told."""
    where = [("engine", {}), ("torch cpu", {"backend": "torch", "device": "cpu"})]
    if torch.cuda.is_available():
        where.append(("torch cuda", {"backend": "torch", "device": "cuda"}))
    return where


class Report:
    """Lines that are printed as they come, and whether all checks were passed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.failed = False

    def say(self, text: str) -> None:
        self.lines.append(text)
        print(text, flush=True)

    def check(self, what: str, value: float, limit: float) -> None:
        passed = value <= limit
        self.failed |= not passed
        verdict = "" if passed else "   <-- DISAGREES"
        self.say(f"{what}: {value:.2e} (at most {limit:.0e}){verdict}")


def first_step(report: Report, name: str, net: fp.Network, data: Images) -> None:
    """Compare the loss and the gradient of one step of plain descent, in which w changes by -g."""
    images, labels = data[0][:128], data[1][:128]
    results = {}
    for place, options in places():
        copy = net.copy()
        history = copy.fit(
            images,
            labels,
            epochs=1,
            batch_size=128,
            optimizer=SGD(lr=1.0, momentum=0.0, nesterov=False),
            schedule=Constant(),
            augmentation="shift=1,flip",
            progress=False,
            **options,
        )
        results[place] = history["loss"][0], net.parameter_vector - copy.parameter_vector
    loss, gradient = results.pop("engine")
    largest = np.abs(gradient).max()
    for place, (other_loss, other) in results.items():
        report.check(f"{name}, {place}: loss of the first step", abs(other_loss / loss - 1), 1e-5)
        difference = float(np.abs(other - gradient).max() / largest)
        report.check(f"{name}, {place}: its gradient", difference, GRADIENT)


def trainings(
    report: Report,
    name: str,
    net: fp.Network,
    train: Images,
    test: Images,
    folder: Path,
    **recipe: Any,
) -> None:
    """Train everywhere; compare accuracy and model files."""
    rows, accuracies = [], {}
    for place, options in places():
        copy, started = net.copy(), time.perf_counter()
        history = copy.fit(*train, validation=test, progress=False, **recipe, **options)
        seconds = time.perf_counter() - started
        accuracies[place] = accuracy = history["validation_accuracy"][-1]
        speed = max(history["images_per_second"])
        rows.append([name, place, f"{accuracy:.4f}", f"{seconds:.1f}", f"{speed:,.0f}"])
        path = folder / f"{place.replace(' ', '-')}-{name}.safetensors"
        copy.save(path)
        loaded = fp.load(path)
        same = {**loaded.config()} == {**copy.config()}
        report.check(f"{name}, {place}: model file, description", 1.0 - same, 0)
        logits = loaded(test[0][:512])
        with torch.no_grad():
            expected = copy.to_torch()(torch.from_numpy(test[0][:512])).numpy()
        difference = float(np.abs(logits - expected).max() / np.abs(expected).max())
        report.check(f"{name}, {place}: the file on the engine", difference, LOGITS)
    heads = [["network", "computed by", "accuracy", "seconds", "images/s"], *rows]
    report.say(format_table(heads, "<<>>>"))
    for place, accuracy in accuracies.items():
        if place != "engine":
            difference = abs(accuracy - accuracies["engine"])
            report.check(f"{name}, {place}: accuracy less the engine's", difference, ACCURACY)


# Networks, shapes of an image, and how many batches of 64 take a second or so on two cores.
SIZES = [
    ("lenet5", (1, 28, 28), 200),
    ("small_cnn", (3, 32, 32), 60),
    ("mobilenet", (3, 64, 64), 6),
    ("resnet9", (3, 32, 32), 4),
    ("resnet18", (3, 64, 64), 2),
    ("resnet18", (3, 128, 128), 1),
]


def speeds(report: Report) -> None:
    """Print images per second of training, by network and batch; the best of three epochs."""
    rows = [["network", "image", "batch", *(place for place, _ in places())]]
    for name, shape, batches in SIZES:
        for batch in (64, 512) if torch.cuda.is_available() else (64,):
            make = getattr(fp.models, name)
            net = make(10, shape) if name == "lenet5" else make(shape, 10)
            count = batch * batches
            images = np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)
            labels = np.arange(count) % 10
            row = [name, "×".join(map(str, shape)), str(batch)]
            for _, options in places():
                history = net.copy().fit(
                    images, labels, epochs=3, batch_size=batch, progress=False, **options
                )
                row.append(f"{max(history['images_per_second']):,.0f}")
            rows.append(row)
    report.say(format_table(rows, "<<>" + ">" * len(places())))


def resumed(report: Report, net: fp.Network, data: Images, folder: Path) -> None:
    """Stop a training after its first epoch, go on, and compare with one that was not stopped."""

    def stop(epoch: Any) -> None:
        if epoch.epoch == 1:
            raise KeyboardInterrupt

    place, options = places()[-1]
    whole, halves = net.copy(), net.copy()
    settings: dict[str, Any] = {"epochs": 3, "lr": 1e-3, "progress": False, **options}
    whole.fit(*data, **settings)
    path = folder / "run.ckpt"
    try:
        halves.fit(*data, checkpoint=path, on_epoch=stop, **settings)
    except KeyboardInterrupt:
        halves = net.copy()
        halves.fit(*data, checkpoint=path, resume=True, **settings)
    difference = float(np.abs(whole.parameter_vector - halves.parameter_vector).max())
    report.check(f"{place}: weights of a training that was resumed", difference, 1e-2)


def together(report: Report, folder: Path) -> None:
    """Compare two processes on one device, joined by gloo, and one joined by NCCL, with one."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    alone = worker_net()
    train_worker(alone, device)
    for count, kind in ((2, "gloo"), *([(1, "nccl")] if device == "cuda" else [])):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        path = folder / f"{kind}.npy"
        command = [
            sys.executable,
            "-m",
            "benchmarks.networks.torch_backend",
            "--worker",
            kind,
            str(path),
        ]
        processes = [
            subprocess.Popen(
                command,
                env=os.environ
                | {"RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": "0"}
                | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
            )
            for rank in range(count)
        ]
        statuses = [process.wait(120) for process in processes]
        report.failed |= any(statuses)
        difference = float(np.abs(np.load(path) - alone.parameter_vector).max())
        report.check(f"{count} by {kind} on {device}: weights", difference, 2e-3)


def worker_net() -> fp.Network:
    """Return a network with batch normalisation, and without dropout (it draws anew)."""
    block = [fp.Conv2d(32, 3, padding=1), fp.BatchNorm2d(), fp.ReLU()]
    layers = [*block, fp.MaxPool2d(2), fp.Residual(*block), fp.GlobalAvgPool(), fp.Linear(10)]
    return fp.Network((3, 32, 32), layers)


def train_worker(net: fp.Network, device: str) -> None:
    """Train for a few steps, the last of a smaller batch."""
    net.fit(
        *colours(100, 3),
        epochs=2,
        batch_size=32,
        optimizer=SGD(lr=0.01),
        backend="torch",
        device=device,
        threads=1,
        progress=False,
    )


def work(kind: str, path: str) -> None:
    """Be one of the processes of `together`."""
    exact()
    torch.distributed.init_process_group(kind)
    net = worker_net()
    train_worker(net, "cuda" if torch.cuda.is_available() else "cpu")
    if torch.distributed.get_rank() == 0:
        np.save(path, net.parameter_vector)
    torch.distributed.destroy_process_group()


def exact() -> None:
    """Compute in float32 throughout, for comparisons."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def main() -> int:
    """Run everything; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the report")
    parser.add_argument("--speeds", action="store_true", help="nothing but images per second")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(*arguments.worker)
        return 0
    report, started = Report(), time.perf_counter()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    level, threads = fp._engine.level, fp.get_num_threads()
    report.say(f"PyTorch {torch.__version__}, {gpu}; engine {level}, {threads} threads")
    if arguments.speeds:
        speeds(report)
        return 0
    share = 10 if arguments.quick else 1
    mnist = fp.datasets.open("mnist")
    digits = (mnist.train.images[::share], mnist.train.targets[::share])
    test = (mnist.test.images, mnist.test.targets)
    train, held_out = colours(8192 // share, 1), colours(1024, 2)
    resnet = fp.models.resnet9((3, 32, 32), 10)
    exact()
    first_step(report, "lenet5", fp.models.lenet5(), digits)
    first_step(report, "with BatchNorm", worker_net(), train)
    first_step(report, "resnet9", resnet, train)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        together(report, folder)
        resumed(report, worker_net(), (train[0][:1000], train[1][:1000]), folder)
        torch.backends.cudnn.allow_tf32 = True  # PyTorch's default
        trainings(
            report, "lenet5", fp.models.lenet5(), digits, test, folder,
            epochs=2, lr=3e-3, augmentation="shift=1,rotate=8,scale=0.08",
        )  # fmt: skip
        trainings(
            report, "resnet9", resnet, train, held_out, folder,
            epochs=2, optimizer="adamw", lr=2e-3, augmentation="shift=2",
        )  # fmt: skip
    speeds(report)
    report.say(
        f"{time.perf_counter() - started:.0f} s in all. {'FAILED' if report.failed else 'OK'}"
    )
    if arguments.out is not None:
        (arguments.out / "torch_backend.txt").write_text("\n".join(report.lines) + "\n")
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
