"""How the pictures of a folder are read: what callers and the command may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arguments import choice, flag
from ...errors import ArgumentError
from ...remedies import in_python, received, setting, spelled
from .. import image_files
from .inspecting import Progress

__all__ = ["AUTO", "NONE", "Loading"]

AUTO, NONE = "auto", "none"  # as `cache`


@dataclass(frozen=True)
class Loading:
    """How the pictures of a folder are brought to what a network takes, for `open`.

    Parameters
    ----------
    size, channels, fit, skip_bad
        As `image_folder` takes them.
    cache : str
        "auto", "none" or a folder.
    wait : bool
        Whether all is decoded before the data are returned; if not, images are `LazyImages`.
    progress : callable, optional
        Called with how many pictures are done, and of how many.

    Raises
    ------
    ArgumentError
        A size, channels or fit that cannot be.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.datasets.Loading((64, 64), fit="pad").fit
    'pad'
    """

    size: tuple[int, int] | None = None
    channels: int | None = None
    fit: str = "crop"
    skip_bad: bool = False
    cache: str = AUTO
    wait: bool = True
    progress: Progress | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.channels not in (None, 1, 3):
            raise ArgumentError(
                f"{spelled('channels')} must be 1 (grey) or 3 (RGB)"
                f"{in_python(', or None (detected)')}. Received: "
                f"{received('channels', self.channels)}."
            )
        size = self.size
        if size is not None and not (
            len(size) == 2
            and all(isinstance(s, (int, np.integer)) and 1 <= s <= 1 << 15 for s in size)
        ):
            raise ArgumentError(
                f"{spelled('size')} must be the height and width in pixels, each from 1 to "
                f"{1 << 15:,}. Received: {received('size', size)}. For example "
                f"{setting('size', (64, 64))}."
            )
        choice("fit", self.fit, image_files.FITS)
        flag("skip_bad", self.skip_bad)
