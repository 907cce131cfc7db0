"""The options of `fencepost train`, in groups: each is a dataclass that the command is given.

A group checks what it was given before any data are read, and its docstring heads its panel of the
help. A new option is a field here and a line where it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ...errors import ArgumentError
from ..shared import options
from ..shared.loading import Source
from ..shared.outputs import check_others, check_picture, check_writable

NO_PICTURE = Path("none")


@dataclass(frozen=True)
class DataOptions:
    """Data."""

    data: Annotated[str, options.DATA] = "mnist"
    size: Annotated[str | None, options.SIZE] = None
    label: Annotated[str, options.LABEL] = "label"
    channels: Annotated[int | None, options.CHANNELS] = None

    def source(self) -> Source:
        """Return where the data are and how to read them."""
        return Source(self.data, options.parse_size(self.size), self.label, self.channels)


@dataclass(frozen=True)
class ModelOptions:
    """Model."""

    model: Annotated[
        str | None,
        typer.Option(
            help="lenet5, lenet5_1998, small_cnn, resnet9, resnet18 or mobilenet; or layers "
            "between commas, or a file of them, as fencepost size takes them: the last, Linear "
            "with an output for each class, may be left out.",
            show_default="lenet5 for MNIST, else small_cnn",
        ),
    ] = None


@dataclass(frozen=True)
class RecipeOptions:
    """Training."""

    epochs: Annotated[int | None, options.from_recipe("Passes over the data.", min=1)] = None
    batch_size: Annotated[int | None, options.from_recipe("Images per step.", min=1)] = None
    lr: Annotated[float | None, options.from_recipe("Peak learning rate.")] = None
    optimizer: Annotated[str | None, options.from_recipe("sgd, adam or adamw.")] = None
    weight_decay: Annotated[float | None, options.from_recipe("Weight decay (an L2 penalty).")] = (
        None
    )
    schedule: Annotated[
        str | None,
        options.from_recipe("Of the learning rate: constant, step, cosine or one_cycle."),
    ] = None
    augment: Annotated[
        str | None,
        options.from_recipe(
            "Random changes of each image, such as shift=2,rotate=10,scale=0.1,flip; or none."
        ),
    ] = None

    def given(self) -> dict[str, int | float | str | None]:
        """Return what the user gave by the names of a recipe's settings; else None."""
        settings = dict(vars(self))
        settings["augmentation"] = settings.pop("augment")
        return settings


@dataclass(frozen=True)
class ValidationOptions:
    """Validation."""

    validation: Annotated[
        float | None,
        typer.Option(
            help="Fraction of the training data by which the best epoch is chosen.",
            show_default="the data's own validation split, else none",
        ),
    ] = None

    def check(self) -> None:
        """Raise `ArgumentError` for what cannot be."""
        if self.validation is not None and not 0 < self.validation < 1:
            raise ArgumentError(
                f"--validation must be between 0 and 1. Received: {self.validation}."
            )


@dataclass(frozen=True)
class RunOptions:
    """Run."""

    seed: Annotated[int, typer.Option(min=0, help="Of everything that is random.")] = 0
    threads: Annotated[int | None, options.THREADS] = None
    checkpoint: Annotated[
        Path | None, typer.Option(help="File that keeps the training, to go on from it.")
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")
    ] = False

    def check(self) -> None:
        """Raise `ArgumentError` for what cannot be."""
        if self.resume and self.checkpoint is None:
            raise ArgumentError(
                "--resume needs to know what to go on from: give --checkpoint FILE."
            )


@dataclass(frozen=True)
class OutputOptions:
    """Output."""

    out: Annotated[
        Path | None,
        typer.Option(
            help="Model file; one that is there is replaced.",
            show_default="DATA-MODEL.safetensors",
        ),
    ] = None
    picture: Annotated[
        Path | None,
        typer.Option(
            help="PNG or SVG of what was learned; or none.", show_default="beside the model"
        ),
    ] = None
    as_json: Annotated[bool, options.JSON] = False

    def files(self, name: str, checkpoint: Path | None) -> tuple[Path, Path | None]:
        """Return the model file and the picture, if there is to be one; all can be written."""
        out = self.out or Path(f"{name}.safetensors")
        check_writable("--out", out)
        picture = None if self.picture == NO_PICTURE else self.picture or out.with_suffix(".png")
        if picture is not None:
            check_picture("--picture", picture)
        check_others(out, {"--picture": picture, "--checkpoint": checkpoint})
        return out, picture
