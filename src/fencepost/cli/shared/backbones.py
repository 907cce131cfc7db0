"""Backbones in the commands: features in place of pixels, and the file that a model remembers."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...text import plural
from .console import Console
from .loading import Source, TrainingData, remembered

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ...interchange.backbone.backbone import Backbone
    from ...network import Network


def resized(source: Source, backbone: Backbone) -> Source:
    """Read images as the backbone takes them, where files are read one by one."""
    if not Path(source.data).is_dir():
        return source  # the backbone brings them to its size
    return replace(source, size=backbone.size, channels=backbone.channels)


def with_features(backbone: Backbone, loaded: TrainingData, console: Console) -> TrainingData:
    """Return the data with the features of the images in their place, computed or cached."""
    validation = loaded.validation
    return replace(
        loaded,
        train=_of_features(backbone, loaded.train, console),
        validation=None if validation is None else _of_features(backbone, validation, console),
        test=_of_features(backbone, loaded.test, console),
    )


def of_features(backbone: Backbone, data: Dataset) -> Dataset:
    """Return data with the features of the images in their place."""
    return replace(data, images=backbone.cached(_pixels(backbone, data))[0])


def remembered_backbone(network: Network, model: Path) -> Backbone | None:
    """Return the backbone that a model's inputs are features of, if so.

    Raises DataError: Its file is not there, nor beside the model, or is another.
    """
    record: Any = remembered(network).get("backbone")
    if not isinstance(record, dict):
        return None
    from ...interchange.backbone.backbone import Backbone

    return Backbone.from_config(record, beside=model.parent)


def _of_features(backbone: Backbone, data: Dataset, console: Console) -> Dataset:
    bar = _Bar(len(data)) if sys.stderr.isatty() else None
    try:
        features, there = backbone.cached(_pixels(backbone, data), bar)
    finally:
        if bar is not None:
            bar.close()
    how = "were in the cache" if there else "computed"
    console.note(f"Features of {plural(len(data), 'image')} {how}.")
    return replace(data, images=features)


def _pixels(backbone: Backbone, data: Dataset) -> Any:
    if data.images.ndim != 4:
        raise DataError(
            f"{data.source}: a backbone takes images. Received: arrays of shape "
            f"{data.input_shape}. Leave out --backbone."
        )
    return data.images


class _Bar:
    """How many images are done, on a terminal."""

    def __init__(self, total: int) -> None:
        from rich.console import Console as RichConsole
        from rich.progress import Progress

        self._bar = Progress(console=RichConsole(stderr=True), transient=True)
        self._task = self._bar.add_task("features", total=total)
        self._bar.start()

    def __call__(self, done: int) -> None:
        self._bar.update(self._task, completed=done)

    def close(self) -> None:
        self._bar.stop()
