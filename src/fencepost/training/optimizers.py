"""How a gradient becomes a step: SGD with momentum, Adam, AdamW, by PyTorch's formulas.

Each optimizer validates its settings and says what the engine is to compute; the update itself
runs in the engine. Used by ``fit``; calls ``errors`` only.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from fencepost.errors import ArgumentError
from fencepost.training import _values


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with momentum.

    ``v ← momentum · v + g``, then ``w ← w - lr · v`` (with Nesterov: ``w ← w - lr · (g + momentum
    · v)``), where g is the gradient plus ``weight_decay · w`` and v starts as the first gradient.

    Parameters
    ----------
    lr : float
        The learning rate at the schedule's full height.
    momentum : float
        At least 0 and less than 1.
    nesterov : bool
        Look ahead (Sutskever et al. 2013); needs momentum.
    weight_decay : float
        The pull of every weight towards 0.

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
        _set(
            self,
            lr=_values.number("lr", self.lr, above=True),
            momentum=_values.number("momentum", self.momentum, high=1.0, below=True),
            nesterov=_values.flag("nesterov", self.nesterov),
            weight_decay=_values.number("weight_decay", self.weight_decay),
        )
        if self.nesterov and not self.momentum:
            raise ArgumentError(
                "nesterov=True needs a momentum above 0. Received: momentum=0. "
                "Give nesterov=False, or a momentum such as 0.9."
            )

    def engine(self) -> dict[str, Any]:
        """Return what the engine is told (the rate of each step goes with the step)."""
        return _engine_settings(self)


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015); weight decay is added to the gradient, as in PyTorch's Adam.

    ``m ← β₁ m + (1-β₁) g``, ``v ← β₂ v + (1-β₂) g²``, then at step t
    ``w ← w - lr · (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + eps)``.

    Parameters
    ----------
    lr : float
        The learning rate at the schedule's full height.
    betas : (float, float)
        Each at least 0 and less than 1.
    eps : float
        Above 0.
    weight_decay : float
        The pull of every weight towards 0.

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
        _check_adam(self)

    def engine(self) -> dict[str, Any]:
        """Return what the engine is told (the rate of each step goes with the step)."""
        return _engine_settings(self)


@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019).

    ``w ← w - lr · weight_decay · w`` beside Adam's own step. Parameters as for `Adam`.

    Examples
    --------
    >>> from fencepost.training import AdamW
    >>> AdamW().weight_decay
    0.01
    """

    lr: float = 0.002
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.01

    name: ClassVar[str] = "adamw"

    def __post_init__(self) -> None:
        _check_adam(self)

    def engine(self) -> dict[str, Any]:
        """Return what the engine is told (the rate of each step goes with the step)."""
        return _engine_settings(self)


Optimizer = SGD | Adam | AdamW

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def as_optimizer(value: Optimizer | str | None, lr: float | None) -> Optimizer:
    """Take an optimizer as an object, its name or None (Adam); `lr` replaces its rate."""
    if value is None:
        optimizer: Optimizer = Adam()
    elif isinstance(value, str):
        optimizer = OPTIMIZERS[_values.choice("optimizer", value, OPTIMIZERS)]()
    elif isinstance(value, SGD | Adam | AdamW):
        optimizer = value
    else:
        raise ArgumentError(
            "optimizer must be SGD(...), Adam(...), AdamW(...) or one of "
            f"{', '.join(OPTIMIZERS)}. Received: {value!r}."
        )
    return optimizer if lr is None else dataclasses.replace(optimizer, lr=lr)


def _set(optimizer: Optimizer, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(optimizer, name, value)


def _check_adam(optimizer: Adam | AdamW) -> None:
    betas = optimizer.betas
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ArgumentError(
            f"betas must be two numbers, such as (0.9, 0.999). Received: {betas!r}."
        )
    _set(
        optimizer,
        lr=_values.number("lr", optimizer.lr, above=True),
        betas=tuple(
            _values.number(f"betas[{index}]", beta, high=1.0, below=True)
            for index, beta in enumerate(betas)
        ),
        eps=_values.number("eps", optimizer.eps, above=True),
        weight_decay=_values.number("weight_decay", optimizer.weight_decay),
    )


def _engine_settings(optimizer: Optimizer) -> dict[str, Any]:
    settings = dataclasses.asdict(optimizer)
    del settings["lr"]
    return {"name": optimizer.name, **settings}
