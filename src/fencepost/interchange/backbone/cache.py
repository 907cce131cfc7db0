"""Features on disk, in the user's cache folder: those of the same images are computed once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.lazy_images import LazyImages
from ...files.atomic import atomic_path

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
        found = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and len(found) == len(images):
            return found, True
    except (OSError, ValueError, EOFError):
        pass
    features = compute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as partial, partial.open("wb") as file:
            np.save(file, features)
    except OSError:
        pass  # they are only computed again the next time
    return features, False


def folder() -> Path:
    """Return the folder of cached features: in $XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fencepost" / "features"
