"""Features of images, as points in a plane.

Principal components: the directions in which the features vary most (Pearson, On lines and planes
of closest fit to systems of points in space, 1901), by a singular value decomposition.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...datasets.checks import check_targets
from ...errors import DataError
from ...network import Network
from ...network.inputs import as_checked_batch
from ...network.inspection import is_untrained, output_names, require_finite
from .. import style
from ..arguments import UNTRAINED, as_network
from ..style import Axes, Figure
from .volume_layout import short_name

MOST = 2000  # images: more points would hide each other
CHARACTERS, LINE = 18, 0.16  # of a name, and inches that a line takes
CHUNK = 200  # images at a time, for features of all layers take memory
COLOURS = tuple(colour for colour in style.COLOURS if colour != style.YELLOW)  # it is too light
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "p", "h", "d")
Floats = NDArray[np.float64]


def embedding(
    net: Network, images: ArrayLike, labels: ArrayLike, *, ax: Axes | None = None
) -> Figure | Axes:
    """Draw the features that enter the last layer, in the plane in which they vary most.

    One colour and marker for each class, named beside and, where there is room, in the middle of
    its points; the axes say which share of the features' variance they show.

    Parameters
    ----------
    net : Network
        A classifier.
    images : array, shape (N, *input_shape)
        At least 3; of more than 2000, as many at equal distances are drawn.
    labels : array of int, shape (N,)
        Class of each image.

    Raises
    ------
    DataError
        Images or labels are of another shape or kind, not of one number, or fewer than 3; or the
        features are not finite.
    ArgumentError
        `net` is not a Network.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> net = fp.Network((2,), [fp.Linear(2)])
    >>> figure = fp.plots.embedding(net, [[0, 0], [4, 0], [0, 1], [4, 1]], [0, 1, 0, 1])
    >>> figure.axes[0].child_axes[0].get_xlabel()
    'first principal component: 94 % of the variance'
    """
    batch = as_checked_batch(images, as_network(net).input_shape)
    if len(batch) < 3:
        raise DataError(f"images must be at least 3 to be laid out. Received: {len(batch)}.")
    count = int(np.prod(net.output_shape))
    truths = check_targets(labels, len(batch), outputs=count, name="labels")
    shown = np.linspace(0, len(batch) - 1, min(len(batch), MOST)).round().astype(int)
    truths = truths[shown]
    where, features = last_features(net, batch[shown])
    points, shares = principal_components(features)
    names = style.drawable_names(output_names(net))
    canvas = style.canvas(ax, 6.6, 5.0)
    present = np.unique(truths)
    legend = present[: max(1, int((canvas.height - 0.8) / 0.19))]
    widest = max(
        style.text_width(style.shorten(names[k], CHARACTERS), style.SMALL_SIZE) for k in legend
    )
    right = min(0.45 * canvas.width, widest + 0.45)
    notes = [f"{features.shape[1]} features {where}, of {len(shown):,} images"]
    if len(shown) < len(batch):
        notes[0] += f" out of {len(batch):,}"
    if len(legend) < len(present):
        notes.append(f"{len(legend)} of {len(present)} classes are named")
    if is_untrained(net):
        notes.append(UNTRAINED)
    top = 0.15 + canvas.title("Features of the last layer", ". ".join(notes))
    high = max(0.1, canvas.height - top - 0.55)
    axes = canvas.inset(0.75, top, canvas.width - 0.75 - right, high)
    style.plain(axes)
    for label in present:
        chosen = points[truths == label]
        colour = COLOURS[label % len(COLOURS)]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=13, marker=MARKERS[label % len(MARKERS)], linewidths=0.3,
            facecolors=colour, edgecolors=style.PAPER, alpha=0.85,
            label=style.shorten(names[label], CHARACTERS), clip_on=False,
        )  # fmt: skip
    _square(axes, points)
    middles = {names[k]: np.median(points[truths == k], axis=0) for k in present}
    _name_clusters(axes, middles)
    room = style.canvas(axes, 0, 0)
    for set_label, name, share, length in (
        (axes.set_xlabel, "first", shares[0], room.width),
        (axes.set_ylabel, "second", shares[1], room.height),
    ):
        text = f"{name} principal component: {100 * share:.0f} % of the variance"
        if style.text_width(text, style.SMALL_SIZE) > length:
            text = f"{name}: {100 * share:.0f} % of the variance"
        set_label(text, fontsize=style.SMALL_SIZE, color=style.INK)
    handles, texts = axes.get_legend_handles_labels()
    box = axes.legend(
        handles[: len(legend)], texts[: len(legend)], loc="upper left", bbox_to_anchor=(1.0, 1.02),
        frameon=False, fontsize=style.SMALL_SIZE, labelcolor=style.INK, handletextpad=0.1,
        borderaxespad=0.2, labelspacing=0.35, markerscale=1.6,
    )  # fmt: skip
    for entry in box.get_texts():
        entry.set_parse_math(False)
    return canvas.result


def last_features(net: Network, images: NDArray[np.generic]) -> tuple[str, Floats]:
    """Return what enters the last layer with weights, (N, F), and where that is, in words."""
    weighted = [row.index for row in net.rows if row.parameters or row.state_specs]
    index = weighted[-1] - 1 if weighted else len(net.rows) - 1
    if index < 0:
        return "of the input", images.reshape(len(images), -1).astype(np.float64)
    starts = range(0, len(images), CHUNK)
    chunks = [net.features(images[start : start + CHUNK])[index] for start in starts]
    features = np.concatenate(chunks).reshape(len(images), -1).astype(np.float64)
    where = f"of layer {index}, {short_name(net.layers[index])}"
    require_finite(f"the features {where}", features)
    return where, features


def principal_components(features: Floats) -> tuple[Floats, tuple[float, float]]:
    """Project features (N, F) on their two principal components: points (N, 2), and the shares.

    The sign of a component is that which makes its largest weight positive.
    """
    centred = features - features.mean(axis=0)
    if centred.shape[1] < 2:  # a plane has two axes, even if the features have one
        centred = np.pad(centred, ((0, 0), (0, 2 - centred.shape[1])))
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    two = directions[:2]
    signs = np.sign(two[np.arange(2), np.abs(two).argmax(axis=1)])
    variances = lengths**2
    total = float(variances.sum()) or 1.0
    return centred @ (two * signs[:, None]).T, (variances[0] / total, variances[1] / total)


def _square(axes: Axes, points: Floats) -> None:
    """Give both axes one unit, for distances are what matters."""
    room = style.canvas(axes, 0, 0)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = 1.08 * (high - low)
    unit = max(extent[0] / room.width, extent[1] / room.height) or 1.0  # in an inch
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - unit * room.width / 2, middle[0] + unit * room.width / 2)
    axes.set_ylim(middle[1] - unit * room.height / 2, middle[1] + unit * room.height / 2)


def _name_clusters(axes: Axes, middles: Mapping[str, Floats]) -> None:
    """Write each name in the middle of its points, where there is room: for a grey print."""
    from matplotlib.patheffects import withStroke

    room = style.canvas(axes, 0, 0)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    taken: list[tuple[float, float, float]] = []  # middle and half the width of each, in inches
    for name, middle in middles.items():
        text = style.shorten(name, CHARACTERS)
        half = style.text_width(text, style.TEXT_SIZE, "bold") / 2 + 0.03
        x = room.width * float(middle[0] - left) / (right - left)
        y = room.height * float(middle[1] - bottom) / (top - bottom)
        free = all(abs(x - a) > half + b or abs(y - c) > LINE for a, c, b in taken)
        if free and half < x < room.width - half and LINE < y < room.height - LINE:
            taken.append((x, y, half))
            axes.text(
                float(middle[0]), float(middle[1]), text, ha="center", va="center", color=style.INK,
                fontsize=style.TEXT_SIZE, weight="bold", parse_math=False,
                path_effects=[withStroke(linewidth=2.5, foreground=style.PAPER)],
            )  # fmt: skip
