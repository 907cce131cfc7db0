"""What `fit` can train: flat arrays, and the engine's plan that computes with them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..datasets.prepare.input_range import InputRange

if TYPE_CHECKING:
    from .._engine import NetworkPlan
    from ..datasets.content import TrainedOn

Floats = NDArray[np.float32]


class Weights(Protocol):
    """What training asks of `fencepost.network.vectors.Weights`."""

    def lent(self) -> AbstractContextManager[tuple[Floats, Floats, Any, Any]]:
        """Parameters and state, each one after the other, and no view of them afterwards."""


class Trainable(Protocol):
    """What training asks of a network; `fencepost.Network` has all of it.

    `engine_plan` computes outputs and gradients from parameters and state, which training changes
    in place; see `fencepost.Network` for each name.
    """

    trained_on: TrainedOn

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of one output."""

    @property
    def engine_plan(self) -> NetworkPlan:
        """The steps of the engine."""

    @property
    def engine_weights(self) -> Weights:
        """Where parameters and state are had."""

    @property
    def normalization(self) -> tuple[Floats, Floats] | None:
        """Mean and standard deviation of each channel, where they are known; `fit` sets them."""

    @normalization.setter
    def normalization(self, pair: tuple[ArrayLike, ArrayLike] | None) -> None: ...

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Name of each output, where they are known; `fit` sets those of labels in words."""

    @class_names.setter
    def class_names(self, names: Sequence[str] | None) -> None: ...

    @property
    def input_range(self) -> InputRange | None:
        """What was measured on the images of the last training; `fit` sets it."""

    @input_range.setter
    def input_range(self, measured: InputRange | None) -> None: ...

    @property
    def calibration(self) -> Any:
        """What `calibrate` measured; `fit` sets None, since the weights will be others."""

    @calibration.setter
    def calibration(self, measured: None) -> None: ...

    def calibrate(self, images: Any, labels: Any, *, training_images: Any = None) -> object:
        """Measure held-out images, beside some of the training, at the end of a training."""

    def config(self) -> dict[str, Any]:
        """Return plain data, whose "layers" tell one network from another."""
