"""ONNX's operators that multiply matrices: Gemm, MatMul, Einsum, attention, LSTM.

Sources: the operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from ....graph import Shape, element_count
from ...facts import shape_text
from .node import NodeCall, NodeError, NodeFacts, broadcast, rule


@rule("Gemm")
def gemm(call: NodeCall) -> NodeFacts:
    """Gemm: with a weight that is a constant, PyTorch's Linear."""
    a, b = call.ranked_shape(0), call.ranked_shape(0, 1)
    biased = call.has(2)
    if _is_weight(call, 1):
        facts = NodeFacts("Linear", "dense", weights=(1, 2) if biased else (1,))
    else:
        facts = NodeFacts("Addmm", "dense", candidates=(2,) if biased else ())
    facts.multiply_adds = None
    if b is not None:
        b = _two_axes(b)
        b = b if call.integer("transB", 0) else b[::-1]  # (out, in)
        if facts.weights and None not in b:
            facts.weight_shape = tuple(size for size in b if size is not None)
            facts.arguments = {"out_features": b[0], **({} if biased else {"bias": False})}
    if a is not None:
        # Before opset 7 the first array might have had more axes, all but the first in one.
        joined = len(a) > 2 and "axis" in call.node.attributes
        a = _two_axes((a[0], element_count(a[1:])) if joined else a)
        a = a[::-1] if call.integer("transA", 0) else a  # (rows, in)
    if a is None or b is None:
        return facts
    _check_meeting(a[1], b[1], a, b, facts)
    output = (a[0], b[0])
    facts.shapes = (output,)
    bias = call.shape(2)
    if bias is not None and broadcast([bias, output], "added") != output:
        raise NodeError(
            "A bias must have one element for each output.",
            f"{shape_text(bias)} for outputs of {shape_text(output)}",
            facts,
        )
    facts.multiply_adds = element_count((*a, b[0]))
    return facts


@rule("MatMul", "MatMulInteger", "QLinearMatMul")
def matmul(call: NodeCall) -> NodeFacts:
    """MatMul, and with scales and zero points QLinearMatMul, MatMulInteger."""
    second = 3 if call.operator == "QLinearMatMul" else 1
    a, b = call.ranked_shape(1), call.ranked_shape(1, second)
    if _is_weight(call, second) and b is not None and len(b) == 2:
        arguments: dict[str, object] = {"out_features": b[1], "bias": False}
        facts = NodeFacts("Linear", "dense", arguments, weights=(second,))
        facts.weight_shape = None if None in b else tuple(n for n in b[::-1] if n is not None)
    else:
        candidates = tuple(index for index in call.constants() if index in (0, second))
        facts = NodeFacts("Matmul", "dense", candidates=candidates)
    facts.multiply_adds = None
    if a is None or b is None:
        return facts
    # A vector stands for a row on the left, for a column on the right, and goes again.
    left = a if len(a) > 1 else (1, *a)
    right = b if len(b) > 1 else (*b, 1)
    _check_meeting(left[-1], right[-2], a, b, facts)
    batch = broadcast([left[:-2], right[:-2]], "multiplied as matrices")
    assert batch is not None  # both shapes are known
    rows = left[-2:-1] if len(a) > 1 else ()
    columns = right[-1:] if len(b) > 1 else ()
    facts.shapes = ((*batch, *rows, *columns),)
    facts.multiply_adds = element_count((*batch, *rows, *columns, left[-1]))
    return facts


@rule("Einsum")
def einsum(call: NodeCall) -> NodeFacts:
    """Einsum, as its equation says: an ellipsis stands for axes that are broadcast."""
    equation = call.text("equation", "").replace(" ", "")
    facts = NodeFacts("Einsum", "dense", multiply_adds=None, candidates=call.constants())
    terms, arrow, output = equation.partition("->")
    operands = terms.split(",")
    sizes: dict[str, int | None] = {}
    spread: list[Shape] = []
    for index, subscripts in enumerate(operands):
        shape = call.ranked_shape(0, index)
        if shape is None:
            return facts
        before, dots, after = subscripts.partition("...")
        named, last = before + after, len(shape) - len(after)
        if len(named) > len(shape) or (not dots and len(named) < len(shape)):
            raise NodeError(
                "Each axis must have a subscript.", f"{subscripts!r} for {shape_text(shape)}", facts
            )
        spread += [shape[len(before) : last]] if dots else []
        for subscript, size in zip(named, shape[: len(before)] + shape[last:], strict=True):
            if sizes.get(subscript) in (None, 1):
                sizes[subscript] = size
            elif size not in (sizes[subscript], 1, None):
                raise NodeError(
                    "A subscript must stand for one size.",
                    f"{subscript} for {sizes[subscript]} and {size}",
                    facts,
                )
    if not arrow:
        once = sorted(subscript for subscript in sizes if terms.count(subscript) == 1)
        output = "".join(["..." if spread else "", *once])
    before, dots, after = output.partition("...")
    ranks = sorted(set(map(len, spread)))
    if len(ranks) > 1:
        raise NodeError(
            "An ellipsis must stand for the same number of axes in each input.",
            f"{ranks[0]} and {ranks[-1]}",
            facts,
        )
    if ranks and ranks[0] and not dots:
        raise NodeError("The output must have the ellipsis of the inputs.", equation[:80], facts)
    if not set(before + after) <= set(sizes) or (dots and not spread):
        raise NodeError(
            "The output's subscripts must be those of the inputs.", equation[:80], facts
        )
    middle = broadcast([*spread], "multiplied") or ()
    facts.shapes = (
        (*(sizes[s] for s in before), *(middle if dots else ()), *(sizes[s] for s in after)),
    )
    facts.multiply_adds = element_count((*sizes.values(), *middle)) if len(operands) > 1 else 0
    return facts


