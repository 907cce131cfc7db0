"""Training at batch 64 with SGD and momentum: forward, loss, backward, update.

fencepost runs its public `fit`, from uint8 images in a shuffled order, so normalising and
gathering the batches is in its time. PyTorch gets its batches ready made, which is the most
favourable to it: in its time are the steps alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

import fencepost as fp
from fencepost.training import SGD

from ..harness import Case, assert_agree, microseconds_per_image
from . import peers, small_networks

BATCH = 64
IMAGES = 50 * BATCH


def _fit(network: fp.Network, images: np.ndarray, labels: np.ndarray, epochs: int) -> np.ndarray:
    """Train in fencepost; return the loss of each epoch."""
    history = network.fit(
        images,
        labels,
        epochs=epochs,
        batch_size=BATCH,
        optimizer=SGD(lr=peers.LR, momentum=peers.MOMENTUM, nesterov=False),
        schedule="constant",
        progress=False,
    )
    return np.array(history["loss"])


def _verify(name: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Five steps on one batch must give the same losses and the same weights."""
    network = small_networks.in_fencepost(name)
    model = small_networks.in_torch(name, network)
    losses = _fit(network, images, labels, epochs=5)
    batch = torch.from_numpy(small_networks.normalised(images, network)), torch.from_numpy(labels)
    assert_agree({"fencepost": losses, "PyTorch": peers.trained(model, [batch], epochs=5)})
    for key, value in model.state_dict().items():
        assert_agree({"fencepost": network.parameters[key], f"PyTorch {key}": value.numpy()})


def cases() -> Iterator[Case]:
    """Yield the timed cases of both networks."""
    images, labels = small_networks.digits(IMAGES)
    labels = labels.astype(np.int64)
    asked = {"LeNet-5": 4.0, "CNN 32-64-128": 2.0}
    for name, ratio in asked.items():
        _verify(name, images[:BATCH], labels[:BATCH])
        network = small_networks.in_fencepost(name)
        _fit(network, images, labels, epochs=1)
        model = small_networks.in_torch(name, network)
        other_model = small_networks.channels_last(model)
        ready = torch.from_numpy(small_networks.normalised(images, network)).split(BATCH)
        targets = torch.from_numpy(labels).split(BATCH)
        batches = list(zip(ready, targets, strict=True))
        other_batches = [(x.to(memory_format=torch.channels_last), y) for x, y in batches]
        candidates: dict[str, Callable[[], object]] = {
            "fencepost": lambda n=network: _fit(n, images, labels, epochs=1),
            "PyTorch": lambda m=model, b=batches: peers.trained(m, b, epochs=1),
            "PyTorch channels-last": lambda m=other_model, b=other_batches: peers.trained(
                m, b, epochs=1
            ),
        }
        yield Case(
            f"{name}, training, batch {BATCH}",
            microseconds_per_image(candidates, IMAGES),
            {"PyTorch": (["PyTorch", "PyTorch channels-last"], ratio)},
        )
