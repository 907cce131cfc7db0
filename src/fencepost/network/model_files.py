"""Model files: safetensors with a description of the network as JSON. No pickle, no code.

A model file is a safetensors file whose metadata holds `fencepost`, the version of this format,
and `network`, the description that `Network.config` gives, as JSON.
Equal networks give equal files.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.content import UNKNOWN, TrainedOn
from ..errors import ArgumentError, DataError, ModelFileError, SizeError
from ..files.atomic import atomic_write
from ..files.signatures import resemblance
from ..layers import Shape
from . import sizes
from .arguments import as_input_shape, as_layers, as_network_arguments

FORMAT_VERSION = "1"
# The description of a network is a few kB. safetensors itself would read 100 MB of it.
_LARGEST_HEADER = 16 * 2**20

Tensors = Mapping[str, NDArray[np.float32]]


def _safetensors() -> ModuleType:
    """Return the library that reads and writes tensors, imported when the first file is.

    It has no wheel for Pythons without a global lock, and may turn the lock on there.
    """
    import safetensors.numpy

    return safetensors.numpy


def write(
    path: str | os.PathLike[str],
    config: Mapping[str, Any],
    tensors: Tensors,
    trained_on: TrainedOn = UNKNOWN,
) -> None:
    """Write a model file, which appears whole or not at all.

    Raises ModelFileError if the folder does not exist, may not be written to, or is full.
    """
    target = Path(path)
    try:
        description = json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            f"{target}: metadata of a model must be plain data (dict, list, str, finite numbers, "
            f"True, False, None). Received: {error}. Change net.metadata."
        ) from None
    content = _in_order(
        _safetensors().save(
            {name: np.ascontiguousarray(array) for name, array in tensors.items()},
            {
                "fencepost": FORMAT_VERSION,
                "network": description,
                "trained_on": trained_on.to_text(),
            },
        )
    )
    try:
        atomic_write(target, content)
    except OSError as error:
        raise ModelFileError(
            f"{target}: the model cannot be written: {error.strerror}. "
            "Choose an existing, writable folder with "
            f"{math.ceil(len(content) / 1e6)} MB free."
        ) from error


def _in_order(content: bytes) -> bytes:
    """Return the file with its metadata in the order of their names: safetensors' is by chance."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at multiples of 8 bytes
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(content)[end:]))


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Tensors, TrainedOn]:
    """Read the description and the tensors of a model file, which are those that its layers need.

    The third is what it was trained on: `UNKNOWN` for the files of older versions.

    Raises ModelFileError if it cannot be read, is not a model of fencepost's, is truncated or
    damaged, or holds numbers that are not finite float32. No memory is taken for weights that the
    file only claims to have.
    """
    target = Path(path)
    content = _content(target)
    header = _header(target, content)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or "network" not in metadata or "fencepost" not in metadata:
        raise ModelFileError(
            f"{target}: a model file must describe its network. This safetensors file does not, so "
            "it was written by something else. Build the network with fencepost, and copy the "
            "arrays into net.parameters."
        )
    if metadata["fencepost"] != FORMAT_VERSION:
        raise ModelFileError(
            f"{target}: this version of fencepost reads model files of format {FORMAT_VERSION}. "
            f"Received: format {metadata['fencepost']!r}. Update fencepost."
        )
    try:
        config = json.loads(metadata["network"])
    except (TypeError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise _damaged(target, "its description of the network cannot be read")
    try:
        tensors = _safetensors().load(content)
    except Exception as error:  # safetensors raises several kinds, KeyError among them
        raise _damaged(target, f"its tensors cannot be read ({error})") from None
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise _damaged(target, f"tensor {name!r} is {tensor.dtype} and should be float32")
        if not np.isfinite(tensor).all():
            raise ModelFileError(
                f"{target}: weights must be finite. Tensor {name!r} has NaN or infinite values: "
                "its training had failed. Train again, with a smaller learning rate."
            )
    _check_tensors(target, _tensor_shapes(target, config), tensors)
    return config, tensors, _trained_on(target, metadata)


def _trained_on(path: Path, metadata: Mapping[str, Any]) -> TrainedOn:
    if "trained_on" not in metadata:
        return UNKNOWN
    try:
        return TrainedOn.from_text(str(metadata["trained_on"]))
    except DataError as error:
        raise _damaged(path, str(error)) from None


def wrong_description(path: str | os.PathLike[str], error: Exception) -> ModelFileError:
    """Build the error of a file whose description is that of no network, in one paragraph."""
    reason = " ".join(str(error).split("\n\n")[0].split()).rstrip(".")
    return _damaged(path, f"its description of the network is wrong: {reason}")


def _tensor_shapes(path: Path, config: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the shape of each tensor that the layers need, by its name."""
    try:
        arguments = as_network_arguments(config)
        shape, layers = as_input_shape(arguments["input_shape"]), as_layers(arguments["layers"])
        rows = sizes.resolve(shape, layers)
    except (ArgumentError, SizeError, RecursionError) as error:
        raise wrong_description(path, error) from None
    specs = sizes.parameter_specs(rows) | sizes.state_specs(rows)
    return {name: spec.shape for name, spec in specs.items()}


def _check_tensors(path: Path, expected: Mapping[str, Shape], tensors: Tensors) -> None:
    """Raise ModelFileError unless the tensors are those that the layers need."""
    for name, shape in expected.items():
        if name not in tensors:
            raise _damaged(
                path, f"its layers need a tensor {name!r} of shape {shape}, and it has none"
            )
        if tensors[name].shape != shape:
            raise _damaged(
                path,
                f"its layers need the tensor {name!r} to have shape {shape}, and it has shape "
                f"{tensors[name].shape}",
            )
    for name in tensors:
        if name not in expected:
            raise _damaged(path, f"it has a tensor {name!r} that none of its layers needs")


def _damaged(path: str | os.PathLike[str], what: str) -> ModelFileError:
    return ModelFileError(f"{path}: the model file is damaged: {what}. Save the network again.")


def _content(path: Path) -> bytes:
    """Read the file, once its first bytes look like a safetensors file's."""
    try:
        with path.open("rb") as file:
            start = file.read(10)
            if len(start) < 10 or start[8:9] != b"{":
                raise ModelFileError(
                    f"{path}: a model must be a safetensors file, and this is not one"
                    f"{resemblance(start)}. Use a file that net.save or `fencepost train --out` "
                    "wrote."
                )
            return start + file.read()
    except OSError as error:
        raise ModelFileError(
            f"{path}: the model cannot be read: {error.strerror}. "
            "Use the path of a file that net.save or `fencepost train --out` wrote."
        ) from error


def _header(path: Path, content: bytes) -> dict[str, Any]:
    """Check what the first bytes announce before it is trusted, and read it."""
    length = int.from_bytes(content[:8], "little")
    if length > len(content) - 8:
        raise _damaged(
            path,
            f"it is cut off: its header claims {length:,} bytes, and {len(content) - 8:,} follow",
        )
    if length > _LARGEST_HEADER:
        raise _damaged(path, f"its header claims {length:,} bytes, but at most 16 MB are expected")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        raise _damaged(path, "its header cannot be read") from None
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a table of tensors")
    return header
