"""ONNX's operators that multiply matrices: Gemm, MatMul, Einsum, attention, LSTM.

Sources: the operators of these names (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from fencepost.graph import Shape
from fencepost.interchange.onnx.operators.calls import Call, Misfit, Result, broadcast, by, product
from fencepost.interchange.onnx.wire.tensors import shown


def gemm(call: Call) -> Result:
    """Gemm: with a weight that is a constant, PyTorch's Linear."""
    a, b = call.rank(0), call.rank(0, 1)
    linear = _is_weight(call)
    result = Result("Linear" if linear else "Addmm", "dense", multiply_adds=None)
    if call.has(2):
        result.loose = (2,) if not linear else ()
    if linear:
        result.weights = (1, 2) if call.has(2) else (1,)
    if b is not None:
        b = _two_axes(b)
        b = b if call.integer("transB", 0) else b[::-1]  # (out, in)
        if linear and None not in b:
            result.weight_shape = tuple(size for size in b if size is not None)
            result.arguments = {"out_features": b[0]}
            if not call.has(2):
                result.arguments = {**result.arguments, "bias": False}
    if a is not None:
        # Before opset 7 the first array might have had more axes, all but the first in one.
        a = _two_axes(
            (a[0], product(a[1:])) if len(a) > 2 and "axis" in call.node.attributes else a
        )
        a = a[::-1] if call.integer("transA", 0) else a  # (rows, in)
    if a is None or b is None:
        return result
    _meet(a[1], b[1], a, b, result)
    result.shapes = ((a[0], b[0]),)
    bias = call.shape(2)
    if bias is not None and broadcast([bias, result.shapes[0]], "added") != result.shapes[0]:
        raise Misfit(
            "A bias must have a number for each output.",
            f"{by(bias)} for outputs of {by((a[0], b[0]))}",
            result,
        )
    result.multiply_adds = product((a[0], a[1], b[0]))
    return result


def matmul(call: Call) -> Result:
    """MatMul, and with scales and zero points QLinearMatMul, MatMulInteger."""
    second = 3 if call.node.operator == "QLinearMatMul" else 1
    a, b = call.rank(1), call.rank(1, second)
    linear = _is_weight(call, second) and b is not None and len(b) == 2
    result = Result("Linear" if linear else "Matmul", "dense", multiply_adds=None)
    if linear and b is not None:
        result.weights = (second,)
        result.weight_shape = None if None in b else tuple(n for n in b[::-1] if n is not None)
        result.arguments = {"out_features": b[1], "bias": False}
    else:
        result.loose = tuple(
            index
            for index in (0, second)
            if (one := call.array(index)) is not None and one.constant
        )
    if a is None or b is None:
        return result
    # A vector stands for a row on the left, for a column on the right, and goes again.
    left = a if len(a) > 1 else (1, *a)
    right = b if len(b) > 1 else (*b, 1)
    _meet(left[-1], right[-2], a, b, result)
    many = broadcast([left[:-2], right[:-2]], "multiplied as matrices")
    assert many is not None  # both shapes are known
    rows = left[-2:-1] if len(a) > 1 else ()
    columns = right[-1:] if len(b) > 1 else ()
    result.shapes = ((*many, *rows, *columns),)
    result.multiply_adds = product((*many, *rows, *columns, left[-1]))
    return result


def einsum(call: Call) -> Result:
    """Einsum, as its equation says; one with an ellipsis is left unknown."""
    equation = call.text("equation", "").replace(" ", "")
    result = Result("Einsum", "dense", multiply_adds=None)
    result.loose = tuple(i for i, one in enumerate(call.inputs) if one is not None and one.constant)
    terms, arrow, output = equation.partition("->")
    if "." in equation:
        result.unknown = f"its equation {shown(equation)} has an ellipsis"
        return result
    letters = terms.split(",")
    sizes: dict[str, int | None] = {}
    for index, term in enumerate(letters):
        shape = call.rank(0, index)
        if shape is None:
            return result
        if len(shape) != len(term):
            raise Misfit("Each axis must have a letter.", f"{term!r} for {by(shape)}", result)
        for letter, size in zip(term, shape, strict=True):
            if sizes.get(letter) is None:
                sizes[letter] = size
            elif size not in (sizes[letter], None):
                raise Misfit(
                    "A letter must stand for one size.",
                    f"{letter} for {sizes[letter]} and {size}",
                    result,
                )
    if not arrow:
        output = "".join(sorted(letter for letter in sizes if terms.count(letter) == 1))
    if not set(output) <= set(sizes):
        raise Misfit("The output's letters must be those of the inputs.", equation[:80], result)
    result.shapes = (tuple(sizes[letter] for letter in output),)
    result.multiply_adds = product(tuple(sizes.values())) if len(letters) > 1 else 0
    return result


