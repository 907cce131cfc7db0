"""The table "Networks": five networks, trained, predicting a batch, and predicting one image.

Before anything is timed, every system's outputs are compared with fencepost's: they may differ by
TOLERANCE of the largest output, as sums of thousands of float32 products in another order do; and
so may the losses of three steps of training, which start from the same weights.

Where the processor has AVX-512, fencepost is timed at AVX2 too, beside peers that still use
AVX-512: such ratios show what the engine's narrower kernels are worth, and may be below 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

import fencepost as fp
from fencepost.training import SGD

from ..harness import microseconds_per_image
from . import levels, peers, real_networks
from .real_networks import DEFINITIONS, Definition

TOLERANCE = 1e-3
OURS, BELOW = "fencepost", "fencepost at AVX2"
PEERS = ("ONNX Runtime", "OpenVINO", "PyTorch", "PyTorch channels-last", "PyTorch compiled", "JAX")
QUICK = False  # leave out what takes a minute to compile
# Batches of an epoch that is timed, by the width of its images: what a call of fit does once (2 to
# 13 ms) is then about a twentieth at most (docs/decisions/shared-blocks.md).
BATCHES = {28: 200, 32: 4, 64: 16, 96: 16, 224: 16}

Candidates = dict[str, Callable[[], object]]


def _assert_near(results: dict[str, np.ndarray]) -> None:
    expected = results[OURS]
    for name, result in results.items():
        error = np.abs(result - expected).max() / np.abs(expected).max()
        assert error < TOLERANCE, f"{name} differs by {error:.1e}"


def _last(model: torch.nn.Module) -> torch.nn.Module:
    return model.to(memory_format=torch.channels_last)


def prediction(definition: Definition, count: int) -> Candidates:
    """Return each system's prediction of `count` images, all with the same weights."""
    network = real_networks.in_fencepost(definition)
    model = real_networks.in_torch(definition, network)
    images = np.random.default_rng(1).random((count, *definition.input_shape), np.float32)
    file = peers.onnx_bytes(model, images)
    tensor = torch.from_numpy(images)
    tensor_last = tensor.contiguous(memory_format=torch.channels_last)
    model_last = _last(real_networks.in_torch(definition, network))
    candidates: dict[str, peers.Prediction] = {
        OURS: lambda: network(images),
        "ONNX Runtime": peers.in_onnxruntime(file, images),
        "PyTorch": peers.in_torch(model, tensor),
        "PyTorch channels-last": peers.in_torch(model_last, tensor_last),
    }
    openvino = peers.in_openvino(file, images)
    if openvino is not None:
        candidates["OpenVINO"] = openvino
    if not QUICK:
        candidates["PyTorch compiled"] = peers.in_torch(peers.compiled(model_last), tensor_last)
    level = levels.below()
    if level is not None:
        other = real_networks.in_fencepost(definition)
        with levels.engine_of(level):
            other(images)  # its plan is made
        candidates[BELOW] = lambda: other(images)
    _assert_near({name: call() for name, call in candidates.items()})
    return dict(candidates)


def training(definition: Definition) -> tuple[Candidates, int]:
    """Return each system's training for an epoch, and of how many images it is.

    PyTorch gets its batches ready made, which is the most favourable to it.
    """
    batches = BATCHES[definition.input_shape[-1]]
    count = batches * definition.batch
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *definition.input_shape), dtype=np.uint8)
    labels = rng.integers(0, 10, count)
    ready = [
        (torch.from_numpy(x.astype(np.float32) / 255), torch.from_numpy(y))
        for x, y in zip(np.split(images, batches), np.split(labels, batches), strict=True)
    ]
    ready_last = [(x.contiguous(memory_format=torch.channels_last), y) for x, y in ready]

    def fit(network: fp.Network, count: int, epochs: int = 1) -> np.ndarray:
        history = network.fit(
            images[:count],
            labels[:count],
            epochs=epochs,
            batch_size=definition.batch,
            optimizer=SGD(lr=peers.LR, momentum=peers.MOMENTUM, nesterov=False),
            schedule="constant",
            progress=False,
        )
        return np.array(history["loss"])

    network = real_networks.in_fencepost(definition)
    network.normalization = (0.0, 255.0)
    model = real_networks.in_torch(definition, network).train()
    model_last = _last(real_networks.in_torch(definition, network)).train()
    candidates: Candidates = {
        OURS: lambda: fit(network, count),
        "PyTorch": lambda: peers.trained(model, ready),
        "PyTorch channels-last": lambda: peers.trained(model_last, ready_last),
    }
    checked = {
        "PyTorch": peers.trained(model, ready[:1], 3),
        "PyTorch channels-last": peers.trained(model_last, ready_last[:1], 3),
    }
    if not QUICK:
        compiled = peers.compiled(real_networks.in_torch(definition, network).train())
        candidates["PyTorch compiled"] = lambda: peers.trained(compiled, ready)
        checked["PyTorch compiled"] = peers.trained(compiled, ready[:1], 3)
    if peers.is_installed("jax"):
        from . import jax_peer

        in_jax = jax_peer.Training(definition, network, peers.LR, peers.MOMENTUM)
        ready_jax = [in_jax.batch(x.numpy(), y.numpy()) for x, y in ready]
        candidates["JAX"] = lambda: in_jax.fit(ready_jax)
        checked["JAX"] = in_jax.fit(ready_jax[:1], 3)
    level = levels.below()
    if level is not None:
        other = real_networks.in_fencepost(definition)
        other.normalization = (0.0, 255.0)

        def fit_below(*arguments: int) -> np.ndarray:
            with levels.engine_of(level):
                return fit(other, *arguments)

        candidates[BELOW] = lambda: fit_below(count)
        checked[BELOW] = fit_below(definition.batch, 3)
    _assert_near({OURS: fit(network, definition.batch, 3), **checked})
    return candidates, count


def _cell(medians: dict[str, float], aim: float) -> str:
    ours = medians[OURS]
    best = min((name for name in medians if name in PEERS), key=medians.__getitem__)
    cell = f"{ours:.4g}, **{medians[best] / ours:.2f}** × {best} (aim {aim:g}"
    return f"{cell}; AVX2 {medians[best] / medians[BELOW]:.2f})" if BELOW in medians else f"{cell})"


def lines(names: Sequence[str] = ()) -> Iterator[str]:
    """Yield both tables, of the networks whose names contain one of `names`, or of all."""
    details = []
    yield "| µs per image, times the best peer's speed | training | inference, batch | one image |"
    yield "| --- | --- | --- | --- |"
    for definition in DEFINITIONS:
        if names and not any(name in definition.name for name in names):
            continue
        candidates, count = training(definition)
        columns = [("training", microseconds_per_image(candidates, count), definition.training)]
        for what, images, aim in (
            ("inference, batch", definition.batch, definition.inference),
            ("one image", 1, definition.one_image),
        ):
            medians = microseconds_per_image(prediction(definition, images), images)
            columns.append((what, medians, aim))
        cells = " | ".join(_cell(medians, aim) for _, medians, aim in columns)
        yield f"| {definition.name}, batch {definition.batch} | {cells} |"
        details += [(f"{definition.name}: {what}", medians) for what, medians, _ in columns]
    columns_of_peers = (OURS, BELOW, *PEERS)
    yield from ("", "| µs per image | " + " | ".join(columns_of_peers) + " |")
    yield "| --- |" + " ---: |" * len(columns_of_peers)
    for what, medians in details:
        cells = " | ".join(f"{medians[n]:.4g}" if n in medians else "–" for n in columns_of_peers)
        yield f"| {what} | {cells} |"
