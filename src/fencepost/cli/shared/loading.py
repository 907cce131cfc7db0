"""Data for the commands: what to train on, and what to judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from .console import format_sample_shape

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ...network import Network

MNIST = "mnist"
HELD_OUT = 0.15


@dataclass(frozen=True)
class Source:
    """Where data are and how to read them: what the user said, and what a model file remembers."""

    data: str = MNIST
    size: tuple[int, int] | None = None
    label: str = "label"
    channels: int | None = None

    @property
    def is_mnist(self) -> bool:
        """Whether these are the bundled digits."""
        return self.data == MNIST

    @property
    def short_name(self) -> str:
        """A name for files and titles."""
        return MNIST if self.is_mnist else Path(self.data).resolve().stem or "data"


@dataclass(frozen=True)
class Parts:
    """The data of a training; `held_out` is the share that was taken out to test with, if any."""

    train: Dataset
    validation: Dataset | None
    test: Dataset
    held_out: float | None
    description: str


def for_training(source: Source, seed: int) -> Parts:
    """Load data and make sure that there is a part to test with."""
    from ... import datasets

    found = datasets.open(
        source.data, size=source.size, label=source.label, channels=source.channels
    )
    if not found.train.class_names:
        raise DataError(
            f"{source.data}: the command trains classifiers, so labels must be classes. Received: "
            "numbers to be predicted. In Python, Network.fit does that with the loss mse."
        )
    train, test, held_out = found.train, found.test, None
    lines = [found.description]
    if test is None:
        held_out, total = HELD_OUT, len(train)
        train, test = train.split(HELD_OUT, seed)
        lines.append(
            f"There is no test part, so {len(test):,} of the {total:,} (of each class "
            f"{100 * HELD_OUT:.0f} %, at random, seed {seed}) are kept out of the training and "
            "tested with at the end."
        )
    lines.append(_summary(train, test))
    return Parts(train, found.validation, test, held_out, "\n".join(lines))


def for_judging(source: Source, network: Network) -> tuple[Dataset, str]:
    """Load what a model is to be judged by, and say what it is.

    If these are the very data that it was trained on, and part of them was held out then, that
    part: the others it has seen.
    """
    from ... import datasets

    channels = network.input_shape[0] if len(network.input_shape) > 1 else None
    data = datasets.open_test(
        source.data,
        size=source.size,
        label=source.label,
        channels=channels,
        class_names=network.class_names or (),
    )
    if data.input_shape != network.input_shape:
        raise DataError(
            f"{source.data}: the model takes {format_sample_shape(network.input_shape)}. Received: "
            f"{format_sample_shape(data.input_shape)}. For a folder of images, --size "
            f"{'x'.join(map(str, network.input_shape[1:]))} resizes them."
        )
    held_out = remembered(network).get("held_out")
    same = remembered_source(network) == source
    if held_out and same and held_out.get("images") == len(data):
        kept = data.split_indices(float(held_out["share"]), int(held_out["seed"]))[1]
        return data.subset(kept), (
            f"{data.description} The model was trained on these; judged by the {len(kept):,} that "
            "were kept out of its training."
        )
    return data, data.description


def remember(network: Network, source: Source, parts: Parts, seed: int, model: str) -> None:
    """Let the model file say what it was trained on."""
    from ...datasets import prepare

    record: dict[str, Any] = {
        "model": model,
        "data": source.data,
        "size": list(source.size) if source.size else None,
        "label": source.label,
        "channels": source.channels,
    }
    if len(network.input_shape) == 3:
        record["preparation"] = prepare.detect(parts.train.images).to_dict()
    if parts.held_out:
        images = len(parts.train) + len(parts.test)
        record["held_out"] = {"share": parts.held_out, "seed": seed, "images": images}
    network.metadata["training"] = record


def remembered(network: Network) -> Mapping[str, Any]:
    """Return what `remember` noted; empty for a model that was not made by the command."""
    record = network.metadata.get("training")
    return record if isinstance(record, dict) else {}


def remembered_source(network: Network) -> Source | None:
    """Return the data that the model was trained on, if it says so."""
    record = remembered(network)
    if not record.get("data"):
        return None
    size = record.get("size")
    return Source(
        str(record["data"]),
        (int(size[0]), int(size[1])) if size else None,
        str(record.get("label", "label")),
        record.get("channels"),
    )


def _summary(train: Dataset, test: Dataset) -> str:
    names = train.class_names
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return (
        f"{len(train):,} to train on, {len(test):,} to test with: "
        f"{format_sample_shape(train.input_shape)}, {len(names)} classes ({shown})."
    )
