"""Which parts of an image an output depends on: by its gradient, and by covering them up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import integer
from ..errors import ArgumentError
from ..files.mapped import watched
from ..text import format_shape, format_value
from . import evaluation, inputs
from .inspection import require_finite
from .network import Network
from .vectors import Float32

IMPORTANT = 0.5  # of the largest drop: samples that matter most
CHUNK = 64  # covered images at a time
PATCH = 6  # the usual patch is a sixth of the longer side
POSITIONS = 28  # of the patch along an axis, for a small network
WORK = 2e10  # multiply-adds that may be spent unless the caller says a stride: about a second


def input_gradient(
    net: Network, images: ArrayLike, outputs: int | Sequence[int] | None = None
) -> Float32:
    """Derivative of an output with respect to every value of the image.

    Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks (2013), section 3. It says by
    how much the output would rise if a value rose a little, everything else being left as it is.

    Parameters
    ----------
    net : Network
    images : array, shape (N, *input_shape)
        As `Network.predict` takes them.
    outputs : int or sequence of int, optional
        Which output, for all images or one for each; the largest of each image by default.
        Outputs of several axes are indexed as `Flatten` orders them.

    Returns
    -------
    array of float32, shape (N, *input_shape)
        In units of the output for one unit of the image; of a classifier, the output is the logit.

    Raises
    ------
    DataError
        If the images are of another shape, not numbers, or not finite; if the outputs are not.
    ArgumentError
        If there is no such output.

    Examples
    --------
    >>> import fencepost as fp
    >>> from fencepost.network import input_gradient
    >>> net = fp.Network((3,), [fp.Linear(2)], normalization=(0, 2))
    >>> net.parameters["0.weight"][:] = [[1, 2, 3], [4, 5, 6]]
    >>> input_gradient(net, [[7.0, 8.0, 9.0]], outputs=1)
    array([[2. , 2.5, 3. ]], dtype=float32)
    """
    batch = inputs.as_checked_batch(images, net.input_shape)
    engine_images = inputs.EngineImages(net.input_shape)(batch)
    values = _outputs(net, batch)
    chosen = _chosen(net, values, outputs)
    # The engine differentiates losses. Of the mean of (output - target)² over N images and F
    # outputs, the derivative by an output is 2 (output - target) / (N F): with targets that equal
    # the outputs but for one, which is short by N F / 2 steps, it is a step for that one and 0 for
    # all others. Steps as large as the outputs keep their rounding out of the difference, and
    # powers of two add none of their own.
    step = 2.0 ** np.ceil(np.log2(max(1.0, float(np.abs(values).max()))))
    targets = values.copy()
    targets[np.arange(len(batch)), chosen] -= step * values.size / 2
    mean, scale = net.engine_normalization
    with watched(images), net.engine_weights.lent() as (parameters, state, *_):
        _, _, gradient = net.engine_plan.gradient(
            parameters, state, engine_images, mean, scale, targets, {"name": "mse"}, training=False
        )
    per_channel = (scale / np.float32(step)).reshape(-1, 1, 1)  # it was of the normalised image
    result: Float32 = (gradient * per_channel).reshape(batch.shape)
    return result


@dataclass(frozen=True)
class Occlusion:
    """Result of `occlusion`.

    Attributes
    ----------
    drops : array of float64, shape input_shape[1:], or input_shape where that is (features,)
        By how much the score dropped, on average over the patches that covered this pixel.
    score : float
        Of the uncovered image: the probability of the class. Of a network without classes, the
        output itself.
    output : int
        Which output that is.
    size : tuple of int
        Of a patch, along each axis.
    patches : int
        How many were tried.
    """

    drops: NDArray[np.float64]
    score: float
    output: int
    size: tuple[int, ...]
    patches: int


def occlusion(
    net: Network,
    image: ArrayLike,
    output: int | None = None,
    *,
    size: int | None = None,
    stride: int | None = None,
) -> Occlusion:
    """Cover one part of an image after another, and measure how far the probability drops.

    Zeiler, Fergus: Visualizing and understanding convolutional networks (2014), section 4.2. The
    patch has the mean of the training images, which is 0 to the network; without normalisation,
    that of the image.

    Parameters
    ----------
    net : Network
    image : array, shape input_shape
        One image, as `Network.predict` takes it.
    output : int, optional
        Which class; the most likely by default.
    size : int, optional
        Side of the patch; a sixth of the image's longer side by default, and at least 1.
    stride : int, optional
        From one patch to the next. By default as small as about a second of work allows, and at
        most the patch's size, so that every pixel is covered.

    Raises
    ------
    DataError
        If this is not one image of the network's shape, or not finite; if the outputs are not.
    ArgumentError
        If there is no such output; if size or stride are not positive, or stride is larger than
        size, so that pixels would be left out.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> from fencepost.network import occlusion
    >>> net = fp.Network((1, 1, 3), [fp.Flatten(), fp.Linear(1)], normalization=(0, 1))
    >>> net.parameters["1.weight"][:] = [[1, 0, -2]]
    >>> occlusion(net, np.array([[[4.0, 4.0, 4.0]]]), size=1).drops
    array([[ 4.,  0., -8.]])
    """
    plain = inputs.as_one_image(image, net.input_shape).astype(np.float32)
    extents = plain.shape[1:] or plain.shape
    side = max(1, round(max(extents) / PATCH)) if size is None else integer("size", size, 1)
    step = _stride(net, extents, side) if stride is None else integer("stride", stride, 1)
    if step > side:
        raise ArgumentError(
            f"stride must be at most the patch's size, or pixels would be left out. Received: "
            f"stride={step}, size={side}."
        )
    chosen = int(_chosen(net, _outputs(net, plain[None]), output)[0])
    before = float(_scores(net, plain[None])[0, chosen])
    patch = tuple(min(side, extent) for extent in extents)
    windows = list(_windows(extents, patch, step))
    drops, times = np.zeros(extents), np.zeros(extents)
    fill = _fill(net, plain)
    for start in range(0, len(windows), CHUNK):
        some = windows[start : start + CHUNK]
        covered = np.repeat(plain[None], len(some), axis=0)
        for patched, window in zip(covered, some, strict=True):
            where: tuple[Any, ...] = (..., *window)
            patched[where] = np.broadcast_to(fill, plain.shape)[where]
        after = _scores(net, covered)[:, chosen]
        for score, window in zip(after, some, strict=True):
            drops[window] += before - score
            times[window] += 1
    return Occlusion(drops / times, before, chosen, patch, len(windows))


def important(covered: Occlusion) -> list[tuple[int, int]]:
    """Return first and last index of the samples of a signal that matter most.

    Covered, they cost at least half of what the most important one does.

    >>> drops = np.array([0, 0.1, 0.4, 0.3, 0, 0.25])
    >>> important(Occlusion(drops, 0.9, 0, (1,), 6))
    [(2, 3), (5, 5)]
    """
    drops = covered.drops.reshape(-1)
    if drops.max(initial=0) <= 0:
        return []
    chosen = np.flatnonzero(drops >= IMPORTANT * drops.max())
    runs = np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1)
    return [(int(run[0]), int(run[-1])) for run in runs]


def _outputs(net: Network, batch: NDArray[Any]) -> Float32:
    """Return the outputs as (N, F), if they are finite."""
    values = net(batch).reshape(len(batch), -1)
    require_finite("the network's outputs", values)
    return values


def _chosen(
    net: Network, values: Float32, outputs: int | Sequence[int] | None
) -> NDArray[np.int64]:
    """Return which output (N,) is asked for; `values` are the outputs, (N, F)."""
    count, most = values.shape
    if outputs is None:
        return np.asarray(values.argmax(axis=1), np.int64)
    asked = np.asarray(outputs)
    if asked.dtype.kind not in "iu" or asked.shape not in ((), (count,)):
        raise ArgumentError(
            "outputs must be the index of an output, or one for each image. "
            f"Received: {format_value(outputs)}, for {count} images."
        )
    if asked.min() < 0 or asked.max() >= most:
        raise ArgumentError(
            f"outputs must be from 0 to {most - 1}: the network has an output of "
            f"{format_shape(net.output_shape)}. Received: {format_value(outputs)}."
        )
    return np.broadcast_to(asked.astype(np.int64), count)


def _scores(net: Network, images: Float32) -> NDArray[np.float64]:
    """Return probabilities (N, classes) or, of a network without classes, its outputs."""
    values = net(images)
    if values.ndim == 2 and values.shape[1] > 1:
        return np.exp(evaluation.log_softmax(values))
    return values.reshape(len(images), -1).astype(np.float64)


def _fill(net: Network, image: Float32) -> Float32:
    """Return what covers an image, to be broadcast over it: a number a channel."""
    if net.normalization is not None:
        mean = net.normalization.mean
    else:
        mean = image.reshape(len(image), -1).mean(axis=1)
        if image.ndim == 1:  # features have no neighbours whose mean would say anything
            mean = np.zeros_like(image)
    return mean.reshape(-1, *(1,) * (image.ndim - 1))


def _stride(net: Network, extents: Sequence[int], side: int) -> int:
    affordable = WORK / max(1, net.multiply_adds)
    along: float = min(POSITIONS, affordable ** (1 / len(extents)))
    return max(1, min(side, math.ceil((max(extents) - side) / max(1.0, along))))


def _windows(
    extents: Sequence[int], patch: Sequence[int], stride: int
) -> Iterator[tuple[slice, ...]]:
    """Yield the patches, the last of each axis flush with the far edge."""
    starts = [
        sorted({*range(0, extent - size + 1, stride), extent - size})
        for extent, size in zip(extents, patch, strict=True)
    ]
    for corner in product(*starts):
        yield tuple(slice(start, start + size) for start, size in zip(corner, patch, strict=True))
