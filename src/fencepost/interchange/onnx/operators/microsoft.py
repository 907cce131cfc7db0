"""Operators of com.microsoft, which ONNX Runtime writes into files that it optimises or quantises.

Their kinds are their own names, for they are no layers of PyTorch: most are several of them in one.
Source: ContribOperators.md of ONNX Runtime (github.com/microsoft/onnxruntime/blob/main/docs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....graph import Role, Shape, element_count
from ...facts import shape_text
from ...registry import registrar
from .layouts import concat
from .node import NodeCall, NodeError, NodeFacts, Rule, axis_index, broadcast
from .products import gemm, matmul
from .windows import conv, pool

DOMAIN = "com.microsoft"

#: By operator.
MICROSOFT: dict[str, Rule] = {}
_rule = registrar(MICROSOFT)


def _as(call: NodeCall, operator: str, *inputs: int) -> NodeCall:
    """Return the call of ONNX's own operator that makes the same sizes, with some of the inputs."""
    given = tuple(call.array(index) for index in inputs) if inputs else call.inputs
    return replace(call, node=replace(call.node, operator=operator, domain=""), inputs=given)


def _named(call: NodeCall, facts: NodeFacts) -> NodeFacts:
    facts.kind = call.operator
    return facts


def _facts(
    call: NodeCall, role: Role, *shapes: Shape | None, weights: Sequence[int] = ()
) -> NodeFacts:
    """State what an operator makes, as many arrays as the node takes of it."""
    count = max(1, len(call.node.outputs))
    work = 0 if role in ("pointwise", "join", "reshape") else None
    padded = (*shapes, *(None,) * count)[:count]
    given = tuple(index for index in weights if (a := call.array(index)) and a.constant)
    return NodeFacts(call.operator, role, multiply_adds=work, shapes=padded, weights=given)


@_rule(
    "BiasSoftmax", "DequantizeLinear", "FastGelu", "Gelu", "Inverse", "QLinearLeakyRelu",
    "QLinearSigmoid", "QLinearSoftmax", "QuantizeLinear", "QuickGelu", "RotaryEmbedding", "Trilu",
)  # fmt: skip
def _alike(call: NodeCall) -> NodeFacts:
    """Make an array of the shape of the first."""
    mixes = ("BiasSoftmax", "Inverse", "QLinearSoftmax")
    return _facts(call, "dense" if call.operator in mixes else "pointwise", call.ranked_shape(0))


@_rule("BiasGelu", "QLinearAdd", "QLinearMul", "QLinearWhere")
def _joined(call: NodeCall) -> NodeFacts:
    """Combine arrays element by element."""
    indices = {"BiasGelu": (0, 1), "QLinearWhere": (0, 1, 4)}.get(call.operator, (0, 3))
    shape = broadcast([call.ranked_shape(0, index) for index in indices], "joined")
    several = sum(not array.constant for i in indices if (array := call.array(i))) > 1
    return _facts(call, "join" if several else "pointwise", shape)


@_rule("QLinearConcat")
def _concat(call: NodeCall) -> NodeFacts:
    """QLinearConcat: after each array its scale and zero point, first those of the result."""
    facts = concat(_as(call, "Concat", *range(2, len(call.inputs), 3)))
    facts.candidates = ()
    return _named(call, facts)


@_rule("FusedConv")
def _conv(call: NodeCall) -> NodeFacts:
    """FusedConv: a convolution, the addition of an array, and an activation."""
    return _named(call, conv(_as(call, "Conv")))


@_rule("NhwcConv")
def _channels_last(call: NodeCall) -> NodeFacts:
    """NhwcConv: a convolution whose channels come last, those of the weight as well."""
    inputs = list(call.inputs)
    for index in (0, 1):
        shape, array = call.ranked_shape(3, index), inputs[index]
        if shape is not None and array is not None:
            inputs[index] = replace(array, shape=(shape[0], shape[-1], *shape[1:-1]))
    moved = conv(_as(replace(call, inputs=tuple(inputs)), "Conv"))
    facts = _facts(call, "unknown", weights=moved.weights)
    facts.arguments, facts.multiply_adds = moved.arguments, moved.multiply_adds
    facts.reason = "its channels come last"
    if moved.shapes[0] is not None:
        batch, channels, *sizes = moved.shapes[0]
        facts.shapes = ((batch, *sizes, channels),)
    return facts


