"""How many threads the engine computes with, where a call does not say: asked and set.

The number lives in the engine; here it is checked, as every other argument is.
"""

from __future__ import annotations

from typing import Any

from . import _engine
from .arguments import integer


def as_threads(name: str, value: Any) -> int:
    """`value` as a number of threads, from 1 to 1,024."""
    return integer(name, value, 1, _engine.MOST_THREADS)


def get_num_threads() -> int:
    """Return the default number of threads.

    At first this is the number of cores, the CPU limit of a container, or the value of the
    environment variable ``FENCEPOST_NUM_THREADS``.

    >>> get_num_threads() >= 1
    True
    """
    return _engine.get_num_threads()


def set_num_threads(n: int) -> None:
    """Set the default number of threads.

    Parameters
    ----------
    n : int
        From 1 to 1,024.

    Raises
    ------
    ArgumentError
        `n` is not an integer in this range.

    Examples
    --------
    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    _engine.set_num_threads(as_threads("n", n))
