"""Steps as functions of C in 8-bit integers.

Products, pools, sums and gates are computed in integers, an activation is a table of 256 bytes.
What has no form in integers (a softmax, normalisations of an image, a distance) is done in float32
between them, and so is every step that is not in the table below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np

from ...registry import registrar
from .. import float32, sizes
from .. import program as steps
from ..products import Sums, plus, scaled, write_product
from ..program import Activation, Product, Program, Step, Value
from ..text import number
from ..writer import Writer, at, index
from . import loops
from .calibration import Ranges
from .quantization import HIGH, LOW, Quantization, multiplier, multipliers, weights

#: Inputs of one sum that can never leave 32 bits: 2**31 / (127 * 255), less the bias.
MOST_INPUTS: Final = 30_000

Emitter: TypeAlias = Callable[["Int8", Writer, Any], None]
_EMITTERS: dict[type[Step], Emitter] = {}
_emits = registrar(_EMITTERS)


class Int8:
    """Values and steps in 8 bits; `ranges` are those that were measured.

    `sums` and `floats` are how many of these the largest step needs.
    """

    name = "8-bit integers"
    element = "int8_t"

    def __init__(self, program: Program, ranges: Ranges) -> None:
        self._program = program
        self._of: dict[Value, Quantization] = {}
        for step in program.steps:
            same = _keeps_integers(step) and step.x.producer is not None
            quantization = Quantization.of_range(*ranges[step.output.place])
            self._of[step.output] = self.of(step.x) if same else quantization
        self.floating = [step for step in program.steps if not self._is_integer(step)]

    def of(self, value: Value) -> Quantization:
        """Return the quantization of a value; what Flatten gives has that of what it read."""
        if value not in self._of:
            assert value.producer is not None
            return self._of[value.producer.output]
        return self._of[value]

    def emit(self, w: Writer, step: Step) -> None:
        """Write the body of a step."""
        if self._is_integer(step):
            _EMITTERS[type(step)](self, w, step)
        else:
            self._emit_floating(w, step)

    def extras(self, step: Step) -> list[tuple[str, str]]:
        """Return the sums of a pixel, or the floats between integers."""
        if self._sums(step):
            return [("int32_t *sums", "memory->sums")]
        return [] if self._is_integer(step) else [("float *floats", "memory->floats")]

    def fields(self) -> list[tuple[str, str, int]]:
        """Return the sums and floats of the step that needs most of them."""
        program = self._program.steps
        return [
            ("int32_t", "sums", max(map(self._sums, program), default=0)),
            ("float", "floats", max(map(self._floats, self.floating), default=0)),
        ]

    def gives_floats(self, step: Step) -> bool:
        """Say whether a step is the last, and writes floats: products and what is in floats."""
        last = step is self._program.steps[-1] and step.output is self._program.output
        return last and (isinstance(step, Product) or not self._is_integer(step))

    def result(self, program: Program, value: str) -> str:
        """Write what an integer stands for."""
        return self._real(value, program.output)

    def _real(self, element: str, value: Value) -> str:
        of = self.of(value)
        return f"{number(of.scale)} * (float)({_less(element, of.zero)})"

    def _is_integer(self, step: Step) -> bool:
        if isinstance(step, Product):
            return int(np.prod(step.weight.shape[1:4])) <= MOST_INPUTS
        if isinstance(step, steps.Upsample):
            return not step.linear
        if isinstance(step, steps.Pool):
            return step.kind != "avg" or step.count_padding
        return type(step) in _EMITTERS

    def _sums(self, step: Step) -> int:
        if isinstance(step, Product) and self._is_integer(step):
            return step.outputs[0] + step.scratch
        averages = isinstance(step, steps.Pool) and step.kind != "max" and self._is_integer(step)
        return step.output.planes[0] if averages else 0

    def _floats(self, step: Step) -> int:
        outputs = 0 if self.gives_floats(step) else step.output.size
        return sum(value.size for value in step.inputs) + outputs + step.scratch

    def _emit_floating(self, w: Writer, step: Step) -> None:
        """Write a step that goes from integers to floats, computes, and goes back."""
        names, first = [], 0
        sources = ["x"] if len(step.inputs) == 1 else [f"x{i}" for i in range(len(step.inputs))]
        for source, value in zip(sources, step.inputs, strict=True):
            with w.loop("i", value.size):
                i = at("i", value.size)
                w(f"floats[{index(('i', 1, value.size))} + {first}] = "
                  f"{self._real(f'{source}[{i}]', value)};")  # fmt: skip
            names.append(f"floats + {first}")
            first += value.size
        last = self.gives_floats(step)
        target = "y" if last else f"floats + {first}"
        extras = [f"floats + {first + (0 if last else step.output.size)}"] if step.scratch else []
        w(f"{w.prefix}_floats_{w.step}({', '.join([*names, target, *extras])});")
        self._write_function(w, step, sources)
        if not last:
            of, size = self.of(step.output), step.output.size
            with w.loop("i", size):
                source = f"floats[{first} + {at('i', size)}]"
                scaled = f"{source} * {number(1 / of.scale)} + {number(of.zero)}"
                w(f"y[{at('i', size)}] = {w.use('round', loops.ROUND)}({scaled});")

    def _write_function(self, w: Writer, step: Step, sources: list[str]) -> None:
        """Write the function in floats before the step's own."""
        inner = w.sibling()
        parameters = [*(f"const float *{source}" for source in sources), "float *y"]
        parameters += ["float *scratch"] if step.scratch else []
        with inner.block(f"static void {w.prefix}_floats_{w.step}({', '.join(parameters)})"):
            float32.emit(inner, step)
        w.lines[:0] = [*inner.lines, ""]