@_rule("QLinearAveragePool", "QLinearGlobalAveragePool")
def _pool(call: NodeCall) -> NodeFacts:
    """Average pooling, of channels that come first or last."""
    x = call.ranked_shape(3)
    if call.integer("channels_last", 0):
        return _facts(
            call, "unknown", None if x is None else (x[0], *(None,) * (len(x) - 2), x[-1])
        )
    if call.operator == "QLinearAveragePool":
        return _named(call, pool(_as(call, "AveragePool", 0)))
    return _facts(call, "global", None if x is None else (*x[:2], *(1,) * (len(x) - 2)))


@_rule("ConvTransposeWithDynamicPads")
def _transposed(call: NodeCall) -> NodeFacts:
    """ConvTransposeWithDynamicPads: its pads are an input."""
    x, weight = call.ranked_shape(3), call.ranked_shape(3, 1)
    facts = _facts(call, "unknown")
    if x is not None and weight is not None:
        channels = element_count((weight[1], call.integer("group", 1)))
        facts.shapes = ((x[0], channels, *(None,) * (len(x) - 2)),)
    facts.unknown = "its padding is computed while the model runs"
    return facts


@_rule("DynamicQuantizeMatMul", "MatMulInteger16", "MatMulIntegerToFloat")
def _matmul(call: NodeCall) -> NodeFacts:
    """Products of matrices, with scales and zero points."""
    return _named(call, matmul(_as(call, "MatMul")))


@_rule("FusedMatMul", "TransposeMatMul")
def _transposed_matmul(call: NodeCall) -> NodeFacts:
    """FusedMatMul: a product of matrices of which some are transposed first."""
    inputs = list(call.inputs)
    for index, letter in enumerate("AB"):
        shape = call.ranked_shape(1, index)
        array = inputs[index]
        if call.integer(f"transBatch{letter}", 0):
            return _facts(call, "dense")
        if (
            array is not None
            and shape is not None
            and len(shape) > 1
            and call.integer(f"trans{letter}", 0)
        ):
            inputs[index] = replace(array, shape=(*shape[:-2], shape[-1], shape[-2]))
    return _named(call, matmul(_as(replace(call, inputs=tuple(inputs)), "MatMul")))


@_rule("FusedGemm", "QGemm")
def _gemm(call: NodeCall) -> NodeFacts:
    """Gemm, with an activation or with scales and zero points."""
    if call.operator == "FusedGemm":
        return _named(call, gemm(_as(call, "Gemm")))
    facts = gemm(_as(call, "Gemm", 0, 3))
    facts.weights, facts.candidates = ((3,) if facts.weights else ()), ()
    return _named(call, facts)


@_rule("MatMulBnb4", "MatMulNBits")
def _packed(call: NodeCall) -> NodeFacts:
    """A product with a matrix of K × N whose elements are packed, several in a byte."""
    x = call.ranked_shape(1)
    inside, columns = call.integer("K", 0), call.integer("N", 0)
    if x is None:
        return _facts(call, "dense")
    if x[-1] not in (inside, None):
        raise NodeError(
            "The inner sizes of a matrix product must be equal.",
            f"{shape_text(x)}, and a weight for {inside}",
            _facts(call, "dense"),
        )
    facts = _facts(call, "dense", (*x[:-1], columns))
    facts.multiply_adds = element_count((*x[:-1], inside, columns))
    return facts


@_rule("DynamicQuantizeLSTM")
def _lstm(call: NodeCall) -> NodeFacts:
    """DynamicQuantizeLSTM: as LSTM, with weights of (directions, input, 4 · hidden)."""
    x, recurrent = call.ranked_shape(3), call.ranked_shape(3, 2)
    facts = _facts(call, "dense", weights=(1, 2, 3))
    if x is None or recurrent is None:
        return facts
    directions, hidden = recurrent[:2]
    last: Shape = (directions, x[1], hidden)
    facts.shapes = ((x[0], directions, x[1], hidden), last, last)[: len(facts.shapes)]
    facts.arguments = {"hidden_size": hidden}
    return facts


@_rule("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")
def _skip_norm(call: NodeCall) -> NodeFacts:
    """Add two arrays, and normalise; the sum is the fourth output."""
    x = call.ranked_shape(1)
    row = None if x is None else (*x[:-1], 1)
    weights = (2, 3) if call.operator == "SkipLayerNormalization" else (2,)
    return _facts(call, "join", x, row, row, x, weights=weights)


