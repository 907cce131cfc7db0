"""The options of `fencepost train` that set how it trains, with their defaults in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from ...arguments import choice, real
from ..shared.recipes import LEAST_STEPS, MOST_EPOCHS, RECIPES, SMALL_BATCH, SMALL_DATA, by_model


@dataclass(frozen=True)
class RecipeOptions:
    """Training."""

    epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Passes over the training data.",
            show_default=f"{RECIPES['lenet5'].epochs} on MNIST, else 8 to {MOST_EPOCHS}: at least "
            f"{LEAST_STEPS:,} steps",
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Images per step.",
            show_default=f"64; {SMALL_BATCH} with less than {SMALL_DATA:,} images",
        ),
    ] = None
    lr: Annotated[
        float | None, typer.Option(help="Peak learning rate.", show_default=by_model("lr"))
    ] = None
    optimizer: Annotated[
        str | None,
        typer.Option(help="sgd, adam or adamw.", show_default=by_model("optimizer")),
    ] = None
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="Weight decay.",
            show_default="0.01 for adamw, else 0; lenet5_1998 0.001, with --backbone 0.05",
        ),
    ] = None
    schedule: Annotated[
        str | None,
        typer.Option(
            help="Learning-rate schedule: constant, step, cosine or one_cycle.",
            show_default=by_model("schedule"),
        ),
    ] = None
    augmentation: Annotated[
        str | None,
        typer.Option(
            "--augment",
            help="Random changes of each image: light, strong, none, or a list such as "
            "shift=2,rotate=10,flip,crop=0.6,jitter=0.2.",
            show_default="small shifts, rotations and scalings; none for signals",
        ),
    ] = None

    label_smoothing: Annotated[
        float | None, typer.Option(help="Label smoothing.", show_default="0")
    ] = None
    clip_norm: Annotated[
        float | None,
        typer.Option(help="Clip the gradient norm to this.", show_default="not clipped"),
    ] = None
    ema: Annotated[
        float | None,
        typer.Option(
            help="Decay of an exponential moving average of the weights, such as 0.999; the "
            "averaged weights are saved.",
            show_default="no average",
        ),
    ] = None
    balance: Annotated[
        str | None,
        typer.Option(
            help="For imbalanced classes: weights (class weights in the loss) or oversample "
            "(images of rare classes are drawn more often).",
            show_default="neither",
        ),
    ] = None

    def check(self) -> None:
        """Raise `ArgumentError` for what cannot be."""
        if self.label_smoothing is not None:
            real("--label-smoothing", self.label_smoothing, 0, 1, below=True)
        if self.clip_norm is not None:
            real("--clip-norm", self.clip_norm, 0, above=True)
        if self.ema is not None:
            real("--ema", self.ema, 0, 1, above=True, below=True)
        if self.balance is not None:
            choice("--balance", self.balance, ("weights", "oversample"))

    def given(self) -> dict[str, int | float | str | None]:
        """Return what the user gave by the names of a recipe's settings; else None."""
        return dict(vars(self))