def _less(element: str, zero: int) -> str:
    """Write an integer less the one that stands for 0."""
    return f"{element} - {zero}" if zero >= 0 else f"{element} + {-zero}"


def _keeps_integers(step: Step) -> bool:
    """Say whether what a step gives are integers that it read, of one scale."""
    if isinstance(step, steps.Pool):
        return step.kind == "max"
    if isinstance(step, steps.Upsample):
        return not step.linear
    return isinstance(step, steps.Reorder)


def _bounds(activation: Activation | None, of: Quantization) -> str:
    """Write zero, and the least and largest integer that an activation leaves."""
    low, high = LOW, HIGH
    if activation is not None:
        low = LOW if activation.low is None else of.integer(activation.low)
        high = HIGH if activation.high is None else of.integer(activation.high)
    return f"{of.zero}, {low}, {high}"


@_emits(steps.Start)
def _start(form: Int8, w: Writer, step: steps.Start) -> None:
    """From planes of pixels to integers, channels last."""
    channels, rows, columns = step.output.planes
    size, of = rows * columns, form.of(step.output)
    factors = step.scale.astype(np.float64) / of.scale
    summands = of.zero - step.mean * factors
    factor, summand = number(factors[0]), number(summands[0])
    if len(set(factors)) > 1 or len(set(summands)) > 1:
        k = f"[{at('k', channels)}]"
        factor = w.constant("float", "factor", factors.astype(np.float32)) + k
        summand = w.constant("float", "summand", summands.astype(np.float32)) + k
    with w.loop("i", size), w.loop("k", channels):
        pixel = f"(float)x[{index(('k', size, channels), ('i', 1, size))}]"
        rounded = f"{w.use('round', loops.ROUND)}({pixel} * {factor} + {summand})"
        w(f"y[{index(('i', channels, size), ('k', 1, channels))}] = {rounded};")


