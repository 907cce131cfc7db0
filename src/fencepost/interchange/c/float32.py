"""Steps as functions of C in float32.

All values lie channels last, so that the inner loops run over the channels of one pixel: with
sizes that the compiler knows it makes vectors of them. Four inputs are multiplied at a time, for
then the sums of a pixel are loaded and stored once for four products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..registry import registrar
from . import program as steps
from . import sizes
from .activations import expression
from .products import Sums, plus, scaled, sum_of, write_product
from .program import Activation, Product, Step
from .text import number
from .writer import Writer, at, index

Emitter: TypeAlias = Callable[[Writer, Any], None]

_EMITTERS: dict[type[Step], Emitter] = {}
_emits = registrar(_EMITTERS)
_emits(steps.Pool)(sizes.emit_pool)
_emits(steps.AdaptivePool)(sizes.emit_adaptive_pool)
_emits(steps.Upsample)(sizes.emit_upsample)

_DOT = """
/* y[k] += x[0] * w[0][k] + x[1] * w[1][k] + ... for `count` inputs and `n` outputs */
static inline void {p}_dot(float *{r} y, const float *{r} x, const float *{r} w, int count, int n)
{{
    const int whole = count - count % 4;
    for (int i = 0; i < whole; i += 4, w += 4 * n) {{
        const float x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
        for (int k = 0; k < n; k++)
            y[k] += (x0 * w[k] + x1 * w[n + k]) + (x2 * w[2 * n + k] + x3 * w[3 * n + k]);
    }}
    for (int i = whole; i < count; i++, w += n)
        for (int k = 0; k < n; k++)
            y[k] += x[i] * w[k];
}}
"""

_EACH = """
/* y[k] += x[0][k] * w[0][k] + x[1][k] * w[1][k] + ... for `taps` pixels of `n` channels */
static inline void {p}_each(float *{r} y, const float *{r} x, const float *{r} w, int taps,
                            int step, int n)
{{
    const int whole = taps - taps % 3;
    for (int i = 0; i < whole; i += 3, x += 3 * step, w += 3 * n)
        for (int k = 0; k < n; k++)
            y[k] += x[k] * w[k] + x[step + k] * w[n + k] + x[2 * step + k] * w[2 * n + k];
    for (int i = whole; i < taps; i++, x += step, w += n)
        for (int k = 0; k < n; k++)
            y[k] += x[k] * w[k];
}}
"""


def emit(w: Writer, step: Step) -> None:
    """Write the body of a step's function: from `x` (or x0, x1) to `y`, with `scratch`."""
    _EMITTERS[type(step)](w, step)


class Float32:
    """Values and steps in float32."""

    name = "float32"
    element = "float"

    def __init__(self, program: steps.Program) -> None:
        self._program = program

    def emit(self, w: Writer, step: Step) -> None:
        """Write the body of a step."""
        emit(w, step)

    def extras(self, step: Step) -> list[tuple[str, str]]:
        """Return the memory in which a pooled convolution keeps what is no maximum."""
        return [("float *scratch", "scratch")] if step.scratch else []

    def fields(self) -> list[tuple[str, str, int]]:
        """Return nothing: scratch lies among the values."""
        return []

    def result(self, program: steps.Program, value: str) -> str:
        """Return the value: it is a float."""
        return value

    def gives_floats(self, step: Step) -> bool:
        """Say whether a step is the last, and does not write where its input lies."""
        last = step is self._program.steps[-1] and step.output is self._program.output
        return last and step.output.buffer is None


@_emits(steps.Start)
def _start(w: Writer, step: steps.Start) -> None:
    """From planes to channels last."""
    channels, rows, columns = step.output.planes
    size = rows * columns
    same = len(set(step.mean)) == len(set(step.scale)) == 1
    plain = same and step.mean[0] == 0 and step.scale[0] == 1
    mean, scale = number(step.mean[0]), number(step.scale[0])
    if not same:
        mean = w.constant("float", "mean", step.mean) + "[k]"
        scale = w.constant("float", "scale", step.scale) + "[k]"
    with w.loop("i", size), w.loop("k", channels):
        source, target = index(("k", size, channels), ("i", 1, size)), _pixel(size, channels)
        pixel = f"x[{source}]" if w.pixels == "float" else f"(float)x[{source}]"
        w(f"y[{target}] = {pixel if plain else f'({pixel} - {mean}) * {scale}'};")


