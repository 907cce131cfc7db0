"""The values of an ONNX file's tensors, from the file itself or from one in the same folder.

Field numbers are those of onnx.proto (github.com/onnx/onnx, IR version 10). Nothing is read
outside the model's folder, and no memory is taken that the bytes at hand do not fill.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError
from .protobuf import LENGTH, WireError, fields, fields_of, integers, message_in, text_in
from .tensors import TYPES, Tensor, quote

_BFLOAT16 = 16
_MOST_INTEGERS = 2**22  # that stand one by one, as raw data do not


def read_values(tensor: Tensor, folder: Path) -> NDArray[Any]:
    """Return the values of a tensor.

    Raises DataError if they lie outside the folder, are not there, or are of a type that NumPy does
    not have; WireError if they are not as many as the shape says.
    """
    word = TYPES[tensor.element_type][0]
    bfloat = tensor.element_type == _BFLOAT16
    try:
        dtype = np.dtype(np.uint16 if bfloat else word).newbyteorder("<")
    except TypeError:
        raise DataError(
            f"weights must be numbers of a type that NumPy has. Received: {quote(tensor.name)} in "
            f"{word}."
        ) from None
    array = _external(tensor, folder, dtype) if tensor.external else _inside(tensor, dtype)
    if array.size != tensor.size:
        raise WireError(
            f"tensor {quote(tensor.name)} of shape {tensor.shape} takes {tensor.size:,} values, "
            f"but it has {array.size:,}"
        )
    if bfloat:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array.reshape(tensor.shape)


def check_location(tensor: Tensor, folder: Path) -> Path:
    """Return the file that holds a tensor's values. Raises DataError if it may not be read."""
    path = (folder / tensor.location).resolve()
    inside = tensor.location and path.is_relative_to(folder.resolve())
    if not inside or not path.is_file():
        raise DataError(
            "weights in another file must be in one beside the model. Received: "
            f"{quote(tensor.name)} in {quote(tensor.location)}"
            f"{', which is not there' if inside else ''}. Put it there, or export the model as one "
            "file."
        )
    return path


def _inside(tensor: Tensor, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read raw_data, or the field that the type asks for."""
    pieces: list[NDArray[Any]] = []
    for number, wire, content in fields(tensor.message):
        if number == 9 and isinstance(content, memoryview):
            pieces = [np.frombuffer(content, dtype)]
        elif number in (4, 10) and wire == LENGTH and isinstance(content, memoryview):
            wide = np.dtype("<f4" if number == 4 else "<f8")
            if len(content) % wide.itemsize:
                raise WireError(f"tensor {quote(tensor.name)} ends in the middle of a number")
            pieces.append(np.frombuffer(content, wide))
        elif number in (5, 7, 11):
            few = itertools.islice(integers(wire, content), _MOST_INTEGERS + 1)
            bits = np.array([value & (2**64 - 1) for value in few], np.uint64)
            half = dtype == np.float16
            pieces.append(bits.astype(np.uint16).view(np.float16) if half else bits.astype(dtype))
    return np.concatenate(pieces) if len(pieces) != 1 else pieces[0]


def _external(tensor: Tensor, folder: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read a part of another file."""
    path = check_location(tensor, folder)
    entries: dict[str, str] = {}
    for message in fields_of(tensor.message, {13: message_in})[13]:
        parts = fields_of(message, {1: text_in, 2: text_in})
        entries |= dict(zip(parts[1][-1:], parts[2][-1:], strict=False))
    try:
        offset = int(entries.get("offset", "0"))
    except ValueError:
        offset = -1
    if offset < 0 or offset + tensor.size * dtype.itemsize > path.stat().st_size:
        raise DataError(
            f"{path}: it must hold the {tensor.size:,} values of {quote(tensor.name)} from byte "
            f"{offset:,} on. Received: {path.stat().st_size:,} bytes. Export the model again."
        )
    return np.fromfile(path, dtype, tensor.size, offset=offset)
