"""The loops of a product: output pixels, the pool around them, the elements of the kernel within.

The same for float32 and for integers, whose sums begin, add and end in ways of their own: `Sums`.
Elements of the kernel that lie in the padding are left out by the bounds of the loops.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from ...sizing import Window
from .program import Product
from .writer import Writer, at, index


class Sums(ABC):
    """How the sums of one output pixel are made: their type, and the arrays of weights and bias."""

    kind: str
    weight: str
    bias: str

    def __init__(self, w: Writer, step: Product) -> None:
        self._w, self._step = w, step

    def start(self, target: str) -> None:
        """Write what gives the sums their first values: the bias."""
        k = at("k", self._step.outputs[0])
        with self._w.loop("k", self._step.outputs[0]):
            self._w(f"{target}[{k}] = {self.bias}[{k}];")

    @abstractmethod
    def dot(self, target: str, x: str, line: str, first: str, end: str) -> None:
        """Write what adds inputs times their weights, one for each output.

        They are those of the kernel's line `line` (see `Product.line`) from the input `first`,
        which lies at x, to before `end`.
        """

    @abstractmethod
    def each(self, target: str, x: str, weight: str, taps: str, step: int, outputs: int) -> None:
        """Write what adds `taps` pixels, `step` elements apart, times a weight each."""

    @abstractmethod
    def finish(self, sums: str, pixel: str) -> None:
        """Write what makes the pixel of its sums."""


@dataclass(frozen=True)
class Axis:
    """A position of the output along an axis: the loop's variable, and how often it turns."""

    name: str
    turns: int


def write_product(w: Writer, step: Product, sums: Sums, pixel: str = "") -> None:
    """Write the loops of a product.

    `pixel` is the type of the pixels if their sums lie apart, in `sums`, not in them.
    """
    pooled = step.pool is not None
    channels, rows, columns = step.output.planes if pooled else step.outputs
    with w.loop("row", rows), w.loop("column", columns):
        offset = index(("row", columns * channels, rows), ("column", channels, columns))
        w(f"{pixel or sums.kind} *pixel = {plus('y', offset)};")
        target = "sums" if pixel else "pixel"
        row, column = Axis("row", rows), Axis("column", columns)
        if pooled:
            _write_pool(w, step, sums, target, row, column)
        else:
            sums.start(target)
            _write_sums(w, step, sums, target, row, column)
        sums.finish(target, "pixel")


def _write_pool(w: Writer, step: Product, sums: Sums, target: str, row: Axis, column: Axis) -> None:
    assert step.pool is not None
    channels, *sizes = step.outputs
    high, wide = step.pool
    first = index(("down", 1, high.kernel), ("right", 1, wide.kernel))
    if first == "0":  # windows of one element
        w(f"{sums.kind} *part = {target};")
    with w.loop("down", high.kernel), w.loop("right", wide.kernel):
        for axis, part, window, size in (
            (row, "down", high, sizes[0]), (column, "right", wide, sizes[1])
        ):  # fmt: skip
            offset = index((axis.name, window.stride, axis.turns), (part, 1, window.kernel))
            w(f"const int inner_{axis.name} = {offset};")
            if (axis.turns - 1) * window.stride + window.kernel > size:
                w(f"if (inner_{axis.name} >= {size})", "    continue;")
        if first != "0":
            w(f"{sums.kind} *part = {first} == 0 ? {target} : scratch;")
        sums.start("part")
        inner = Axis("inner_row", 2), Axis("inner_column", 2)
        _write_sums(w, step, sums, "part", *inner)
        if first != "0":
            with w.block(f"if (part != {target})"):
                w(
                    f"for (int k = 0; k < {channels}; k++)",
                    f"    {target}[k] = part[k] > {target}[k] ? part[k] : {target}[k];",
                )


def _write_sums(w: Writer, step: Product, sums: Sums, target: str, row: Axis, column: Axis) -> None:
    """Add the products of one output pixel to the sums at `target`."""
    if step.transposed:
        _write_transposed(w, step, sums, target, row, column)
        return
    channels, _, width = step.planes
    groups, _, kernel_columns, inputs, _ = step.weight.shape
    down, right = step.windows
    top, r0, r1 = write_bounds(w, "top", "r", row, down)
    left, c0, c1 = write_bounds(w, "left", "c", column, right)
    with w.loop("r", r1, r0):
        in_row = scaled(sum_of(top, _times("r", down.dilation, down.kernel)), width)
        if not step.is_depthwise and not step.is_joined:
            with w.loop("c", c1, c0), w.loop("g", groups):
                offset = sum_of(in_row, left, _times("c", right.dilation, right.kernel))
                _write_group(w, step, sums, target, offset)
            return
        if right.blank_windows:
            w(f"if ({c1} > {c0})")
        x = plus("x", scaled(sum_of(in_row, left, scaled(c0, right.dilation)), channels))
        if step.is_depthwise:
            tap = sum_of(_times("r", kernel_columns, down.kernel), c0)
            weight = plus(sums.weight, scaled(tap, channels))
            taps = c1 if c0 == "0" else f"{c1} - {c0}"
            sums.each(target, x, weight, taps, right.dilation * channels, channels)
        else:
            line = _times("r", 1, down.kernel)
            sums.dot(target, x, line, scaled(c0, inputs), scaled(c1, inputs))


