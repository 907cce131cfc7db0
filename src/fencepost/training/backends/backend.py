"""What the training loop asks of whatever computes: steps, outputs, and who else takes part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from ..trainable import Floats
from .processes import Processes


@dataclass(frozen=True)
class Arrays:
    """What a training changes in place, the network's own, and by what pixels are normalised."""

    parameters: Floats
    state: Floats
    mean: Floats
    scale: Floats


class Backend(Protocol):
    """Takes steps of gradient descent.

    It may compute in memory of its own: `load` takes the values of the arrays and of `slots`, and
    `store` puts them back there.
    """

    @property
    def processes(self) -> Processes:
        """Who else takes the same steps."""

    @property
    def slots(self) -> Floats:
        """What the optimizer remembers: (slots, parameters)."""

    @property
    def averages(self) -> tuple[Floats, Floats] | None:
        """Moving averages of parameters and state, if the options ask for them."""

    def describe(self) -> str:
        """What the result depends on, beside settings and data."""

    def run(
        self,
        images: NDArray[Any],
        targets: NDArray[Any],
        order: NDArray[Any],
        rates: Floats,
        first_step: int,
        sample_weight: Floats | None,
    ) -> tuple[Floats, int]:
        """Take a step for each rate, with the images that `order` names, batch by batch.

        Returns the loss of each step, and how many images were classified rightly.
        """

    def forward(self, images: NDArray[Any]) -> Floats:
        """Compute the outputs (N, F) of the network as it predicts, with the averages if any."""

    def load(self) -> None:
        """Take the values of the arrays."""

    def store(self) -> None:
        """Put the values into the arrays."""
