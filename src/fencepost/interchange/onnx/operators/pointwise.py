"""ONNX's operators that leave each place where it is: activations, joins, norms; and reductions.

Sources: the ONNX operators of these names (onnx.ai/onnx/operators); kinds are PyTorch's names for
them.
"""

from __future__ import annotations

from fencepost.graph import Shape
from fencepost.interchange.onnx.operators.calls import (
    Call,
    Misfit,
    Result,
    axis,
    broadcast,
    by,
    product,
    role_over,
)

#: One array in, one of the same shape out.
ACTIVATIONS = {
    "Abs": "Abs",
    "Acos": "Acos",
    "Acosh": "Acosh",
    "Asin": "Asin",
    "Asinh": "Asinh",
    "Atan": "Atan",
    "Atanh": "Atanh",
    "Bernoulli": "Bernoulli",
    "BitwiseNot": "BitwiseNot",
    "Cast": "Identity",
    "CastLike": "Identity",
    "Ceil": "Ceil",
    "Celu": "CELU",
    "Cos": "Cos",
    "Cosh": "Cosh",
    "CumProd": "Cumprod",
    "CumSum": "Cumsum",
    "DequantizeLinear": "DeQuantize",
    "Elu": "ELU",
    "Erf": "Erf",
    "Exp": "Exp",
    "Floor": "Floor",
    "Gelu": "GELU",
    "HardSigmoid": "Hardsigmoid",
    "HardSwish": "Hardswish",
    "Hardmax": "Hardmax",
    "Identity": "Identity",
    "IsInf": "Isinf",
    "IsNaN": "Isnan",
    "LRN": "LocalResponseNorm",
    "LeakyRelu": "LeakyReLU",
    "Log": "Log",
    "LogSoftmax": "LogSoftmax",
    "LpNormalization": "Normalize",
    "MeanVarianceNormalization": "InstanceNorm",
    "Mish": "Mish",
    "Neg": "Neg",
    "Not": "LogicalNot",
    "QuantizeLinear": "Quantize",
    "Reciprocal": "Reciprocal",
    "Relu": "ReLU",
    "RotaryEmbedding": "RotaryEmbedding",
    "Round": "Round",
    "Selu": "SELU",
    "Shrink": "Softshrink",
    "Sigmoid": "Sigmoid",
    "Sign": "Sign",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Softmax": "Softmax",
    "Softplus": "Softplus",
    "Softsign": "Softsign",
    "Sqrt": "Sqrt",
    "Swish": "SiLU",
    "Tan": "Tan",
    "Tanh": "Tanh",
    "ThresholdedRelu": "Threshold",
    "Trilu": "Tril",
}

#: Several arrays in, taken place by place: PyTorch's name, and how a sentence calls it.
JOINS = {
    "Add": ("Add", "added"),
    "And": ("LogicalAnd", "compared"),
    "BitShift": ("BitShift", "shifted"),
    "BitwiseAnd": ("BitwiseAnd", "joined"),
    "BitwiseOr": ("BitwiseOr", "joined"),
    "BitwiseXor": ("BitwiseXor", "joined"),
    "Div": ("Div", "divided"),
    "Equal": ("Eq", "compared"),
    "Greater": ("Gt", "compared"),
    "GreaterOrEqual": ("Ge", "compared"),
    "Less": ("Lt", "compared"),
    "LessOrEqual": ("Le", "compared"),
    "Max": ("Maximum", "compared"),
    "Mean": ("Mean", "averaged"),
    "Min": ("Minimum", "compared"),
    "Mod": ("Remainder", "divided"),
    "Mul": ("Mul", "multiplied"),
    "Or": ("LogicalOr", "compared"),
    "Pow": ("Pow", "raised to powers"),
    "Sub": ("Sub", "subtracted"),
    "Sum": ("Add", "added"),
    "Where": ("Where", "chosen from"),
    "Xor": ("LogicalXor", "compared"),
}

# As many arrays as one likes.
_OF_ANY_NUMBER = ("Max", "Mean", "Min", "Sum")

