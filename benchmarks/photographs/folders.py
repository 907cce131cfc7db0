"""Folders of photographs: decoding, the first epoch, and more images than memory.

``python -m benchmarks.photographs.folders FOLDER [decode] [epoch] [memory] [rate]``. FOLDER gets
10,000 JPEGs of 500 × 500 pixels, made once from photographs that come with matplotlib and
scikit-image.

- decode: all of them to 64 × 64; the peer is PyTorch's DataLoader with 2 workers, which opens,
  resizes and crops with Pillow as torchvision's transforms do.
- epoch: the first epoch of `small_cnn` on them, from the list of files to the trained weights; the
  peer is the same network in PyTorch, with that DataLoader.
- memory: an epoch of 200,000 images of 128 × 128 from the cache, in a process whose memory, page
  cache included, is limited to 1 GB where the system can (cgroups), and of as many as fit, from
  memory.
- rate: an epoch of `resnet9` on images of 32 × 32 × 3 in memory, shifted and flipped at random; the
  peer is the same network in PyTorch, with a DataLoader that crops and flips, in both layouts. All
  take turns; the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import fencepost as fp
from fencepost.datasets import Dataset, LazyImages, Loading
from fencepost.datasets.folders import load, open_folder
from fencepost.datasets.folders.filling import Filling
from fencepost.datasets.folders.store import create_entry, entry_key, open_entry
from fencepost.datasets.folders.tree import File
from fencepost.datasets.lazy_images import Source

COUNT, SIDE, SIZE, CLASSES, WORKERS, BATCH = 10_000, 500, 64, 10, 2, 64
MANY, LARGE, LIMIT = 200_000, 128, 1 << 30
SMALL, SHIFT, FEW, TURNS = 32, 4, 640, 3


def originals() -> list[Image.Image]:
    """Return the photographs that come with packages."""
    import matplotlib
    import skimage

    names = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "hubble_deep_field.jpg")
    paths = [Path(skimage.__file__).parent / "data" / name for name in names]
    paths.append(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"))
    return [Image.open(path).convert("RGB") for path in paths if path.exists()]


def make(folder: Path, count: int = COUNT) -> None:
    """Write random parts of the photographs, enlarged or shrunk, as JPEGs in folders of classes."""
    pictures = originals()

    def write(index: int) -> None:
        path = folder / f"class{index % CLASSES}" / f"{index:05}.jpg"
        if path.exists():
            return
        rng = np.random.default_rng(index)
        picture = pictures[index % len(pictures)]
        side = int(rng.uniform(0.5, 1) * min(picture.size))
        left, top = (int(rng.integers(0, full - side + 1)) for full in picture.size)
        part = picture.resize((SIDE, SIDE), box=(left, top, left + side, top + side))
        path.parent.mkdir(parents=True, exist_ok=True)
        part.save(path, quality=90)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))


def loader(folder: Path) -> Any:
    """Return PyTorch's DataLoader over the folder."""
    import torch
    from torch.utils.data import DataLoader

    files = sorted(folder.glob("*/*.jpg"))

    class Photographs(torch.utils.data.Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            with Image.open(files[index]) as picture:
                small = picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
            tensor = torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255
            return (tensor - 0.5) / 0.25, int(files[index].parent.name[-1])

    return DataLoader(Photographs(), BATCH, shuffle=True, num_workers=WORKERS)


def opened(folder: Path, wait: bool, cache: str = "none") -> Dataset:
    """Load the folder."""
    how = Loading((SIZE, SIZE), cache=cache, wait=wait)
    return load(open_folder(folder).parts["train"], how)


def seconds(work: Any) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def decode(folder: Path) -> Iterator[str]:
    """Time decoding alone."""
    cache = folder.parent / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    yield line("decode, fencepost, to memory", seconds(lambda: opened(folder, True)))
    took = seconds(lambda: opened(folder, True, str(cache)))
    yield line("decode, fencepost, to the cache", took)
    again = seconds(lambda: opened(folder, True, str(cache)))
    yield line("decode, fencepost, from the cache", again)
    yield line("decode, PyTorch DataLoader", seconds(lambda: [None for _ in loader(folder)]))


def epoch(folder: Path) -> Iterator[str]:
    """Time the first epoch."""
    import torch

    def ours() -> None:
        data = opened(folder, False)
        net = fp.models.small_cnn(data.input_shape, CLASSES)
        net.fit(*data, epochs=1, batch_size=BATCH, progress=False)

    def theirs() -> None:
        net = fp.models.small_cnn((3, SIZE, SIZE), CLASSES).to_torch().train()
        optimizer = torch.optim.Adam(net.parameters())
        for images, labels in loader(folder):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()

    torch.set_num_threads(os.cpu_count() or 1)
    yield line("first epoch, fencepost", seconds(ours))
    yield line("first epoch, PyTorch", seconds(theirs))


def rate(_: Path) -> Iterator[str]:
    """Time an epoch of `resnet9`, data included."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FEW, 3, SMALL, SMALL), np.uint8)
    labels = np.arange(FEW) % CLASSES
    net = fp.models.resnet9((3, SMALL, SMALL), CLASSES)

    def ours(count: int) -> None:
        net.fit(
            images[:count],
            labels[:count],
            epochs=1,
            batch_size=BATCH,
            optimizer="adamw",
            augmentation=f"shift={SHIFT},flip",
            progress=False,
        )

    ours(BATCH)  # which plans
    systems: dict[str, Callable[[], None]] = {"fencepost": partial(ours, FEW)}

    class Changed(TensorDataset):  # type: ignore[misc]
        def __getitem__(self, index: int) -> tuple[Any, Any]:
            image, label = super().__getitem__(index)
            top, left, mirrored = torch.randint(2 * SHIFT + 1, (3,)).tolist()
            padded = torch.nn.functional.pad(image, (SHIFT,) * 4)
            image = padded[:, top : top + SMALL, left : left + SMALL].float()
            return (image.flip(-1) if mirrored % 2 else image) / 64 - 2, label

    torch.set_num_threads(os.cpu_count() or 1)
    data = Changed(torch.from_numpy(images), torch.from_numpy(labels))
    for name, layout in (
        ("contiguous", torch.contiguous_format),
        ("channels last", torch.channels_last),
    ):
        peer = fp.models.resnet9((3, SMALL, SMALL), CLASSES).to_torch().train()
        step = torch_step(peer.to(memory_format=layout), layout)
        step(torch.randn(BATCH, 3, SMALL, SMALL), torch.arange(BATCH) % CLASSES)
        for workers in (WORKERS, 0):
            batches = DataLoader(data, BATCH, True, num_workers=workers)
            systems[f"PyTorch, {name}, {workers} workers"] = partial(epoch_of, batches, step)
    turns = [[seconds(system) for system in systems.values()] for _ in range(TURNS)]
    for name, took in zip(systems, np.median(turns, axis=0), strict=True):
        yield line(f"resnet9, {name}", float(took), FEW)


def torch_step(net: Any, layout: Any) -> Any:
    """Return a function that trains PyTorch's network by a batch."""
    import torch

    optimizer = torch.optim.AdamW(net.parameters())

    def step(images: Any, labels: Any) -> None:
        optimizer.zero_grad()
        images = images.to(memory_format=layout)
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()

    return step


def epoch_of(batches: Any, step: Any) -> None:
    """Train by all batches."""
    for images, labels in batches:
        step(images, labels)


def line(name: str, took: float, count: int = COUNT) -> str:
    """Write a time and a rate."""
    return f"{name}: {took:.2f} s, {count / took:,.0f} images/s"


def streamed(cache: Path, count: int) -> Dataset:
    """Return images of noise in an entry of the cache, which is made if it is not there."""
    shape = (3, LARGE, LARGE)
    files = [File(f"{index}.jpg", 1, 1) for index in range(count)]
    entry = cache / entry_key(files, {"many": count})
    about = {"root": "", "part": "", "made": count}
    store = open_entry(entry) or create_entry(entry, files, shape, about)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2048, *shape), np.uint8)
    for index in np.flatnonzero(store.state == 0):
        store.write(int(index), noise[index % len(noise)])
    todo = np.flatnonzero(store.state == 0)
    store.commit(todo, np.ones(len(todo), np.uint8))
    filling = Filling(store, lambda index: noise[index], {})
    error = lambda *_: fp.DataError("damaged")  # noqa: E731
    source = Source(store, filling, error, error, entry.name)
    images: Any = LazyImages(source, np.arange(count))
    return Dataset(images, np.arange(count) % CLASSES)