@rule("GRU", "LSTM", "RNN")
def recurrent(call: NodeCall) -> NodeFacts:
    """LSTM, GRU and RNN: (sequence, batch, input) to (sequence, directions, batch, hidden)."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[call.operator]
    x, weight = call.ranked_shape(3), call.ranked_shape(3, 1)
    both = call.text("direction", "forward") == "bidirectional"
    arguments: dict[str, object] = {"bidirectional": True} if both else {}
    facts = NodeFacts(call.operator, "dense", arguments, multiply_adds=None, weights=(1, 2, 3))
    if weight is None or x is None or weight[1] is None:
        return facts
    directions, hidden = weight[0], weight[1] // gates
    facts.arguments = {"hidden_size": hidden, **arguments}
    _check_meeting(x[2], weight[2], x, weight, facts)
    if call.integer("layout", 0):
        batch, length = x[:2]
        every_step: Shape = (batch, length, directions, hidden)
        last: Shape = (batch, directions, hidden)
    else:
        length, batch = x[:2]
        every_step, last = (length, directions, batch, hidden), (directions, batch, hidden)
    facts.shapes = (every_step, last, last)[: max(1, len(call.node.outputs))]
    fan_in = None if x[2] is None else x[2] + hidden
    facts.multiply_adds = element_count((length, batch, directions, weight[1], fan_in))
    return facts


@rule("Attention")
def attention(call: NodeCall) -> NodeFacts:
    """Attention: each query's sum of the values, weighted by how its key fits."""
    shapes = [call.ranked_shape(3, index) for index in range(3)]
    facts = NodeFacts("ScaledDotProductAttention", "dense", multiply_adds=None)
    facts.shapes = (None,) * len(call.node.outputs)
    heads = (call.integer("q_num_heads", 0), *(call.integer("kv_num_heads", 0),) * 2)
    query, key, value = (
        None if shape is None else _by_heads(shape, count)
        for shape, count in zip(shapes, heads, strict=True)
    )
    if query is None or key is None or value is None:
        return facts
    past = call.shape(4)
    before = 0 if not call.has(4) else past[2] if past is not None and len(past) == 4 else None
    total = None if before is None or key[2] is None else before + key[2]
    _check_meeting(query[3], key[3], query, key, facts)
    output: Shape = (*query[:3], value[3])
    if len(shapes[0] or ()) == 3:
        output = (query[0], query[2], element_count((query[1], value[3])))
    present = [(*shape[:2], total, shape[3]) for shape in (key, value)]
    facts.shapes = (output, *present, (*query[:3], total))[: len(call.node.outputs)]
    inner = None if query[3] is None or value[3] is None else query[3] + value[3]
    facts.multiply_adds = element_count((*query[:3], total, inner))
    return facts


def _by_heads(shape: Shape, heads: int) -> Shape:
    """Write (batch, sequence, heads · size) as (batch, heads, sequence, size)."""
    if len(shape) == 4:
        return shape
    size = shape[2]
    if len(shape) > 4:
        raise NodeError("Attention takes arrays of 3 or 4 axes.", shape_text(shape))
    if heads < 1 or (size is not None and size % heads):
        raise NodeError(
            "The number of heads must divide the last axis.",
            f"{shape_text(shape)} and {heads} heads",
        )
    return (shape[0], heads, shape[1], None if size is None else size // heads)


def _is_weight(call: NodeCall, index: int) -> bool:
    """Whether a matrix is a layer's, and not computed from the input."""
    first, second = call.array(0), call.array(index)
    return bool(first and second and second.constant and not first.constant)


def _two_axes(shape: Shape) -> Shape:
    if len(shape) != 2:
        raise NodeError("Gemm takes arrays of two axes: flatten first.", shape_text(shape))
    return shape


def _check_meeting(
    size: int | None, expected: int | None, a: Shape, b: Shape, facts: NodeFacts
) -> None:
    if None not in (size, expected) and size != expected:
        rule = "The inner sizes of a matrix product must be equal."
        received = f"{shape_text(a)} and {shape_text(b)}"
        if facts.kind == "Linear":
            rule = "The input of a Linear layer must have as many features as its weight."
            received = f"{size} ({shape_text(a)}), and a weight for {expected}"
        raise NodeError(rule, received, facts)
