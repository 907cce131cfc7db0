"""`find_lr`: which learning rate a network learns fastest with, before it learns anything."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import integer, real
from ..arguments import seed as seed_of
from ..arrays import ANY, as_array
from ..errors import ArgumentError
from ..threads import as_threads, get_num_threads
from .augmentation import Augmentation, as_augmentation
from .backends.backend import Arrays
from .backends.engine import EngineBackend
from .batches import require_normalizable
from .data import DataSpec, normalization_of
from .losses import Loss, as_loss
from .optimizers import Optimizer, as_optimizer
from .options import RunOptions
from .schedules import Constant
from .trainable import Trainable

Floats = NDArray[np.float64]

_PIECE = 5  # steps between two looks at the loss
_DIVERGED = 4.0  # a loss of so many times the lowest
_MEMORY = 0.9  # of the moving average of the loss


@dataclass(frozen=True)
class LearningRates:
    """What `find_lr` measured.

    Attributes
    ----------
    rates, losses : array of float64, shape (steps,)
        The learning rate of each step, and the loss of its batch before it.
    smoothed : array of float64, shape (steps,)
        A moving average of the losses.
    suggestion : float
        The middle of the decade of rates over which the loss fell most.
    """

    rates: Floats
    losses: Floats
    smoothed: Floats
    suggestion: float

    def __str__(self) -> str:
        """Say the suggestion and where the loss was lowest."""
        lowest = self.rates[int(np.argmin(self.smoothed))]
        return (
            f"The loss fell most steeply at a learning rate of {self.suggestion:.2g}, and was "
            f"lowest at {lowest:.2g}."
        )


def find_lr(
    net: Trainable,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    batch_size: int = 64,
    optimizer: Optimizer | str | None = None,
    loss: Loss | str | None = None,
    augmentation: Augmentation | str | None = None,
    start: float = 1e-6,
    end: float = 10.0,
    steps: int = 150,
    seed: int = 0,
    threads: int | None = None,
) -> LearningRates:
    """Learning-rate range test: train a copy of `net` while the rate rises, and record the loss.

    The rate rises exponentially from `start` to `end`, and the test ends early once the loss is 4
    times its lowest. L. N. Smith, Cyclical learning rates for training neural networks (2015),
    section 3.3. The network itself is not changed.

    Parameters
    ----------
    net, images, labels, batch_size, optimizer, loss, augmentation, seed, threads
        As those of `fit`; the optimizer's own rate is not used.
    start, end : float
        The first rate and the last, more than 0; `end` is the larger.
    steps : int
        At least 10.

    Raises
    ------
    ArgumentError
        A setting out of range.
    DataError
        Images or labels that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> from fencepost.training import find_lr
    >>> images = np.zeros((200, 1, 8, 8), np.uint8)
    >>> images[:100, :, :, 2] = images[100:, :, 5] = 255  # a vertical or a horizontal bar
    >>> net = fp.Network((1, 8, 8), [fp.Conv2d(4, 3), fp.ReLU(), fp.Flatten(), fp.Linear(2)])
    >>> found = find_lr(net, images, np.repeat([0, 1], 100))
    >>> 1e-4 < found.suggestion < 1
    True
    """
    start, end = real("start", start, 0, above=True), real("end", end, 0, above=True)
    if end <= start:
        raise ArgumentError(f"end must be more than start. Received: start={start}, end={end}.")
    outputs = math.prod(net.output_shape)
    targets = as_array("labels", labels, kinds=ANY)
    options = RunOptions(
        epochs=1,
        batch_size=integer("batch_size", batch_size, 1),
        optimizer=as_optimizer(optimizer),
        schedule=Constant(),
        loss=as_loss(loss, targets, outputs),
        augmentation=as_augmentation(augmentation, net.input_shape),
        seed=seed_of("seed", seed),
        threads=get_num_threads() if threads is None else as_threads("threads", threads),
        keep_best=False,
        patience=None,
    )
    options.loss.check_outputs(outputs)
    data = DataSpec.of(net, options.loss, targets).checked(images, labels, training=True)
    if options.augmentation is not None:
        options.augmentation.check_input(net.input_shape, data.sample())
    batch = min(options.batch_size, len(data))
    require_normalizable(net, batch, batch)
    mean, std = net.normalization or normalization_of(data)
    with net.engine_weights.lent() as (parameters, state, *_):
        copies = parameters.copy(), state.copy()
    options = dataclasses.replace(options, batch_size=batch)
    backend = EngineBackend(net, Arrays(*copies, mean, np.reciprocal(std)), options, data.sample())
    rates = np.geomspace(start, end, integer("steps", steps, 10))
    epochs = -(-len(rates) * batch // len(data))
    order = np.concatenate([data.order(options.seed, epoch) for epoch in range(epochs)])
    losses = np.zeros(0)
    for first in range(0, len(rates), _PIECE):
        piece = rates[first : first + _PIECE].astype(np.float32)
        chosen = order[first * batch : (first + len(piece)) * batch]
        data.ready(chosen)
        found, _ = backend.run(data.images, data.targets, chosen, piece, first, None)
        losses = np.concatenate([losses, found])
        smoothed = _moving_average(losses)
        beyond = ~(smoothed <= _DIVERGED * np.fmin.accumulate(smoothed))
        if beyond.any():
            last = max(int(beyond.argmax()), 2)
            losses, smoothed = losses[:last], smoothed[:last]
            break
    tried = rates[: len(losses)]
    return LearningRates(tried, losses, smoothed, _steepest(tried, smoothed))


def _moving_average(losses: Floats) -> Floats:
    """Average exponentially, and divide by what the weights sum up to so far."""
    total, average = 0.0, np.empty_like(losses)
    for step, loss in enumerate(losses):
        total = _MEMORY * total + (1 - _MEMORY) * loss
        average[step] = total / (1 - _MEMORY ** (step + 1))
    return average


def _steepest(rates: Floats, smoothed: Floats) -> float:
    """Return the middle of the decade over which the loss falls most, before its lowest.

    A decade, because single steps are as noisy as their batches.
    """
    lowest = max(int(np.argmin(smoothed)), 1)
    decade = math.ceil(len(rates) / max(math.log10(rates[-1] / rates[0]), 1.0))
    window = min(decade, lowest)
    before, after = smoothed[: lowest - window + 1], smoothed[window : lowest + 1]
    first = int(np.argmax(before - after))
    return math.sqrt(rates[first] * rates[first + window])
