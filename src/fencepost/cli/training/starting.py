"""`fencepost train --from`: the model that a training starts from, and what it asks of the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ArgumentError, DataError
from ...text import join_words
from ..shared import loading
from ..shared.console import format_sample_shape
from ..shared.recipes import RECIPES

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ...interchange.backbone.backbone import Backbone
    from ...network import Network
    from ..shared.loading import Source

_OTHERS = (".onnx", ".pt2", ".pt", ".pth", ".h5", ".keras", ".tflite")


@dataclass(frozen=True)
class Start:
    """A model file and its network, with the backbone that stands before it, if one does."""

    path: Path
    network: Network
    backbone: Backbone | None

    @classmethod
    def of(cls, path: Path) -> Start:
        """Read the model. Raises `ArgumentError` for a file of another kind, `ModelFileError`."""
        from ... import load
        from ..shared.backbones import remembered_backbone

        if path.suffix.lower() in _OTHERS:
            how = "."
            if path.suffix.lower() == ".onnx":
                made = path.with_suffix(".safetensors").name
                how = (
                    f": fencepost convert {path} -o {made} --pixels imagenet (what was done to "
                    f"pixels before it), and give --from {made}."
                )
            raise ArgumentError(
                "--from must be a model file of fencepost, which states how its images were "
                f"prepared. Received: {path}. Convert it first{how}"
            )
        network = load(path)
        return cls(path, network, remembered_backbone(network, path))

    @property
    def name(self) -> str:
        """The name of the model: the one of its recipe, else that of its file."""
        model = str(loading.remembered(self.network).get("model", ""))
        return model if model in RECIPES else self.path.stem

    def source(self, source: Source, fit: str | None, others: dict[str, Any]) -> Source:
        """Return how the data are read, as the model takes them; `fit` if it was asked for.

        `others` are options that give other layers. Raises `ArgumentError` for those and for
        whatever contradicts the model.
        """
        for option, value in others.items():
            if value is not None:
                raise ArgumentError(
                    f"--from has its own layers, and {option} gives others: use one of the two. "
                    f"Received: --from {self.path} and {option} {value}."
                )
        remembered = loading.remembered_source(self.network)
        if fit is None and remembered is not None:
            source = replace(source, fit=remembered.fit)
        shape = self.network.input_shape
        if self.backbone is not None or len(shape) == 1:
            return source
        size = (shape[1], shape[2]) if len(shape) == 3 else None
        for name, asked, own in (
            ("--size", source.size, size),
            ("--channels", source.channels, shape[0]),
        ):
            if asked is not None and own is not None and asked != own:
                raise ArgumentError(
                    f"--from {self.path} takes {format_sample_shape(shape)}, and its weights fit "
                    f"no other. Received: {name} {_spelled(asked)}. Leave out {name}, or train a "
                    "model of that size from the start."
                )
        return replace(source, size=size, channels=shape[0])

    def check(self, data: Dataset, source: Source) -> None:
        """Raise DataError unless images are as the model takes them."""
        if self.backbone is None and data.input_shape != self.network.input_shape:
            raise DataError(
                f"{source.data}: --from {self.path} takes "
                f"{format_sample_shape(self.network.input_shape)}. Received: "
                f"{format_sample_shape(data.input_shape)}. Give data of that shape, or train a "
                "model of another from the start."
            )

    def build(self, data: Dataset, seed: int) -> Network:
        """Return the network that begins with the model's weights, for the classes of the data."""
        return self.network.with_classes(data.class_names, seed=seed)

    def sentence(self, data: Dataset) -> str:
        """Say what the training starts from."""
        from ...network.new_classes import is_replaced

        old, new = self.network.class_names, data.class_names
        said = f"Starts from {self.path}: its weights and normalisation"
        if is_replaced(self.network, new):
            before = "without names" if old is None else join_words(old[:12])
            return (
                f"{said}, except for the last layer, which starts afresh: its classes were "
                f"{before}, and are {join_words(new[:12])}."
            )
        if old is None:
            return f"{said}. It has no names of classes: they are {join_words(new[:12])}."
        return f"{said}." if old == new else f"{said}, its outputs in the order of the classes."


def opened(path: Path | None) -> Start | None:
    """Read the model of `--from`, if it was given."""
    return None if path is None else Start.of(path)


def _spelled(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
