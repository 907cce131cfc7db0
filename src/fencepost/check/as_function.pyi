# `fencepost.check` as type checkers and editors see it: a package that can be called.
from typing import Any, TypeAlias

from ..graph import Graph as _Graph
from ..graph import Operation as _Operation
from ..graph import Value as _Value
from ..interchange.reading import InputShapes
from .checking import check as _check
from .findings import CODES as _CODES
from .findings import Code as _Code
from .findings import Finding as _Finding
from .report import Report as _Report
from .testing import assert_exact as _assert_exact

class check:
    Code: TypeAlias = _Code
    Finding: TypeAlias = _Finding
    Graph: TypeAlias = _Graph
    Operation: TypeAlias = _Operation
    Report: TypeAlias = _Report
    Value: TypeAlias = _Value
    CODES = _CODES
    assert_exact = staticmethod(_assert_exact)
    check = staticmethod(_check)
    def __new__(  # type: ignore[misc]
        cls, model: Any, input_shape: InputShapes | None = None, *, object_size: Any = None
    ) -> _Report: ...
