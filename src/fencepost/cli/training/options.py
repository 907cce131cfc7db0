"""The options of `fencepost train`, in groups: each is a dataclass that the command is given.

A group checks what it was given before any data are read, and its docstring heads its panel of the
help. A new option is a field here and a line where it is used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...arguments import choice, integer
from ...errors import ArgumentError
from ...text import plural
from ..shared import options
from ..shared.loading import Source
from ..shared.outputs import check_outputs, check_writable

if TYPE_CHECKING:
    from ...interchange.backbone.backbone import Backbone

NO_PLOT = Path("none")
MOST_SEED, MOST_SEEDS = 2**63 - 1, 1000  # every one of them a seed of 64 bits
HELD_OUT = 0.1  # of the training data, where an option needs a validation


@dataclass(frozen=True)
class DataOptions:
    """Data."""

    data: Annotated[str, options.DATA] = "mnist"
    size: Annotated[str | None, options.SIZE] = None
    label: Annotated[str, options.LABEL] = "label"
    channels: Annotated[int | None, options.CHANNELS] = None
    fit: Annotated[str | None, options.FIT] = None
    nested: Annotated[bool | None, options.NESTED] = None
    skip_bad: Annotated[bool, options.SKIP_BAD] = False
    cache: Annotated[str | None, options.CACHE] = None

    def source(self) -> Source:
        """Return where the data are and how to read them."""
        return Source(
            **{
                **vars(self),
                "size": options.parse_size(self.size),
                "fit": choice("--fit", "crop" if self.fit is None else self.fit, options.FITS),
            }
        )


@dataclass(frozen=True)
class ModelOptions:
    """Model."""

    model: Annotated[
        str | None,
        typer.Option(
            help="lenet5, lenet5_1998, small_cnn, resnet9, resnet18 or mobilenet; or layers "
            "separated by commas, or a file of them, as `fencepost size` takes them. The last "
            "layer, Linear with an output for each class, may be left out.",
            show_default="lenet5 for MNIST, else small_cnn",
        ),
    ] = None

    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Model file to start from: its weights, normalisation and preparation of images. "
            "For other classes its last layer starts afresh.",
            show_default="none: random initial weights",
        ),
    ] = None
    backbone: Annotated[
        Path | None,
        typer.Option(
            help="Pretrained ONNX image model as a feature extractor: a classifier is trained on "
            "its features (cached on disk), in seconds and from few images.",
            show_default="none",
        ),
    ] = None
    backbone_layer: Annotated[
        str | None,
        typer.Option(
            help="Name of the array in the ONNX file that holds the features, or output.",
            show_default="the input of the last dense layer, if there is one",
        ),
    ] = None
    backbone_pixels: Annotated[
        str | None,
        typer.Option(
            help="Preprocessing of the backbone: imagenet (mean and standard deviation, as in "
            "torchvision), 0-1, -1-1 (as in TensorFlow) or 0-255.",
            show_default="detected, else imagenet, or -1-1 with channels last",
        ),
    ] = None

    def other_layers(self) -> dict[str, Any]:
        """Return what was given that --from leaves no room for, by option."""
        return {
            "--model": self.model,
            "--backbone": self.backbone,
            "--backbone-layer": self.backbone_layer,
            "--backbone-pixels": self.backbone_pixels,
        }

    def open_backbone(self, source: Source) -> Backbone | None:
        """Open the backbone, if there is one. Raises `ArgumentError` for what cannot be."""
        if self.backbone is None:
            if self.backbone_layer is not None or self.backbone_pixels is not None:
                raise ArgumentError("--backbone-layer and --backbone-pixels need --backbone FILE.")
            return None
        from ...interchange.backbone.backbone import NORMALIZATIONS, Backbone

        if self.backbone_pixels is not None:
            choice("--backbone-pixels", self.backbone_pixels, NORMALIZATIONS)
        return Backbone(
            self.backbone,
            layer=self.backbone_layer,
            normalization=self.backbone_pixels,
            size=source.size,
        )


@dataclass(frozen=True)
class ValidationOptions:
    """Validation and stopping."""

    validation: Annotated[
        float | None,
        typer.Option(
            help="Fraction of the training data to hold out for validation, by which the best "
            "epoch is chosen.",
            show_default="the validation split of the data; else none, or 0.1 if an option below "
            "needs it",
        ),
    ] = None
    early_stopping: Annotated[
        int | None,
        typer.Option(
            "--patience",
            help="Stop after this many epochs without improvement of the validation accuracy.",
            show_default="never",
        ),
    ] = None
    restore_best: Annotated[
        bool | None,
        typer.Option(
            "--restore-best/--no-restore-best",
            help="Save the weights of the best epoch, or of the last.",
            show_default="the best epoch, with validation",
        ),
    ] = None
    target_accuracy: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="Stop when the validation accuracy reaches this, such as 99%.",
            show_default="none",
        ),
    ] = None
    time: Annotated[
        str | None,
        typer.Option(
            help="Time limit of the command, such as 60s, 5m or 1h30m. The learning-rate schedule "
            "ends with it.",
            show_default="no limit",
        ),
    ] = None

    @property
    def needs_validation(self) -> bool:
        """Whether an option was given that is nothing without validation."""
        return not (
            self.early_stopping is None and self.target_accuracy is None and not self.restore_best
        )

    def share(self, given: bool) -> float | None:
        """Return what share of the training data validates; None if none, or if others do."""
        if self.validation is not None or given or not self.needs_validation:
            return self.validation
        return HELD_OUT

    def stopping(self) -> dict[str, Any]:
        """Return the settings of `fit` that say when it ends and what it leaves."""
        return {
            "early_stopping": self.early_stopping,
            "target_accuracy": (
                None if self.target_accuracy is None else options.parse_share(self.target_accuracy)
            ),
            "keep_best": self.restore_best is not False,
        }

    def seconds(self) -> float | None:
        """Return how long the command may take."""
        return None if self.time is None else options.parse_duration(self.time)

    def check(self) -> None:
        """Raise `ArgumentError` for what cannot be."""
        if self.early_stopping is not None:
            integer("--patience", self.early_stopping, 1)
        self.stopping()
        self.seconds()
        if self.validation is not None and not 0 < self.validation < 1:
            raise ArgumentError(
                "--validation must be a fraction between 0 and 1, such as 0.1. Received: "
                f"{self.validation:g}."
            )


@dataclass(frozen=True)
class RunOptions:
    """Run."""

    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Random seed.")] = 0
    seeds: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_SEEDS,
            help="Train this many networks with successive seeds, and print mean and standard "
            "deviation of their test accuracy. The one with the best validation accuracy is "
            "saved; without validation, the first.",
        ),
    ] = 1
    threads: Annotated[int | None, options.THREADS] = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Checkpoint file for resuming. With --seeds, one for each: run-seed0.ckpt and so "
            "on."
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Resume from the checkpoint, if there is one; with more --epochs, also once it "
            "has ended.",
        ),
    ] = False

    def settings(self) -> dict[str, Any]:
        """Return them by the names that `fit` has for them; the seed goes with each training."""
        return {name: value for name, value in vars(self).items() if not name.startswith("seed")}

    def absent(self) -> list[Path]:
        """Return the checkpoints that are to be resumed from, and are not there."""
        if not self.resume or self.checkpoint is None:
            return []
        from .session import checkpoint_of

        each = [checkpoint_of(self.checkpoint, self.seed + k) for k in range(self.seeds)]
        paths = each if self.seeds > 1 else [self.checkpoint]
        return [path for path in paths if not path.exists()]

    def check(self) -> None:
        """Raise `ArgumentError` for what cannot be."""
        if self.resume and self.checkpoint is None:
            raise ArgumentError(
                "--resume needs a checkpoint to resume from. Received: none. Use --checkpoint FILE."
            )


@dataclass(frozen=True)
class BackendOptions:
    """Backend."""

    backend: Annotated[
        str,
        typer.Option(
            help="engine (fencepost's own, on the CPU), or torch (PyTorch: on a GPU, or in several "
            "processes started by torchrun)."
        ),
    ] = "engine"
    device: Annotated[str, typer.Option(help="Device for --backend torch: auto, cpu or cuda.")] = (
        "auto"
    )

    def is_first(self) -> bool:
        """Tell whether this process, of those that torchrun may have started, writes and prints.

        Raises ArgumentError if there are several, and the backend is one that works alone.
        """
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count > 1 and self.backend == "engine":
            raise ArgumentError(
                "several processes train together with --backend torch only. Received: "
                f"{plural(count, 'process', 'processes')}, started by torchrun, and the engine. "
                "Use --backend torch, or leave torchrun out: the engine uses all cores."
            )
        return int(os.environ.get("RANK", "0")) == 0


@dataclass(frozen=True)
class OutputOptions:
    """Output."""

    find_lr: Annotated[
        Path | None,
        typer.Option(
            help="Do not train, but run a learning-rate range test, print a good learning rate, "
            "and plot the losses (.png or .svg).",
            show_default=False,
        ),
    ] = None

    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Model file.", show_default="DATA-MODEL.safetensors"),
    ] = None
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Plot of what was learned (.png or .svg), or none.",
            show_default="beside the model",
        ),
    ] = None
    show_augmentation: Annotated[
        Path | None,
        typer.Option(
            help="Plot of augmented training images (.png or .svg), before training; with "
            "--epochs 0 nothing is trained.",
            show_default="none",
        ),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            help="HTML report in one file: data, training, classes, errors and network.",
            show_default="none",
        ),
    ] = None
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Overwrite files that exist. --resume overwrites them as well."
        ),
    ] = False
    as_json: Annotated[bool, options.JSON] = False

    def files(self, name: str, checkpoint: Path | None, resume: bool) -> tuple[Path, Path | None]:
        """Return the model file and the plot, if there is to be one; all can be written."""
        out = self.out or Path(f"{name}.safetensors")
        if self.find_lr is None:
            check_writable("--out", out)
        plot = None if self.plot == NO_PLOT else self.plot or out.with_suffix(".png")
        if self.report is not None and self.report.suffix.lower() not in (".html", ".htm"):
            raise ArgumentError(f"--report must be a .html file. Received: {self.report}.")
        overwrite = self.overwrite or resume
        shown = {"--find-lr": self.find_lr, "--show-augmentation": self.show_augmentation}
        check_outputs(shown, overwrite)
        trained = {"--out": self.out, "--plot": self.plot, "--report": self.report}
        trained["--checkpoint"] = checkpoint
        for option, path in trained.items():
            if self.find_lr is not None and path is not None:
                raise ArgumentError(
                    "--find-lr trains nothing, so that there is no such file to write. Received: "
                    f"{option} {path} as well. Leave out one of the two."
                )
        if self.find_lr is None:
            files = {"--out": out, "--plot": plot, "--report": self.report, **shown}
            check_outputs(files, overwrite, kept={"--checkpoint": checkpoint})
        return out, plot
