"""ONNX's operators that work element by element: activations, joins, norms; and reductions.

Sources: the ONNX operators of these names (onnx.ai/onnx/operators); kinds are PyTorch's names for
them.
"""

from __future__ import annotations

from ....graph import Shape, element_count
from ...facts import role_over, shape_text
from .node import NodeCall, NodeError, NodeFacts, axis_index, axis_indices, broadcast, rule

_SAME_NAMES = """
    Abs Acos Acosh Asin Asinh Atan Atanh Bernoulli BitwiseNot Ceil Cos Cosh Erf Exp Floor
    Hardmax Identity Log LogSoftmax Mish Neg Reciprocal RotaryEmbedding Round Sigmoid Sign Sin
    Sinh Softmax Softplus Softsign Sqrt Tan Tanh
"""

#: One array in, one of the same shape out: ONNX's name and PyTorch's.
ACTIVATIONS = {
    **{name: name for name in _SAME_NAMES.split()},
    "Cast": "Identity", "CastLike": "Identity", "Celu": "CELU", "CumProd": "Cumprod",
    "CumSum": "Cumsum", "DequantizeLinear": "DeQuantize", "Elu": "ELU", "Gelu": "GELU",
    "HardSigmoid": "Hardsigmoid", "HardSwish": "Hardswish", "IsInf": "Isinf", "IsNaN": "Isnan",
    "LRN": "LocalResponseNorm", "LeakyRelu": "LeakyReLU", "LpNormalization": "Normalize",
    "MeanVarianceNormalization": "InstanceNorm", "Not": "LogicalNot",
    "QuantizeLinear": "Quantize", "Relu": "ReLU", "Selu": "SELU", "Shrink": "Softshrink",
    "RandomNormalLike": "RandnLike", "RandomUniformLike": "RandLike",
    "Swish": "SiLU", "ThresholdedRelu": "Threshold", "Trilu": "Tril",
}  # fmt: skip

#: Several arrays in, combined element by element: PyTorch's name, and the verb of a message.
JOINS = {
    "Add": ("Add", "added"), "And": ("LogicalAnd", "compared"),
    "BitShift": ("BitShift", "shifted"), "BitwiseAnd": ("BitwiseAnd", "joined"),
    "BitwiseOr": ("BitwiseOr", "joined"), "BitwiseXor": ("BitwiseXor", "joined"),
    "Div": ("Div", "divided"), "Equal": ("Eq", "compared"), "Greater": ("Gt", "compared"),
    "GreaterOrEqual": ("Ge", "compared"), "Less": ("Lt", "compared"),
    "LessOrEqual": ("Le", "compared"), "Max": ("Maximum", "compared"),
    "Mean": ("Mean", "averaged"), "Min": ("Minimum", "compared"),
    "Mod": ("Remainder", "divided"), "Mul": ("Mul", "multiplied"),
    "Or": ("LogicalOr", "compared"), "Pow": ("Pow", "raised to powers"),
    "Sub": ("Sub", "subtracted"), "Sum": ("Add", "added"), "Where": ("Where", "chosen from"),
    "Xor": ("LogicalXor", "compared"),
}  # fmt: skip

# As many arrays as one likes.
_VARIADIC = ("Max", "Mean", "Min", "Sum")

#: Along axes, a sum, a mean or a maximum is taken.
REDUCTIONS = {
    "ArgMax": "Argmax", "ArgMin": "Argmin", "ReduceL1": "Norm", "ReduceL2": "Norm",
    "ReduceLogSum": "Log", "ReduceLogSumExp": "Logsumexp", "ReduceMax": "Amax",
    "ReduceMean": "Mean", "ReduceMin": "Amin", "ReduceProd": "Prod", "ReduceSum": "Sum",
    "ReduceSumSquare": "Norm",
}  # fmt: skip

# Arguments that decide what an activation is; ONNX's name, PyTorch's name, PyTorch's default.
_ALPHAS = {
    "LeakyRelu": ("alpha", "negative_slope", 0.01),
    "Elu": ("alpha", "alpha", 1.0),
    "Celu": ("alpha", "alpha", 1.0),
}


