"""Data for the commands: what to train on, and what to test with."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...text import percent, plural
from .console import format_sample_shape, noun

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...datasets import Dataset, Loading
    from ...files.levels import Levels
    from ...network import Network

MNIST = "mnist"
HELD_OUT = 0.15


@dataclass(frozen=True)
class Source:
    """Where data are and how to read them: what the user gave, or what a model file remembers."""

    data: str = MNIST
    size: tuple[int, int] | None = None
    label: str = "label"
    channels: int | None = None
    fit: str = "crop"
    nested: bool | None = None
    skip_bad: bool = field(default=False, compare=False)
    cache: str | None = field(default=None, compare=False)

    def pictures(self, size: tuple[int, int] | None, channels: int | None) -> Loading:
        """Return how the pictures of a folder are read, with a bar on a terminal."""
        from ...datasets import Loading
        from ...datasets.folders.options import of_pictures

        progress = None
        if sys.stderr.isatty():
            from ...training.loop.progress import DecodingBar

            progress = DecodingBar()
        cache = "auto" if self.cache is None else self.cache
        return Loading(size, of_pictures(channels), self.fit, self.skip_bad, cache, False, progress)

    @property
    def is_mnist(self) -> bool:
        """Whether these are the bundled digits."""
        return self.data == MNIST

    @property
    def short_name(self) -> str:
        """A name for files and titles."""
        return MNIST if self.is_mnist else Path(self.data).resolve().stem or "data"


@dataclass(frozen=True)
class TrainingData:
    """The data of a training; `held_out` is the fraction kept to test with, if any."""

    train: Dataset
    validation: Dataset | None
    test: Dataset
    held_out: float | None
    description: str
    left_out: tuple[str, ...] = ()


def for_training(source: Source, seed: int, levels: Levels | None = None) -> TrainingData:
    """Load data and make sure that there is something to test with.

    `levels`: Which values of deep pixels become black and white, if a model decides that.
    """
    from ... import datasets
    from ...datasets.content import identities

    opened = datasets.open(
        source.data,
        label=source.label,
        channels=source.channels,
        nested=source.nested,
        pictures=replace(source.pictures(source.size, source.channels), levels=levels),
    )
    if not opened.train.class_names:
        raise DataError(
            f"{source.data}: the command trains classifiers, so labels must be classes. Received: "
            "numbers of a regression. Group them into classes, and save these as integers or "
            "names, one for each example: shape (N,)."
        )
    train, test, held_out = opened.train, opened.test, None
    lines = [opened.description]
    if test is None:
        held_out, total = HELD_OUT, len(train)
        train, test = train.split(HELD_OUT, seed, every_class=True)
        lines.append(
            f"There is no test split, so {len(test):,} of the {total:,} ({percent(HELD_OUT, 0)} of "
            f"each class, at random, seed {seed}) are held out for testing."
        )
    validation = opened.validation
    if opened.train.images.ndim > 2:  # rows of features may be equal
        known = identities(opened.train.images)
        lines += _copies(known)
        if validation is not None:
            validation, said = _unseen_validation(known, validation)
            lines += said
    lines.append(_summary(train, test))
    return TrainingData(train, validation, test, held_out, "\n".join(lines), opened.left_out)


def _copies(known: NDArray[np.uint64]) -> list[str]:
    """Say how many of the images with these identities are copies of others."""
    import numpy as np

    count = len(known) - len(np.unique(known))
    if count == 0:
        return []
    which = "is a copy of another" if count == 1 else "are copies of others"
    return [f"{count:,} of the {len(known):,} {which}: copies stay on one side of a split."]


def _unseen_validation(known: NDArray[np.uint64], validation: Dataset) -> tuple[Dataset, list[str]]:
    """Return the validation images that are not trained on as well, and what is to be said."""
    import numpy as np

    from ...datasets.content import identities

    seen = np.isin(identities(validation.images), known)
    all_seen = "the best epoch is chosen by what was learned, not by new images"
    said = _overlap(int(seen.sum()), len(seen), "validation", "validated", all_seen)
    return (validation.subset(~seen) if seen.any() and not seen.all() else validation), said


def for_testing(
    source: Source, network: Network, taken: tuple[int, ...] | None = None
) -> tuple[Dataset, str]:
    """Load what a model is to be tested with, and say what it is.

    `taken` is the shape of an image, where a backbone stands before the network.
    """
    from ... import datasets

    shape = taken or network.input_shape
    channels = shape[0] if len(shape) > 1 else None
    is_picture = len(shape) == 3 and channels in (1, 3)
    size = source.size or (shape[1], shape[2]) if is_picture else None
    data = datasets.open_test(
        source.data,
        label=source.label,
        channels=channels,
        nested=source.nested,
        class_names=network.class_names or (),
        ignored=remembered(network).get("ignored"),
        columns=remembered(network).get("columns") or (),
        pictures=replace(
            source.pictures(size, channels if is_picture else None), levels=levels_of(network)
        ),
    )
    if taken is None and data.input_shape != network.input_shape:
        raise DataError(
            f"{source.data}: the model takes {format_sample_shape(network.input_shape)}. Received: "
            f"{format_sample_shape(data.input_shape)}. For a folder of images, --size "
            f"{'x'.join(map(str, network.input_shape[1:]))} resizes them."
        )
    return data, data.description


def levels_of(network: Network) -> Levels | None:
    """Return which values became black and white in the training images, where that is kept."""
    from ...datasets.prepare import Preparation

    record: Any = remembered(network).get("preparation")
    return Preparation.from_dict(record).levels if isinstance(record, dict) else None


@dataclass(frozen=True)
class Unseen:
    """Which images of a data set a model was not trained on, and what is to be said of it.

    `indices`: Those to test with; None for all. `trained_on`: How many the model was trained
    on; None if it cannot be known.
    """

    indices: NDArray[np.int64] | None
    sentence: str
    trained_on: int | None


def unseen(network: Network, data: Dataset, source: Source) -> Unseen:
    """Tell the images that a model was trained on from the others, by their content."""
    import numpy as np

    from ...network.evaluation import used_in_training

    record = network.trained_on
    known = "" if record.complete else " There may be more: the model file has no complete record."
    if record.complete or len(record):
        seen = record.contains(data.images)
        count = int(seen.sum())
        if count == len(seen):
            return Unseen(
                None,
                f"{used_in_training(seen)} So this is a training accuracy; it does not tell how "
                "good the model is on new images.",
                count,
            )
        if count:
            left = len(seen) - count
            said = f"{used_in_training(seen)} The accuracy is that of the other {left:,}.{known}"
            return Unseen(np.flatnonzero(~seen), said, count)
        if record.complete:
            return Unseen(
                None,
                "None of these images has the pixels of a training image. (Copies that were "
                "resized or compressed anew have others.)",
                0,
            )
    return _by_the_split(network, data, source)


def _by_the_split(network: Network, data: Dataset, source: Source) -> Unseen:
    """Tell the images by the split of the training, as older model files keep it."""
    from ...datasets.dataset import split_by_class

    held_out = remembered(network).get("held_out")
    same = remembered_source(network) == source
    if held_out and same and held_out.get("images") == len(data):
        every = bool(held_out.get("every_class", False))
        share, seed = float(held_out["share"]), int(held_out["seed"])
        classes = len(data.class_names) or None
        kept = split_by_class(data.targets, classes, share, seed, source.data, every)[1]
        return Unseen(
            kept,
            f"The model file was written by an older version. If {source.data} has not changed "
            f"since, these {len(kept):,} of the {len(data):,} images were held out of training.",
            None,
        )
    return Unseen(
        None,
        "The model file does not state which images it was trained on. If some of these images "
        "were used in training, the accuracy is too high.",
        None,
    )


def repeated(count: int, total: int) -> list[str]:
    """Say how many of the test images are training images as well.

    >>> repeated(2, 9)
    ['2 of the 9 test images are training images as well: tested with the other 7.']
    """
    all_seen = "this is a training accuracy; it does not tell how good the model is on new images"
    return _overlap(count, total, "test", "tested", all_seen)


def _overlap(count: int, total: int, part: str, done: str, all_seen: str) -> list[str]:
    """Say how many images of a part are training images, and what was done with the others."""
    if count == 0:
        return []
    if count == total:
        return [f"All {part} images are training images as well: {all_seen}."]
    which = "is a training image" if count == 1 else "are training images"
    return [
        f"{count:,} of the {total:,} {part} images {which} as well: {done} with the other "
        f"{total - count:,}."
    ]


def bad_files(left_out: tuple[str, ...]) -> list[str]:
    """Return lines that list files that were left out."""
    return [
        f"Skipped {plural(len(left_out), 'file')} that cannot be used (--skip-bad):",
        *(f"  {file}" for file in left_out),
    ]


def remember(network: Network, source: Source, loaded: TrainingData, seed: int, model: str) -> None:
    """Note in the model file what it was trained on."""
    from ...datasets import prepare

    record: dict[str, Any] = {
        "model": model,
        "data": source.data,
        "size": list(source.size) if source.size else None,
        "label": source.label,
        "channels": source.channels,
        "fit": source.fit,
        "nested": source.nested,
        "skip_bad": source.skip_bad,
        "resized": loaded.train.fit is not None,
        "ignored": list(loaded.train.ignored),
        "columns": list(loaded.train.columns),
    }
    if len(network.input_shape) == 3:
        found = replace(prepare.detect(loaded.train.images), levels=loaded.train.levels)
        record["preparation"] = found.to_dict()
    elif loaded.train.levels is not None:  # of images that a backbone made features of
        record["preparation"] = prepare.Preparation(levels=loaded.train.levels).to_dict()
    if loaded.held_out:
        images = len(loaded.train) + len(loaded.test)
        held_out = {"share": loaded.held_out, "seed": seed, "images": images}
        record["held_out"] = held_out | {"every_class": True}
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
        fit=str(record.get("fit", "stretch")),  # as older files have been trained
        nested=record.get("nested"),
        skip_bad=bool(record.get("skip_bad", False)),
    )


def _summary(train: Dataset, test: Dataset) -> str:
    names = train.class_names
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    things = noun(train.input_shape)
    return (
        f"{len(train):,} training {things}, {len(test):,} test {things}: "
        f"{format_sample_shape(train.input_shape)}, {len(names)} classes ({shown})."
    )
