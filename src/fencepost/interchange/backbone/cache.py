"""Features on disk, in the user's cache folder: those of the same images are computed once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.lazy_images import LazyImages
from ...files.atomic import atomic_path

UNUSED_DAYS = 30  # after which features are removed
Floats = NDArray[np.float32]


def cached(key: str, images: Any, compute: Callable[[], Floats]) -> tuple[Floats, bool]:
    """Return the features of `images`, and whether they were there.

    `key` is all that they depend on beside the images. A file that is damaged is written anew, and
    where none can be written there is none.
    """
    digest = hashlib.blake2b(key.encode(), digest_size=16)
    digest.update(f"{images.dtype.str}{images.shape}".encode())
    if isinstance(images, LazyImages):
        digest.update(images.fingerprint.encode())
        digest.update(np.ascontiguousarray(images.indices).tobytes())
    else:
        digest.update(np.ascontiguousarray(images).reshape(-1).view(np.uint8).data)
    path = folder() / f"{digest.hexdigest()}.npy"
    try:
        features = np.load(path, allow_pickle=False)
        if features.dtype == np.float32 and features.ndim == 2 and len(features) == len(images):
            os.utime(path)  # when it was last used
            return features, True
    except (OSError, ValueError, EOFError):
        pass
    features = compute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial, partial.open("wb") as file:
            np.save(file, features)
        remove_unused(path.parent)
    except OSError:
        pass  # they are only computed again the next time
    return features, False


def remove_unused(cache: Path) -> None:
    """Remove features that were not used for a month."""
    for path in cache.glob("*.npy"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > UNUSED_DAYS * 86400:
                path.unlink()


def folder() -> Path:
    """Return the folder of cached features: in $XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fencepost" / "features"