class _IntegerSums(Sums):
    """Sums of 32 bits apart from the pixel."""

    kind = "int32_t"

    def __init__(self, form: Int8, w: Writer, step: Product) -> None:
        super().__init__(w, step)
        self._form = form
        self._zero = form.of(step.x).zero
        integers, bias, self._scales = weights(step.weight, step.bias, form.of(step.x).scale)
        if step.is_depthwise:
            stored = integers.transpose(1, 2, 0, 3, 4)
        else:
            stored = loops.in_pairs(integers, step.line)
        self.weight = w.constant("int8_t", "weight", stored)
        self.bias = w.constant("int32_t", "bias", bias)

    def dot(self, target: str, x: str, line: str, first: str, end: str) -> None:
        dot, n = self._w.use("dot", loops.DOT), self._step.weight.shape[4]
        weight = plus(self.weight, scaled(line, -(-self._step.line // 2) * 2 * n))
        self._w(f"{dot}({target}, {x}, {weight}, {first}, {end}, {n}, {self._zero});")

    def each(self, target: str, x: str, weight: str, taps: str, step: int, outputs: int) -> None:
        each = self._w.use("each", loops.EACH)
        self._w(f"{each}({target}, {x}, {weight}, {taps}, {step}, {outputs}, {self._zero});")

    def finish(self, sums: str, pixel: str) -> None:
        w, step, n = self._w, self._step, self._step.outputs[0]
        k = at("k", n)
        if self._form.gives_floats(step):
            scales = w.constant("float", "scale", self._scales.astype(np.float32))
            with w.loop("k", n):
                w(f"{pixel}[{k}] = {scales}[{k}] * (float){sums}[{k}];")
            float32.activate(w, step.activation, pixel, n)
            return
        of = self._form.of(step.output)
        values, shift = multipliers(self._scales / of.scale)
        factors = w.constant("int32_t", "factor", values)
        rounded, bounds = w.use("scaled", loops.SCALED), _bounds(step.activation, of)
        with w.loop("k", n):
            w(f"{pixel}[{k}] = {rounded}({sums}[{k}], {factors}[{k}], {shift}, {bounds});")


@_emits(Product)
def _product(form: Int8, w: Writer, step: Product) -> None:
    if step.scratch:
        w(f"int32_t *const scratch = sums + {step.outputs[0]};")
    pixel = "float" if form.gives_floats(step) else "int8_t"
    write_product(w, step, _IntegerSums(form, w, step), pixel)


@_emits(steps.Map)
def _map(form: Int8, w: Writer, step: steps.Map) -> None:
    assert step.activation is not None
    values = step.activation.function(form.of(step.x).reals())
    table = w.constant("int8_t", "table", form.of(step.output).integers(np.asarray(values)))
    with w.loop("i", step.output.size):
        i = at("i", step.output.size)
        w(f"y[{i}] = {table}[x[{i}] + 128];")


@_emits(steps.Pool)
def _pool(form: Int8, w: Writer, step: steps.Pool) -> None:
    if step.kind == "max":
        sizes.write_pool(w, step, "int8_t", "", "", lambda count: None)
        return
    x, y, n = form.of(step.x), form.of(step.output), step.output.planes[0]
    area = step.windows[0].kernel * step.windows[1].kernel
    factor, shift = multiplier(x.scale / y.scale / (area if step.kind == "avg" else 1))
    k = at("k", n)

    def finish(count: str) -> None:
        rounded = w.use("scaled", loops.SCALED)
        with w.loop("k", n):
            w(f"pixel[{k}] = {rounded}(sums[{k}], {factor}, {shift}, {_bounds(None, y)});")

    added = f"sums[{k}] += {_less(f'in[{k}]', x.zero)};"
    sizes.write_pool(w, step, "int8_t", f"sums[{k}] = 0;", added, finish)


@_emits(steps.Add)
def _add(form: Int8, w: Writer, step: steps.Add) -> None:
    y, size = form.of(step.output), step.output.size
    i = at("i", size)
    terms = []
    for name, value in zip(("x0", "x1"), step.inputs, strict=True):
        x = form.of(value)
        # a scale of 2^20: what is lost is less than a thousandth of a step
        terms.append(
            f"(int64_t)({_less(f'{name}[{i}]', x.zero)}) * {round(x.scale / y.scale * 2**20)}"
        )
    zero, low, high = _bounds(step.activation, y).split(", ")
    with w.loop("i", size):
        w(f"const int64_t sum = {' + '.join(terms)};")
        w(f"const int64_t value = ((sum + {2**19}) >> 20) + {zero};")
        w(f"y[{i}] = (int8_t)(value < {low} ? {low} : value > {high} ? {high} : value);")


@_emits(steps.Concat)
def _concat(form: Int8, w: Writer, step: steps.Concat) -> None:
    y = form.of(step.output)

    def read(part: int, offset: str) -> str:
        x = form.of(step.inputs[part])
        if x == y:
            return f"x{part}[{offset}]"
        factor, shift = multiplier(x.scale / y.scale)
        rounded = w.use("scaled", loops.SCALED)
        difference = _less(f"x{part}[{offset}]", x.zero)
        return f"{rounded}({difference}, {factor}, {shift}, {_bounds(None, y)})"

    float32.write_concat(w, step, read)


@_emits(steps.Gate)
def _gate(form: Int8, w: Writer, step: steps.Gate) -> None:
    x, factors, y = (form.of(value) for value in (*step.inputs, step.output))
    factor, shift = multiplier(x.scale * factors.scale / y.scale)
    channels, rows, columns = step.x.planes
    offset, gate = float32.gate_places(step)
    rounded = w.use("scaled", loops.SCALED)
    with w.loop("row", rows), w.loop("column", columns), w.loop("k", channels):
        product = f"({_less(f'x0[{offset}]', x.zero)}) * ({_less(f'x1[{gate}]', factors.zero)})"
        w(f"y[{offset}] = {rounded}({product}, {factor}, {shift}, {_bounds(None, y)});")


@_emits(steps.Reorder, steps.Upsample)
def _copied(form: Int8, w: Writer, step: Step) -> None:
    """Write a step that only moves elements, as for floats."""
    float32.emit(w, step)