#: Axes are summed up, or a maximum is found along them.
REDUCTIONS = {
    "ArgMax": "Argmax",
    "ArgMin": "Argmin",
    "ReduceL1": "Norm",
    "ReduceL2": "Norm",
    "ReduceLogSum": "Log",
    "ReduceLogSumExp": "Logsumexp",
    "ReduceMax": "Amax",
    "ReduceMean": "Mean",
    "ReduceMin": "Amin",
    "ReduceProd": "Prod",
    "ReduceSum": "Sum",
    "ReduceSumSquare": "Norm",
}

# Arguments that decide what an activation is; ONNX's name, PyTorch's name, PyTorch's default.
_ALPHAS = {
    "LeakyRelu": ("alpha", "negative_slope", 0.01),
    "Elu": ("alpha", "alpha", 1.0),
    "Celu": ("alpha", "alpha", 1.0),
}


def activation(call: Call) -> Result:
    """Do something with each number by itself, or, of a norm or a softmax, with its neighbours."""
    operator = call.node.operator
    x = call.rank(0)
    result = Result(ACTIVATIONS[operator], "pointwise", (x,))
    if operator in _ALPHAS:
        name, theirs, default = _ALPHAS[operator]
        value = round(call.real(name, 1.0 if operator != "LeakyRelu" else 0.01), 6)
        result.arguments = {} if value == default else {theirs: value}
    elif operator in ("Softmax", "LogSoftmax"):
        dim = call.integer("axis", -1)
        if x:
            role = role_over({axis(dim, len(x))}, len(x))
            result.role = role if role == "pointwise" else "dense"
        result.arguments = {"dim": dim}
    elif operator in ("QuantizeLinear", "DequantizeLinear"):
        result.sources = (0,)
    elif operator == "LRN":
        result.arguments = {"size": call.integer("size", 1)}
    return result


def clip(call: Call) -> Result:
    """Cut off what is too small or too large; between 0 and 6, PyTorch has a layer for it."""
    x = call.rank(0)
    limits = []
    for index, name in ((1, "min"), (2, "max")):
        values = call.listed(name, index)
        number = values[0] if values and isinstance(values[0], (int, float)) else None
        limits.append(number)
    low, high = limits
    if limits == [0, 6]:
        return Result("ReLU6", "pointwise", (x,))
    return Result("Clamp", "pointwise", (x,), arguments=_given(min=low, max=high))


def quantize(call: Call) -> Result:
    """DynamicQuantizeLinear: whole numbers, their scale and their zero."""
    return Result("Quantize", "pointwise", (call.rank(0), (), ()))


def dropout(call: Call) -> Result:
    """Dropout, and the mask that newer versions give besides."""
    x = call.rank(0)
    return Result("Dropout", "pointwise", (x,) * len(call.node.outputs))


def prelu(call: Call) -> Result:
    """Rectify with a slope that is learned."""
    x = call.rank(0)
    slope = call.shape(1)
    # Before opset 7, one slope for each channel was written without the axes behind it.
    old = slope is not None and x is not None and len(slope) == 1 and slope[0] in x[1:2]
    if x is not None and slope is not None and not old and broadcast([x, slope], "rectified") != x:
        raise Misfit("A slope must fit the array that it rectifies.", f"{by(slope)} and {by(x)}")
    cells = None if slope is None else product(slope)
    arguments = {} if cells in (1, None) else {"num_parameters": cells}
    return Result("PReLU", "pointwise", (x,), arguments=arguments, weights=(1,))


def join(call: Call) -> Result:
    """Take several arrays place by place, each repeated along axes of size 1."""
    kind, verb = JOINS[call.node.operator]
    if not call.inputs:
        raise Misfit(f"{call.node.operator} needs an input.", "none of them")
    shapes = [call.shape(index) for index in range(len(call.inputs))]
    needed = {"Where": 3}.get(call.node.operator, 2)
    if len(shapes) != needed and call.node.operator not in _OF_ANY_NUMBER:
        raise Misfit(f"{call.node.operator} needs {needed} inputs.", f"{len(shapes)}")
    if "axis" in call.node.attributes and len(shapes) == 2 and None not in shapes:
        shapes[1] = _moved(call, shapes[0] or (), shapes[1] or ())
    shape = broadcast(shapes, verb)
    result = Result(kind, "join" if call.data() > 1 else "pointwise", (shape,))
    result.loose = tuple(
        index for index, one in enumerate(call.inputs) if one is not None and one.constant
    )
    return result