def recurrent(call: Call) -> Result:
    """LSTM, GRU and RNN: (sequence, batch, input) to (sequence, directions, batch, hidden)."""
    operator = call.node.operator
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    x, w = call.rank(3), call.rank(3, 1)
    both = call.text("direction", "forward") == "bidirectional"
    arguments: dict[str, object] = {"bidirectional": True} if both else {}
    result = Result(operator, "dense", arguments=arguments, weights=(1, 2, 3), multiply_adds=None)
    if w is None or x is None or w[1] is None:
        return result
    hidden = w[1] // gates
    result.arguments = {"hidden_size": hidden, **arguments}
    _meet(x[2], w[2], x, w, result)
    length, batch = (x[1], x[0]) if call.integer("layout", 0) else (x[0], x[1])
    all_steps: Shape = (length, w[0], batch, hidden)
    last: Shape = (w[0], batch, hidden)
    if call.integer("layout", 0):
        all_steps, last = (batch, length, w[0], hidden), (batch, w[0], hidden)
    result.shapes = (all_steps, last, last)[: max(1, len(call.node.outputs))]
    steps = product((length, batch, w[0], w[1]))
    inner = None if x[2] is None else x[2] + hidden
    result.multiply_adds = None if steps is None or inner is None else steps * inner
    return result


def attention(call: Call) -> Result:
    """Attention: each query's sum of the values, weighted by how its key fits."""
    shapes = [call.rank(3, index) for index in range(3)]
    result = Result("ScaledDotProductAttention", "dense", multiply_adds=None)
    result.shapes = (None,) * len(call.node.outputs)
    heads = (call.integer("q_num_heads", 0), *(call.integer("kv_num_heads", 0),) * 2)
    pairs = zip(shapes, heads, strict=True)
    apart = [None if shape is None else _by_heads(shape, count) for shape, count in pairs]
    query, key, value = apart
    if query is None or key is None or value is None:
        return result
    past = call.shape(4)
    before = 0 if not call.has(4) else past[2] if past is not None and len(past) == 4 else None
    total = None if before is None or key[2] is None else before + key[2]
    _meet(query[3], key[3], query, key, result)
    if len(shapes[0] or ()) == 4:
        found: Shape = (*query[:3], value[3])
    else:
        found = (query[0], query[2], product((query[1], value[3])))
    present = [(*one[:2], total, one[3]) for one in (key, value)]
    result.shapes = (found, *present, (*query[:3], total))[: len(call.node.outputs)]
    inner = None if query[3] is None or value[3] is None else query[3] + value[3]
    result.multiply_adds = product((*query[:3], total, inner))
    return result


def _by_heads(shape: Shape, heads: int) -> Shape:
    """Write (batch, sequence, heads · size) as (batch, heads, sequence, size)."""
    if len(shape) == 4:
        return shape
    size = shape[2]
    if len(shape) > 4:
        raise Misfit("Attention takes arrays of 3 or 4 axes.", by(shape))
    if heads < 1 or (size is not None and size % heads):
        raise Misfit("The heads must divide the numbers.", f"{by(shape)} and {heads} heads")
    return (shape[0], heads, shape[1], None if size is None else size // heads)


def _is_weight(call: Call, index: int = 1) -> bool:
    """Tell a layer's matrix from one that is computed from the input."""
    first, second = call.array(0), call.array(index)
    return bool(first and second and second.constant and not first.constant)


def _two_axes(shape: Shape) -> Shape:
    if len(shape) != 2:
        raise Misfit("Gemm takes arrays of two axes: flatten first.", by(shape))
    return shape


def _meet(ins: int | None, expected: int | None, a: Shape, b: Shape, result: Result) -> None:
    if None not in (ins, expected) and ins != expected:
        rule = "Rows must be as long as the columns that they are multiplied with."
        received = f"{by(a)} and {by(b)}"
        if result.kind == "Linear":
            rule = "A Linear layer must get as many numbers as its weight is made for."
            received = f"{ins} ({by(a)}), and a weight for {expected}"
        raise Misfit(rule, received, result)
