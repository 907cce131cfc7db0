"""The kernels of a convolutional layer, as training made them: before, after, and on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import ArgumentError
from ...network import Network
from ...network.inspection import convolution_kernels, convolutions, untrained_copy
from ...text import format_shape, format_value
from .. import style
from ..arguments import UNTRAINED, as_network
from ..saving import save_animation
from ..style import Axes, Figure
from . import tiles

MOST = 64
LINES = 4  # channels of a signal's kernel that can be distinguished
Weights = npt.NDArray[np.float32]


def learned_kernels(
    net: Network,
    before: Network | None = None,
    *,
    layer: int | str | None = None,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the kernels of a convolution before and after training, on one scale.

    Of more than 64 kernels, the first 64. The layer computes a cross-correlation with these;
    `Network.layer_kernel` gives them as image processing writes them.

    Parameters
    ----------
    net : Network
    before : Network, optional
        What to compare with; by default the network as it began, which follows from its seed.
    layer : int or str, optional
        Which convolution: its index or, within a Residual, one such as "3.1". The first by
        default.

    Raises
    ------
    ArgumentError
        The network has no convolution, or none of this index, or `before` has another one there.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.learned_kernels(fp.models.lenet5())
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['Kernels of layer 0, Conv2d(6, 5, padding=2)', '6 kernels of 1 × 5 × 5']
    """
    index = _index(net, layer)
    after = convolution_kernels(net, index)
    other = untrained_copy(net) if before is None else before
    first = _same_layer(other, index, after)
    scale = Scale(after, first)
    canvas = style.canvas(ax, 7.0, 4.0)
    top = _write_title(canvas, net, index, scale) + 0.4
    width, height = canvas.width / 2 - 0.2, max(0.1, canvas.height - top - 0.3)
    for left, heading, weights in (
        (style.MARGIN, "Before training" if before is None else "Before", first),
        (style.MARGIN + canvas.width / 2, "After training" if before is None else "After", after),
    ):
        canvas.head(left, top - 0.15, heading)
        draw_kernels(canvas.inset(left, top, width, height), weights, scale, width, height)
    if np.array_equal(first, after):
        note = UNTRAINED if before is None else "These kernels are equal in both networks."
        canvas.foot(note)
    return canvas.result


def learned_kernels_animation(
    networks: Sequence[Network],
    path: str | Path,
    *,
    titles: Sequence[str] | None = None,
    layer: int | str | None = None,
    seconds: float = 0.4,
) -> Path:
    """Write how a convolution's kernels changed, as a GIF or a page with buttons.

    Keep copies of the network during training, as in the example. All frames have one scale, that
    of the largest weight in any of them.

    Parameters
    ----------
    networks : sequence of Network
        One for each frame, all with the same layers.
    path : str or Path
        The extension, .gif or .html, selects the format.
    titles : sequence of str, optional
        One for each frame; by default "before training", "after epoch 1", and so on.
    layer : int or str, optional
        As `learned_kernels`.
    seconds : float
        How long each frame is shown.

    Raises
    ------
    ArgumentError, DataError
        As `learned_kernels` and `save_animation`; no networks, or not as many titles.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((1, 4, 4), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(2)])
    >>> kept = [net.copy()]
    >>> images = [[[k] * 4] * 4 for k in range(8)]
    >>> history = net.fit(
    ...     images, [0] * 4 + [1] * 4, epochs=2, progress=False,
    ...     on_epoch=lambda epoch: kept.append(net.copy()),
    ... )
    >>> fp.plots.learned_kernels_animation(kept, "kernels.gif").name
    'kernels.gif'
    """
    networks = list(networks)
    if not networks:
        raise ArgumentError("networks must be at least one. Received: none.")
    if titles is None:
        titles = ["before training", *(f"after epoch {k}" for k in range(1, len(networks)))]
    if len(titles) != len(networks):
        raise ArgumentError(
            f"titles must be as many as the networks, {len(networks)}. Received: {len(titles)}."
        )
    index = _index(networks[-1], layer)
    last = convolution_kernels(networks[-1], index)
    frames = [_same_layer(net, index, last) for net in networks]
    scale = Scale(last, *frames)

    def draw(weights: Weights, title: str) -> Figure | Axes:
        canvas = style.canvas(None, 5.0, 4.2)
        top = _write_title(canvas, networks[-1], index, scale) + 0.4
        room = (canvas.width - 2 * style.MARGIN, canvas.height - top - style.MARGIN)
        draw_kernels(canvas.inset(style.MARGIN, top, *room), weights, scale, *room)
        canvas.head(style.MARGIN, top - 0.15, title)
        return canvas.result

    pairs = zip(frames, titles, strict=True)
    return save_animation((draw(*pair) for pair in pairs), path, seconds=seconds)


