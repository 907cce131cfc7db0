"""`location_invariance`: shift the input, and the feature map shifts with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import datasets
from ..layers import Conv2d, Layer, MaxPool2d, ReLU
from ..network import Network
from ..plots import grids, style
from ..plots.images.kernel_grids import draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE = 40  # of the scene; a window of 28 of it is the input
_NETWORKS: dict[str, tuple[list[Layer], int]] = {
    # name: layers, pixels of the input to one element of the map
    "convolution, no padding": ([Conv2d(4, 5), ReLU()], 1),
    "convolution, padding 2": ([Conv2d(4, 5, padding=2), ReLU()], 1),
    "convolution and pooling": ([Conv2d(4, 5), ReLU(), MaxPool2d(2)], 2),
}


@dataclass(frozen=True)
class ShiftCase:
    """One network, one shift.

    Attributes
    ----------
    network : str
    shift : int
        Pixels that the input moves, down and to the right.
    elements : int
        Elements of the map with the same receptive field before and after; those are compared.
    equal : int
        How many of them have exactly the same value, bit for bit.
    border : int
        Elements among the others: those at the edge, whose window covers pixels (or padding) that
        the shift brought in or took away.
    comparable : bool
        The shift is a multiple of the map's stride.
    """

    network: str
    shift: int
    elements: int
    equal: int
    border: int
    comparable: bool


@dataclass(frozen=True, eq=False)
class LocationInvarianceResult:
    """The result of `location_invariance`.

    Attributes
    ----------
    cases : tuple of ShiftCase
    inputs, maps : ndarray
        The input before and after the shift of 4, (2, 28, 28), and one feature map of each with
        padding, (2, 28, 28), for the plot.
    """

    cases: tuple[ShiftCase, ...]
    inputs: NDArray[np.float32]
    maps: NDArray[np.float32]
    drawn_shift: int

    def __str__(self) -> str:
        lines = ["Elements of the feature map that moved with the input, bit for bit:"]
        for case in self.cases:
            text = f"  {case.network}, shift {case.shift}: "
            if case.comparable:
                text += f"{case.equal:,} of {case.elements:,}"
                text += f"; {case.border:,} at the edge have other pixels now"
            else:
                text += "not a multiple of the stride: the map cannot move with it"
            lines.append(text)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures as plain data."""
        return {"cases": [asdict(case) for case in self.cases]}

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw input and feature map before and after a shift, and where they differ."""
        return _draw(self, ax)


def location_invariance(*, seed: int = 0) -> LocationInvarianceResult:
    """Shift a scene of digits under small networks, and compare their feature maps.

    Parameters
    ----------
    seed : int
        Seed of the networks' random kernels; the result holds for any.

    Examples
    --------
    >>> result = location_invariance()
    >>> all(case.equal == case.elements for case in result.cases if case.comparable)
    True
    """
    scene = _scene()
    cases = []
    for name, (layers, stride) in _NETWORKS.items():
        net = Network((1, 28, 28), layers, seed=seed)
        for shift in (1, 2, 4, 6):
            cases.append(_case(name, net, scene, shift, stride))
    drawn, net = 4, Network((1, 28, 28), _NETWORKS["convolution, padding 2"][0], seed=seed)
    inputs = np.stack([_window(scene, 0), _window(scene, drawn)])
    maps = net(inputs[:, None])
    return LocationInvarianceResult(
        tuple(cases), inputs, maps[:, int(maps.mean(axis=(0, 2, 3)).argmax())], drawn
    )


def _case(
    name: str, net: Network, scene: NDArray[np.float32], shift: int, stride: int
) -> ShiftCase:
    before, after = (net(_window(scene, moved)[None, None])[0] for moved in (0, shift))
    elements, remainder = divmod(shift, stride)
    if remainder:
        return ShiftCase(name, shift, 0, 0, before[0].size, False)
    # Padding in a receptive field is replaced by pixels once they have moved in.
    field = net.layers[0]
    assert isinstance(field, Conv2d) and field.padding != "same"
    edge = max(pair for side in field.padding for pair in side)
    height, width = before.shape[1:]
    first = before[:, edge : height - edge - elements, edge : width - edge - elements]
    second = after[:, edge + elements : height - edge, edge + elements : width - edge]
    return ShiftCase(
        name,
        shift,
        int(first.size),
        int((first == second).sum()),
        int(after.size - second.size),
        True,
    )


def _scene() -> NDArray[np.float32]:
    """Four digits, so that there is something at every edge."""
    images = datasets.mnist("test").images
    scene = np.zeros((_SIDE, _SIDE), np.float32)
    for index, (y, x) in enumerate([(-6, -6), (-4, 14), (14, -4), (13, 14)]):
        digit = images[index, 0].astype(np.float32) / 255
        top, left = max(0, y), max(0, x)
        part = digit[top - y :, left - x :][: _SIDE - top, : _SIDE - left]
        scene[top : top + part.shape[0], left : left + part.shape[1]] += part
    return scene


def _window(scene: NDArray[np.float32], shift: int) -> NDArray[np.float32]:
    """Return the input as it is after everything has moved down and right by `shift`."""
    first = 8 - shift
    return np.ascontiguousarray(scene[first : first + 28, first : first + 28])


def _draw(result: LocationInvarianceResult, ax: Axes | None) -> Figure | Axes:
    """Draw inputs and maps before and after a shift, and the elements that did not move with it."""
    canvas = style.canvas(ax, 7.4, 4.9)
    shift = result.drawn_shift
    before, after = result.maps
    moved = np.zeros(before.shape, bool)
    moved[shift:, shift:] = before[:-shift, :-shift] == after[shift:, shift:]
    rows = (("the input", result.inputs), ("its feature map, padding 2", result.maps))
    for line, (name, pair) in enumerate(rows):
        bottom = 0.5 - 0.48 * line
        for column, image in enumerate(pair):
            axes = canvas.panel(0.06 + 0.31 * column, bottom + 0.01, 0.27, 0.405)
            draw_picture(axes, image / (pair.max() or 1) * 1.0)
            when = f"{name}, moved by {shift}" if column else name
            axes.set_title(when, fontsize=style.SMALL_SIZE, color=style.INK)
    axes = canvas.panel(0.69, 0.03, 0.27, 0.405)
    colours = np.where(moved[..., None], (0.87, 0.87, 0.87), grids.rgb(style.VERMILLION))
    grids.sheet(axes, 0, 0, *moved.shape)
    grids.draw_cells(axes, (0, 0), moved.shape, colour=colours, edge="none")
    grids.draw_cells(
        axes, (0, 0), moved.shape, colour="none", edge=style.INK, hatch="////", mask=~moved
    )
    axes.set_title("where they differ", fontsize=style.SMALL_SIZE, color=style.INK)
    equal = int(moved.sum())
    text = (
        f"{equal:,} of {moved.size:,} elements have, bit\nfor bit, the value that stood\n"
        f"{shift} rows higher and {shift} columns\nto the left.\n\nThe others (red) have pixels "
        "that\nmoved in, or padding where\npixels were."
    )
    canvas.write(0.69, 0.72, text, va="center", linespacing=1.35)
    return canvas.result
