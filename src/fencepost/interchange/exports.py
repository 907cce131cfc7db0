"""What every export shares: what is inside, the comparison with the network, and the report."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, real
from ..datasets.checks import check_images
from ..errors import DataError, DataWarning
from ..files.atomic import atomic_write
from ..network import Network
from ..network.arguments import is_of_classes
from ..network.evaluation import log_softmax
from ..text import format_shape, plural

#: The largest difference that an export may have, as a share of its largest output.
TOLERANCE = 1e-4

PixelType = Literal["uint8", "float32"]
#: Runs an export: images in, its outputs by name.
Runner = Callable[[NDArray[Any]], Mapping[str, NDArray[Any]]]

_RANDOM_IMAGES = 5
_BYTES = 4.0  # mean plus standard deviation: more than those of values up to 1, or standardised


class Original(Protocol):
    """What an export is compared with: a network, or one with a backbone before it."""

    @property
    def output_shape(self) -> tuple[int, ...]: ...

    @property
    def temperature(self) -> float: ...

    def __call__(self, images: Any) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Export:
    """A file that was written, what is in it, and how far it is from the network.

    Attributes
    ----------
    path : str
    format : str
        With its version: ``"ONNX, opset 17"``.
    contents : str
        What is inside and what is left out, as it stands in the file.
    size : int
        Bytes.
    images : int
        How many images the export and the network were compared on; 0 if they were not.
    difference : float
        The largest difference of an output, as a share of the largest output.
    tolerance : float
        The largest that was allowed.
    notes : str
        What else is to be said: of a C header, its memory and the compiler.
    """

    path: str
    format: str
    contents: str
    size: int
    images: int
    difference: float
    tolerance: float
    notes: str = ""

    def __str__(self) -> str:
        """The whole report."""
        compared = "not compared with the network"
        if self.images:
            compared = (
                f"compared with the network on {plural(self.images, 'image')}: the largest "
                f"difference is {self.difference:.1e} (allowed: {self.tolerance:.0e})"
            )
        said = f"{self.path}: {self.format}, {self.size:,} bytes, {compared}.\n{self.contents}"
        return f"{said}\n{self.notes}" if self.notes else said

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return dict(vars(self))


def pixel_type(network: Network, wanted: str | None) -> PixelType:
    """Return the type of the pixels that an export takes.

    Where it is not given: uint8 for images whose normalisation is that of bytes, else float32.
    """
    if wanted is not None:
        kind: PixelType = choice("dtype", wanted, ("uint8", "float32"))
        return kind
    statistics = network.normalization
    if len(network.input_shape) < 3 or statistics is None:
        return "float32"
    return "uint8" if float((statistics.mean + statistics.std).max()) > _BYTES else "float32"


def contents(
    network: Network,
    dtype: PixelType,
    *,
    one_image: bool = False,
    input_shape: tuple[int, ...] | None = None,
    before: Sequence[str] = (),
) -> str:
    """Draw what is inside an export, and what is left out.

    `one_image` says that it takes no batches, and has no metadata; `input_shape` and `before` what
    enters and what is done to it where something else stands before the network.
    """
    batch = () if one_image else ("batch",)
    input_shape = input_shape or network.input_shape
    steps = [f"{dtype} {format_shape((*batch, *input_shape))}", *before]
    steps += [] if network.normalization is None else ["(x − mean) / std"]
    steps.append(plural(len(network.layers), "layer"))
    outputs = output_names(network)
    divided = "" if network.temperature == 1 else f"/ {network.temperature:.4g} → "
    softmax = [f"logits → {divided}softmax → probabilities"]
    steps += softmax if "logits" in outputs else list(outputs)
    lines = [f"inside    {' → '.join(steps)}"]
    if network.class_names is not None:
        where = "" if one_image else ", in the metadata"
        lines.append(f"          names of the {len(network.class_names)} classes{where}")
    lines.append(f"left out  {_left_out(network, input_shape)}")
    return "\n".join(lines)


def _left_out(network: Network, input_shape: tuple[int, ...]) -> str:
    what = []
    record = network.metadata.get("training")
    record = record if isinstance(record, dict) else {}
    backbone = record.get("backbone")
    if isinstance(backbone, dict) and len(input_shape) == 1:
        what.append(f"the backbone, {Path(str(backbone.get('path'))).name}, whose features go in")
    if len(input_shape) == 3:
        channels, *sizes = input_shape
        colours = {1: ", in grey", 3: ", in RGB"}.get(channels, "")
        what.append(f"resizing of photographs to {format_shape(sizes)} pixels{colours}")
        preparation = record.get("preparation")
        if isinstance(preparation, dict) and preparation.get("style") == "mnist":
            what.append("cutting out and centring of digits, light on dark")
    if is_of_classes(network.output_shape):
        what.append("choosing the most probable class")
    return "; ".join(what) or "nothing"


def output_names(network: Network) -> tuple[str, ...]:
    """Name the outputs of an export: probabilities and logits, where there are classes."""
    return ("probabilities", "logits") if is_of_classes(network.output_shape) else ("output",)


def as_verification_images(
    network: Network, verify: bool | ArrayLike, dtype: PixelType
) -> NDArray[Any] | None:
    """Return the images to compare on: those given, random ones for True, none for False."""
    if verify is False:
        return None
    if verify is not True:
        images = check_images(verify, shape=network.input_shape)
        return images if images.dtype == dtype else images.astype(dtype)
    if dtype == "uint8":
        return random_pixels(network.input_shape)
    shape = (_RANDOM_IMAGES, *network.input_shape)
    images = np.random.default_rng(0).standard_normal(shape, np.float32)
    if network.normalization is not None:
        mean, std = (
            values.reshape(-1, *(1,) * (len(shape) - 2)) for values in network.normalization
        )
        images = images * std + mean
    return images


def random_pixels(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return images of a shape to compare on, the same at each call."""
    return np.random.default_rng(0).integers(0, 256, (_RANDOM_IMAGES, *shape), np.uint8)


