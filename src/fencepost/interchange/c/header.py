"""The text of a header: what stands at its top, constants, steps, the functions to call, a test."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...network import Network
from ...network.arguments import is_of_classes
from ...text import format_shape, plural
from . import arena, float32
from .program import Program, Step, Value
from .text import array, ascii_text, number, string
from .writer import Writer

_MATH = re.compile(r"\b(expf|tanhf|erfcf|sqrtf)\(")


@dataclass(frozen=True)
class Header:
    """A header in the making: its text but for the test vector, and what memory it takes.

    `flash` is the size of the constants, class names included, `ram` that of the values, in bytes.
    """

    prefix: str
    text: str
    flash: int
    ram: int

    def __str__(self) -> str:
        return self.text


def write_header(network: Network, program: Program, prefix: str, pixels: str, said: str) -> Header:
    """Write a network in float32; `pixels` is their type in C."""
    w = Writer(prefix, pixels)
    placed = arena.plan(program)
    for index, step in enumerate(program.steps):
        _write_step(w, index, step)
    size = max(placed.size, 1)
    w("", f"typedef struct {{ float values[{size}]; }} {prefix}_memory;")
    logits = "logits" if is_of_classes(network.output_shape) else "predict"
    with _function(w, logits):
        w("float *const m = memory->values;" if program.steps else "(void)memory;")
        for index, step in enumerate(program.steps):
            w(_call(w, placed, program, index, step))
        count = program.output.size
        first = placed.offsets.get(program.output, 0)
        source = "pixels[k]" if program.output.memory is program.pixels else f"m[{first} + k]"
        w(f"for (int k = 0; k < {count}; k++)", f"    outputs[k] = {source};")
    if logits == "logits":
        softmax = w.use("softmax", float32.SOFTMAX)
        with _function(w, "predict"):
            w(f"{prefix}_logits_in(memory, pixels, outputs);")
            w(f"{softmax}(outputs, outputs, {count});")
    for name in dict.fromkeys((logits, "predict")):
        w("", "/* The same with memory of its own: not from two threads at a time. */")
        with w.block(
            f"{prefix.upper()}_API void {prefix}_{name}(const {pixels} *pixels, float *outputs)"
        ):
            w(f"static {prefix}_memory memory;")
            w(f"{prefix}_{name}_in(&memory, pixels, outputs);")
    flash = sum(values.nbytes for values in w.constants.values())
    flash += _write_class_names(w, network)
    ram = 4 * size
    body = "\n".join([*w.declarations, "", *(f"{text}\n" for text in w.helpers.values()), *w.lines])
    top = _top(network, prefix, pixels, said, flash, ram, body)
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
    network: Network, prefix: str, pixels: str, said: str, flash: int, ram: int, body: str
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
        *said.splitlines(),
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
    includes = ["#include <math.h>", ""] if _MATH.search(body) else []
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


def _write_step(w: Writer, index: int, step: Step) -> None:
    w.step = index
    sizes = " and ".join(format_shape(value.shape) for value in step.inputs)
    said = f"{', '.join(step.titles)}: {sizes} -> {format_shape(step.output.shape)}"
    w("", f"/* {ascii_text(said)} */")
    first = len(w.declarations)
    with w.block(f"static void {w.prefix}_step_{index}({', '.join(_parameters(w, step))})"):
        float32.emit(w, step)
    if len(w.declarations) > first:
        w.declarations.insert(first, f"/* {ascii_text(', '.join(step.titles))} */")


def _parameters(w: Writer, step: Step) -> list[str]:
    """Declare what a step reads and writes; what may lie in one place is not restricted."""
    restrict = "" if step.in_place else f"{w.prefix.upper()}_RESTRICT "
    names = ["x"] if len(step.inputs) == 1 else [f"x{i}" for i in range(len(step.inputs))]
    kind = w.pixels if step.x.producer is None else "float"
    parameters = [f"const {kind} *{restrict}{name}" for name in names]
    parameters.append(f"float *{restrict}y")
    if step.scratch:
        parameters.append(f"float *{restrict}scratch")
    return parameters


def _call(w: Writer, placed: arena.Arena, program: Program, index: int, step: Step) -> str:
    arguments = [_place(placed, program, value) for value in (*step.inputs, step.output)]
    if step.scratch:
        arguments.append(f"m + {placed.scratch[step]}")
    return f"{w.prefix}_step_{index}({', '.join(arguments)});"


def _place(placed: arena.Arena, program: Program, value: Value) -> str:
    return "pixels" if value.memory is program.pixels else f"m + {placed.offsets[value]}"


def _function(w: Writer, name: str) -> AbstractContextManager[None]:
    """Begin a function that a program calls."""
    said = "the outputs of the last layer" if name == "logits" else "probabilities, or outputs"
    w("", f"/* Pixels in, {said} out. */")
    p = w.prefix
    arguments = f"{p}_memory *memory, const {w.pixels} *pixels, float *outputs"
    return w.block(f"{p.upper()}_API void {p}_{name}_in({arguments})")


def _write_class_names(w: Writer, network: Network) -> int:
    """Write a function that names a class; return the bytes of the names."""
    names = network.class_names
    if names is None:
        return 0
    wrong = [name for name in names if "\0" in name]
    if wrong:
        raise DataError(
            f"a name in C ends at its first NUL. Received: class_names with {wrong[0]!r}"
        )
    w("", "/* The name of a class, in UTF-8. */")
    with w.block(f"{w.prefix.upper()}_API const char *{w.prefix}_class_name(int index)"):
        with w.block(f"static const char *const names[{len(names)}] ="):
            w(*(f"{string(name)}," for name in names))
        w.lines[-1] += ";"
        w(f'return index >= 0 && index < {len(names)} ? names[index] : "";')
    return sum(len(name.encode("utf-8", "backslashreplace")) + 1 for name in names)
