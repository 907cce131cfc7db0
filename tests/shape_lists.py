"""Reads tests/shapes/*.txt: configurations as data, named by purpose, for tests and benchmarks.

One line is one case; `#` starts a comment. Words may come in any order after the first:

    conv in=3x9x7 out=5 k=3x2 s=1x2 p=1,0,2,1 d=1x1 g=1 n=5    # why this one is here
    max  in=4x9x9 k=3x3 s=2x2 p=1,1,1,1 n=9

    conv | max | avg | sum
    in    channels x height x width (a signal has height 1)
    out   output channels (conv only)
    k     kernel, height x width
    s     stride (default 1x1; for a pool, its kernel)
    p     zeros at top, bottom, left, right (default 0,0,0,0)
    d     dilation (default 1x1; conv only)
    g     groups (default 1; conv only)
    c     table of connections, a row of 0 and 1 for each output channel, rows joined by /
          (conv only; default: every input channel feeds every output channel of its group)
    bias  0 or 1 (default 1; conv only)
    pad   1 if an average counts the zeros of the padding, 0 if not (default 1; avg only)
    n     images in the batch (default 1)

Where the division of the output-size equation leaves a remainder, it is meant to be cropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fencepost.sizing import Window, windows

FOLDER = Path(__file__).parent / "shapes"

POOLS = ("max", "avg", "sum")
_CONV_ONLY = ("out", "d", "g", "c", "bias")


class ShapeLineError(ValueError):
    """A line of a shape list cannot be read, or is no possible configuration."""


@dataclass(frozen=True)
class Case:
    """One line. `padding` is (top, bottom, left, right), the other pairs are (height, width)."""

    name: str  # "padding.txt:12", for the ids of tests
    kind: str  # "conv", "max", "avg" or "sum"
    input: tuple[int, int, int]
    out: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]
    groups: int
    connections: tuple[tuple[int, ...], ...] | None
    bias: bool
    count_include_pad: bool
    images: int

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows along height and width."""
        top, bottom, left, right = self.padding
        return windows(
            self.input[1:],
            self.kernel,
            self.stride,
            ((top, bottom), (left, right)),
            self.dilation,
            remainder="crop",
        )

    @property
    def output(self) -> tuple[int, int, int]:
        """Channels, height and width of the result."""
        height, width = (window.output for window in self.windows)
        return self.out, height, width

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of a convolution's weights, as the engine has them."""
        if self.connections is not None:
            return (sum(map(sum, self.connections)), *self.kernel)
        return (self.out, self.input[0] // self.groups, *self.kernel)


def list_names() -> list[str]:
    """Return the lists that exist: ["basic", "dilations", ...]."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def read_list(name: str) -> list[Case]:
    """Return all cases of one list."""
    return list(_read(FOLDER / f"{name}.txt"))


def conv_cases() -> list[Case]:
    """Return the convolutions of all lists."""
    return [case for name in list_names() for case in read_list(name) if case.kind == "conv"]


def pool_cases() -> list[Case]:
    """Return the poolings of all lists."""
    return [case for name in list_names() for case in read_list(name) if case.kind in POOLS]


def _read(path: Path) -> Iterator[Case]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if text := line.split("#")[0].strip():
            yield parse_line(text, f"{path.name}:{number}")


def parse_line(text: str, name: str) -> Case:
    """Read one case. `name` says where it stands, for messages."""
    try:
        case = _parse(text, name)
        _check(case)
    except ValueError as error:
        raise ShapeLineError(f"{name}: {error}\n    {text}") from error
    return case


def _parse(text: str, name: str) -> Case:
    kind, *words = text.split()
    if kind != "conv" and kind not in POOLS:
        raise ValueError(f"a line starts with conv, max, avg or sum, not {kind!r}")
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key in given:
            raise ValueError(f"{word!r} is not a new key=value")
        given[key] = value

    def take(key: str, read: Callable[[str], object], default: object = None) -> object:
        value = given.pop(key, None)
        if value is None:
            if default is None:
                raise ValueError(f"{key}= is missing")
            return default
        if kind != "conv" and key in _CONV_ONLY:
            raise ValueError(f"{key}= is for a conv, not for {kind}")
        if kind != "avg" and key == "pad":
            raise ValueError(f"{key}= is for avg, not for {kind}")
        try:
            return read(value)
        except ValueError as error:
            raise ValueError(f"{key}={value} cannot be read: {error}") from None

    planes = take("in", _ints("x", 3))
    kernel = take("k", _ints("x", 2))
    case = Case(
        name=name,
        kind=kind,
        input=planes,  # type: ignore[arg-type]
        out=take("out", int, None if kind == "conv" else planes[0]),  # type: ignore
        kernel=kernel,  # type: ignore[arg-type]
        stride=take("s", _ints("x", 2), (1, 1) if kind == "conv" else kernel),  # type: ignore[arg-type]
        padding=take("p", _ints(",", 4), (0, 0, 0, 0)),  # type: ignore[arg-type]
        dilation=take("d", _ints("x", 2), (1, 1)),  # type: ignore[arg-type]
        groups=take("g", int, 1),  # type: ignore[arg-type]
        connections=take("c", _table, ()) or None,  # type: ignore[arg-type]
        bias=bool(take("bias", _bit, 1)),
        count_include_pad=bool(take("pad", _bit, 1)),
        images=take("n", int, 1),  # type: ignore[arg-type]
    )
    if given:
        raise ValueError(f"unknown {', '.join(f'{key}=' for key in given)}")
    return case


def _ints(separator: str, count: int) -> Callable[[str], tuple[int, ...]]:
    def read(value: str) -> tuple[int, ...]:
        numbers = tuple(int(part) for part in value.split(separator))
        if len(numbers) != count:
            raise ValueError(f"{count} numbers joined by {separator!r} are needed")
        return numbers

    return read


def _bit(value: str) -> int:
    if value not in ("0", "1"):
        raise ValueError("0 or 1 is needed")
    return int(value)


def _table(value: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(_bit(digit) for digit in row) for row in value.split("/"))


def _check(case: Case) -> None:
    channels, groups = case.input[0], case.groups
    if min(channels, case.out, groups, case.images) < 1:
        raise ValueError("channels, out, g and n are at least 1")
    if channels % groups or case.out % groups:
        raise ValueError(f"g={groups} does not divide {channels} and {case.out} channels")
    table = case.connections
    if table is not None:
        if groups > 1:
            raise ValueError("c= and g= exclude each other")
        if len(table) != case.out or any(len(row) != channels for row in table):
            raise ValueError(f"c= has not {case.out} rows of {channels}")
        if not all(map(any, table)):
            raise ValueError("c= leaves an output channel without an input")
    found = case.windows  # raises SizeError, a ValueError, if the kernel is larger than its input
    if case.kind != "conv" and any(window.blank_windows for window in found):
        raise ValueError("a window of this pool looks at nothing but padding")
