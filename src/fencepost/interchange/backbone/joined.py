"""A backbone and the network on its features as one ONNX file: pixels in, probabilities out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...arguments import choice
from ...errors import ArgumentError, DataError
from ...network import Network
from ...text import format_shape
from ..exports import (
    TOLERANCE,
    Export,
    PixelType,
    Runner,
    contents,
    random_pixels,
    write_verified,
)
from ..onnx.writer.export import LARGEST, NETWORK_KEY, OLDEST_OPSET, import_onnx, model_of, runner

_PREFIX = "backbone/"


class FeatureExtractor(Protocol):
    """A `Backbone`, as it is seen from here: the file, and what it takes and gives."""

    path: Path
    source: str
    layer: str
    channels: int
    channels_last: bool
    size: tuple[int, int]
    dtype: np.dtype[Any]
    normalization: str
    features_count: int
    fixed_batch: int | None

    @property
    def takes_bytes(self) -> bool: ...

    @property
    def statistics(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...

    def prepared(self, images: NDArray[Any]) -> NDArray[Any]: ...

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]: ...


class _Joined:
    """What the file is compared with."""

    def __init__(self, backbone: FeatureExtractor, network: Network) -> None:
        self.backbone, self.network = backbone, network
        self.output_shape = network.output_shape
        self.temperature = network.temperature

    def __call__(self, images: Any) -> NDArray[np.float32]:
        return self.network(self.backbone(images))


def export(
    backbone: FeatureExtractor,
    network: Network,
    path: str | os.PathLike[str],
    *,
    dtype: str = "uint8",
    verify: bool | ArrayLike = True,
    tolerance: float = TOLERANCE,
) -> Export:
    """Write both as one ONNX file; see `Backbone.export`."""
    onnx = import_onnx()
    if Path(path).suffix.lower() != ".onnx":
        raise ArgumentError(
            "A network on a backbone is exported to ONNX only, as the backbone is an ONNX file: "
            f"-o model.onnx. Received: {os.fspath(path)!r}. The network on the features alone "
            "goes anywhere: Network.export writes it."
        )
    if network.input_shape != (backbone.features_count,):
        raise DataError(
            f"the network must take the {backbone.features_count:,} features of {backbone.path}. "
            f"Received: a network that takes {format_shape(network.input_shape)}."
        )
    pixels: PixelType = choice("dtype", dtype, ("uint8", "float32"))
    shape = (backbone.channels, *backbone.size)
    features = f"{backbone.features_count:,} features"
    before = [f"pixels {backbone.normalization}", backbone.path.name, features]
    description = contents(network, pixels, input_shape=shape, before=before)
    if verify is True:
        images = random_pixels(shape)
    elif verify is not False:
        images = backbone.prepared(np.asarray(verify))
    compared = None if verify is False else np.ascontiguousarray(images, pixels)

    model = _backbone(onnx, backbone)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    _join(model, model_of(network, opset, "float32", description), backbone, pixels)
    if (size := model.ByteSize()) > LARGEST:
        raise DataError(f"an ONNX file of one piece must be below 2 GB. Received: {size:,} bytes.")
    return write_verified(
        path,
        model.SerializeToString(),
        _Joined(backbone, network),
        lambda partial: _in_batches(runner(partial), backbone.fixed_batch),
        compared,
        tolerance,
        f"ONNX, opset {opset}",
        description,
    )


def _backbone(onnx: Any, backbone: FeatureExtractor) -> Any:
    """Return the model up to its features, in operators of at least `OLDEST_OPSET`."""
    from onnx import compose, version_converter

    try:
        model = onnx.load(backbone.path)
        versions = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
        if versions["ai.onnx"] < OLDEST_OPSET:
            model = version_converter.convert_version(model, OLDEST_OPSET)
        newest = onnx.defs.onnx_opset_version()
        if versions["ai.onnx"] > newest:
            raise ValueError(f"the package onnx here knows operators up to version {newest}")
        _cut(model.graph, backbone.source, backbone.layer)
        return compose.add_prefix(model, _PREFIX)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{backbone.path}: the backbone cannot be written into another file: {reason}"
        ) from error


def _cut(graph: Any, source: str, features: str) -> None:
    """Leave only what the features depend on."""
    needed = {features}
    for index in reversed(range(len(graph.node))):
        if needed.isdisjoint(graph.node[index].output):
            del graph.node[index]
        else:
            needed.update(_inputs(graph.node[index]))
    del graph.output[:], graph.value_info[:]
    _leave(graph.input, lambda value: value.name == source)
    _leave(graph.initializer, lambda tensor: tensor.name in needed)
    _leave(graph.sparse_initializer, lambda tensor: tensor.values.name in needed)
    _leave(graph.quantization_annotation, lambda entry: entry.tensor_name in needed)


def _leave(entries: Any, is_needed: Callable[[Any], bool]) -> None:
    needed = [entry for entry in entries if is_needed(entry)]
    del entries[:]
    entries.extend(needed)


def _inputs(node: Any) -> Iterator[str]:
    """Yield the names that a node reads, those within its branches and loops too."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from (output.name for output in graph.output)
            for inner in graph.node:
                yield from _inputs(inner)