@_rule("EmbedLayerNormalization")
def _embed(call: NodeCall) -> NodeFacts:
    """Add the embeddings of words, positions and segments, and normalise."""
    x, table = call.ranked_shape(2), call.ranked_shape(2, 2)
    if x is None or table is None:
        return _facts(call, "pointwise")
    made = (*x, table[1])
    return _facts(call, "pointwise", made, x[:1], made, weights=(2, 3, 4))


@_rule("Attention", "QAttention")
def _attention(call: NodeCall) -> NodeFacts:
    """Attention with the projections of queries, keys and values in one matrix."""
    x, weight = call.ranked_shape(3), call.ranked_shape(2, 1)
    facts = _facts(call, "dense", weights=(1, 2))
    if x is None or weight is None or weight[1] is None:
        return facts
    sizes = call.integers("qkv_hidden_sizes") or (weight[1] // 3,) * 3
    heads = call.integer("num_heads", 1)
    past = 8 if call.operator == "QAttention" else 4
    before: int | None = 0
    if call.has(past):
        shape = call.ranked_shape(5, past)
        shared = call.integer("past_present_share_buffer", 0)
        before = None if shape is None or shared else shape[3]
    total = None if before is None or x[1] is None else before + x[1]
    present = (2, x[0], heads, total, sizes[1] // max(heads, 1))
    facts.shapes = ((*x[:2], sizes[2]), present)[: len(facts.shapes)]
    return facts


@_rule("MultiHeadAttention")
def _multi_head(call: NodeCall) -> NodeFacts:
    """MultiHeadAttention of projected arrays: apart, or packed into one or two."""
    query = call.ranked_shape(3)
    key, value, heads = call.shape(1), call.shape(2), call.integer("num_heads", 1)
    facts = _facts(call, "dense")
    if query is None:
        return facts
    width: int | None = None
    if len(query) == 5:  # (batch, sequence, heads, 3, size)
        width = element_count((query[2], query[4]))
    elif value is not None and len(value) in (3, 4):
        width = value[2] if len(value) == 3 else element_count((value[1], value[3]))
    elif key is not None and len(key) == 5:
        width = element_count((key[2], key[4]))
    output = (*query[:2], width)
    present: list[Shape | None] = [None, None]
    if key is not None and value is not None and len(key) == len(value) == 3 and not call.has(6):
        sizes = [None if n is None else n // max(heads, 1) for n in (key[2], value[2])]
        present = [(key[0], heads, key[1], size) for size in sizes]
    facts.shapes = (output, *present, None)[: len(facts.shapes)]
    return facts


@_rule("GroupQueryAttention")
def _group_query(call: NodeCall) -> NodeFacts:
    """GroupQueryAttention: several queries for each key."""
    query = call.ranked_shape(3)
    heads, groups = call.integer("num_heads", 1), call.integer("kv_num_heads", 1)
    facts = _facts(call, "dense")
    facts.unknown = "how much of the past it keeps depends on the data"
    if query is None or query[2] is None:
        return facts
    size = query[2] // (heads if call.has(1) else heads + 2 * groups)
    kept = (query[0], groups, None, size)
    facts.shapes = ((*query[:2], heads * size), kept, kept, None)[: len(facts.shapes)]
    return facts


@_rule("ExpandDims")
def _expand_dims(call: NodeCall) -> NodeFacts:
    """ExpandDims: an axis of size 1 is put in."""
    x, axis = call.ranked_shape(0), call.values(1)
    if x is None or not axis:
        return _facts(call, "reshape").depends_on_data("where it puts an axis depends on")
    index = axis_index(axis[0], len(x), new=True)
    return _facts(call, "reshape", (*x[:index], 1, *x[index:]))


@_rule("CropAndResize")
def _crop(call: NodeCall) -> NodeFacts:
    """CropAndResize: a map of equal size for each region."""
    x, regions, size = call.ranked_shape(4), call.ranked_shape(2, 1), call.values(3)
    rows, columns = size if size and len(size) == 2 else (None, None)
    facts = _facts(call, "unknown")
    facts.reason = "it cuts regions that depend on the data"
    if x is not None and regions is not None:
        facts.shapes = ((regions[0], x[1], rows, columns),)
    return facts
