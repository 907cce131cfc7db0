"""Makes a network of an ONNX file: one of our own exactly, any other by its operations."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ...datasets.content import UNKNOWN
from ...errors import ArgumentError, DataError, SizeError
from ...graph import Shape, SizedLayer
from ...network import Network, sizes
from ...network.arguments import as_input_shape, as_layers, as_network_arguments
from ...remedies import in_python
from ..conversion.network import Made, to_network
from ..conversion.parts import Float32, as_float32
from ..conversion.verification import compare, random_images
from .constants import Values
from .details import details
from .reader import read_with_calls
from .regions import with_layers
from .wire.messages import File
from .wire.protobuf import WireError
from .wire.values import check_location, read_values
from .writer.export import NETWORK_KEY


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
            made = Made(_own(target, file, own), ())
        else:
            values = Values(target.parent)
            with_regions = with_layers(graph, values)
            made = to_network(with_regions, lambda operation: details(operation, values))
    except WireError as error:
        raise DataError(
            f"{target}: the file is damaged or is not an ONNX file: {error}. Export it again."
        ) from None
    except DataError as error:
        if os.fspath(target) in str(error):
            raise
        raise DataError(f"{target}: {error}") from None
    file.check()
    compared = verify and _verify(target, made)
    metadata = made.network.metadata
    known = metadata.get("imported")  # of a network that was imported, and exported again
    before = known if isinstance(known, dict) else {}
    metadata["imported"] = {"from": target.name, **before, "compared": compared}
    return made.network


# --- files of our own -------------------------------------------------------------------------


def _own(path: Path, file: File, description: str) -> Network:
    """Make the network that a file of ours describes, with the weights in it.

    They are read first: a description may claim more than there is.
    """
    try:
        config = json.loads(description)
        if not isinstance(config, dict):
            raise ArgumentError(f"it must be a dict. Received: {type(config).__name__}")
        arguments = as_network_arguments(config)
        shape, layers = as_input_shape(arguments["input_shape"]), as_layers(arguments["layers"])
        rows = sizes.resolve(shape, layers)
        weights = _weights(path, file, rows)
        network = Network.from_config(config)
        network.trained_on = UNKNOWN
    except (ArgumentError, SizeError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split("\n\n")[0].split())
        raise DataError(
            f"{path}: the description of its network cannot be used: {reason}"
        ) from None
    with network.engine_weights.lent() as arrays:
        for name, values in arrays.by_name.items():
            values[...] = weights[name].reshape(values.shape)
    return network


def _weights(path: Path, file: File, rows: Sequence[SizedLayer]) -> dict[str, Float32]:
    """Read the weights that layers need, and no others."""
    given = {weight.name: weight for weight in file.weights}
    tables = {
        f"{row.place}.weight": table
        for row in _all(rows)
        if (table := getattr(row.layer, "connections", None)) is not None
    }
    specs = sizes.parameter_specs(rows) | sizes.state_specs(rows)
    weights = {}
    for name, spec in specs.items():
        if name not in given:
            raise DataError(f"{path}: it lacks the weights {name!r} of its network.")
        array = as_float32(name, read_values(given[name], path.parent))
        if name in tables:
            table = np.array(tables[name], bool)
            array = array[table] if array.shape[: table.ndim] == table.shape else array
        if array.size != math.prod(spec.shape):
            raise DataError(
                f"{path}: weights must have the shape that their layer needs. Received: "
                f'{array.shape} for "{name}", which needs {spec.shape}.'
            )
        weights[name] = array
    return weights


def _all(rows: Sequence[SizedLayer]) -> Iterator[SizedLayer]:
    for row in rows:
        yield row
        yield from _all(row.inner)


# --- the comparison ---------------------------------------------------------------------------

_COMPARABLE = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


def _incomparable(path: Path, received: str) -> DataError:
    return DataError(
        f"{path}: a model that is compared with its network must take float32 or uint8, as other "
        f"types are not accurate to 1e-4. Received: an input of {received}. Export it "
        f"in float32{in_python(', or use verify=False, which skips the comparison')}."
    )


def _verify(path: Path, made: Made) -> bool:
    """Run the file beside the network on random input; False if ONNX Runtime is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return False
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            os.fspath(path), options, providers=["CPUExecutionProvider"]
        )
        source = session.get_inputs()[0]
        if source.type not in _COMPARABLE:
            raise _incomparable(path, source.type)
        dtype = np.dtype(_COMPARABLE[source.type])
        batch = source.shape[0] if isinstance(source.shape[0], int) else 2
        images = random_images(made.network, batch, dtype)
        names = [output.name for output in session.get_outputs()]
        name = "logits" if "logits" in names else names[0]
        expected = session.run([name], {source.name: made.arranged(images)})[0]
    except DataError:
        raise
    except Exception as error:  # ONNX Runtime raises kinds of its own, which are not public
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path}: ONNX Runtime cannot run the file, to compare it: {reason}"
            f"{in_python(' Use verify=False to skip the comparison.')}"
        ) from None
    compare(os.fspath(path), made.outputs(images), expected)
    return True
