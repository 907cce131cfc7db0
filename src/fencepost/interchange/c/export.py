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
from .float32 import Float32
from .header import Format, Header, with_test, write_header
from .int8.accuracy import Data
from .int8.calibration import ranges
from .int8.format import Int8
from .lowering import lower
from .text import prefix

#: The largest difference of an export in 8 bits, likewise.
INT8_TOLERANCE = 0.2

_COMPARED = 64
_TEST_OF_INTEGERS, _TEST_WITH_FLOATS = 1e-3, 0.1
_TYPES = {"uint8": "unsigned char", "float32": "float"}


def export(
    network: Network,
    path: str | os.PathLike[str],
    *,
    dtype: str | None = None,
    int8: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    verify: bool | ArrayLike = True,
    tolerance: float | None = None,
) -> Export:
    """Write a network as a C header; see `Network.export`."""
    pixels = pixel_type(network, dtype)
    name = prefix(Path(path))
    _require_finite(network)
    data = None if int8 is None else Data.of(network, int8, pixels)
    if data is not None and verify is True:
        verify = data.images[:_COMPARED]
    images = as_verification_images(network, verify, pixels)
    cc = compiler.find()
    if tolerance is None:
        tolerance = TOLERANCE if data is None else INT8_TOLERANCE

    program = lower(
        network, copied=data is not None or pixels == "uint8", only_clamps=data is not None
    )
    form: Format = Float32(program)
    if data is not None:
        form = Int8(program, ranges(network, data.images))
    description = contents(network, pixels, one_image=True)
    header = write_header(network, program, name, _TYPES[pixels], description, form)
    notes = [
        f"memory    {header.flash:,} bytes of constants (flash), {header.ram:,} of values (RAM)"
    ]

    def compiled(text: bytes) -> Runner:
        return _compiled(cc, text, header, network, _TYPES[pixels]) if cc else lambda images: {}

    example = as_verification_images(network, True, pixels) if images is None else images
    assert example is not None
    expected = _outputs(network, example[:1])
    if isinstance(form, Int8) and data is not None:
        if cc is None:
            raise DataError(
                "an export in 8 bits is run, to say what rounding costs, and needs a C compiler: "
                "cc, gcc, clang or the one that $CC names. Received: none of these. No file was "
                "written."
            )
        run = compiled(header.text_alone)
        expected = run(example[:1])[output_names(network)[0]]
        notes += data.compare(network, run)
        if form.floating:
            notes.append(f"in float32 {join_words(t for s in form.floating for t in s.titles)}")
    text = with_test(header, example[0], expected[0], _test_tolerance(form)).encode("ascii")
    if cc is not None:
        notes.append(f"compiled  with {' '.join(cc)}")
    else:
        notes.append("not compiled: no C compiler (cc, gcc, clang, or $CC) was found")
    return write_verified(
        path,
        text,
        network,
        lambda _: compiled(text),
        None if cc is None else images,
        tolerance,
        f"C99, {form.name}",
        description,
        "\n".join(notes),
    )


def _test_tolerance(form: Format) -> float:
    """Say what the header's own test allows: floats between integers may round to another one."""
    if isinstance(form, Int8):
        return _TEST_WITH_FLOATS if form.floating else _TEST_OF_INTEGERS
    return TOLERANCE


def _compiled(cc: list[str], text: bytes, header: Header, network: Network, pixels: str) -> Runner:
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
    with network.engine_weights.lent() as arrays:
        wrong = {
            name: int(np.count_nonzero(~np.isfinite(array)))
            for name, array in arrays.by_name.items()
            if not np.isfinite(array).all()
        }
    if wrong:
        counts = [f"{plural(count, 'value')} of {name}" for name, count in wrong.items()]
        raise DataError(
            "the weights of an export to C must be finite, because C has no literals for others. "
            f"Received: NaN or infinity in {join_words(counts)}. No file was written."
        )
