"""Images in files of which some rows can be read: TIFF, .npy and Zarr arrays."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.arrays import read_header
from ...files.mapped import Mapped
from ...files.pictures import ORIENTATION
from ..pixels import from_array
from . import tiff_files
from .zarr_files import ZarrImage, is_zarr

__all__ = ["Source", "opened"]

Pixels = NDArray[Any]
_NUMPY = ".npy"
_LARGEST_SEGMENT = 1 << 30  # bytes; a strip of more cannot be read in pieces
_COMPRESSIONS = {8: "zlib", 32946: "zlib", 5: "lzw", 50000: "zstd"}


@dataclass(frozen=True)
class Source:
    """An image in a file of which rows can be read."""

    read: Callable[[int, int], Pixels]  # rows (N, W, C), as they are seen
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    colours: str
    flat: bool  # whether the array has no axis of channels
    save_options: dict[str, Any]  # for tifffile: how the file was written, and what it says


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open an image to be read by rows. Raises DataError, with the problem only."""
    with ExitStack() as stack:
        if is_zarr(path):
            yield _open_zarr(path)
            return
        is_numpy = path.suffix.lower() == _NUMPY
        try:
            # What happens while the image is used is not a matter of opening it.
            opening = _open_numpy(path) if is_numpy else stack.enter_context(path.open("rb"))
        except (OSError, ValueError, EOFError) as error:
            problem = getattr(error, "strerror", None) or error
            raise DataError(f"cannot be opened ({problem})") from error
        if isinstance(opening, Source):
            yield opening
            return
        yield _open_tiff(path, stack.enter_context(tiff_files.opened_tiff(opening)))


def _open_numpy(path: Path) -> Source:
    with path.open("rb") as file:
        shape, fortran, dtype = read_header(file)
        start_of_data, size = file.tell(), os.fstat(file.fileno()).st_size
    if len(shape) not in (2, 3) or 0 in shape:
        raise DataError(f"must contain an image. Received: shape {shape}")
    needed = start_of_data + math.prod(shape) * dtype.itemsize
    if size < needed:
        raise DataError(f"is cut off: its header declares {needed:,} bytes, and it has {size:,}")

    def rows(start: int, stop: int) -> Pixels:
        if not fortran:
            return _rows(path, dtype, start_of_data, shape, start, stop)
        # Mapped anew for each piece: what a mapping has read stays in memory as long as it does.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        with path.open("rb") as file:
            watched = Mapped(mapped, file.fileno(), "the file", "Wait until it is written.")
        read = np.array(mapped[start:stop])
        watched.check()
        return read

    def read(start: int, stop: int) -> Pixels:
        return from_array(rows(start, stop).astype(dtype.newbyteorder("="), copy=False))[0]

    # Of all rows, lest an error speaks of one; broadcast, they take no memory.
    _, colours = from_array(np.broadcast_to(np.zeros((), dtype.newbyteorder("=")), shape))
    channels = shape[2] if len(shape) == 3 else 1
    whole = (shape[0], shape[1], channels)
    return Source(read, whole, dtype.newbyteorder("="), colours, len(shape) == 2, {})


def _rows(
    path: Path, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...], start: int, stop: int
) -> Pixels:
    """Read rows of an array that lies in a file as it is. Not mapped: it may be cut meanwhile."""
    each = math.prod(shape[1:])
    count = (min(stop, shape[0]) - start) * each
    read = np.fromfile(path, dtype, count, offset=offset + start * each * dtype.itemsize)
    if len(read) < count:
        raise DataError("was cut off while it was read")
    return read.reshape(-1, *shape[1:])


def _open_zarr(path: Path) -> Source:
    image = ZarrImage.open(path)

    def read(start: int, stop: int) -> Pixels:
        return from_array(image[(slice(start, stop),)])[0]

    first, colours = from_array(image[(slice(0, 1),)])
    shape = (image.shape[0], image.shape[1], first.shape[2])
    return Source(read, shape, first.dtype, colours, len(image.shape) == 2, {})


