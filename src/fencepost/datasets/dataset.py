"""`Dataset`: images with their targets, as every loader of this package returns them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import notebook
from ..arguments import strings
from ..arrays import ANY, as_array
from ..errors import ArgumentError, DataError
from ..files.levels import Levels
from ..habits.unpacking import unpacking
from ..text import plural
from .checks import CHUNK, check_images, check_targets
from .content import identities
from .labels import as_class_indices, is_one_hot, named_classes
from .lazy_images import LazyImages
from .samples import samples_html

#: How Keras unpacks data, and how PyTorch loops over them.
_HINTS = {
    "nested": 'Of MNIST: (x, y), (x2, y2) = map(fp.datasets.mnist, ("train", "test")).',
    "loop": "Here: for image, label in zip(*dataset); net.fit(*dataset) trains.",
}

__all__ = ["ChannelStatistics", "Dataset", "channel_statistics"]


class ChannelStatistics(NamedTuple):
    """Mean and standard deviation of each channel, float32 (channels,), in the images' own units.

    What `fencepost.Network.normalization` is: a network computes with (image − mean) / std.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    @property
    def scale(self) -> NDArray[np.float32]:
        """What to multiply (image − mean) by: 1/std, and 1 for a channel that never changes."""
        return np.divide(1, self.std, out=np.ones_like(self.std), where=self.std > 0)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images (or signals) with their targets.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W), or (N, C, W) for signals
        uint8 stays uint8; other numbers become float32. `LazyImages` stay what they are.
    targets : array_like
        Class indices, int64 (N,); or regression targets, float32 (N, F), if floating.
    class_names : tuple of str
        One per class; ("0", "1", ...) if not given; empty for regression.
    source : str
        Where it comes from, for messages.
    description : str
        What was found and how it was processed, in sentences.
    fit : str, optional
        How images of other sizes were fitted to this one: "crop", "pad" or "stretch".
    left_out : tuple of str
        Files that cannot be used and were left out, each with the reason.
    ignored : tuple of str
        Columns of a table that hold no values, such as an index, and were left out.
    columns : tuple of str
        The names of a table's columns of values, in their order, if it has names.
    levels : Levels, optional
        Which values of pixels beyond 8 bits became black and white.

    Raises
    ------
    DataError
        As `check_images` and `check_targets` do.

    Examples
    --------
    >>> import numpy as np
    >>> from fencepost.datasets import Dataset
    >>> data = Dataset(np.zeros((4, 1, 8, 8), np.uint8), [0, 1, 0, 1], ("cat", "dog"))
    >>> len(data), data.input_shape
    (4, (1, 8, 8))
    >>> images, labels = data
    """

    images: NDArray[Any]
    targets: NDArray[Any]
    class_names: tuple[str, ...] = ()
    source: str = "arrays"
    description: str = ""
    fit: str | None = None
    left_out: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    levels: Levels | None = None
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        images: Any = self.images
        if not isinstance(images, LazyImages):
            images = check_images(images)
        targets = as_array("targets", self.targets, kinds=ANY)
        names = strings("class_names", self.class_names)
        classes = len(names) or None
        if is_one_hot(targets) or targets.dtype.kind not in "f" or (names and targets.ndim == 1):
            names = names or (
                named_classes(targets, None, "targets")
                or tuple(map(str, range(targets.shape[1] if is_one_hot(targets) else 0)))
            )
            targets = as_class_indices(targets, classes, names, "targets")
        # Floating targets are those of a regression; a flat list of integers among them is more
        # likely to be classes in the wrong type, which only their owner knows.
        flat = targets.ndim == 1 and targets.size > 0
        if targets.dtype.kind == "f" and flat and bool((targets == np.floor(targets)).all()):
            raise DataError(
                f"targets must be integers for classes, or have shape (N, F) for a regression. "
                f"Received: integers of dtype {targets.dtype}, shape "
                f"{targets.shape}. Use targets.astype(np.int64), or targets[:, None]."
            )
        loss = "mse" if targets.dtype.kind == "f" else "cross_entropy"
        targets = check_targets(
            targets, len(images), loss=loss, outputs=len(names) or None, name="targets"
        )
        if loss == "cross_entropy" and not names:
            names = tuple(str(k) for k in range(int(targets.max()) + 1))
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "class_names", names)

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Unpack: ``images, labels = dataset``."""
        asked = unpacking(sys._getframe(1))
        if asked:
            raise TypeError(f"a data set is images and targets. {_HINTS[asked]}")
        return iter((self.images, self.targets))

    def __getitem__(self, index: object) -> NoReturn:
        raise TypeError(
            "a data set has no items. Here: images, labels = dataset, then images[0] and labels[0]."
        )

    def __repr__(self) -> str:
        kind = f"{len(self.class_names)} classes" if self.class_names else "regression targets"
        size = f"{len(self):,} × {self.input_shape} {self.images.dtype}"
        return f"Dataset({self.source}: {size}, {kind})"

    def _repr_html_(self) -> str:
        return notebook.paragraph(repr(self)) + samples_html(self)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one image, (C, H, W), or signal, (C, W)."""
        return self.images.shape[1:]

    def subset(self, indices: ArrayLike) -> Dataset:
        """Return the images at `indices` (or where a boolean mask is true), copied.

        Images that are decoded when they are needed are not copied.
        """
        chosen = np.asarray(indices)
        if chosen.size == 0 or not (chosen.dtype.kind in "iu" or chosen.dtype == bool):
            raise ArgumentError(
                f"indices must be integers or a mask, at least one. Received: {chosen.size} of "
                f"dtype {chosen.dtype}. For the first hundred: dataset.subset(range(100))."
            )
        images: Any = self.images
        try:
            picked: Any = (
                images.select(chosen) if isinstance(images, LazyImages) else images[chosen]
            )
            return replace(self, images=picked, targets=self.targets[chosen])
        except IndexError as error:
            raise ArgumentError(
                f"indices must lie within the {len(self):,} images of the dataset. "
                f"Received: {error}. The last image has index {len(self) - 1}."
            ) from error

    def split_indices(
        self, validation: float = 0.1, seed: int = 0, *, every_class: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the sorted indices of both subsets of `split`, without copying images."""
        if not 0 < validation < 1:
            raise ArgumentError(
                f"validation must be a fraction between 0 and 1. Received: {validation}. "
                f"0.1 holds out a tenth of the images."
            )
        classes = len(self.class_names) if self.class_names else None
        same = identities(self.images) if self.images.ndim > 2 else None
        how = validation, seed, self.source, every_class
        return split_by_class(self.targets, classes, *how, same=same)

    def split(
        self, validation: float = 0.1, seed: int = 0, *, every_class: bool = False
    ) -> tuple[Dataset, Dataset]:
        """Return (train, validation), a random split with the same proportion of every class.

        Copies of an image (or signal) stay in one part, so that none is in both.

        Parameters
        ----------
        validation : float
            The fraction of the images that goes to validation.
        seed : int
            The same seed gives the same split.
        every_class : bool
            Whether each class that has two images gives one at least, however small the fraction.

        Raises
        ------
        ArgumentError
            The fraction is not between 0 and 1.
        DataError
            No class has two images.

        Examples
        --------
        >>> import fencepost as fp
        >>> train, validation = fp.datasets.mnist("test").split(0.1)
        >>> len(train), len(validation)
        (9000, 1000)
        """
        train, held_out = self.split_indices(validation, seed, every_class=every_class)
        return self.subset(train), self.subset(held_out)

    def statistics(self) -> ChannelStatistics:
        """Return mean and standard deviation of each channel, in the images' own units."""
        return channel_statistics(self.images)


