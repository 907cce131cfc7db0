"""An image file brought to what a model takes, and what the model predicts for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError
from ...text import format_shape

if TYPE_CHECKING:
    import numpy as np

    from ...files.archives import Packed
    from ...interchange.backbone.backbone import Backbone
    from ...network import Network

TOP = 3


def image_paths(given: Sequence[Path]) -> list[Path | Packed]:
    """Return the files that are meant: of a folder or archive all images, however deep in it."""
    from ...network.pictures import files

    return [file for path in given for file in files(path)]


def prepared(
    network: Network, image: Path | Packed, backbone: Backbone | None = None
) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Return the pixels of an image file as the model takes them, and what was done to them.

    With a backbone: the features of the image.
    """
    from ...datasets import image_files
    from ...network import pictures
    from . import loading

    if backbone is not None:
        remembered = loading.remembered_source(network)
        try:
            fit = remembered.fit if remembered is not None else "crop"
            levels = loading.levels_of(network)
            source = image if isinstance(image, Path) else image.read_bytes()
            pixels = image_files.read(source, backbone.channels, backbone.size, fit, levels)
        except DataError as error:
            raise DataError(f"{image}: {error}.") from error
        except OSError as error:  # of an archive that changed, or is damaged
            raise DataError(f"{image}: cannot be read ({error.strerror or error}).") from error
        size = format_shape(backbone.size)
        done = f"Resized it to {size} pixels ({fit}) for the backbone {backbone.path.name}."
        return backbone(pixels[None])[0], [done]
    return pictures.prepared(network, image)


def prediction_of(probabilities: np.ndarray[Any, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the class, its probability, and the three most probable, as they go into JSON."""
    best = probabilities.argsort()[::-1][:TOP]
    top = [{"class": names[k], "probability": round(float(probabilities[k]), 6)} for k in best]
    return {**top[0], "top": top}
