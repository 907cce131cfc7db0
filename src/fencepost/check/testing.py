"""`assert_exact`: a model's sizes as a test, for pytest or anything that knows AssertionError."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..arguments import choice
from ..errors import ArgumentError
from ..interchange.reading import InputShapes
from ..text import format_value
from .checking import check
from .findings import CODES, SEVERITIES


def assert_exact(
    model: Any,
    input_shape: InputShapes | None = None,
    *,
    allow: Iterable[str] = ("FP203",),
    fail_on: str = "warning",
    object_size: Any = None,
) -> None:
    """Assert that a model has no errors or warnings about its sizes.

    Parameters
    ----------
    model, input_shape, object_size
        See `check`.
    allow : iterable of str
        Codes to ignore; by default FP203, for the shortcuts of ResNets, which skip elements.
    fail_on : {"error", "warning", "note"}
        The lowest severity that fails.

    Raises
    ------
    AssertionError
        There are such findings; the message lists them with fixes.
    ArgumentError
        `allow` contains an unknown code; see also `check`.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.check.assert_exact(((1, 28, 28), "Conv2d(6, 5, padding=2), MaxPool2d(2)"))
    """
    __tracebackhide__ = True
    severity = choice("fail_on", fail_on, SEVERITIES)
    report = check(model, input_shape, object_size=object_size)
    failing = report.at_least(severity, as_codes(allow))
    if failing:
        lines = "\n\n".join(report.format_findings(findings=failing))
        raise AssertionError(f"{report.graph.source} is not exact.\n\n{lines}\n\n{report.summary}")


def as_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """Return codes as they are written; refuse one that there is not."""
    given = (codes,) if isinstance(codes, str) else tuple(codes)
    for code in given:
        if not isinstance(code, str) or code.upper() not in CODES:
            known = f"{min(CODES)} to {max(CODES)}, which `fencepost check --codes` lists"
            raise ArgumentError(f"A code must be one of {known}. Received: {format_value(code)}")
    return tuple(code.upper() for code in given)
