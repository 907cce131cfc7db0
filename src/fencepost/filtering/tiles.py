"""Images larger than memory: a TIFF or .npy filtered in pieces, from file to file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, DataError
from ..files.atomic import atomic_path
from .bands import filter_bands, result_height
from .channels import check_luminance
from .formats.row_files import Source, opened
from .formats.zarr_files import is_zarr
from .options import Options
from .pixels import has_alpha
from .responses import full_scale
from .steps import Step, as_steps

__all__ = ["filter_file"]

Pixels = NDArray[Any]
_TIFF = (".tif", ".tiff")
_NUMPY = ".npy"
_TILE = 256  # pixels, along both sides
_ROWS = 256  # read at a time, where it does not matter
_LARGEST_CLASSIC = (1 << 32) - (1 << 25)  # bytes that offsets of 32 bits reach


def filter_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    kernel: Any,
    *,
    overwrite: bool = False,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    boundary: str | float = "reflect",
    luminance: bool = False,
    scale: float = 1.0,
    offset: float = 0.0,
    magnitude: bool = False,
    alpha: Literal["auto", "keep", "premultiply"] = "auto",
    operation: Literal["convolve", "correlate"] = "convolve",
    nan: Literal["propagate", "ignore"] = "propagate",
) -> tuple[int, ...]:
    """Filter an image of any size from one file to another, in bounded memory.

    The result is that of `filter_image`. TIFF (with ``pip install 'fencepost[tiff]'``) is read and
    written tile by tile, ``.npy`` mapped into memory. Zarr arrays (with ``pip install
    'fencepost[dask]'``) are written by as many threads as `fencepost.get_num_threads` says, or by
    the workers of a cluster.

    Parameters
    ----------
    source, target : path
        TIFF, ``.npy`` or ``.zarr``, each. A Zarr array keeps chunks, attributes and version of one
        that it was made of; else it has version 3.
    kernel
        As in `filter_image`.
    overwrite : bool
        Whether an existing file may be overwritten.
    scheduler : str, optional
        Address of a scheduler of ``dask.distributed``, whose workers compute and write the blocks
        of a ``.zarr``: they need fencepost, and to reach both files by the same paths.
    progress : function, optional
        Called with the number of rows written and the total.
    boundary, luminance, scale, offset, magnitude, alpha, operation, nan
        As in `filter_image`.

    Returns
    -------
    tuple of int
        The shape of the result, (H, W, C).

    Raises
    ------
    DataError
        A file that cannot be read, or not in pieces; pixels that are no image.
    ArgumentError
        An argument is invalid.

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
        if path.suffix.lower() not in (*_TIFF, _NUMPY) and not is_zarr(path):
            raise ArgumentError(
                f"an image is filtered in pieces from and to .tif, .npy or .zarr. Received: {path}."
            )
    if scheduler is not None and not is_zarr(target):
        raise ArgumentError(
            "a cluster writes to .zarr, where every block is a file of its own. "
            f"Received: {target}."
        )
    options = Options.read(
        boundary,
        luminance=luminance,
        scale=scale,
        offset=offset,
        magnitude=magnitude,
        alpha=alpha,
        operation=operation,
        nan=nan,
    )
    steps = as_steps(kernel)
    if target.exists() and not overwrite:
        raise DataError(f"{target} already exists, and is not overwritten by default.")
    progress = progress or (lambda done, total: None)
    try:
        if is_zarr(target):
            from .chunked import filter_chunks

            return filter_chunks(source, target, steps, options, scheduler, progress)
        with opened(source) as image:
            check_luminance(options.luminance, image.colours)
            return _filter(image, target, steps, options, progress)
    except DataError as error:
        raise (
            error
            if str(error).startswith(str(target))
            else DataError(f"{source} {str(error).rstrip('.')}.")
        ) from error


def _filter(
    image: Source,
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


def _is_opaque(image: Source) -> bool:
    height = image.shape[0]
    full = full_scale(image.dtype)
    return all(
        bool((image.read(at, min(at + _ROWS, height))[..., -1] == full).all())
        for at in range(0, height, _ROWS)
    )


def _write_numpy(
    path: Path, bands: Iterator[tuple[int, Pixels]], shape: tuple[int, ...], image: Source
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
    path: Path, bands: Iterator[tuple[int, Pixels]], shape: tuple[int, ...], image: Source
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