class _FloatSums(Sums):
    """Sums that lie in the output itself."""

    kind = "float"

    def __init__(self, w: Writer, step: Product) -> None:
        super().__init__(w, step)
        with np.errstate(over="ignore"):  # what is not finite is refused
            weight, bias = (a.astype(np.float32) for a in (step.stored_weight, step.bias))
        self.weight = w.constant("float", "weight", weight)
        self.bias = w.constant("float", "bias", bias)

    def dot(self, target: str, x: str, line: str, first: str, end: str) -> None:
        n = self._step.weight.shape[4]
        dot = self._w.use("dot", _DOT)
        weight = plus(self.weight, sum_of(scaled(line, self._step.line * n), scaled(first, n)))
        count = end if first == "0" else f"{end} - {first}"
        self._w(f"{dot}({target}, {x}, {weight}, {count}, {n});")

    def each(self, target: str, x: str, weight: str, taps: str, step: int, outputs: int) -> None:
        each = self._w.use("each", _EACH)
        self._w(f"{each}({target}, {x}, {weight}, {taps}, {step}, {outputs});")

    def finish(self, sums: str, pixel: str) -> None:
        activate(self._w, self._step.activation, pixel, self._step.outputs[0])


@_emits(Product)
def _product(w: Writer, step: Product) -> None:
    write_product(w, step, _FloatSums(w, step))


def activate(w: Writer, activation: Activation | None, values: str, count: int) -> None:
    """Write the activation of so many values, in place."""
    if activation is not None:
        with w.loop("k", count):
            k = at("k", count)
            w(f"const float v = {values}[{k}];", f"{values}[{k}] = {expression(w, activation)};")


@_emits(steps.Map)
def _map(w: Writer, step: steps.Map) -> None:
    assert step.activation is not None
    size = step.output.size
    with w.loop("i", size):
        w(f"const float v = x[{at('i', size)}];")
        w(f"y[{at('i', size)}] = {expression(w, step.activation)};")


@_emits(steps.Add)
def _add(w: Writer, step: steps.Add) -> None:
    size = step.output.size
    i = at("i", size)
    with w.loop("i", size):
        if step.activation is None:
            w(f"y[{i}] = x0[{i}] + x1[{i}];")
        else:
            w(f"const float v = x0[{i}] + x1[{i}];", f"y[{i}] = {expression(w, step.activation)};")


@_emits(steps.Gate)
def _gate(w: Writer, step: steps.Gate) -> None:
    channels, rows, columns = step.x.planes
    offset, factor = gate_places(step)
    with w.loop("row", rows), w.loop("column", columns), w.loop("k", channels):
        w(f"y[{offset}] = x0[{offset}] * x1[{factor}];")


def gate_places(step: steps.Gate) -> tuple[str, str]:
    """Write the index of a value and that of its factor."""
    names = ("k", "row", "column")
    offsets = []
    for planes in (step.x.planes, step.inputs[1].planes):
        channels, _, columns = planes
        strides = (1, columns * channels, channels)
        terms = zip(names, strides, planes, strict=True)
        offsets.append(index(*((name, stride, size) for name, stride, size in terms)))
    return offsets[0], offsets[1]


@_emits(steps.Concat)
def _concat(w: Writer, step: steps.Concat) -> None:
    write_concat(w, step, lambda part, offset: f"x{part}[{offset}]")


def write_concat(w: Writer, step: steps.Concat, read: Callable[[int, str], str]) -> None:
    """Write the loops that put values side by side; `read` writes one element of a part."""
    total, rows, columns = step.output.planes
    size, first = rows * columns, 0
    with w.loop("i", size):
        for part, value in enumerate(step.inputs):
            channels = value.planes[0]
            with w.loop("k", channels):
                target = index(("i", total, size), ("k", 1, channels))
                target = target if not first else f"{target} + {first}"
                w(f"y[{target}] = {read(part, _pixel(size, channels))};")
            first += channels


