"""Makes a network of an ONNX file: one of our own exactly, anyone else's by its operations."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError, SizeError
from ...graph import Operation, Shape, SizedLayer
from ...network import Network
from ..conversion.network import to_network
from ..conversion.parts import Details, Float32, Misfit, as_float32
from ..conversion.verification import compare, random_images
from .operators.node import Array, NodeCall
from .reader import read_with_calls
from .wire.messages import File, attribute
from .wire.protobuf import WireError
from .wire.values import check_location, read_values
from .writer.export import NETWORK_KEY

_DEEPEST = 32  # constants computed from constants
_LARGEST = 2**28  # elements of one of them


def from_onnx(
    path: str | os.PathLike[str],
    input_shape: Sequence[int] | None = None,
    *,
    verify: bool = True,
) -> Network:
    """Make a network of an ONNX file; see `fencepost.from_onnx`."""
    target = Path(path)
    shape: Shape | None = None if input_shape is None else tuple(input_shape)
    try:
        graph, file = read_with_calls(target, shape)
        for weight in file.weights:
            if weight.external:
                check_location(weight, target.parent)
        own = file.metadata.get(NETWORK_KEY)
        if own is not None and input_shape is None:
            network = _own(target, file, own)
        else:
            values = _Values(target.parent)
            network = to_network(graph, lambda operation: _details(operation, values))
    except WireError as error:
        raise DataError(
            f"{target}: the file is damaged, or is no ONNX file: {error}. Export it again."
        ) from None
    network.metadata.setdefault("imported", {"from": target.name})
    if verify:
        _verify(target, network)
    return network


# --- files of our own -------------------------------------------------------------------------


def _own(path: Path, file: File, description: str) -> Network:
    """Make the network that a file of ours describes, with the weights in it."""
    try:
        config = json.loads(description)
        if not isinstance(config, dict):
            raise ArgumentError(f"it must be a dict. Received: {type(config).__name__}")
        network = Network.from_config(config)
    except (ArgumentError, SizeError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise DataError(
            f"{path}: the description of its network cannot be used: {reason}"
        ) from None
    given = {weight.name: weight for weight in file.weights}
    tables = {
        f"{one.place}.weight": table
        for one in _all(network.rows)
        if (table := getattr(one.layer, "connections", None)) is not None
    }
    for name, values in (*network.parameters.items(), *network.state.items()):
        if name not in given:
            raise DataError(f"{path}: it lacks the weights {name!r} of its network.")
        array = as_float32(name, read_values(given[name], path.parent))
        if name in tables:
            table = np.array(tables[name], bool)
            array = array[table] if array.shape[: table.ndim] == table.shape else array
        if array.size != values.size:
            raise DataError(
                f"{path}: weights must have the shape that their layer needs. Received: "
                f'{array.shape} for "{name}", which needs {values.shape}.'
            )
        values[...] = array.reshape(values.shape)
    return network


def _all(sized: Sequence[SizedLayer]) -> Iterator[SizedLayer]:
    for one in sized:
        yield one
        yield from _all(one.inner)


# --- anyone's ---------------------------------------------------------------------------------


class _Values:
    """Finds the values of constants: those in the file, and those that are computed from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, array: Array, depth: int = 0) -> NDArray[Any]:
        """Return the values. Raises Misfit if they are computed in a way that is not known."""
        if array.tensor is not None:
            return read_values(array.tensor, self.folder)
        if array.folded is not None:
            return np.array(array.folded.tolist())
        call = array.made_by
        rule = None if call is None else _CONSTANTS.get(call.operator)
        shape = array.shape
        if call is None or rule is None or shape is None or None in shape or depth > _DEEPEST:
            raise Misfit("its weights are computed while it runs")
        sizes = tuple(size or 0 for size in shape)
        if math.prod(sizes) > _LARGEST:
            raise Misfit("its weights are too large")
        given = [self.of(one, depth + 1) for one in call.inputs if one is not None]
        with np.errstate(all="ignore"):
            return np.asarray(rule(call, given, sizes))

    def weight(self, call: NodeCall, index: int) -> Float32 | None:
        """Return an input as weights; None if it is left out."""
        array = call.array(index)
        if array is None:
            return None
        if not array.constant:
            raise Misfit("its weights are computed while it runs")
        return as_float32(call.node.inputs[index], self.of(array))


_Constant = Callable[[NodeCall, Sequence[NDArray[Any]], tuple[int, ...]], Any]


