"""How the pictures of a folder are read: what callers and the command may choose."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...arguments import choice, flag, integer, is_sequence
from ...errors import ArgumentError
from ...files.levels import Levels
from ...remedies import in_python, received, setting, spelled
from .. import image_files
from .inspecting import Progress

__all__ = ["AUTO", "NONE", "Loading", "as_cache", "check_channels", "of_pictures"]

AUTO, NONE = "auto", "none"  # as `cache`


@dataclass(frozen=True)
class Loading:
    """How the pictures of a folder are converted to a network's input, for `open`.

    Parameters
    ----------
    size, channels, fit, skip_bad
        As `image_folder` takes them.
    cache : str
        "auto", "none" or a folder.
    wait : bool
        Whether all images are decoded before the data are returned; if not, they are `LazyImages`.
    progress : callable, optional
        Called with the number of pictures decoded and the total.
    levels : Levels, optional
        Which values of pixels beyond 8 bits become black and white, if other pictures decide that.

    Raises
    ------
    ArgumentError
        An invalid size, channels, fit or cache.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.datasets.Loading((64, 64), fit="pad").fit
    'pad'
    """

    size: int | tuple[int, int] | None = None
    channels: int | None = None
    fit: str = "crop"
    skip_bad: bool = False
    cache: str = AUTO
    wait: bool = True
    progress: Progress | None = field(default=None, compare=False)
    levels: Levels | None = None

    def __post_init__(self) -> None:
        check_channels(self.channels)
        size: Any = self.size
        if _is_side(size):
            object.__setattr__(self, "size", (int(size), int(size)))
        elif size is not None and not (
            is_sequence(size) and len(size) == 2 and all(map(_is_side, size))
        ):
            raise ArgumentError(
                f"{spelled('size')} must be the height and width in pixels, or a number for both, "
                f"from 1 to {1 << 15:,}. Received: {received('size', size)}. For example "
                f"{setting('size', (64, 64))}."
            )
        choice("fit", self.fit, image_files.FITS)
        flag("skip_bad", self.skip_bad)
        if not self.cache.strip():
            raise ArgumentError(
                f"{spelled('cache')} must be a folder, or none for no cache. Received: "
                f"{received('cache', self.cache)}."
            )

    @property
    def pair(self) -> tuple[int, int] | None:
        """The size as (height, width)."""
        assert not isinstance(self.size, int)
        return self.size


def check_channels(channels: Any) -> None:
    """Raise ArgumentError unless these are channels of pictures, or None."""
    is_integer = isinstance(channels, (int, np.integer)) and not isinstance(channels, bool)
    if channels is not None and not (is_integer and channels in (1, 3)):
        raise ArgumentError(
            f"{spelled('channels')} must be 1 (grey) or 3 (RGB)"
            f"{in_python(', or None (detected)')}. Received: {received('channels', channels)}."
        )


def of_pictures(channels: int | None) -> int | None:
    """Return channels that pictures may have; None for those of signals, which may be any."""
    if channels is not None:
        channels = integer("channels", channels, 1)
    return channels if channels in (1, 3) else None


def as_cache(cache: str | os.PathLike[str] | None) -> str:
    """Return `cache` as `Loading` has it."""
    if cache is None:
        return NONE
    if isinstance(cache, (str, os.PathLike)):
        return str(os.fspath(cache))
    raise ArgumentError(
        f'{spelled("cache")} must be "auto", a folder, or None for no cache. Received: '
        f"{received('cache', cache)}."
    )


def _is_side(size: object) -> bool:
    integer = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    return integer and 1 <= size <= 1 << 15  # type: ignore[operator]
