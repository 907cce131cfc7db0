"""Cases of one operator each: what the rules' tests share."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from fencepost.interchange.onnx.operators import RULES
from fencepost.interchange.onnx.reader import read_onnx
from interchange.onnx.graphs import one_node, runtime_shapes, write

I64 = np.int64

# What needs no operation: sizes, constants, and the same array under another name or type.
NOTHING = ("Shape", "Size", "Identity", "Cast", "CastLike", "Constant", "Range")


def f(*shape):
    """Weights of this shape, all different."""
    return np.arange(1, np.prod(shape, dtype=int) + 1, dtype=np.float32).reshape(shape) / 7


def i(*values):
    return np.array(values, I64)


def ones(*shape):
    return np.ones(shape, np.float32)


X = (2, 6, 9, 8)
S = np.float32(0.1)
Z = np.uint8(3)


def each(operators, given, **attributes):
    """The same case for several operators."""
    return [(operator, given, attributes) for operator in operators.split()]


def operators_of(module):
    """The operators whose rules a module holds."""
    return {name for name, rule in RULES.items() if rule.__module__.endswith(f".{module}")}


def check_shapes(tmp_path, operator, given, attributes):
    """Compare the shapes of one operator with ONNX Runtime's."""
    kinds = {"bool": (9, (9, 8)), "int": (7, (2, 5)), "uint8": (2, X), "sizes": (7, (3,))}
    shapes = [kinds[value][1] if isinstance(value, str) else value for value in given]
    model = one_node(operator, shapes, **attributes)
    entering = [value for value in given if isinstance(value, str | tuple)]
    for array, kind in zip(model.graph.input, entering, strict=True):
        if isinstance(kind, str):
            array.type.tensor_type.elem_type = kinds[kind][0]
    expected = list(runtime_shapes(model).values())
    graph = read_onnx(write(tmp_path, model))
    assert graph.failure == ""
    assert graph.operations or operator in NOTHING
    for operation in graph.operations:
        shapes = operation.output_shapes
        if operator in ("NonZero", "ConstantOfShape"):  # what comes out depends on the data
            assert graph.unknown and (shapes[0] is None or None in shapes[0])
        else:
            assert list(shapes) == expected


def check_failure(tmp_path, operator, given, attributes, words):
    """An operator that cannot run ends the graph, with the rule and what was received."""
    model = one_node(operator, given, **attributes)
    model.graph.node.append(helper.make_node("Relu", ["y0"], ["after"]))
    graph = read_onnx(write(tmp_path, model))
    (last,) = graph.operations
    assert last.output_shapes == () and last.input_shapes == tuple(
        shape for shape in given if isinstance(shape, tuple)
    )
    assert words in graph.failure and " Received: " in graph.failure
    assert graph.outputs == ()


def cases_tested(module, cases, failures=()):
    """Return the tests of a module: shapes of its cases, a case for every rule, and failures."""

    @pytest.mark.parametrize(("operator", "given", "attributes"), cases)
    def shapes(tmp_path, operator, given, attributes):
        check_shapes(tmp_path, operator, given, attributes)

    def every_rule():
        assert {operator for operator, _, _ in cases} >= operators_of(module)

    @pytest.mark.parametrize(("operator", "given", "attributes", "words"), failures)
    def ends_the_graph(tmp_path, operator, given, attributes, words):
        check_failure(tmp_path, operator, given, attributes, words)

    return shapes, every_rule, ends_the_graph
