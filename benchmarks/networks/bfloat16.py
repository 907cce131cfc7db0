"""What `precision="bfloat16"` gains and costs: five networks timed, digits of MNIST told apart.

python -m benchmarks.networks.bfloat16
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import fencepost as fp
from fencepost.network import running

from ..harness import THREADS, microseconds_per_image
from . import real_networks


def speeds() -> Iterator[str]:
    """Yield a line for each network: µs an image in either precision, the largest difference."""
    for definition in real_networks.DEFINITIONS:
        network = real_networks.in_fencepost(definition)
        cells = []
        for count in (definition.batch, 1):
            images = np.random.default_rng(0).normal(size=(count, *definition.input_shape))
            batch = images.astype(np.float32)
            calls = {
                "float32": lambda b=batch, n=network: running.outputs(n, b, "float32"),
                "bfloat16": lambda b=batch, n=network: running.outputs(n, b, "bfloat16"),
            }
            exact, rounded = (call() for call in calls.values())
            times = microseconds_per_image(calls, count)
            error = np.abs(rounded - exact).max() / np.abs(exact).max()
            cells.append(f"{times['float32']:,.1f} | {times['bfloat16']:,.1f} | {error:.1%}")
        yield f"| {definition.name} | {' | '.join(cells)} |"


def digits() -> Iterator[str]:
    """Yield the accuracy on MNIST's test images in either precision, of the depthwise network."""
    images, labels = fp.datasets.mnist("train")
    test, truth = fp.datasets.mnist("test")
    for seed in range(3):
        layers = real_networks.DEFINITIONS[-1].layers(real_networks.Fencepost)
        network = fp.Network((1, 28, 28), layers, seed=seed)
        fp.training.fit(
            network, images, labels, epochs=2, seed=seed, threads=THREADS, progress=False
        )
        classes = {p: network.predict(test, precision=p) for p in ("float32", "bfloat16")}
        right = ", ".join(f"{np.mean(c == truth):.2%} in {p}" for p, c in classes.items())
        changed = np.count_nonzero(classes["float32"] != classes["bfloat16"])
        yield f"seed {seed}: {right}, {changed} of {len(test)} otherwise"


if __name__ == "__main__":
    fp.set_num_threads(THREADS)
    print(*digits(), sep="\n")
    print(*speeds(), sep="\n")
