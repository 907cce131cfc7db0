"""A network as an ONNX file that cannot disagree with it: pixels in, probabilities out.

Normalisation is inside; layers, class names and what is left out stand in the metadata; and the
file is run beside the network before it takes its name. The `onnx` package (and ONNX Runtime, to
run the file) are imported only inside functions: ``pip install "fencepost[onnx]"``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....arguments import integer
from ....errors import ArgumentError, DataError
from ....network import Network
from ...exports import (
    TOLERANCE,
    Export,
    PixelType,
    Runner,
    as_verification_images,
    contents,
    output_names,
    pixel_type,
    write_verified,
)
from .builder import GraphBuilder
from .nodes import write_layer

#: Of ONNX 1.12 and ONNX Runtime 1.12 (2022), so that old runtimes read the file.
DEFAULT_OPSET = 17
#: Axes of Unsqueeze and ReduceSum are inputs from here on.
OLDEST_OPSET = 13
#: The entry of the metadata that holds what `Network.config` gives.
NETWORK_KEY: Final = "fencepost.network"

#: Bytes of a file: Protocol Buffers end at 2 GiB.
LARGEST = 2**31 - 2**20


def export(
    network: Network,
    path: str | os.PathLike[str],
    *,
    opset: int = DEFAULT_OPSET,
    dtype: str | None = None,
    verify: bool | ArrayLike = True,
    tolerance: float = TOLERANCE,
) -> Export:
    """Write a network as an ONNX file; see `Network.export`."""
    onnx = import_onnx()
    opset = integer("opset", opset, OLDEST_OPSET, onnx.defs.onnx_opset_version())
    pixels = pixel_type(network, dtype)
    images = as_verification_images(network, verify, pixels)
    description = contents(network, pixels)
    content = model_of(network, opset, pixels, description).SerializeToString()
    kind = f"ONNX, opset {opset}"
    return write_verified(path, content, network, runner, images, tolerance, kind, description)


def model_of(network: Network, opset: int, dtype: PixelType, description: str) -> Any:
    """Return the ModelProto of a network; `said` is what is inside."""
    from onnx import TensorProto, helper, numpy_helper

    from .... import __version__

    if 4 * sum(network.engine_weights.sizes) > LARGEST:
        raise DataError(
            "an ONNX file of one piece must have weights of less than 2 GB. Received: "
            f"{network.parameter_count:,} parameters of 4 bytes."
        )
    copy = network.copy()  # of whose arrays the file's tensors may be views
    graph = GraphBuilder(opset, {**copy.parameters, **copy.state})
    source = "images" if len(network.input_shape) == 3 else "signals"
    source = source if len(network.input_shape) > 1 else "features"
    x = _normalised(graph, network, source, dtype)
    for sized in network.rows:
        x = write_layer(graph, sized, x)
    names = output_names(network)
    last = graph.add("Identity", x, output=names[-1])
    if len(names) > 1:
        if network.temperature != 1:
            scale = np.full((1, 1), 1 / network.temperature, np.float32)
            last = graph.add("Mul", last, graph.constant("inverse_temperature", scale))
        graph.add("Softmax", last, output=names[0], axis=1)
    elements = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}
    info = helper.make_tensor_value_info
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            [info(source, elements[dtype], ["batch", *network.input_shape])],
            [info(name, TensorProto.FLOAT, ["batch", *network.output_shape]) for name in names],
            [numpy_helper.from_array(array, name) for name, array in graph.initializers.items()],
            description,
        ),
        producer_name="fencepost",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", opset)],
        doc_string=description,
    )
    model.ir_version = helper.find_min_ir_version_for(model.opset_import)
    helper.set_model_props(model, _metadata(network, description))
    return model


def _metadata(network: Network, description: str) -> dict[str, str]:
    entries = {
        NETWORK_KEY: json.dumps(network.config(), allow_nan=False),
        "contents": description,
        "layers": "\n".join(layer.describe() for layer in network.layers),
    }
    if network.class_names is not None:
        entries["class_names"] = json.dumps(network.class_names, ensure_ascii=False)
    return entries


def _normalised(graph: GraphBuilder, network: Network, source: str, dtype: PixelType) -> str:
    """Write what comes before the layers: (pixels − mean) · (1 / std), as the engine computes."""
    from onnx import TensorProto

    graph.place = "normalization"
    x = source if dtype == "float32" else graph.add("Cast", source, to=TensorProto.FLOAT)
    if network.normalization is None:
        return x
    shape = (1, -1, *(1,) * (len(network.input_shape) - 1))
    mean, scale = (values.reshape(shape) for values in network.engine_normalization)
    centred = graph.add("Sub", x, graph.constant("mean", mean))
    return graph.add("Mul", centred, graph.constant("scale", scale))


def runner(path: Path) -> Runner:
    """Check a file, and return what runs it: ONNX Runtime, or onnx's own evaluator without it."""
    import onnx

    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    source = model.graph.input[0].name
    names = [output.name for output in model.graph.output]
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)

        def evaluate(images: NDArray[Any]) -> dict[str, NDArray[Any]]:
            return dict(zip(names, evaluator.run(None, {source: images}), strict=True))

        return evaluate
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(images: NDArray[Any]) -> dict[str, NDArray[Any]]:
        batch = np.ascontiguousarray(images)
        return dict(zip(names, session.run(None, {source: batch}), strict=True))

    return run


def import_onnx() -> Any:
    """Return the package `onnx`. Raises ArgumentError if it is not installed."""
    try:
        import onnx
    except ImportError:
        raise ArgumentError(
            'To write ONNX files, the package onnx must be installed: pip install "fencepost[onnx]"'
        ) from None
    return onnx
