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
    """Return how many threads are used where a call does not say.

    By default all cores, or as many as a container grants the time of, or what the environment
    variable ``FENCEPOST_NUM_THREADS`` says.

    >>> get_num_threads() >= 1
    True
    """
    return _engine.get_num_threads()


def set_num_threads(n: int) -> None:
    """Set how many threads are used where a call does not say.

    Parameters
    ----------
    n : int
        From 1 to 1,024.

    Raises
    ------
    ArgumentError
        Another number, or none.

    Examples
    --------
    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    _engine.set_num_threads(as_threads("n", n))
