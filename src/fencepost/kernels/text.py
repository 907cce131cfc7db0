"""Kernels as text: ``gaussian:sigma=2,size=7``, ``sobel``, ``3x3: 0,-1,0 -1,5,-1 0,-1,0``.

Text may come from anyone: nothing in it is evaluated, and nothing is made that is larger than a
kernel may be.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..errors import ArgumentError, DataError
from ..habits import nearest
from ..text import format_shape, mark_column, plural
from .catalogue import ENTRIES, GROUPS, OTHER_NAMES, Entry, entry
from .kernel import Kernel
from .sets import KernelSet
from .shapes import LARGEST, as_ndim, check_size
from .slips import hint
from .tables import shorten

# A matrix of 2²⁰ weights, at 24 characters a weight: few are written out, though more may be made.
_LONGEST = 24 * 2**20
_LONGEST_SLIP = 1000  # characters that are read again for a hint
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_VALUE = re.compile(rf"{_NUMBER}(?:/{_NUMBER})?")
_SIZE = re.compile(r"\s*(\d+(?:\s*[x×X]\s*\d+)*)\s*:")
_TUPLE = re.compile(rf"{_NUMBER}(?:[x×]{_NUMBER})+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


def parse(text: str, ndim: int | None = None, *, files: bool = True) -> Kernel | KernelSet:
    """Make the kernel, or the kernels, that a text specifies.

    Parameters
    ----------
    text : str
        One of

        - a name, with arguments or without: ``gaussian``, ``gaussian:sigma=2,size=7``,
          ``mean:5``, ``sobel:x``; one number for rows and one for columns: ``mean:size=3x5``.
          A name with directions, without one, is all of them: ``sobel`` is a pair, ``kirsch``
          a compass of eight;
        - rows and columns, and the weights row by row, which may be fractions:
          ``3x3: 0,-1,0 -1,5,-1 0,-1,0``, ``3: 1/4,1/2,1/4``;
        - ``@`` and the path of a text file with the weights, a line for each row.
    ndim : int, optional
        What the kernel is for: 1 for signals, 2 for images, 3 for volumes, … 1 makes the 1D form
        of a name, and of a matrix of one row or one column. By default what the text says, and 2
        for a name.
    files : bool
        Whether text may name a file. Pass False for untrusted text.

    Raises
    ------
    ArgumentError
        The text is not a kernel; the message marks the column and suggests the nearest names.
    DataError
        The file cannot be read, or holds no matrix.

    Examples
    --------
    >>> parse("3x3: 0,-1,0 -1,5,-1 0,-1,0") == parse("sharpen")
    True
    >>> parse("sobel", ndim=2).x.text
    '3x3: 1,0,-1 2,0,-2 1,0,-1'
    """
    if not isinstance(text, str):
        raise ArgumentError(f"A kernel's text must be a string. Received: {type(text).__name__}")
    if ndim is not None:
        as_ndim(ndim)
    if not text.strip():
        raise ArgumentError(
            'A kernel\'s text must not be empty: write a name, such as "gaussian:sigma=2", or a '
            'matrix, such as "3x3: 0,-1,0 -1,5,-1 0,-1,0".'
        )
    if len(text) > _LONGEST:
        raise ArgumentError(
            f"A kernel's text must have at most {_LONGEST:,} characters. Received: {len(text):,}"
        )
    if text.lstrip().startswith("@"):
        if not files:
            _refuse(text, text.index("@"), "A file cannot be named here")
        return _shaped(_from_file(text.strip()[1:]), ndim, text, 0)
    return _any(text, ndim)


def _any(text: str, ndim: int | None, hints: bool = True) -> Kernel | KernelSet:
    return _matrix(text, ndim) if _SIZE.match(text) else _named(text, ndim, hints)


def _named(text: str, ndim: int | None, hints: bool) -> Kernel | KernelSet:
    name, colon, arguments = text.partition(":")
    start = len(name) - len(name.lstrip())
    try:
        kernel = entry(name)
    except ArgumentError as error:
        written = _meant(text, ndim) if hints else ""
        named = f'There is no kernel named "{shorten(name.strip())}". {written}'
        _refuse(text, start, named if written else str(error))
    given: dict[str, Any] = {}
    columns: dict[str | None, int] = {}
    if colon and arguments.strip():
        given, columns = _arguments(text, kernel, len(name) + 1)
    if ndim is not None and ndim != 2:
        if not kernel.has_axes(ndim):
            what = "signals" if ndim == 1 else f"{ndim} axes"
            fitting = ", ".join(known.name for known in ENTRIES.values() if known.has_axes(ndim))
            _refuse(text, start, f"{kernel.name} is for images; for {what} there are {fitting}")
        given.setdefault("ndim", ndim)
    if ndim is not None and given.get("ndim", ndim) != ndim:
        sizes = ". Different sizes for rows and columns are written as 3x5" * ("size" in given)
        at = columns["ndim"]
        _refuse(text, at, f"ndim must be {ndim} here. Received: {given['ndim']}{sizes}")
    try:
        if kernel.directions and "direction" not in given and given.get("ndim", 2) == 2:
            return kernel.every_direction(**given)
        return kernel.function(**given)
    except ArgumentError as error:
        culprit = next((key for key in given if str(error).startswith(f"{key} ")), None)
        reason = f"{error} {_meant(text, ndim)}" if hints else str(error)
        _refuse(text, columns.get(culprit, start), reason.rstrip())


def _meant(text: str, ndim: int | None) -> str:
    """Offer what a text that is no kernel may have meant, or nothing."""

    def parses(other: str) -> bool:
        try:
            _any(other, ndim, hints=False)
        except ArgumentError:
            return False
        return True

    return hint(text, (*ENTRIES, *OTHER_NAMES), parses) if len(text) < _LONGEST_SLIP else ""


def _arguments(
    text: str, kernel: Entry, position: int
) -> tuple[dict[str, Any], dict[str | None, int]]:
    """Read what follows the colon: values by name or in order, and the columns they stand at."""
    known = kernel.arguments
    given: dict[str, Any] = {}
    columns: dict[str | None, int] = {}
    for count, part in enumerate(text[position:].split(",")):
        start = position + len(part) - len(part.lstrip())
        name, equals, value = part.partition("=")
        name = name.strip()
        value_start = start
        if equals:
            value_start = position + len(part) - len(value.lstrip())
        position += len(part) + 1
        if not part.strip():
            _refuse(text, start, "An argument is missing")
        if not equals:
            if count >= len(known):
                takes = f"{kernel.name} takes {', '.join(known) or 'none'}"
                _refuse(text, start, f"Too many arguments: {takes}")
            name, value = known[count], part
        if name not in known:
            takes = f"{kernel.name} takes {', '.join(known) or 'none'}"
            hint = nearest(name, known)
            _refuse(text, start, f'"{name}" is not an argument: {takes}. {hint}'.rstrip())
        if name in given:
            _refuse(text, start, f"{name} is given twice")
        if not value.strip():
            _refuse(text, value_start, f"{name} has no value")
        given[name] = _value(value.strip())
        columns[name] = value_start
    return given, columns


def _value(text: str) -> Any:
    """Read a number, one for each axis (3x5), or else a word."""
    if _TUPLE.fullmatch(text):
        return tuple(_value(number) for number in re.split("[x×]", text))
    if not re.fullmatch(_NUMBER, text) or len(text) > 100:
        return text
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _matrix(text: str, ndim: int | None) -> Kernel:
    head = _SIZE.match(text)
    assert head is not None
    if len(head[0]) > 50:
        _refuse(text, 0, f"A kernel has at most {LARGEST:,} weights")
    shape = tuple(map(int, re.findall(r"\d+", head[1])))
    try:
        as_ndim(len(shape))
        check_size(shape)
    except ArgumentError as error:
        _refuse(text, 0, str(error))
    if 0 in shape:
        _refuse(text, 0, "A kernel has at least one row and one column")
    values, rows = _weights(text, head.end())
    count, wanted, columns = len(values), math.prod(shape), shape[-1]
    if count != wanted:
        reason = f"{plural(wanted, 'weight')} announced, but {count:,} found"
        if len(_fields(text[head.end() :])) == wanted and _has_decimal_commas([text[head.end() :]]):
            reason += ". Commas separate weights; decimals have a point, as 0.5"
        _refuse(text, head.end() if count < wanted else values[wanted][1], reason)
    # Weights in one row, or each in a row of its own, are counted off; rows that show must fit.
    if len(rows) not in (1, count):
        for position, length in rows:
            if length != columns:
                _refuse(text, position, f"A row of {length} where {columns} columns were announced")
    matrix = np.array([value for value, _ in values]).reshape(shape)
    return _shaped(matrix, ndim, text, head.start())


def _weights(text: str, position: int) -> tuple[list[tuple[float, int]], list[tuple[int, int]]]:
    """Read weights with their columns, and where rows start with their lengths.

    A comma leads on to the next weight of the row; a space, a semicolon or a line break alone
    starts a new row.
    """
    values: list[tuple[float, int]] = []
    rows: list[tuple[int, int]] = []
    continues = False
    for token in re.finditer(r"[\s;]+|,|[^\s,;]+", text[position:]):
        column = position + token.start()
        if token[0] == ",":
            if continues or not values:
                _refuse(text, column, "A weight is missing before the comma")
            continues = True
        elif not token[0].strip(" \t\r\n;\f\v"):
            if continues and ";" in token[0]:
                _refuse(text, column, "A weight is missing after the comma")
        else:
            values.append((_weight(text, column, token[0]), column))
            if continues:
                rows[-1] = (rows[-1][0], rows[-1][1] + 1)
            else:
                rows.append((column, 1))
            continues = False
    if continues:
        _refuse(text, len(text.rstrip()), "A weight is missing after the comma")
    return values, rows


def _weight(text: str, column: int, token: str) -> float:
    if not _VALUE.fullmatch(token) or len(token) > 400:
        _refuse(text, column, "A weight must be a number, such as -1, 0.5 or 1/9")
    number, _, divisor = token.partition("/")
    if divisor and float(divisor) == 0:
        _refuse(text, column, "A weight cannot be divided by 0")
    value = float(number) / float(divisor) if divisor else float(number)
    if not np.isfinite(value):
        _refuse(text, column, "A weight must be finite")
    return value


def _from_file(path: str) -> Kernel:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LONGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"The kernel {path} could not be read: {reason}.") from error
    if len(content) > _LONGEST:
        raise DataError(f"{path} must have at most {_LONGEST:,} bytes to be a kernel.")
    lines = [line.partition("#")[0] for line in content.decode("utf-8", "replace").splitlines()]
    if _has_decimal_commas(lines):
        number, line = next((n, line) for n, line in enumerate(lines, 1) if "," in line)
        weights = line.replace(",", " ").replace(";", " ").split()
        decimals = [field.replace(",", ".") for field in _fields(line)]
        raise DataError(
            f"{path}, line {number}: a comma must either stand between weights or be a decimal "
            f'one. Received: "{line.strip()}", which is {plural(len(weights), "weight")}, '
            f"{' '.join(weights[:8])}, or {len(decimals)}, {' '.join(decimals[:8])}. Write a "
            "space after commas between weights, and decimals with a point."
        )
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        tokens = re.split(r"[\s,;]+", line.strip(" \t,;"))
        if tokens == [""]:
            continue
        try:
            rows.append([_weight(line, line.index(token), token) for token in tokens])
        except ArgumentError as error:
            raise DataError(f"{path}, line {number}: {error}") from None
        if len(rows[-1]) != len(rows[0]):
            raise DataError(
                f"{path}, line {number}: all rows of a kernel must have the same number of "
                "weights. "
                f"Received: {len(rows[-1])} after rows of {len(rows[0])}"
            )
    if not rows:
        raise DataError(f"{path} must contain the rows of a kernel. Received: no number")
    try:
        return Kernel(rows, name=Path(path).stem)
    except ArgumentError as error:
        raise DataError(f"{path}: {error}") from None


def _fields(line: str) -> list[str]:
    """Return what stands between spaces and semicolons."""
    return [field for field in re.split(r"[\s;]+", line) if field]


def _has_decimal_commas(lines: list[str]) -> bool:
    """Tell whether every comma could be a decimal one, so that 0,5 may be 0.5 or 0 and 5."""
    fields = [field for line in lines for field in _fields(line)]
    with_comma = [field for field in fields if "," in field]
    return (
        bool(with_comma)
        and all(map(_DECIMAL_COMMA.fullmatch, with_comma))
        and not any(mark in field for field in fields for mark in "./")
    )


def _shaped(matrix: Any, ndim: int | None, text: str, column: int) -> Kernel:
    """Give a matrix as many axes as are asked for."""
    kernel = matrix if isinstance(matrix, Kernel) else Kernel(matrix)
    if ndim is None or ndim == kernel.ndim:
        return kernel
    sides = kernel.shape
    if ndim < kernel.ndim:
        sides = tuple(side for side in sides if side > 1)
        if len(sides) > ndim:
            what = "For a signal, use one row" if ndim == 1 else "For an image, use a matrix"
            _refuse(text, column, f"{what}, but this is {format_shape(kernel.shape)}")
    shape = (1,) * (ndim - len(sides)) + sides
    return Kernel(kernel.matrix.reshape(shape), name=kernel.name)


def _refuse(text: str, column: int, reason: str) -> NoReturn:
    """Raise ArgumentError with the text and a mark below the column."""
    end = "" if reason.endswith((".", "?")) else "."
    raise ArgumentError(f"{reason}{end}\n\n{mark_column(text, column)}") from None


def names() -> tuple[str, ...]:
    """Return the names of all kernels, those of a group together.

    >>> "sobel" in names()
    True
    """
    return tuple(sorted(ENTRIES, key=lambda name: GROUPS.index(ENTRIES[name].group)))