def _shaped(call: NodeCall, given: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> Any:
    return given[0].reshape(shape)


_CONSTANTS: Mapping[str, _Constant] = {
    **dict.fromkeys(("Reshape", "Unsqueeze", "Squeeze", "Flatten"), _shaped),
    **dict.fromkeys(("Identity", "Cast"), lambda call, given, shape: given[0]),
    "Transpose": lambda call, given, shape: np.transpose(given[0], call.integers("perm")),
    "Expand": lambda call, given, shape: np.broadcast_to(given[0], shape),
    "Concat": lambda call, given, shape: np.concatenate(given, call.integer("axis", 0)),
    "Add": lambda call, given, shape: given[0] + given[1],
    "Sub": lambda call, given, shape: given[0] - given[1],
    "Mul": lambda call, given, shape: given[0] * given[1],
    "Div": lambda call, given, shape: given[0] / given[1],
    "Sqrt": lambda call, given, shape: np.sqrt(given[0]),
    "Neg": lambda call, given, shape: -given[0],
    "Reciprocal": lambda call, given, shape: 1 / given[0],
}


def _details(operation: Operation, values: _Values) -> Details:
    """Read the numbers and arrays of a node by PyTorch's names."""
    call = operation.source
    if not isinstance(call, NodeCall):
        return Details()
    arrays: dict[str, Float32 | None] = {}
    options: dict[str, Any] = {}
    match call.operator:
        case "Conv":
            arrays = {"weight": values.weight(call, 1), "bias": values.weight(call, 2)}
        case "Gemm":
            if call.integer("transA", 0):
                raise Misfit("its input is transposed")
            weight, bias = values.weight(call, 1), values.weight(call, 2)
            assert weight is not None  # the reader has checked it
            weight = weight if call.integer("transB", 0) else weight.T
            alpha, beta = call.real("alpha", 1.0), call.real("beta", 1.0)
            arrays["weight"] = np.ascontiguousarray(weight * np.float32(alpha))
            arrays["bias"] = None if bias is None else bias * np.float32(beta)
        case "MatMul":
            weight = values.weight(call, 1)
            arrays["weight"] = None if weight is None else np.ascontiguousarray(weight.T)
        case "BatchNormalization":
            names = ("weight", "bias", "running_mean", "running_var")
            arrays = {name: values.weight(call, index + 1) for index, name in enumerate(names)}
            options["eps"] = round(call.real("epsilon", 1e-5), 12)
            options["momentum"] = round(1 - call.real("momentum", 0.9), 6)
        case "Add" | "Sub" | "Mul" | "Div" | "Sum":
            constants = call.constants()
            if len(call.inputs) == 2 and len(constants) == 1:
                arrays["other"] = values.weight(call, constants[0])
                options["constant_first"] = constants[0] == 0
        case "LeakyRelu":
            options["negative_slope"] = round(call.real("alpha", 0.01), 8)
        case "HardSigmoid":
            options = {"alpha": call.real("alpha", 0.2), "beta": call.real("beta", 0.5)}
        case "Clip":
            for index, name in ((1, "min"), (2, "max")):
                limit = call.attribute_or_input(name, index)
                options[name] = limit[0] if limit else None
        case "Softmax":
            options["dim"] = call.integer("axis", -1)
        case "Gelu":
            options["approximate"] = call.text("approximate", "none")
        case "Dropout":
            ratio = attribute(call.node, "ratio")
            given = call.values(1) or [0.5 if ratio is None else ratio]
            options["p"] = round(float(given[0] or 0), 6)
        case "Pad":
            value = attribute(call.node, "value")
            given = call.values(2) or [0 if value is None else value]
            options["value"] = given[0]
    return Details(options, {name: a for name, a in arrays.items() if a is not None})


# --- the comparison ---------------------------------------------------------------------------


def _verify(path: Path, network: Network) -> None:
    """Run the file beside the network on random input, where ONNX Runtime is installed."""
    try:
        import onnxruntime
    except ImportError:
        return
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            os.fspath(path), options, providers=["CPUExecutionProvider"]
        )
        source = session.get_inputs()[0]
        dtype = np.dtype(np.uint8 if "uint8" in source.type else np.float32)
        batch = source.shape[0] if isinstance(source.shape[0], int) else 2
        images = random_images(network, batch, dtype)
        names = [output.name for output in session.get_outputs()]
        name = "logits" if "logits" in names else names[0]
        expected = session.run([name], {source.name: images})[0]
    except Exception as error:  # ONNX Runtime raises kinds of its own, which are not public
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: ONNX Runtime cannot run the file: {reason}") from None
    compare(os.fspath(path), network, images, expected)