@_emits(steps.Reorder)
def _reorder(w: Writer, step: steps.Reorder) -> None:
    channels, rows, columns = step.x.planes
    size = rows * columns
    with w.loop("k", channels), w.loop("i", size):
        w(f"y[{index(('k', size, channels), ('i', 1, size))}] = x[{_pixel(size, channels)}];")


def _pixel(size: int, channels: int) -> str:
    return index(("i", channels, size), ("k", 1, channels))


# --- sums over several values -------------------------------------------------------------------


@_emits(steps.Softmax)
def _softmax(w: Writer, step: steps.Softmax) -> None:
    n, rows, columns = step.output.planes
    softmax = w.use("softmax", SOFTMAX)
    with w.loop("i", rows * columns):
        offset = index(("i", n, rows * columns))
        w(f"{softmax}(x + {offset}, y + {offset}, {n});")


#: Also what comes after the last layer.
SOFTMAX = """
/* y = exp(x) / the sum of exp(x), of n values; less the largest, so that nothing overflows */
static inline void {p}_softmax(const float *x, float *y, int n)
{{
    float largest = x[0], sum = 0.0f;
    for (int k = 1; k < n; k++)
        largest = x[k] > largest ? x[k] : largest;
    for (int k = 0; k < n; k++) {{
        y[k] = expf(x[k] - largest);
        sum += y[k];
    }}
    for (int k = 0; k < n; k++)
        y[k] /= sum;
}}
"""

_NORMALIZE = """
/* y = (x - mean) / sqrt(variance + eps) over `pixels` of `n` channels each, `step` apart */
static inline void {p}_normalize(const float *x, float *y, int pixels, int step, int n, float eps)
{{
    const float count = (float)pixels * (float)n;
    float mean = 0.0f, variance = 0.0f, factor;
    for (int i = 0; i < pixels; i++) {{
        float sum = 0.0f;
        for (int k = 0; k < n; k++)
            sum += x[i * step + k];
        mean += sum / count;
    }}
    for (int i = 0; i < pixels; i++) {{
        float sum = 0.0f;
        for (int k = 0; k < n; k++)
            sum += (x[i * step + k] - mean) * (x[i * step + k] - mean);
        variance += sum / count;
    }}
    factor = 1.0f / sqrtf(variance + eps);
    for (int i = 0; i < pixels; i++)
        for (int k = 0; k < n; k++)
            y[i * step + k] = (x[i * step + k] - mean) * factor;
}}
"""


@_emits(steps.Normalize)
def _normalize(w: Writer, step: steps.Normalize) -> None:
    channels, rows, columns = step.output.planes
    size = rows * columns
    normalize, eps = w.use("normalize", _NORMALIZE), number(step.eps)
    if step.sets == "pixels":
        with w.loop("i", size):
            offset = index(("i", channels, size))
            w(f"{normalize}(x + {offset}, y + {offset}, 1, {channels}, {channels}, {eps});")
    else:
        each = channels // int(step.sets)
        with w.loop("g", int(step.sets)):
            offset = index(("g", each, int(step.sets)))
            w(f"{normalize}(x + {offset}, y + {offset}, {size}, {channels}, {each}, {eps});")
    if step.weight is not None and step.bias is not None:
        weight, bias = (
            w.constant("float", name, values)
            for name, values in (("weight", step.weight), ("bias", step.bias))
        )
        count = len(step.weight)
        turns = step.output.size // count
        with w.loop("i", turns), w.loop("k", count):
            offset = index(("i", count, turns), ("k", 1, count))
            w(f"y[{offset}] = y[{offset}] * {weight}[{at('k', count)}] + {bias}[{at('k', count)}];")


@_emits(steps.Distances)
def _distances(w: Writer, step: steps.Distances) -> None:
    classes, features = step.centres.shape
    centres = w.constant("float", "centres", step.centres)
    with w.loop("j", classes):
        w("float sum = 0.0f;")
        with w.loop("i", features):
            offset = index(("j", features, classes), ("i", 1, features))
            w(f"const float difference = x[{at('i', features)}] - {centres}[{offset}];")
            w("sum += difference * difference;")
        w(f"y[{at('j', classes)}] = {number(-step.factor)} * sum;")
