"""A network as one C header that cannot disagree with it: pixels in, probabilities out.

C99, no allocation, nothing but <math.h>; the sizes of constants and values stand at the top. Where
the machine has a C compiler, the header is compiled and run beside the network before it takes its
name.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...network import Network
from ...network.arguments import is_of_classes
from ...text import join_words, plural
from ..exports import (
    TOLERANCE,
    Export,
    Runner,
    as_verification_images,
    contents,
    output_names,
    pixel_type,
    write_verified,
)
from . import compiler
from .header import Header, with_test, write_header
from .lowering import lower
from .text import prefix

_TYPES = {"uint8": "unsigned char", "float32": "float"}


def export(
    network: Network,
    path: str | os.PathLike[str],
    *,
    dtype: str | None = None,
    verify: bool | ArrayLike = True,
    tolerance: float = TOLERANCE,
) -> Export:
    """Write a network as a C header; see `Network.export`."""
    pixels = pixel_type(network, dtype)
    images = as_verification_images(network, verify, pixels)
    said = contents(network, pixels, one_image=True)
    _require_finite(network)
    name = prefix(Path(path))
    program = lower(network, copied=pixels == "uint8")
    header = write_header(network, program, name, _TYPES[pixels], said)
    example = as_verification_images(network, True, pixels)
    example = (example if images is None else images)[:1]  # type: ignore[index]
    expected = _outputs(network, example)[0]
    text = with_test(header, example[0], expected, max(tolerance, TOLERANCE)).encode("ascii")
    cc = compiler.find() if images is not None else None
    difference = write_verified(
        path,
        text,
        network,
        lambda _: _runner(cc, text, header, network, _TYPES[pixels]),
        None if cc is None else images,
        tolerance,
    )
    notes = [
        f"memory    {header.flash:,} bytes of constants (flash), {header.ram:,} of values (RAM)"
    ]
    if cc is not None:
        notes.append(f"compiled with {' '.join(cc)}")
    elif images is not None:
        notes.append("not compiled: no C compiler (cc, gcc, clang, or $CC) was found")
    count = 0 if images is None or cc is None else len(images)
    return Export(
        os.fspath(path), "C99, float32", said, len(text), count, difference, tolerance,
        "\n".join(notes),
    )  # fmt: skip


def _runner(
    cc: list[str] | None, text: bytes, header: Header, network: Network, pixels: str
) -> Runner:
    if cc is None:
        return lambda images: {}
    functions = ("predict", "logits") if is_of_classes(network.output_shape) else ("predict",)
    names = dict(zip(functions, output_names(network), strict=True))
    sizes = (pixels, math.prod(network.input_shape), network.output_shape)
    return compiler.Compiled(cc, text, header.prefix, names, sizes)


def _outputs(network: Network, images: NDArray[Any]) -> NDArray[np.float32]:
    """Return what the header's predict gives, as the network computes it."""
    if is_of_classes(network.output_shape):
        return network.predict_proba(images)
    return network(images)


def _require_finite(network: Network) -> None:
    """Raise DataError if weights are not finite, and name all of these arrays."""
    arrays = {**network.parameters, **network.state}
    wrong = {
        name: int(np.count_nonzero(~np.isfinite(array)))
        for name, array in arrays.items()
        if not np.isfinite(array).all()
    }
    if wrong:
        counts = [f"{plural(count, 'value')} of {name}" for name, count in wrong.items()]
        raise DataError(
            "the weights of an export to C must be finite, for C has no literals for others. "
            f"Received: NaN or infinity in {join_words(counts)}. No file was written."
        )
