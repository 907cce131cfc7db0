"""Images in Zarr arrays: folders of compressed chunks, of versions 2 and 3 of the format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError
from ...text import join_words

__all__ = ["ZarrImage", "create", "import_zarr", "is_zarr", "unit"]

SUFFIX = ".zarr"
_METADATA = ("zarr.json", ".zarray", ".zgroup")
_CHUNK = (256, 2048)  # of an image that came in rows


def is_zarr(path: Path) -> bool:
    """Whether a path is that of a Zarr array, or by its name will be."""
    return path.suffix.lower() == SUFFIX or any((path / name).is_file() for name in _METADATA)


def _opened(path: Path) -> Any:
    """Open the array of an image to read.

    Of a group it is the only array, or the largest of the levels of OME-Zarr. Raises DataError,
    with the problem only, if there is none.
    """
    zarr = import_zarr()
    try:
        array = zarr.open(str(path), mode="r")
    except Exception as error:  # of as many kinds as there are ways of being no array
        raise DataError(f"cannot be opened as a Zarr array ({error})") from error
    if hasattr(array, "array_keys"):
        array = array[_member(array)]
    if not hasattr(array, "shape"):
        raise DataError("has no array at the path of its level with the highest resolution")
    return array


@dataclass(frozen=True)
class ZarrImage:
    """A Zarr array as the image that it holds: (H, W) or (H, W, C), after axes of one element."""

    array: Any
    shape: tuple[int, ...]

    @classmethod
    def open(cls, path: Path) -> ZarrImage:
        """Open the image of a path. Raises DataError, with the problem only."""
        array = _opened(path)
        if array.ndim < 2:
            raise DataError(f"must contain an image. Received: shape {array.shape}")
        shape = tuple(array.shape)
        # OME-Zarr has axes of time, channel and depth before those of an image.
        while shape[0] == 1 and (len(shape) > 3 or (len(shape) == 3 and shape[2] > 4)):
            shape = shape[1:]
        return cls(array, shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self.array.dtype)
        return dtype

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        before = (0,) * (self.array.ndim - len(self.shape))
        return np.asarray(self.array[(*before, *index)])


def _member(group: Any) -> str:
    """Return which array of a group is the image."""
    attributes = group.attrs.asdict()
    levels = attributes.get("ome", attributes).get("multiscales")
    if levels:  # https://ngff.openmicroscopy.org: the first is the largest
        return str(levels[0]["datasets"][0]["path"])
    names = sorted(group.array_keys())
    if len(names) != 1:
        members = f"those named {join_words(names)}" if names else "none"
        raise DataError(f"must contain one array, or its path must name one. Received: {members}")
    return str(names[0])


def unit(array: Any) -> tuple[int, ...]:
    """Return the shape of what can be written by itself: a shard, or else a chunk."""
    return tuple(array.shards or array.chunks)


def create(path: Path, shape: tuple[int, ...], dtype: Any, like: Any = None) -> Any:
    """Make an array at `path` to write to: in chunks and with attributes `like` another's, if any.

    Its format is the other's, or version 3.
    """
    zarr = import_zarr()
    options: dict[str, Any] = {"chunks": (*_CHUNK, *shape[2:]), "zarr_format": 3}
    if like is not None:
        axes = like.ndim - len(shape)  # those of one element, which are left out
        options = {
            "chunks": like.chunks[axes:],
            "shards": None if like.shards is None else like.shards[axes:],
            "zarr_format": like.metadata.zarr_format,
            "attributes": like.attrs.asdict(),
        }
        names = getattr(like.metadata, "dimension_names", None)
        if names is not None:
            options["dimension_names"] = names[axes:]
    options["chunks"] = tuple(map(min, options["chunks"], shape))
    if options.get("shards") and any(
        shard % chunk for shard, chunk in zip(options["shards"], options["chunks"], strict=True)
    ):
        options["shards"] = None
    return zarr.create_array(str(path), shape=shape, dtype=dtype, **options)


def import_zarr() -> Any:
    """Import zarr. Raises ArgumentError, with what to install, if it or dask is not there."""
    try:
        import dask.array
        import zarr
    except ImportError:
        raise ArgumentError(
            "Zarr arrays need dask and zarr. Received: an environment without them. Run "
            'pip install "fencepost[dask]".'
        ) from None
    if not hasattr(zarr, "create_array") or not hasattr(dask.array, "store"):
        raise ArgumentError(
            f"Zarr arrays need zarr 3, which needs Python 3.11. Received: zarr {zarr.__version__}. "
            'Run pip install "zarr>=3".'
        )
    return zarr