def split_by_class(
    targets: NDArray[Any],
    classes: int | None,
    validation: float,
    seed: int,
    source: str,
    every_class: bool = False,
    same: NDArray[Any] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted indices to train on and to validate with, by the class of each target.

    `classes` None: Not of each class in the same proportion. `source` names the data in errors.
    `same`: A number for each image; images of one number stay on one side, unless there are so few
    different ones that none could be held out.
    """
    if same is not None:
        first = np.sort(np.unique(same, return_index=True)[1])
        alone = np.unique(targets[first], return_counts=True)[1].max(initial=0) < 2
        if len(first) < len(same) and len(first) * validation >= 1 and not (classes and alone):
            how = classes, validation, seed, source, every_class
            out = np.isin(same, same[first[split_by_class(targets[first], *how)[1]]])
            for k in np.setdiff1d(targets, targets[~out]) if classes else ():
                out &= ~np.isin(same, same[targets == k])
            if out.any():
                return np.flatnonzero(~out), np.flatnonzero(out)
    groups: Sequence[NDArray[np.int64]] = [np.arange(len(targets))]
    if classes is not None:
        groups = [np.flatnonzero(targets == k) for k in range(classes)]
    rng = np.random.default_rng(seed)
    # Largest remainder: each class gives its fraction rounded down, and the classes that lost
    # most by rounding give one more, until the total is right. One image always stays.
    quotas = [len(group) * validation for group in groups]
    counts = [min(int(quota), max(len(g) - 1, 0)) for quota, g in zip(quotas, groups, strict=True)]
    wanted = max(1, round(len(targets) * validation))
    for k in sorted(range(len(groups)), key=lambda k: counts[k] - quotas[k]):
        if sum(counts) < wanted and counts[k] < len(groups[k]) - 1:
            counts[k] += 1
    if every_class:
        counts = [max(n, min(1, len(g) - 1)) for n, g in zip(counts, groups, strict=True)]
    if sum(counts) == 0:
        raise DataError(
            f"{source}: a split needs a class of at least two images, one for each "
            f"subset. Received: {plural(len(targets), 'image')} in "
            f"{plural(len(groups), 'class', 'classes')}. Add images, or use labels "
            "that images share."
        )
    chosen = [rng.permutation(group)[:n] for group, n in zip(groups, counts, strict=True)]
    mask = np.zeros(len(targets), bool)
    mask[np.concatenate(chosen)] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def channel_statistics(images: NDArray[Any]) -> ChannelStatistics:
    """Return mean and standard deviation of each channel of (N, C, ...) images.

    Works through the array in pieces that stay in cache: no float copy of it is made. For uint8
    the sums are exact integers.

    Examples
    --------
    >>> import numpy as np
    >>> from fencepost.datasets.dataset import channel_statistics
    >>> channel_statistics(np.array([[[[0, 10]]]], np.uint8))
    ChannelStatistics(mean=array([5.], dtype=float32), std=array([5.], dtype=float32))
    """
    count, channels = images.shape[:2]
    pixels = images.reshape(count, channels, -1)
    elements = count * pixels.shape[2]
    step = max(1, CHUNK // max(1, pixels.shape[2]))
    mean, std = np.zeros(channels), np.zeros(channels)
    for c in range(channels):
        parts = [pixels[i : i + step, c] for i in range(0, count, step)]
        if images.dtype == np.uint8:
            total = sum(int(part.sum(dtype=np.uint64)) for part in parts)
            squares = sum(int(_squares(part).sum(dtype=np.uint64)) for part in parts)
            mean[c] = total / elements
            std[c] = math.sqrt(elements * squares - total * total) / elements  # beyond int64
        else:
            mean[c] = sum(float(part.sum(dtype=np.float64)) for part in parts) / elements
            deviations = (part.astype(np.float64) - mean[c] for part in parts)
            std[c] = np.sqrt(sum(float(np.vdot(d, d)) for d in deviations) / elements)
    return ChannelStatistics(mean.astype(np.float32), std.astype(np.float32))


def _squares(part: NDArray[Any]) -> NDArray[np.uint16]:
    wide = part.astype(np.uint16)  # 255² = 65,025 just fits
    return np.multiply(wide, wide, out=wide)