@rule(*ACTIVATIONS)
def activation(call: NodeCall) -> NodeFacts:
    """Change each element by itself, or, in a norm or a softmax, with its neighbours."""
    operator = call.operator
    x = call.ranked_shape(0)
    facts = NodeFacts(ACTIVATIONS[operator], "pointwise", shapes=(x,))
    if operator in _ALPHAS:
        name, argument, default = _ALPHAS[operator]
        value = round(call.real(name, default), 6)
        facts.arguments = {} if value == default else {argument: value}
    elif operator in ("Softmax", "LogSoftmax"):
        dim = call.integer("axis", -1)
        if x:
            role = role_over({axis_index(dim, len(x))}, len(x))
            facts.role = role if role == "pointwise" else "dense"
        facts.arguments = {"dim": dim}
    elif operator in ("QuantizeLinear", "DequantizeLinear"):
        facts.sources = (0,)
    elif operator == "LRN":
        size = call.integer("size", 1)
        facts.arguments = {"size": size}
        if size < 1 or size % 2 == 0:
            facts.refused = (
                f"ONNX Runtime rejects a norm over a number of channels that is not odd: {size}"
            )
    elif operator == "Hardmax" and x is not None:
        axis_index(call.integer("axis", -1), len(x))
    elif operator in ("CumProd", "CumSum") and x is not None:
        axis_indices(call.values(1) or [], len(x))
    return facts


@rule("Clip")
def clip(call: NodeCall) -> NodeFacts:
    """Clip to a minimum and a maximum; between 0 and 6, PyTorch has a layer for it."""
    x = call.ranked_shape(0)
    limits: dict[str, object] = {}
    for index, name in ((1, "min"), (2, "max")):
        values = call.attribute_or_input(name, index)
        if values and isinstance(values[0], (int, float)):
            limits[name] = values[0]
        limit = call.shape(index)
        if limit is not None and element_count(limit) not in (1, None):
            raise NodeError("A limit of Clip must be one number.", shape_text(limit))
    if limits == {"min": 0, "max": 6}:
        return NodeFacts("ReLU6", "pointwise", shapes=(x,))
    return NodeFacts("Clamp", "pointwise", limits, shapes=(x,))


@rule("DynamicQuantizeLinear")
def quantize(call: NodeCall) -> NodeFacts:
    """DynamicQuantizeLinear: integers, their scale and their zero point."""
    return NodeFacts("Quantize", "pointwise", shapes=(call.ranked_shape(0), (), ()))


@rule("Dropout")
def dropout(call: NodeCall) -> NodeFacts:
    """Dropout, and the mask that newer versions give besides."""
    return NodeFacts(
        "Dropout", "pointwise", shapes=(call.ranked_shape(0),) * len(call.node.outputs)
    )


@rule("PRelu")
def prelu(call: NodeCall) -> NodeFacts:
    """Rectify with a slope that is learned."""
    x = call.ranked_shape(0)
    slope = call.shape(1)
    # Before opset 7, one slope for each channel was written without the axes behind it.
    old = call.opset < 7 and slope is not None and x is not None and slope == x[1:2]
    count = None if slope is None else element_count(slope)
    arguments = {} if count in (1, None) else {"num_parameters": count}
    facts = NodeFacts("PReLU", "pointwise", arguments, shapes=(x,), weights=(1,))
    facts.weight_shape = None if count is None else (count,)
    if x is not None and slope is not None and not old and broadcast([x, slope], "rectified") != x:
        raise NodeError(
            "A slope must be broadcastable to the input.",
            f"{shape_text(slope)} and {shape_text(x)}",
            facts,
        )
    return facts


@rule(*JOINS)
def join(call: NodeCall) -> NodeFacts:
    """Combine several arrays element by element, each repeated along axes of size 1."""
    operator = call.operator
    kind, verb = JOINS[operator]
    if not call.inputs:
        raise NodeError(f"{operator} needs an input.", "none of them")
    shapes = [call.shape(index) for index in range(len(call.inputs))]
    needed = 3 if operator == "Where" else 2
    if len(shapes) != needed and operator not in _VARIADIC:
        raise NodeError(f"{operator} needs {needed} inputs.", f"{len(shapes)}")
    if "axis" in call.node.attributes and len(shapes) == 2 and None not in shapes:
        # Opset 6 and before: the axes of the first array along which the second one lies.
        first, second = shapes[0] or (), shapes[1] or ()
        start = axis_index(call.integer("axis", -1), len(first), new=True)
        shapes[1] = (*second, *(1,) * max(0, len(first) - start - len(second)))
    role = "join" if call.data_inputs() > 1 else "pointwise"
    return NodeFacts(kind, role, shapes=(broadcast(shapes, verb),), candidates=call.constants())  # type: ignore[arg-type]


