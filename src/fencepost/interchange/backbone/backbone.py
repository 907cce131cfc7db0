"""`Backbone`: an ONNX file of an image model, run by ONNX Runtime for the features it computes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...arguments import choice, per_axis
from ...datasets.checks import check_images
from ...datasets.image_files import resize, to_array
from ...datasets.lazy_images import LazyImages
from ...errors import ArgumentError, DataError
from ...network import Network
from ...remedies import setting
from ...text import format_shape, join_words
from ...threads import get_num_threads
from ..exports import TOLERANCE, Export
from ..onnx.wire.messages import File, parse_file
from ..onnx.wire.protobuf import WireError
from . import cache, cutting

Floats = NDArray[np.float32]
Images = ArrayLike | LazyImages

# Mean and standard deviation of pixels from 0 to 255, per channel.
_IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
NORMALIZATIONS: dict[str, tuple[ArrayLike, ArrayLike]] = {
    "imagenet": _IMAGENET,  # torchvision and timm
    "0-1": (0.0, 255.0),
    "-1-1": (127.5, 127.5),  # TensorFlow's MobileNet, Inception
    "0-255": (0.0, 1.0),
}
_BATCH = 16
_TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8, "tensor(float16)": np.float16}


class Backbone:
    """Any ONNX image model as a fixed feature extractor.

    Its input is read from the file: size, channels, whether they are the first or the last axis,
    and, if its first layers scale the pixels, from which range. Needs ONNX Runtime: ``pip install
    'fencepost[onnx]'``.

    Parameters
    ----------
    path : path
        The ONNX file.
    layer : str, optional
        Name of the array in the file whose values are the features, or "output". By default the
        input of the last dense layer, or the output of a model that ends otherwise.
    normalization : {"imagenet", "0-1", "-1-1", "0-255"}, optional
        Range that pixels are scaled to: mean and standard deviation of ImageNet (PyTorch's models),
        0 to 1, -1 to 1 (TensorFlow's), or as they are. By default what the file shows; else that of
        ImageNet, or with channels last -1 to 1.
    size : int or (height, width), optional
        For a model that takes images of any size.

    Raises
    ------
    DataError
        The file cannot be read or run, or its input is not images.
    ArgumentError
        The model does not accept this size or has no array of this name, or ONNX Runtime is not
        installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        layer: str | None = None,
        normalization: str | None = None,
        size: int | tuple[int, int] | None = None,
    ) -> None:
        self.path = Path(path)
        content = _content(self.path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        file = _parsed(self.path, content)
        features, self.layer_description = cutting.features_of(file)
        outputs = [output.name for output in file.outputs]
        if layer == "output":
            features, self.layer_description = outputs[0], "its output"
        elif layer is not None:
            features, self.layer_description = layer, "as it was chosen"
            if layer not in {name for node in file.nodes for name in node.outputs}:
                raise ArgumentError(
                    f"layer must be the name of an array in {self.path}, or output. Received: "
                    f"{layer!r}. By itself it would be {cutting.features_of(file)[0]!r}."
                )
        self.layer = features
        if features not in outputs:
            content = cutting.with_output(content, features)
        self._session = _session(self.path, content)
        self._read_input(None if size is None else per_axis("size", size, 2))
        if normalization is None:
            shown = cutting.expected_pixels(file, self.source, self.path.parent)
            default = (
                "0-255" if self.dtype == np.uint8 else "-1-1" if self.channels_last else "imagenet"
            )
            self.normalization_found = shown is not None or self.dtype == np.uint8
            normalization = shown or default
        else:
            self.normalization_found = True
        self.normalization: str = choice("normalization", normalization, NORMALIZATIONS)
        self.features_count = self._run(np.zeros((1, self.channels, *self.size), np.uint8)).shape[1]

    def _read_input(self, size: tuple[int, ...] | None) -> None:
        source, *others = self._session.get_inputs()
        if others:
            raise DataError(
                f"{self.path}: a backbone must have one input, the images. Received: "
                f"{join_words(repr(given.name) for given in (source, *others))}."
            )
        self.source, shape = source.name, list(source.shape)
        if len(shape) != 4 or source.type not in _TYPES:
            raise DataError(
                f"{self.path}: a backbone must take images, an array of 4 axes of float or uint8. "
                f"Received: {source.name!r}, {source.type} of shape {shape}."
            )
        self.dtype = np.dtype(_TYPES[source.type])
        self.channels_last = shape[1] not in (1, 3) and shape[3] in (1, 3)
        channels, *sizes = [shape[k] for k in ((3, 1, 2) if self.channels_last else (1, 2, 3))]
        self.channels = channels if isinstance(channels, int) else 3
        if self.channels not in (1, 3):
            raise DataError(
                f"{self.path}: a backbone must take images of 1 or 3 channels. Received: "
                f"{self.channels}."
            )
        fixed = all(isinstance(side, int) and side > 0 for side in sizes)
        declared = (int(sizes[0]), int(sizes[1])) if fixed else None
        if declared is None and size is None:
            raise ArgumentError(
                f"{self.path} takes images of any size, so one must be chosen: use the size that "
                f"it was trained with, such as {setting('size', (224, 224))}."
            )
        if declared and size and tuple(size) != declared:
            raise ArgumentError(
                f"{self.path} takes images of {format_shape(declared)} pixels. Received: a size of "
                f"{format_shape(size)}. Leave it out."
            )
        self.size: tuple[int, int] = declared or (size[0], size[1])  # type: ignore[index]
        #: Images in a batch, where the file takes no other number.
        self.fixed_batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None

    def __str__(self) -> str:
        """Say what it computes of what."""
        known = "" if self.normalization_found else " (not stated in the file)"
        colours = "grey" if self.channels == 1 else "RGB"
        return (
            f"{self.path.name}: {self.features_count:,} features, {self.layer_description}, of "
            f"images of {format_shape(self.size)} pixels, {colours}, channels "
            f"{'last' if self.channels_last else 'first'}, pixels {self.normalization}{known}."
        )

    def __call__(self, images: Images, progress: Callable[[int], object] | None = None) -> Floats:
        """Compute the features of images.

        Parameters
        ----------
        images : array_like, shape (N, C, H, W)
            Pixels from 0 to 255, of one channel or three; of another size they are resized.
        progress : callable, optional
            Called with how many images are done.

        Returns
        -------
        array of float32, shape (N, features)
        """
        checked: Any = images if isinstance(images, LazyImages) else check_images(images)
        if checked.ndim != 4 or checked.shape[1] not in (1, 3):
            raise DataError(
                "a backbone takes images of shape (N, C, H, W), of 1 or 3 channels. Received: "
                f"shape {checked.shape}."
            )
        features = np.empty((len(checked), self.features_count), np.float32)
        count = self.fixed_batch or _BATCH
        for first in range(0, len(checked), count):
            piece = checked[first : first + count]
            features[first : first + len(piece)] = self._run(self.prepared(piece))
            if progress is not None:
                progress(first + len(piece))
        if not np.isfinite(features).all():
            raise DataError(
                f"{self.path}: features must be finite. Received: NaN or infinite values. Try "
                "another normalization of the pixels, or another layer."
            )
        return features

    def cached(
        self, images: Images, progress: Callable[[int], object] | None = None
    ) -> tuple[Floats, bool]:
        """Return the features of images, and whether they were in the cache on disk."""
        key = repr((self.sha256, self.layer, self.normalization, self.size))
        return cache.cached(key, images, lambda: self(images, progress))

    def export(
        self,
        network: Network,
        path: str | os.PathLike[str],
        *,
        dtype: str = "uint8",
        verify: bool | ArrayLike = True,
        tolerance: float | None = None,
    ) -> Export:
        """Export this backbone and a network on its features as one ONNX file.

        The input is pixels of the backbone's size and the output is probabilities, as in a file
        written by `Network.export`. Parameters (except `opset`) and the return value are those of
        `Network.export`, but for `tolerance` of a backbone in float16, by default 0.01. The opset
        is the backbone's, at least 13.

        Raises
        ------
        ArgumentError
            The path does not end with ``.onnx``, or the package onnx is not installed.
        DataError
            The network takes other features, the backbone cannot be written, or the file differs.
        """
        from .joined import export

        if tolerance is None:  # 11 bits: ONNX Runtime rounds elsewhere in the joined file
            tolerance = 100 * TOLERANCE if self.dtype == np.float16 else TOLERANCE
        return export(self, network, path, dtype=dtype, verify=verify, tolerance=tolerance)

    def config(self) -> dict[str, Any]:
        """Return what `Backbone.from_config` needs to open it again, as plain data."""
        return {
            "path": str(self.path.resolve()),
            "sha256": self.sha256,
            "layer": self.layer,
            "normalization": self.normalization,
            "size": list(self.size),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], beside: Path | None = None) -> Backbone:
        """Open the backbone that `config` describes; its file must be unchanged.

        `beside`: another folder in which to look for a file of the same name.

        Raises DataError if the file is missing or has changed.
        """
        remembered = Path(str(config["path"]))
        places = [remembered] + ([beside / remembered.name] if beside is not None else [])
        there = [path for path in places if path.is_file()]
        if not there:
            raise DataError(
                f"the model needs its backbone, {remembered}, which is not there. Put the file "
                "back, or beside the model."
            )
        for path in there:
            if hashlib.sha256(_content(path)).hexdigest() == config["sha256"]:
                break
        else:
            raise DataError(
                f"the model's backbone, {there[0]}, is not the file it was trained with "
                f"(SHA-256 {str(config['sha256'])[:12]}…): its features are different. Restore "
                "that file, or train again with this one."
            )
        height, width = config["size"]
        return cls(path, layer=config["layer"], normalization=config["normalization"],
                     size=(int(height), int(width)))  # fmt: skip

    def prepared(self, images: NDArray[Any]) -> NDArray[Any]:
        """Convert images to the size and channels of the model."""
        from PIL import Image

        if images.shape[1] != self.channels:
            if self.channels == 3:
                images = images.repeat(3, axis=1)
            else:
                luma = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
                images = np.tensordot(images.astype(np.float32), luma, ([1], [0]))[:, None]
        if images.shape[2:] == self.size:
            return images
        pixels = np.clip(np.rint(images), 0, 255).astype(np.uint8)
        return np.stack(
            [
                to_array(resize(Image.fromarray(np.squeeze(image.transpose(1, 2, 0))), self.size))
                for image in pixels
            ]
        )

    @property
    def takes_bytes(self) -> bool:
        """Whether the model takes pixels as uint8, without scaling."""
        return self.normalization == "0-255" and self.dtype == np.uint8

    @property
    def statistics(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of pixels, of shape (C, 1, 1): for every channel or one."""
        mean, std = (
            np.asarray(values, np.float32).reshape(-1, 1, 1)
            for values in NORMALIZATIONS[self.normalization]
        )
        if self.channels == 1:
            mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
        return mean, std

    def _run(self, images: NDArray[Any]) -> Floats:
        if self.takes_bytes:
            values = np.clip(np.rint(images), 0, 255)
        else:
            mean, std = self.statistics
            values = (images.astype(np.float32) - mean) / std
        if self.channels_last:
            values = values.transpose(0, 2, 3, 1)
        values = np.ascontiguousarray(values, self.dtype)
        missing = (self.fixed_batch or 0) - len(values)
        if missing > 0:
            values = np.concatenate([values, values[:1].repeat(missing, 0)])
        try:
            (features,) = self._session.run([self.layer], {self.source: values})
        except Exception as error:  # ONNX Runtime raises kinds of its own, which are not public
            raise DataError(
                f"{self.path}: ONNX Runtime cannot run it: {' '.join(str(error).split())[:200]}"
            ) from None
        made: Floats = np.asarray(features, np.float32).reshape(len(values), -1)
        return made[: len(images)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: the backbone cannot be read: {error.strerror}. Use the path of an ONNX file."
        ) from error


def _parsed(path: Path, content: bytes) -> File:
    try:
        file = parse_file(memoryview(content))
    except WireError as error:
        raise DataError(f"{path}: a backbone must be an ONNX file: {error}.") from None
    if not file.outputs or not file.nodes:
        raise DataError(f"{path}: a backbone must be an ONNX file. This one holds no network.")
    return file


def _session(path: Path, content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ArgumentError(
            "To run a backbone, the package onnxruntime must be installed: "
            'pip install "fencepost[onnx]"'
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = get_num_threads()
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.resolve().parent)
    )
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of kinds that are not public
        raise DataError(
            f"{path}: ONNX Runtime cannot open it: {' '.join(str(error).split())[:200]}"
        ) from None
