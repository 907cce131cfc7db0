"""Headers of arrays as ``numpy.save`` writes them, read without trusting them."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from .quiet import quiet

__all__ = ["read_header"]


def read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns lie together, and dtype; the file is then at the first value.

    The header is Python source, so that it can be wrong in any way: whatever NumPy raises is a
    ValueError here, but for what the file itself raises (OSError, BadZipFile, zlib.error).
    """
    with quiet():  # of files that Python 2 wrote
        version = npy.read_magic(file)
        if version > (2, 0):  # exists only for structured arrays with unicode names
            raise ValueError(f"npy version {version}")
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        try:
            shape, fortran, dtype = reader(file)
        except (SyntaxError, TypeError, RecursionError, MemoryError, OverflowError) as error:
            raise ValueError(f"a header that cannot be read ({error})") from error
        except Exception as error:
            if type(error).__name__ == "TokenError":  # of tokenize, which NumPy tries last
                raise ValueError(f"a header that cannot be read ({error})") from error
            raise
    if any(size < 0 for size in shape):
        raise ValueError(f"shape {shape}")
    return shape, fortran, dtype