class Scale:
    """One scale for kernels that are to be compared, and one choice of what is drawn of them.

    `weights`, `others` [arrays of shape (out, in, rows, columns) or (out, in, width)]: The input
    channels are chosen by `weights`: those with the largest.
    """

    def __init__(self, weights: Weights, *others: Weights) -> None:
        self.total, self.channels = weights.shape[:2]
        self.size = weights.shape[2:]
        shown = weights[:MOST]
        largest = max(float(np.abs(array[:MOST]).max()) for array in (weights, *others))
        self.largest = largest or 1.0
        magnitude = np.square(shown).sum(axis=tuple(range(2, shown.ndim)))
        self._channels_drawn = magnitude.argmax(axis=1)

    @property
    def as_lines(self) -> bool:
        """Whether these are kernels of signals."""
        return len(self.size) == 1

    @property
    def counted(self) -> str:
        """How many kernels there are."""
        return f"{MOST} of {self.total}" if self.total > MOST else str(self.total)

    @property
    def remark(self) -> str:
        """How to read what is drawn."""
        largest = style.number(self.largest, 2)
        which = f"; of {self.channels} channels, the one with the largest weights"
        if self.as_lines:
            text = f"weights from left to right, the thin line is 0, the edges are ±{largest}"
            if self.channels > LINES:
                return text + which
            if self.channels > 1:
                text += f"; one colour for each of {self.channels} channels"
            return text
        if self.channels == 3:
            return "as colour images: grey is 0, a bright colour is above, a dark one below"
        text = f"white is +{largest}, black is −{largest}, mid-grey is 0"
        return text + which if self.channels > 1 else text

    def lines(self, weights: Weights) -> list[npt.NDArray[np.float32]]:
        """Return for each kernel the channels (C, width) that are drawn: all, or the largest."""
        if self.channels <= LINES:
            return list(weights[:MOST])
        pairs = zip(weights[:MOST], self._channels_drawn, strict=True)
        return [kernel[channel : channel + 1] for kernel, channel in pairs]

    def images(self, weights: Weights) -> list[npt.NDArray[np.float32]]:
        """Return each kernel as an image (rows, columns, 3), 0 in mid-grey.

        One input channel: grey, so that a print keeps the sign. Three: in colour. Any other
        number: the input channel with the largest weights.
        """
        scaled = 0.5 + 0.5 * weights[:MOST] / self.largest
        if self.channels == 3:
            return [np.ascontiguousarray(kernel.transpose(1, 2, 0)) for kernel in scaled]
        return [
            np.repeat(kernel[channel][..., None], 3, axis=2)
            for kernel, channel in zip(scaled, self._channels_drawn, strict=True)
        ]


def draw_learned_kernels(axes: Axes, weights: Weights, width: float, height: float) -> None:
    """Draw kernels (out, in, kh, kw) or (out, in, k) of a first layer, with a heading.

    `width` and `height` say what shape of room there is, in inches.
    """
    scale = Scale(weights)
    draw_kernels(axes, weights, scale, width, height)
    size = format_shape(scale.size) + (" weights each" if scale.as_lines else "")
    title = f"Learned kernels of the first layer: {scale.counted}, {size}"
    style.heading(axes, title, scale.remark)


def draw_kernels(axes: Axes, weights: Weights, scale: Scale, width: float, height: float) -> None:
    """Draw kernels as tiles in a room of so many inches."""
    count = min(len(weights), MOST)
    if scale.as_lines:
        grid = tiles.best_grid(count, width, height, aspect=1.6)
        tiles.draw_signals(axes, scale.lines(weights), grid, markers=True, largest=scale.largest)
        return
    rows, columns = scale.size
    grid = tiles.best_grid(count, width, height, aspect=columns / rows)
    tiles.draw_images(axes, scale.images(weights), grid)


def _index(net: Network, layer: int | str | None) -> str:
    """Return where the convolution is that is asked for."""
    known = convolutions(as_network(net))
    if not known:
        raise ArgumentError("net must have a convolution, because its kernels are drawn.")
    if layer is None:
        return next(iter(known))
    if str(layer) not in known:
        raise ArgumentError(
            f"layer must be the index of a convolution: {', '.join(known)}. "
            f"Received: {format_value(layer)}."
        )
    return str(layer)


def _same_layer(net: Network, index: str, weights: Weights) -> Weights:
    """Return the kernels of another network, if they can be compared with these."""
    other = convolution_kernels(net, index) if index in convolutions(as_network(net)) else None
    if other is None or other.shape != weights.shape:
        received = "none" if other is None else format_shape(other.shape)
        raise ArgumentError(
            f"all networks must have kernels of one shape in layer {index}, "
            f"{format_shape(weights.shape)}. Received: {received}."
        )
    return other


def _write_title(canvas: style.Canvas, net: Network, index: str, scale: Scale) -> float:
    title = f"Kernels of layer {index}"
    longer = f"{title}, {convolutions(net)[index].describe()}"
    if style.text_width(longer, style.HEADING_SIZE, "bold") < canvas.width - 2 * style.MARGIN:
        title = longer
    noun = "kernel" if scale.total == 1 else "kernels"
    counted = f"{scale.counted} {noun} of {format_shape((scale.channels, *scale.size))}"
    return canvas.title(title, counted, scale.remark)