def largest_difference(network: Original, run: Runner, images: NDArray[Any]) -> float:
    """Compare an export with the network: one image alone, and all of them in one batch."""
    largest = 0.0
    for batch in (images[:1], images):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the images may be random
            logits = network(batch)
        expected = {"output": logits}
        if is_of_classes(network.output_shape):
            tempered = logits / np.float32(network.temperature)
            expected = {"logits": logits, "probabilities": np.exp(log_softmax(tempered))}
        received = run(batch)
        for name, values in expected.items():
            difference = relative_difference(received[name], values)
            largest = difference if math.isnan(difference) else max(largest, difference)
    return largest


def relative_difference(received: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the largest difference as a share of the largest value that was expected.

    A network with random weights may give outputs of 1e-9: beside 1, any others would be equal.
    """
    scale = float(np.abs(expected).max(initial=0)) or 1.0
    return float(np.abs(received - expected).max(initial=0)) / scale


def write_verified(
    path: str | os.PathLike[str],
    content: bytes,
    network: Original,
    runner: Callable[[Path], Runner],
    images: NDArray[Any] | None,
    tolerance: float,
    kind: str,
    said: str,
    notes: str = "",
) -> Export:
    """Write a file, run it, compare it with the network, and only then give it its name.

    `kind` is its format and `said` what is in it, which are reported. The difference is NaN if
    there was nothing to compare on. Raises DataError if it is more than the tolerance, or if the
    file cannot be written.
    """
    target = Path(path)
    tolerance = real("tolerance", tolerance, 0.0)
    difference = math.nan

    def check(partial: Path) -> None:
        nonlocal difference
        run = runner(partial)
        if images is None:
            return
        difference = largest_difference(network, run, images)
        if not difference <= tolerance:
            raise DataError(
                f"{target}: an export must answer as its network does, to {tolerance:.0e}. "
                f"Received: a difference of {difference:.1e} on {plural(len(images), 'image')}. "
                "No file was written."
            )

    try:
        atomic_write(target, content, check)
    except OSError as error:
        raise DataError(
            f"{target}: the export cannot be written: {error.strerror or error}. "
            f"Choose an existing, writable folder with "
            f"{math.ceil(len(content) / 1e6)} MB free."
        ) from error
    count = 0 if images is None else len(images)
    return Export(os.fspath(path), kind, said, len(content), count, difference, tolerance, notes)
