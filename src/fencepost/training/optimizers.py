"""How a gradient becomes a step: SGD with momentum, Adam, AdamW, by PyTorch's formulas.

Each optimizer checks its fields and says what the engine is to compute; the update itself runs in
the engine.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from ..arguments import flag, real
from ..errors import ArgumentError
from ..remedies import received, spelled
from ..text import format_value
from .settings import Setting, as_setting


@dataclass(frozen=True)
class Optimizer(Setting):
    """Base of the optimizers: a learning rate, and settings of its own.

    Examples
    --------
    >>> from fencepost.training import Adam, Optimizer
    >>> optimizer: Optimizer = Adam(weight_decay=0.1)
    >>> optimizer.lr
    0.002
    """

    lr: float

    def engine(self) -> dict[str, Any]:
        """Return the engine's settings (the rate is passed with each step)."""
        settings = dataclasses.asdict(self)
        del settings["lr"]
        return {"name": self.name, **settings}


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum.

    ``v ← momentum · v + g``, then ``w ← w - lr · v`` (with Nesterov: ``w ← w - lr · (g + momentum
    · v)``), where g is the gradient plus ``weight_decay · w`` and v starts as the first gradient.

    Parameters
    ----------
    lr : float
        The peak learning rate; the schedule scales it.
    momentum : float
        At least 0 and less than 1.
    nesterov : bool
        Look ahead (Sutskever et al. 2013); needs momentum.
    weight_decay : float
        Weight decay (an L2 penalty).

    Examples
    --------
    >>> from fencepost.training import SGD
    >>> SGD(lr=0.1, momentum=0.0, nesterov=False)
    SGD(lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0)
    """

    lr: float = 0.05
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0

    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        self._set(
            lr=real("lr", self.lr, 0, above=True),
            momentum=real("momentum", self.momentum, 0, 1, below=True),
            nesterov=flag("nesterov", self.nesterov),
            weight_decay=real("weight_decay", self.weight_decay, 0),
        )
        _check_decay(self.lr, self.weight_decay)
        if self.nesterov and not self.momentum:
            raise ArgumentError(
                "nesterov=True needs a momentum above 0. Received: momentum=0. "
                "Use nesterov=False, or a momentum such as 0.9."
            )


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015); weight decay is added to the gradient, as in PyTorch's Adam.

    ``m ← β₁ m + (1-β₁) g``, ``v ← β₂ v + (1-β₂) g²``, then at step t
    ``w ← w - lr · (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + eps)``.

    Parameters
    ----------
    lr : float
        The peak learning rate; the schedule scales it.
    betas : (float, float)
        Each at least 0 and less than 1.
    eps : float
        Above 0.
    weight_decay : float
        Weight decay (an L2 penalty).

    Examples
    --------
    >>> from fencepost.training import Adam
    >>> Adam(lr=3e-4).betas
    (0.9, 0.999)
    """

    lr: float = 0.002
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    name: ClassVar[str] = "adam"

    def __post_init__(self) -> None:
        betas = self.betas
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ArgumentError(
                f"betas must be two numbers, such as (0.9, 0.999). Received: {format_value(betas)}."
            )
        self._set(
            lr=real("lr", self.lr, 0, above=True),
            betas=tuple(
                real(f"betas[{index}]", beta, 0, 1, below=True) for index, beta in enumerate(betas)
            ),
            eps=real("eps", self.eps, 0, above=True),
            weight_decay=real("weight_decay", self.weight_decay, 0),
        )


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019).

    ``w ← w - lr · weight_decay · w`` beside Adam's own step. Parameters as for `Adam`.

    Examples
    --------
    >>> from fencepost.training import AdamW
    >>> AdamW().weight_decay
    0.01
    """

    weight_decay: float = 0.01

    name: ClassVar[str] = "adamw"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_decay(self.lr, self.weight_decay)


def _check_decay(lr: float, weight_decay: float) -> None:
    """Raise `ArgumentError` where a step would turn each weight round, and not shrink it."""
    if lr * weight_decay >= 1:
        raise ArgumentError(
            f"{spelled('lr')} times {spelled('weight_decay')} must be less than 1: each step "
            f"multiplies the weights by 1 less that. Received: {received('lr', lr)}, "
            f"{received('weight_decay', weight_decay)}. Usual are 0.0001 to 0.1 for each."
        )


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def as_optimizer(value: Optimizer | str | None, **changes: float | None) -> Optimizer:
    """Take an optimizer as an object, its name or None (Adam), with the fields of `changes`."""
    optimizer = as_setting("optimizer", "adam" if value is None else value, OPTIMIZERS)
    given: dict[str, Any] = {name: field for name, field in changes.items() if field is not None}
    return dataclasses.replace(optimizer, **given)