def _write_group(w: Writer, step: Product, sums: Sums, target: str, offset: str) -> None:
    """Add one input pixel's products, of the group `g`, at the kernel's element `r`, `c`."""
    groups, rows, columns, inputs, each = step.weight.shape
    x = sum_of(scaled(offset, step.planes[0]), _times("g", inputs, groups))
    line = index(("g", rows * columns, groups), ("r", columns, rows), ("c", 1, columns))
    sums.dot(plus(target, _times("g", each, groups)), plus("x", x), line, "0", str(inputs))


def _write_transposed(
    w: Writer, step: Product, sums: Sums, target: str, row: Axis, column: Axis
) -> None:
    """Add what reaches one output pixel: from input pixels that lie a stride apart."""
    groups, *_ = step.weight.shape
    down, right = step.windows
    _, height, width = step.planes
    with w.loop("r", down.kernel), w.loop("c", right.kernel):
        conditions = []
        for axis, tap, window, size in ((row, "r", down, height), (column, "c", right, width)):
            name = f"from_{axis.name}"
            offset = sum_of(_times(axis.name, 1, axis.turns), str(window.before))
            w(f"const int {name} = {offset} - {_times(tap, window.dilation, window.kernel)};")
            conditions.append(f"{name} >= 0 && {name} <= {(size - 1) * window.stride}")
            if window.stride > 1:
                conditions.append(f"{name} % {window.stride} == 0")
        with w.block(f"if ({' && '.join(conditions)})"), w.loop("g", groups):
            parts = _over("from_row", down.stride), _over("from_column", right.stride)
            _write_group(w, step, sums, target, f"{parts[0]} * {width} + {parts[1]}")


def write_bounds(
    w: Writer, start: str, tap: str, output: Axis, window: Window
) -> tuple[str, str, str]:
    """Name where a window starts, and from where to where its elements lie within the input."""
    offset = _times(output.name, window.stride, output.turns)
    last = (window.output - 1) * window.stride - window.before + window.effective_kernel_size
    first, end = "0", str(window.kernel)
    if not window.before and last <= window.input:
        return offset, first, end
    w(f"const int {start} = {offset} - {window.before};")
    dilation = window.dilation
    if window.before:
        first = f"{tap}0"
        up = f"-{start}" if dilation == 1 else f"({dilation - 1} - {start}) / {dilation}"
        w(f"const int {first} = {start} < 0 ? {up} : 0;")
    if last > window.input:
        end = f"{tap}1"
        left = f"{window.input} - {start}"
        left = left if dilation == 1 else f"({left} + {dilation - 1}) / {dilation}"
        beyond = f"{start} + {window.effective_kernel_size} > {window.input}"
        w(f"const int {end} = {beyond} ? {left} : {window.kernel};")
    return start, first, end


# --- sums of terms ------------------------------------------------------------------------------


def _times(name: str, factor: int, turns: int) -> str:
    """Write a variable times a factor; one that is always 0 is left out."""
    if turns <= 1 or name == "0":
        return "0"
    return name if factor == 1 else f"{name} * {factor}"


def sum_of(*terms: str) -> str:
    """Write a sum without the terms that are 0."""
    return " + ".join(term for term in terms if term != "0") or "0"


def scaled(term: str, factor: int) -> str:
    """Write a term times a factor, worked out where that can be."""
    if term == "0" or factor == 1:
        return term
    if term.isdigit():
        return str(int(term) * factor)
    product = re.fullmatch(r"(\w+) \* (\d+)", term)
    if product:
        return f"{product[1]} * {int(product[2]) * factor}"
    return f"({term}) * {factor}" if " " in term else f"{term} * {factor}"


def _over(name: str, divisor: int) -> str:
    return name if divisor == 1 else f"{name} / {divisor}"


def plus(pointer: str, offset: str) -> str:
    """Write a pointer to what lies so far behind."""
    return pointer if offset == "0" else f"{pointer} + {offset}"
