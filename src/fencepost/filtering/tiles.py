"""Images larger than memory: a TIFF or .npy filtered in pieces, from file to file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, DataError
from ..files.atomic import atomic_path
from ..files.pictures import ORIENTATION
from .bands import filter_bands, result_height
from .channels import check_luminance, full_scale
from .formats import tiff_files
from .options import Options
from .pixels import from_array, has_alpha
from .steps import Step, as_steps

__all__ = ["filter_file"]

Pixels = NDArray[Any]
_TIFF = (".tif", ".tiff")
_NUMPY = ".npy"
_TILE = 256  # pixels, along both sides
_ROWS = 256  # read at a time, where it does not matter
_LARGEST_SEGMENT = 1 << 30  # bytes; a strip of more cannot be read in pieces
_LARGEST_CLASSIC = (1 << 32) - (1 << 25)  # bytes that offsets of 32 bits reach
_COMPRESSIONS = {8: "zlib", 32946: "zlib", 5: "lzw", 50000: "zstd"}


@dataclass(frozen=True)
class _Source:
    """An image in a file of which rows can be read."""

    read: Callable[[int, int], Pixels]  # rows (N, W, C), as they are seen
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    colours: str
    flat: bool  # whether the array has no axis of channels
    save_options: dict[str, Any]  # for tifffile: how the file was written, and what it says


def filter_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    kernel: Any,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    **keywords: Any,
) -> tuple[int, ...]:
    """Filter an image of any size from one file to another, in bounded memory.

    The result is that of `filter_image`. TIFF (with ``pip install 'fencepost[tiff]'``) is read and
    written tile by tile, ``.npy`` mapped into memory.

    Parameters
    ----------
    source, target : path
        TIFF or ``.npy``, each.
    kernel
        As in `filter_image`.
    overwrite : bool
        Whether a file that is there may be replaced.
    progress : function, optional
        Called with how many rows are written, and how many there are.
    **keywords
        Those of `filter_image`, but for `dtype`.

    Returns
    -------
    tuple of int
        The shape of the result, (H, W, C).

    Raises
    ------
    DataError
        A file that cannot be read, or not in pieces; pixels that are no image.
    ArgumentError
        Arguments that cannot be.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> import numpy as np
    >>> import fencepost as fp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     large, soft = Path(folder, "large.npy"), Path(folder, "soft.npy")
    ...     np.save(large, np.full((600, 500), 7, np.uint8))
    ...     fp.filtering.filter_file(large, soft, "gaussian:sigma=2")
    ...     int(np.load(soft, mmap_mode="r")[300, 200])
    (600, 500, 1)
    7
    """
    source, target = Path(source), Path(target)
    for path in (source, target):
        if path.suffix.lower() not in (*_TIFF, _NUMPY):
            raise ArgumentError(
                f"an image is filtered in pieces from and to .tif or .npy. Received: {path}."
            )
    keywords = {"boundary": "reflect", "operation": "convolve", **keywords}
    options = Options.read(**keywords)
    steps = as_steps(kernel)
    if target.exists() and not overwrite:
        raise DataError(f"{target} exists, and is not replaced unless overwriting is asked for.")
    try:
        with _opened(source) as image:
            check_luminance(options.luminance, image.colours)
            return _filter(image, target, steps, options, progress or (lambda done, total: None))
    except DataError as error:
        raise (
            error if str(error).startswith(str(target)) else DataError(f"{source} {error}.")
        ) from error


def _filter(
    image: _Source,
    target: Path,
    steps: tuple[Step, ...],
    options: Options,
    progress: Callable[[int, int], None],
) -> tuple[int, ...]:
    opaque = not has_alpha(image.colours) or _is_opaque(image)
    bands = filter_bands(
        image.read, image.shape, has_alpha(image.colours), opaque, steps, options, multiple=_TILE
    )
    first = next(bands)
    rows = result_height(image.shape[0], steps, options)
    shape = (rows, *first[1].shape[1:])

    def all_bands() -> Iterator[tuple[int, Pixels]]:
        for at, band in chain([first], bands):
            progress(at + len(band), rows)
            yield at, band

    with atomic_path(target) as partial:
        if target.suffix.lower() == _NUMPY:
            _write_numpy(partial, all_bands(), shape, image)
        else:
            _write_tiff(partial, all_bands(), shape, image)
    return shape


def _is_opaque(image: _Source) -> bool:
    height = image.shape[0]
    full = full_scale(image.dtype)
    return all(
        bool((image.read(at, min(at + _ROWS, height))[..., -1] == full).all())
        for at in range(0, height, _ROWS)
    )


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    with ExitStack() as stack:
        try:
            if path.suffix.lower() == _NUMPY:
                yield _open_numpy(path)
                return
            file = stack.enter_context(path.open("rb"))
        except (OSError, ValueError, EOFError) as error:
            problem = getattr(error, "strerror", None) or error
            raise DataError(f"cannot be opened ({problem})") from error
        tiff = stack.enter_context(tiff_files.opened_tiff(file))
        yield _open_tiff(path, tiff)


def _open_numpy(path: Path) -> _Source:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.ndim not in (2, 3) or 0 in array.shape:
        raise DataError(f"must hold an image. Received: shape {getattr(array, 'shape', '?')}")
    _, colours = from_array(array[:1])

    def read(start: int, stop: int) -> Pixels:
        # Mapped anew for each piece: what a mapping has read stays in memory as long as it does.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return from_array(np.array(mapped[start:stop]))[0]

    channels = array.shape[2] if array.ndim == 3 else 1
    shape = (array.shape[0], array.shape[1], channels)
    return _Source(read, shape, array.dtype.newbyteorder("="), colours, array.ndim == 2, {})


def _open_tiff(path: Path, tiff: Any) -> _Source:
    page = next((page for page in tiff.pages if not page.is_reduced), tiff.pages[0])
    tags = tiff_files.check_tags(page)
    if int(tags.get(ORIENTATION, 1)) != 1:
        raise DataError("lies on its side or upside down (EXIF); turn it first")
    if page.is_memmappable:
        import tifffile

        stored = tifffile.memmap(path, page=page.index, mode="r")
        kind, offset, sizes = stored.dtype, stored.offset, stored.shape
        planar = int(page.planarconfig) == 2 and page.samplesperpixel > 1

        def rows(start: int, stop: int) -> Pixels:
            mapped = np.memmap(path, kind, "r", offset, sizes)  # anew, as above
            return np.array(mapped[:, start:stop] if planar else mapped[start:stop])
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
    return _Source(read, shape, first.dtype, colours, first.shape[2] == 1, save_options)


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


def _write_numpy(
    path: Path, bands: Iterator[tuple[int, Pixels]], shape: tuple[int, ...], image: _Source
) -> None:
    descr = np.lib.format.dtype_to_descr(image.dtype)
    sizes = shape[:2] if image.flat else shape
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": descr, "fortran_order": False, "shape": sizes}
        )
        for _, band in bands:
            file.write(np.ascontiguousarray(band).data)


def _write_tiff(
    path: Path, bands: Iterator[tuple[int, Pixels]], shape: tuple[int, ...], image: _Source
) -> None:
    import tifffile

    rows, width, channels = shape
    inks = image.colours == "CMYK"
    photometric = "rgb" if "RGB" in image.colours else "separated" if inks else "minisblack"

    def tiles() -> Iterator[Pixels]:
        for _, band in bands:
            stored = np.iinfo(band.dtype).max - band if inks else band
            for top in range(0, len(band), _TILE):
                for left in range(0, width, _TILE):
                    tile = stored[top : top + _TILE, left : left + _TILE]
                    full = np.zeros((_TILE, _TILE, channels), band.dtype)
                    full[: tile.shape[0], : tile.shape[1]] = tile
                    yield full[..., 0] if channels == 1 else full

    large = rows * width * channels * image.dtype.itemsize > _LARGEST_CLASSIC
    with tifffile.TiffWriter(path, bigtiff=large) as file:
        file.write(
            tiles(),
            shape=(rows, width) if channels == 1 else shape,
            dtype=image.dtype,
            tile=(_TILE, _TILE),
            photometric=photometric,
            planarconfig="contig" if channels > 1 else None,
            extrasamples=["unassalpha"] if has_alpha(image.colours) else None,
            metadata=None,
            **image.save_options,
        )