def _open_tiff(path: Path, tiff: Any) -> Source:
    page = next((page for page in tiff.pages if not page.is_reduced), tiff.pages[0])
    tags = tiff_files.check_tags(page)
    if int(tags.get(ORIENTATION, 1)) != 1:
        raise DataError("is rotated (EXIF orientation); rotate it first")
    if page.is_memmappable:
        import tifffile

        stored = tifffile.memmap(path, page=page.index, mode="r")
        kind, offset, sizes = stored.dtype, stored.offset, stored.shape
        planes = int(page.samplesperpixel) if int(page.planarconfig) == 2 else 1

        def rows(start: int, stop: int) -> Pixels:
            if planes == 1:
                return _rows(path, kind, offset, sizes, start, stop)
            each = math.prod(sizes[1:]) * kind.itemsize
            return np.stack(
                [
                    _rows(path, kind, offset + plane * each, sizes[1:], start, stop)
                    for plane in range(planes)
                ]
            )
    else:
        rows = _Segments(page).rows

    def read(start: int, stop: int) -> Pixels:
        return tiff_files.as_seen(rows(start, stop), page)[0]

    first, colours = tiff_files.as_seen(rows(0, 1), page)
    save_options = {
        "compression": _COMPRESSIONS.get(int(page.compression)),
        "resolution": page.resolution if tags.get(282) else None,
        "resolutionunit": page.resolutionunit if tags.get(282) else None,
        "extratags": [
            (code, kind, len(tags[code]) + (kind == 2), tags[code], True)
            for code, kind in ((34675, 7), (271, 2), (272, 2), (315, 2), (33432, 2))
            if isinstance(tags.get(code), (bytes, str))
        ],
    }
    shape = (page.imagelength, page.imagewidth, first.shape[2])
    return Source(read, shape, first.dtype, colours, first.shape[2] == 1, save_options)


class _Segments:
    """Rows of a TIFF whose strips or tiles are decoded one row of them at a time."""

    def __init__(self, page: Any) -> None:
        self._page = page
        tiled = bool(page.is_tiled)
        self._height = int(page.tilelength if tiled else min(page.rowsperstrip, page.imagelength))
        self._across = -(-page.imagewidth // page.tilewidth) if tiled else 1
        self._down = -(-page.imagelength // self._height)
        self._planes = page.samplesperpixel if int(page.planarconfig) == 2 else 1
        self._decoded: dict[int, Pixels] = {}
        size = self._height * page.imagewidth * page.samplesperpixel * page.dtype.itemsize
        if size > _LARGEST_SEGMENT:
            raise DataError(
                f"is compressed in strips of {self._height:,} rows, which cannot be read in "
                "pieces; save it in tiles"
            )

    def rows(self, start: int, stop: int) -> Pixels:
        """Return stored rows: (N, W), (N, W, C), or (C, N, W) of separate planes."""
        first, last = start // self._height, (stop - 1) // self._height
        self._decoded = {k: rows for k, rows in self._decoded.items() if first <= k <= last}
        parts = [self._segment_row(k) for k in range(first, last + 1)]
        axis = 1 if self._planes > 1 else 0
        joined = np.concatenate(parts, axis=axis)
        inner = slice(start - first * self._height, stop - first * self._height)
        return joined[:, inner] if axis else joined[inner]

    def _segment_row(self, index: int) -> Pixels:
        if index not in self._decoded:
            planes = [self._plane(index, plane) for plane in range(self._planes)]
            self._decoded[index] = planes[0] if self._planes == 1 else np.stack(planes)
        return self._decoded[index]

    def _plane(self, index: int, plane: int) -> Pixels:
        page = self._page
        start = (plane * self._down + index) * self._across
        height = min(self._height, page.imagelength - index * self._height)
        tiles = []
        for segment in range(start, start + self._across):
            offset, count = page.dataoffsets[segment], page.databytecounts[segment]
            page.parent.filehandle.seek(offset)
            data = page.parent.filehandle.read(count) if count else None
            decoded, _, shape = page.decode(data, segment, jpegtables=page.jpegtables)
            width = shape[2]
            if decoded is None:  # a tile that was never written
                decoded = np.full((1, height, width, shape[3]), page.nodata, page.dtype)
            tiles.append(decoded[0, :height, :width])
        row = np.concatenate(tiles, axis=1)[:, : page.imagewidth]
        return row[..., 0] if row.shape[2] == 1 else row