def _join(model: Any, head: Any, backbone: FeatureExtractor, pixels: PixelType) -> None:
    """Put the pixels' normalisation before the backbone, and the network's graph after it."""
    from onnx import TensorProto, helper

    graph, nodes = model.graph, list(model.graph.node)
    del graph.node[:], graph.input[:]
    elements = TensorProto.UINT8 if pixels == "uint8" else TensorProto.FLOAT
    batch = backbone.fixed_batch or "batch"
    shape = [batch, backbone.channels, *backbone.size]
    graph.input.append(helper.make_tensor_value_info("images", elements, shape))
    last = _normalized(graph, backbone, pixels)
    graph.node.append(helper.make_node("Identity", [last], [_PREFIX + backbone.source]))
    graph.node.extend(nodes)
    flat = helper.make_node("Flatten", [_PREFIX + backbone.layer], ["features/flat"], axis=1)
    entering = head.graph.input[0].name
    floats = helper.make_node("Cast", ["features/flat"], [entering], to=TensorProto.FLOAT)
    graph.node.extend([flat, floats, *head.graph.node])
    graph.initializer.extend(head.graph.initializer)
    for output in head.graph.output:
        output.type.tensor_type.shape.dim[0].CopyFrom(graph.input[0].type.tensor_type.shape.dim[0])
        graph.output.append(output)
    graph.name = head.graph.name
    model.doc_string = graph.doc_string = head.doc_string
    model.ir_version = max(model.ir_version, head.ir_version)
    model.producer_name, model.producer_version = head.producer_name, head.producer_version
    del model.metadata_props[:]
    # The layers in full are those of the network alone, which the file is not.
    model.metadata_props.extend(e for e in head.metadata_props if e.key != NETWORK_KEY)


def _normalized(graph: Any, backbone: FeatureExtractor, pixels: PixelType) -> str:
    """Bring pixels to what the backbone takes, as `Backbone` does; return the array's name."""
    from onnx import helper, numpy_helper

    name = "images"

    def add(operator: str, *constants: ArrayLike, **attributes: Any) -> None:
        nonlocal name
        names = [f"pixels/{operator}:{index}" for index in range(len(constants))]
        for constant, values in zip(names, constants, strict=True):
            array = np.asarray(values, np.float32)
            graph.initializer.append(numpy_helper.from_array(array, constant))
        output = f"pixels/{operator}/{len(graph.node)}"
        graph.node.append(helper.make_node(operator, [name, *names], [output], **attributes))
        name = output

    kind = np.dtype(backbone.dtype)
    if not (backbone.takes_bytes and pixels == "uint8"):
        add("Cast", to=helper.np_dtype_to_tensor_dtype(np.dtype(np.float32)))
        if backbone.takes_bytes:
            add("Round")
            add("Clip", 0, 255)
        else:
            mean, std = backbone.statistics
            add("Sub", mean)
            add("Div", std)
    if backbone.channels_last:
        add("Transpose", perm=[0, 2, 3, 1])
    if kind != np.float32:
        add("Cast", to=helper.np_dtype_to_tensor_dtype(kind))
    return name


def _in_batches(run: Runner, count: int | None) -> Runner:
    """Run batches of one size only, as some files take them."""
    if count is None:
        return run

    def run_all(images: NDArray[Any]) -> dict[str, NDArray[Any]]:
        pieces = []
        for first in range(0, len(images), count):
            piece = images[first : first + count]
            padded = np.concatenate([piece, piece[:1].repeat(count - len(piece), 0)])
            pieces.append({name: v[: len(piece)] for name, v in run(padded).items()})
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}

    return run_all
