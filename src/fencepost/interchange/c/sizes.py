"""Steps that change the size of planes, as functions of C: pooling and upsampling in float32."""

from __future__ import annotations

from collections.abc import Callable

from . import program as steps
from .products import Axis, write_bounds
from .text import number
from .writer import Writer, at, index


def emit_pool(w: Writer, step: steps.Pool) -> None:
    """Write the maximum, mean or sum of each window."""
    n = step.output.planes[0]
    k = at("k", n)

    def finish(count: str) -> None:
        if step.kind == "avg":
            with w.loop("k", n):
                w(f"pixel[{k}] /= {count};")

    added = f"pixel[{k}] += in[{k}];" if step.kind != "max" else ""
    write_pool(w, step, "float", f"pixel[{k}] = 0.0f;", added, finish)


def write_pool(
    w: Writer, step: steps.Pool, kind: str, first: str, added: str, finish: Callable[[str], None]
) -> None:
    """Write the loops of a pool; `first` and `added` are what is done to a sum, none for maxima.

    `finish` writes what comes at the end of a pixel, given the number of elements, as a float.
    """
    n, rows, columns = step.output.planes
    channels, _, width = step.x.planes
    high, wide = step.windows
    k = at("k", n)
    with w.loop("row", rows), w.loop("column", columns):
        offset = index(("row", columns * n, rows), ("column", n, columns))
        w(f"{kind} *pixel = y + {offset};")
        top, r0, r1 = write_bounds(w, "top", "r", Axis("row", rows), high)
        left, c0, c1 = write_bounds(w, "left", "c", Axis("column", columns), wide)
        with w.loop("k", n):
            if added:
                w(first)
            else:  # the first element is the largest so far
                w(f"pixel[{k}] = x[(({top} + {r0}) * {width} + {left} + {c0}) * {channels} + {k}];")
        r, c = at("r", high.kernel), at("c", wide.kernel)
        with w.loop("r", r1, r0), w.loop("c", c1, c0):
            w(f"const {kind} *in = x + (({top} + {r}) * {width} + {left} + {c}) * {channels};")
            with w.loop("k", n):
                w(added or f"pixel[{k}] = in[{k}] > pixel[{k}] ? in[{k}] : pixel[{k}];")
        counted = step.kind == "sum" or step.count_padding
        area = number(high.kernel * wide.kernel)
        finish(area if counted else f"(float)(({r1} - {r0}) * ({c1} - {c0}))")


def emit_adaptive_pool(w: Writer, step: steps.AdaptivePool) -> None:
    """Write the means of as many windows as asked for."""
    n, rows, columns = step.output.planes
    _, height, width = step.x.planes
    with w.loop("row", rows), w.loop("column", columns):
        for name, tap, size, count in (
            ("row", "r", height, rows), ("column", "c", width, columns)
        ):  # fmt: skip
            offset = at(name, count)
            w(
                f"const int {tap}0 = {offset} * {size} / {count};",
                f"const int {tap}1 = (({offset} + 1) * {size} + {count - 1}) / {count};",
            )
        offset = index(("row", columns * n, rows), ("column", n, columns))
        w(f"float *pixel = y + {offset};")
        k = at("k", n)
        with w.loop("k", n):
            w(f"pixel[{k}] = 0.0f;")
        w("for (int r = r0; r < r1; r++)", "    for (int c = c0; c < c1; c++)")
        w(f"        for (int k = 0; k < {n}; k++)")
        w(f"            pixel[k] += x[(r * {width} + c) * {n} + k];")
        with w.loop("k", n):
            w(f"pixel[{k}] /= (float)((r1 - r0) * (c1 - c0));")


def emit_upsample(w: Writer, step: steps.Upsample) -> None:
    """Write larger planes: each element again, or what lies between neighbours."""
    n, rows, columns = step.output.planes
    _, height, width = step.x.planes
    k = at("k", n)
    target = index(("row", columns * n, rows), ("column", n, columns), ("k", 1, n))
    with w.loop("row", rows):
        _write_position(w, step, "row", "r", height, rows)
        with w.loop("column", columns):
            _write_position(w, step, "column", "c", width, columns)
            with w.loop("k", n):
                if not step.linear:
                    w(f"y[{target}] = x[(r0 * {width} + c0) * {n} + {k}];")
                else:
                    for end in ("0", "1"):
                        left, right = (f"x[(r{end} * {width} + c{c}) * {n} + {k}]" for c in (0, 1))
                        w(f"const float from_r{end} = {left} + ({right} - {left}) * c_share;")
                    w(f"y[{target}] = from_r0 + (from_r1 - from_r0) * r_share;")


def _write_position(
    w: Writer, step: steps.Upsample, name: str, tap: str, size: int, count: int
) -> None:
    """Name the elements of the input that an element of the output is made of."""
    offset = at(name, count)
    if not step.linear:
        w(f"const int {tap}0 = {offset} * {size} / {count};")
        return
    w(
        f"const float {tap}_at = ((float){offset} + 0.5f) * {number(size / count)} - 0.5f;",
        f"const int {tap}0 = {tap}_at > 0.0f ? (int){tap}_at : 0;",
        f"const int {tap}1 = {tap}0 + 1 < {size} ? {tap}0 + 1 : {tap}0;",
        f"const float {tap}_share = {tap}_at > 0.0f ? {tap}_at - (float){tap}0 : 0.0f;",
    )
