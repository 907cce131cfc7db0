"""What a line does with an object that it asks to iterate over."""

from __future__ import annotations

from types import FrameType
from typing import Literal


def unpacking(frame: FrameType) -> Literal["nested", "loop", ""]:
    """Say whether a frame unpacks what it gets into pairs, or loops over pairs in it.

    That is ``(a, b), (c, d) = value``, and ``for a, b in value``. Anything else is "".

    >>> import sys
    >>> class Asked:
    ...     def __iter__(self):
    ...         print(repr(unpacking(sys._getframe(1))))
    ...         return iter([(1, 2), (3, 4)])
    >>> (a, b), (c, d) = Asked()
    'nested'
    >>> a, b = Asked()
    ''
    """
    import dis

    code = frame.f_code.co_code[frame.f_lasti :: 2]
    names = [dis.opname[each] for each in code[:40] if dis.opname[each] != "CACHE"][:3]
    if names[:2] == ["UNPACK_SEQUENCE", "UNPACK_SEQUENCE"]:
        return "nested"
    return "loop" if names == ["GET_ITER", "FOR_ITER", "UNPACK_SEQUENCE"] else ""