_NORMS = {
    "BatchNormalization": "BatchNorm",
    "InstanceNormalization": "InstanceNorm",
    "GroupNormalization": "GroupNorm",
    "LayerNormalization": "LayerNorm",
    "RMSNormalization": "RMSNorm",
}


@rule(
    "BatchNormalization",
    "GroupNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "RMSNormalization",
)
def norm(call: NodeCall) -> NodeFacts:
    """BatchNormalization, InstanceNormalization, GroupNormalization, LayerNormalization."""
    operator = call.operator
    x = call.ranked_shape(2 if operator != "LayerNormalization" else 1)
    facts = NodeFacts(_NORMS[operator], "pointwise", shapes=(x,), weights=(1, 2))
    facts.multiply_adds = None if x is None else element_count(x)  # its factor and its summand
    if x is None:
        return facts
    further = max(len(call.node.outputs) - 1, 0)  # statistics that newer versions give besides
    if operator in ("LayerNormalization", "RMSNormalization"):
        start = axis_index(call.integer("axis", -1), len(x))
        facts.arguments = {"normalized_shape": x[start:]}
        shape = call.shape(1)
        fits = shape is None or broadcast([shape, x], "multiplied") == x
        if shape is not None and not fits and None not in (*shape, *x):
            raise _norm_error("element that it scales", shape, shape_text(x), facts)
        bias = call.shape(2)
        if bias is not None and None not in (*bias, *x) and broadcast([bias, x], "added") != x:
            raise _norm_error("element that it shifts", bias, shape_text(x), facts)
        facts.shapes = (x, *[(*x[:start], *(1,) * (len(x) - start))] * further)
        return facts
    channels = x[1]
    groups = channels
    if operator == "GroupNormalization":
        groups = call.integer("num_groups", 0)
        facts.arguments = {"num_groups": groups}
        if groups < 1 or (channels is not None and channels % groups):
            raise NodeError(
                "num_groups must divide the channels.",
                f"num_groups={groups}, {channels} channels",
                facts,
            )
    else:
        facts.kind += {2: "1d", 3: "1d", 4: "2d", 5: "3d"}.get(len(x), "")
    # GroupNormalization had one element for each group before opset 21.
    of_groups = operator == "GroupNormalization" and call.opset < 21
    each, wanted = ("group", groups) if of_groups else ("channel", channels)
    for index in range(1, 5 if operator == "BatchNormalization" else 3):
        shape = call.shape(index)
        count = None if shape is None else element_count(shape)
        if shape is not None and wanted is not None and count not in (wanted, None):
            raise _norm_error(each, shape, f"{wanted} {each}s", facts)
        if shape is not None and len(shape) != 1:
            raise _norm_error(f"{each}, along one axis", shape, shape_text(x), facts)
    if operator == "InstanceNormalization" and len(x) < 3:
        facts.refused = (
            f"ONNX Runtime rejects an InstanceNormalization of fewer than 3 axes: {shape_text(x)}"
        )
    facts.shapes = (x, *[(channels,)] * further)
    return facts


def _norm_error(what: str, shape: Shape, norm_of: str, facts: NodeFacts) -> NodeError:
    return NodeError(
        f"A norm must have one element for each {what}.",
        f"{shape_text(shape)} for {norm_of}",
        facts,
    )


@rule(*REDUCTIONS)
def reduction(call: NodeCall) -> NodeFacts:
    """Take a sum or a maximum along some axes; along all spatial ones, as global pooling does."""
    x = call.ranked_shape(0)
    facts = NodeFacts(REDUCTIONS[call.operator], "global")
    keep = call.integer("keepdims", 1) != 0
    if call.operator.startswith("Arg"):
        given: list[object] | None = [call.integer("axis", 0)]
    else:
        given = call.attribute_or_input("axes", 1)
        if given is None and call.has(1):
            return facts.depends_on_data("the axes that are reduced depend on")
        if not given and call.integer("noop_with_empty_axes", 0):
            return NodeFacts(facts.kind, "pointwise", shapes=(x,))
    if x is None:
        return facts
    axes = set(axis_indices(given or None, len(x)))
    facts.role = role_over(axes, len(x))
    facts.arguments = {"dim": tuple(sorted(axes)), **({"keepdim": True} if keep else {})}
    sizes = enumerate(x)
    facts.shapes = (tuple(1 if i in axes else n for i, n in sizes if keep or i not in axes),)
    return facts
