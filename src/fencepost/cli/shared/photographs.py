"""An image file brought to what a model takes, and what the model predicts for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...files.folders import visible_files
from ...text import format_shape

if TYPE_CHECKING:
    import numpy as np

    from ...interchange.backbone.backbone import Backbone
    from ...network import Network

TOP = 3


def image_paths(given: Sequence[Path]) -> list[Path]:
    """Return the files that are meant: of a folder all images, those in folders within it too."""
    paths: list[Path] = []
    for path in given:
        if not path.is_dir():
            paths.append(path)
            continue
        files, _ = visible_files(path)
        if not files:
            raise DataError(f"{path}: a folder must hold images. Received: none.")
        paths += files
    return paths


def prepared(
    network: Network, image: Path, backbone: Backbone | None = None
) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Return the pixels of an image file as the model takes them, and what was done to them.

    With a backbone: the features of the image.
    """
    from ...datasets import ChannelStatistics, image_files, prepare
    from . import loading

    source = loading.remembered_source(network)
    if backbone is not None:
        try:
            fit = source.fit if source is not None else "crop"
            pixels = image_files.read(image, backbone.channels, backbone.size, fit)
        except DataError as error:
            raise DataError(f"{image}: {error}.") from error
        size = format_shape(backbone.size)
        done = f"Resized it to {size} pixels ({fit}) for the backbone {backbone.path.name}."
        return backbone(pixels[None])[0], [done]
    resized = loading.remembered(network).get("resized", source is not None and source.size)
    if source is not None and resized and len(network.input_shape) == 3:
        # As the training images were: the same file gives the same pixels.
        height, width = network.input_shape[1:]
        try:
            pixels = image_files.read(image, network.input_shape[0], (height, width), source.fit)
        except DataError as error:
            raise DataError(f"{image}: {error}.") from error
        size = format_shape((height, width))
        return pixels, [f"Resized it to {size} pixels ({source.fit}), as the training images were."]
    record = loading.remembered(network).get("preparation")
    statistics = network.normalization
    return prepare.photograph(
        image,
        network.input_shape,
        prepare.Preparation.from_dict(record) if record else None,
        None if statistics is None else ChannelStatistics(*statistics),
    )


def prediction_of(probabilities: np.ndarray[Any, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the class, its probability, and the likeliest three, as they go into JSON."""
    best = probabilities.argsort()[::-1][:TOP]
    top = [{"class": names[k], "probability": round(float(probabilities[k]), 6)} for k in best]
    return {**top[0], "top": top}