def train_many(cache: Path, count: int, steps: int, in_memory: bool) -> None:
    """Train for so many steps, and print the rate and the peak memory as JSON."""
    data = streamed(cache, count)
    images: Any = data.images
    if in_memory:
        images = np.asarray(images).copy()
    net = fp.models.small_cnn(data.input_shape, CLASSES)
    chosen = np.random.default_rng(0).permutation(count)[: steps * BATCH]
    lazy = images[chosen] if in_memory else images.select(chosen)
    history = net.fit(lazy, data.targets[chosen], epochs=1, batch_size=BATCH, progress=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"rate": history.epochs[-1].images_per_second, "peak": peak}))


def limited() -> list[str]:
    """Return what runs a command in a group with limited memory; nothing where that cannot be."""
    group = Path("/sys/fs/cgroup/memory/fencepost")
    try:
        group.mkdir(exist_ok=True)
        (group / "memory.limit_in_bytes").write_text(str(LIMIT))
    except OSError:
        return []
    return ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh"]


def memory(folder: Path) -> Iterator[str]:
    """Time training from the cache, within limited memory, beside training from memory."""
    cache, few, steps = folder.parent / "many", 20_000, 250
    streamed(cache, MANY)
    streamed(cache, few)
    own = [sys.executable, "-m", "benchmarks.photographs.folders", str(folder)]
    for name, group, count, where in (
        ("from memory", [], few, "array"),
        (f"200,000 from the cache, {'limited to 1 GB' if limited() else 'not limited'}",
         limited(), MANY, "cache"),
        ("200,000 from the cache, not limited", [], MANY, "cache"),
    ):  # fmt: skip
        for file in cache.glob("*/images.npy"):  # nothing is left of what was read before
            with file.open("rb") as opened_file:
                os.posix_fadvise(opened_file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        task = f"{cache},{count},{steps},{where}"
        done = subprocess.run([*group, *own, "--task", task], stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        yield (
            f"{name}: {found['rate']:,.0f} images/s, at most {found['peak'] / 1e6:,.0f} MB resident"
        )


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photographs.folders", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", default=["decode", "epoch", "memory", "rate"])
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        cache, count, steps, where = options.task.split(",")
        return train_many(Path(cache), int(count), int(steps), where == "array")
    folder = options.folder / "photographs"
    parts = {"decode": decode, "epoch": epoch, "memory": memory, "rate": rate}
    if set(options.parts) != {"rate"}:
        make(folder)
    for part in options.parts:
        for text in parts[part](folder):
            print(text, flush=True)
    return None


if __name__ == "__main__":
    main()
