"""The text of a header: what stands at its top, constants, steps, the functions to call, a test."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...network import Network
from ...network.arguments import is_of_classes
from ...text import format_shape, format_value, plural
from . import arena, float32
from .program import Program, Step, Value
from .text import array, ascii_text, number, string
from .writer import Writer

_LONGEST_STRING = 4095  # C99, 5.2.4.1
_INCLUDES = {
    "math": re.compile(r"\b(expf|erfcf|sqrtf)\("),
    "stdint": re.compile(r"\bint(8|32|64)_t\b"),
}
#: Headers of compilers themselves, for instructions that they have a name for.
_INSTRUCTIONS = {"__SSE2__": "emmintrin", "__ARM_FEATURE_SIMD32": "arm_acle"}


@dataclass(frozen=True)
class Header:
    """A header in the making: its text but for the test vector, and what memory it takes.

    `flash` is the size of the constants, class names included, `ram` that of the values, in bytes.
    """

    prefix: str
    text: str
    flash: int
    ram: int

    @property
    def text_alone(self) -> bytes:
        """The header without a test."""
        return f"{self.text}\n#endif\n".encode("ascii")


class Format(Protocol):
    """How values and steps are written: in float32, or in 8 bits."""

    name: str
    element: str  # of values, as a type of C

    def emit(self, w: Writer, step: Step) -> None:
        """Write the body of a step: from `x` (or x0, x1) to `y`."""

    def extras(self, step: Step) -> list[tuple[str, str]]:
        """Return what else a step needs, as a parameter and as what is given for it."""

    def fields(self) -> list[tuple[str, str, int]]:
        """Return what else lies in memory: type, name and number of 4 bytes each."""

    def result(self, program: Program, value: str) -> str:
        """Write an element of the last value as a float."""

    def gives_floats(self, step: Step) -> bool:
        """Say whether a step writes the outputs themselves, as floats."""


def write_header(
    network: Network, program: Program, prefix: str, pixels: str, comment: str, form: Format
) -> Header:
    """Write a network; `pixels` is their type in C."""
    w = Writer(prefix, pixels)
    direct = bool(program.steps) and form.gives_floats(program.steps[-1])
    item = 4 if form.element == "float" else 1
    placed = arena.plan(program, scratch=item == 4, output=not direct)
    for index, step in enumerate(program.steps):
        _write_step(w, index, step, form)
    fields = [*form.fields(), (form.element, "values", placed.size)]
    fields = [field for field in fields if field[2]] or [("char", "nothing", 4)]
    members = " ".join(f"{kind} {name}[{count}];" for kind, name, count in fields)
    ram = 4 * sum(count for *_, count in form.fields()) + -(-item * placed.size // 4) * 4 or 4
    w("", f"typedef struct {{ {members} }} {prefix}_memory;")
    logits = "logits" if is_of_classes(network.output_shape) else "predict"
    with _function(w, logits):
        _write_calls(w, program, placed, form)
    count = program.output.size
    if logits == "logits":
        softmax = w.use("softmax", float32.SOFTMAX)
        with _function(w, "predict"):
            w(f"{prefix}_logits_in(memory, pixels, outputs);")
            if network.temperature != 1:
                w(f"for (int k = 0; k < {count}; k++)")
                w(f"    outputs[k] *= {number(1 / network.temperature)};")
            w(f"{softmax}(outputs, outputs, {count});")
    for name in dict.fromkeys((logits, "predict")):
        w("", "/* The same with memory of its own: not from two threads at a time. */")
        arguments = f"const {pixels} *pixels, float *outputs"
        with w.block(f"{prefix.upper()}_API void {prefix}_{name}({arguments})"):
            w(f"static {prefix}_memory memory;")
            w(f"{prefix}_{name}_in(&memory, pixels, outputs);")
    flash = sum(values.nbytes for values in w.constants.values())
    flash += _write_class_names(w, network)
    body = "\n".join([*w.declarations, "", *(f"{text}\n" for text in w.helpers.values()), *w.lines])
    top = _top(network, prefix, pixels, comment, flash, ram, body)
    return Header(prefix, f"{top}\n{body}\n", flash, ram)


def with_test(
    header: Header, pixels: NDArray[np.generic], expected: NDArray[np.float32], tolerance: float
) -> str:
    """Return the whole text: with an image, what must come out, and a `main` that compares."""
    p = header.prefix
    kind = "unsigned char" if pixels.dtype == np.uint8 else "float"
    limit = tolerance * max(float(np.abs(expected).max()), 1e-30)
    lines = [
        f"#ifdef {p.upper()}_MAIN /* a program that tests the network on one image */",
        "#include <stdio.h>",
        "",
        *array(kind, f"{p}_test_pixels", pixels),
        *array("float", f"{p}_test_expected", expected),
        "",
        "int main(void)",
        "{",
        f"    static float outputs[{expected.size}];",
        "    int wrong = 0;",
        f"    {p}_predict({p}_test_pixels, outputs);",
        f"    for (int k = 0; k < {expected.size}; k++) {{",
        f"        const float difference = outputs[k] - {p}_test_expected[k];",
        '        printf("%d %.9g\\n", k, (double)outputs[k]);',
        f"        if (!(difference <= {number(limit)} && difference >= {number(-limit)}))",
        "            wrong++;",
        "    }",
        '    printf(wrong ? "FAIL\\n" : "PASS\\n");',
        "    return wrong != 0;",
        "}",
        "#endif",
        "",
        "#endif",
        "",
    ]
    return header.text + "\n" + "\n".join(lines)


def _top(
    network: Network, prefix: str, pixels: str, comment: str, flash: int, ram: int, body: str
) -> str:
    from ... import __version__

    upper = prefix.upper()
    shape = network.input_shape
    inputs, outputs = int(np.prod(shape)), int(np.prod(network.output_shape))
    what = "probabilities" if is_of_classes(network.output_shape) else "outputs"
    order = ("channel by channel, row by row", "channel by channel", "")[3 - len(shape)]
    lines = [
        f"A network in C99, written by fencepost {__version__}. Include it in one file.",
        "",
        *comment.splitlines(),
        "",
        f"    {pixels} pixels[{inputs}];  {format_shape(shape)}{', ' if order else ''}{order}",
        f"    float {what}[{outputs}];",
        f"    {prefix}_predict(pixels, {what});",
        "",
        f"Memory, in bytes: {flash:,} of constants (flash), and beside them the code;",
        f"{ram:,} of values ({prefix}_memory, RAM), and at most a few hundred of stack.",
        f"{plural(network.parameter_count, 'parameter')}, {network.multiply_adds:,} multiply-adds.",
        "",
        f"Test: cc -std=c99 -O2 -D{upper}_MAIN -x c {prefix}.h -lm -o test && ./test",
        "",
        *str(network).splitlines(),
    ]
    comment = "\n".join(f" * {ascii_text(line)}".rstrip() for line in lines)
    includes = [f"#include <{name}.h>" for name, word in _INCLUDES.items() if word.search(body)]
    for macro, name in _INSTRUCTIONS.items():
        if macro in body:
            includes += [f"#ifdef {macro}", f"#include <{name}.h>", "#endif"]
    includes += [""] if includes else []
    definitions = [
        f"#define {upper}_INPUTS {inputs}",
        f"#define {upper}_OUTPUTS {outputs}",
        f"#define {upper}_FLASH_BYTES {flash}",
        f"#define {upper}_RAM_BYTES {ram}",
        "#ifdef __cplusplus",
        f"#define {upper}_RESTRICT __restrict",
        "#else",
        f"#define {upper}_RESTRICT restrict",
        "#endif",
        "#ifdef __GNUC__ /* no warning where a program calls only some of the functions */",
        f"#define {upper}_API static inline __attribute__((unused))",
        "#else",
        f"#define {upper}_API static inline",
        "#endif",
    ]
    guard = f"FENCEPOST_{upper}_H"
    return "\n".join(
        [
            "/*" + comment[2:],
            " */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            *includes,
            *definitions,
            "",
        ]
    )


def _write_step(w: Writer, index: int, step: Step, form: Format) -> None:
    w.step = index
    sizes = " and ".join(format_shape(value.shape) for value in step.inputs)
    comment = f"{', '.join(step.titles)}: {sizes} -> {format_shape(step.output.shape)}"
    first = len(w.declarations)
    body = w.sibling()
    with body.block(
        f"static void {w.prefix}_step_{index}({', '.join(_parameters(w, step, form))})"
    ):
        form.emit(body, step)
    w("", f"/* {ascii_text(comment)} */", *body.lines)
    if len(w.declarations) > first:
        w.declarations.insert(first, f"/* {ascii_text(', '.join(step.titles))} */")


def _parameters(w: Writer, step: Step, form: Format) -> list[str]:
    """Declare what a step reads and writes; what may lie in one place is not restricted."""
    restrict = "" if step.in_place else f"{w.prefix.upper()}_RESTRICT "
    names = ["x"] if len(step.inputs) == 1 else [f"x{i}" for i in range(len(step.inputs))]
    source = w.pixels if step.x.producer is None else form.element
    target = "float" if form.gives_floats(step) else form.element
    parameters = [f"const {source} *{restrict}{name}" for name in names]
    extras = [declaration for declaration, _ in form.extras(step)]
    return [*parameters, f"{target} *{restrict}y", *extras]


def _write_calls(w: Writer, program: Program, placed: arena.Arena, form: Format) -> None:
    """Write the calls of all steps, and what brings the last value to the outputs."""

    def place(value: Value) -> str:
        return "pixels" if value.memory is program.pixels else f"m + {placed.offsets[value]}"

    w(f"{form.element} *const m = memory->values;" if placed.size else "(void)memory;")
    for index, step in enumerate(program.steps):
        target = "outputs" if form.gives_floats(step) else place(step.output)
        extras = [argument for _, argument in form.extras(step)]
        if form.element == "float" and step.scratch:
            extras = [f"m + {placed.scratch[step]}"]
        arguments = [*map(place, step.inputs), target, *extras]
        w(f"{w.prefix}_step_{index}({', '.join(arguments)});")
    if not program.steps or not form.gives_floats(program.steps[-1]):
        first = placed.offsets.get(program.output, 0)
        source = "pixels[k]" if program.output.memory is program.pixels else f"m[{first} + k]"
        count = program.output.size
        w(f"for (int k = 0; k < {count}; k++)", f"    outputs[k] = {form.result(program, source)};")


def _function(w: Writer, name: str) -> AbstractContextManager[None]:
    """Begin a function that a program calls."""
    comment = "the outputs of the last layer" if name == "logits" else "probabilities, or outputs"
    w("", f"/* Pixels in, {comment} out. */")
    p = w.prefix
    arguments = f"{p}_memory *memory, const {w.pixels} *pixels, float *outputs"
    return w.block(f"{p.upper()}_API void {p}_{name}_in({arguments})")


def _write_class_names(w: Writer, network: Network) -> int:
    """Write a function that names a class; return the bytes of the names."""
    names = network.class_names
    if names is None:
        return 0
    for name in names:
        if "\0" in name or len(string(name)) > _LONGEST_STRING:
            raise DataError(
                "a name in C ends at its first NUL, and is written in at most "
                f"{_LONGEST_STRING:,} characters. Received: class_names with {format_value(name)}. "
                "No file was written."
            )
    w("", "/* The name of a class, in UTF-8. */")
    with w.block(f"{w.prefix.upper()}_API const char *{w.prefix}_class_name(int index)"):
        with w.block(f"static const char *const names[{len(names)}] ="):
            w(*(f"{string(name)}," for name in names))
        w.lines[-1] += ";"
        w(f'return index >= 0 && index < {len(names)} ? names[index] : "";')
    return sum(len(name.encode("utf-8", "backslashreplace")) + 1 for name in names)