def norm(call: Call) -> Result:
    """BatchNormalization, InstanceNormalization, GroupNormalization, LayerNormalization."""
    operator = call.node.operator
    x = call.rank(2 if operator != "LayerNormalization" else 1)
    result = Result(_NORMS.get(operator, "LayerNorm"), "pointwise", (x,), weights=(1, 2))
    result.multiply_adds = None if x is None else product(x)  # its factor and its summand
    if x is None:
        return result
    if operator in ("LayerNormalization", "RMSNormalization"):
        start = axis(call.integer("axis", -1), len(x))
        result.arguments = {"normalized_shape": x[start:]}
        shape = call.shape(1)
        if shape is not None:
            _repeats(shape, x, result)
        result.shapes = _statistics(call, x, start)
        return result
    channels = x[1]
    if operator == "GroupNormalization":
        groups = call.integer("num_groups", 0)
        result.arguments = {"num_groups": groups}
        if groups < 1 or (channels is not None and channels % groups):
            raise Misfit(
                "num_groups must divide the channels.",
                f"num_groups={groups}, {channels} channels",
                result,
            )
    else:
        result.kind += {2: "1d", 3: "1d", 4: "2d", 5: "3d"}.get(len(x), "")
    # GroupNormalization had a number for each group before opset 21.
    allowed = {channels, None, result.arguments.get("num_groups", channels)}
    for index in range(1, 5 if operator == "BatchNormalization" else 3):
        shape = call.shape(index)
        if shape is not None and product(shape) not in allowed and channels is not None:
            raise Misfit(
                "A norm must have a number for each channel.",
                f"{by(shape)} for {channels} channels",
                result,
            )
    extra = max(len(call.node.outputs) - 1, 0)
    result.shapes = (x, *[(channels,)] * extra)
    return result


_NORMS = {
    "BatchNormalization": "BatchNorm",
    "InstanceNormalization": "InstanceNorm",
    "GroupNormalization": "GroupNorm",
    "RMSNormalization": "RMSNorm",
}


def reduction(call: Call) -> Result:
    """Sum up, or find a maximum, along some axes; over all places, as global pooling does."""
    operator = call.node.operator
    x = call.rank(0)
    result = Result(REDUCTIONS[operator], "global", (None,))
    keep = call.integer("keepdims", 1) != 0
    if operator.startswith("Arg"):
        axes: list[object] | None = [call.integer("axis", 0)]
    else:
        axes = call.listed("axes", 1)
        if axes is None and call.has(1):
            result.unknown = "the axes that are reduced depend on the data"
            return result
        if not axes and call.integer("noop_with_empty_axes", 0):
            return Result(result.kind, "pointwise", (x,))
    if x is None:
        return result
    rank = len(x)
    places = {axis(one, rank) for one in axes} if axes else set(range(rank))
    result.role = role_over(places, rank)
    result.arguments = {"dim": tuple(sorted(places)), **({"keepdim": True} if keep else {})}
    shape: Shape = tuple(
        1 if place in places else size
        for place, size in enumerate(x)
        if keep or place not in places
    )
    result.shapes = (shape,)
    return result


def _given(**arguments: object) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}


def _moved(call: Call, first: Shape, second: Shape) -> Shape:
    """Lay the second array along the axes that old versions name (opset 6 and before)."""
    start = axis(call.integer("axis", -1), len(first), new=True)
    return (*second, *(1,) * max(0, len(first) - start - len(second)))


def _repeats(shape: Shape, x: Shape, result: Result) -> None:
    if broadcast([shape, x], "multiplied") != x and None not in (*shape, *x):
        raise Misfit(
            "A norm must have a number for each cell that it scales.",
            f"{by(shape)} for {by(x)}",
            result,
        )


def _statistics(call: Call, x: Shape, start: int) -> tuple[Shape | None, ...]:
    """Give the mean and deviation that LayerNormalization may put out, too."""
    reduced = (*x[:start], *(1,) * (len(x) - start))
    return (x, *[reduced] * max(len(call.node.outputs) - 1, 0))
