"""The package `fencepost.check` as a function: ``fencepost.check(model)`` is `check.check(model)`.

A stub beside this file tells type checkers so.
"""

from __future__ import annotations

import sys
from types import ModuleType

from .checking import check as _check


class _Callable(ModuleType):
    """The type of the package."""

    __call__ = staticmethod(_check)


check = sys.modules[__package__ or ""]
check.__class__ = _Callable
