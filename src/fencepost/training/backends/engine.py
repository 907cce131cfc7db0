"""The engine as a backend: threads of one process, in the network's own arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _engine
from ..data import border_value
from ..options import RunOptions
from ..trainable import Floats, Trainable
from .backend import Arrays
from .processes import Processes


class EngineBackend:
    """Computes with the plan of a network."""

    processes = Processes()

    def __init__(
        self, net: Trainable, arrays: Arrays, options: RunOptions, images: NDArray[Any]
    ) -> None:
        changes = options.augmentation
        self._plan = net.engine_plan
        self._arrays = arrays
        self._threads = options.threads
        self._trainer = _engine.Trainer(
            self._plan,
            options.batch_size,
            options.loss.engine(),
            options.optimizer.engine(),
            None if changes is None else changes.engine(border_value(images), arrays.mean),
            options.seed,
            options.threads,
            options.clip_norm or 0.0,
            options.average_decay or 0.0,
        )
        self.slots: Floats = np.zeros((self._trainer.slots, arrays.parameters.size), np.float32)
        self.averages: tuple[Floats, Floats] | None = None
        if options.average_decay is not None:
            self.averages = arrays.parameters.copy(), arrays.state.copy()

    def describe(self) -> str:
        """Name the instruction set."""
        return f"{_engine.level}, {self._plan.lanes} lanes"

    def run(
        self,
        images: NDArray[Any],
        targets: NDArray[Any],
        order: NDArray[Any],
        rates: Floats,
        first_step: int,
        sample_weight: Floats | None,
    ) -> tuple[Floats, int]:
        """Take the steps without returning to Python between them."""
        arrays = self._arrays
        return self._trainer.run(
            arrays.parameters,
            arrays.state,
            self.slots,
            images,
            arrays.mean,
            arrays.scale,
            targets,
            order,
            rates,
            first_step,
            sample_weight,
            *(self.averages or ()),
        )

    def forward(self, images: NDArray[Any]) -> Floats:
        """Compute the outputs."""
        arrays = self._arrays
        parameters, state = self.averages or (arrays.parameters, arrays.state)
        return self._plan.forward(
            parameters, state, images, arrays.mean, arrays.scale, self._threads
        )

    def load(self) -> None:
        """Do nothing: the arrays are what it computes in."""

    def store(self) -> None:
        """Do nothing, likewise."""
