"""The data of a training run: checked, split by index, normalised, evaluated in chunks.

Nothing here copies the images: subsets are index arrays into them. Images that are decoded as they
are needed are waited for where they are used.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import ANY, as_array
from ..datasets.checks import channels_first, check_images, check_targets
from ..datasets.content import content_hashes, identities
from ..datasets.dataset import Dataset, channel_statistics, split_by_class
from ..datasets.labels import as_class_indices, named_classes
from ..datasets.lazy_images import LazyImages
from ..errors import ArgumentError, DataError
from ..files.mapped import Mapped, check_memory, watch
from ..layers.base import engine_shape
from ..remedies import in_python, setting, spelled
from .balance import oversampled
from .losses import Loss
from .trainable import Trainable

Validation = Dataset | tuple[ArrayLike, ArrayLike] | float | None

# Images evaluated between two checks for Ctrl-C.
CHUNK = 1024
# Lazy images by which a training's normalisation is measured: more would have to be waited for.
SAMPLE = 2000


@dataclass(frozen=True)
class Subset:
    """Some of the images (N, C, H, W) with their targets; `indices` None means all of them.

    `weights`: How much each of the images counts, float32 (N,); None: all alike.
    `lazy`: What decodes them, if they are not all there.
    `mapped`: Watches the file that they are mapped from, if they are.
    """

    images: NDArray[Any]
    targets: NDArray[Any]
    indices: NDArray[np.int64] | None = None
    weights: NDArray[np.float32] | None = None
    lazy: LazyImages | None = None
    mapped: Mapped | None = None

    def __len__(self) -> int:
        return len(self.images) if self.indices is None else len(self.indices)

    @property
    def own_targets(self) -> NDArray[Any]:
        """The targets of these images alone."""
        return self.targets if self.indices is None else self.targets[self.indices]

    def order(self, seed: int, epoch: int, oversample: bool = False) -> NDArray[np.int64]:
        """Every index once, in an order that follows from seed and epoch alone.

        With `oversample`, as many indices, every class equally often.
        """
        if oversample:
            shuffled = oversampled(self.own_targets, seed, epoch)
        else:
            shuffled = np.random.default_rng([seed, epoch]).permutation(len(self))
        return shuffled if self.indices is None else self.indices[shuffled]

    def chunks(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield images and targets in pieces of `CHUNK`."""
        for start in range(0, len(self), CHUNK):
            piece: Any = slice(start, start + CHUNK)
            if self.indices is not None:
                piece = self.indices[piece]
                self.ready(piece)
            images = self.images[piece]
            self.check()
            yield images, self.targets[piece]

    def fingerprint(self) -> str:
        """Return a short name for the exact content."""
        others = [array for array in (self.indices, self.weights) if array is not None]
        if self.lazy is not None:
            name = np.frombuffer(self.lazy.fingerprint.encode(), np.uint8)
            return content_hash(name, self.targets, *others)
        return content_hash(self.images, self.targets, *others)

    def hashes(self) -> NDArray[np.uint64]:
        """Return the hash of each image's content; of lazy images, of those that are decoded."""
        there = self
        if self.lazy is not None and self.indices is not None:
            there = replace(self, indices=self.lazy.decoded(self.indices))
        parts = [content_hashes(images) for images, _ in there.chunks()]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)

    def weighted(self, weights: NDArray[np.float32] | None) -> Subset:
        """Return this with a weight for each of its images."""
        if weights is None or self.indices is None:
            return replace(self, weights=weights)
        spread = np.zeros(len(self.images), np.float32)
        spread[self.indices] = weights
        return replace(self, weights=spread)

    def expect(self, order: NDArray[np.int64]) -> None:
        """Say in which order the images will be needed."""
        if self.lazy is not None:
            self.lazy.expect(order)

    def ready(
        self, indices: NDArray[np.int64], interrupted: Callable[[], bool] | None = None
    ) -> bool:
        """Wait for the images at `indices`; False if `interrupted` said to stop before."""
        return self.lazy is None or self.lazy.wait(indices, interrupted=interrupted)

    def few(self, count: int) -> NDArray[Any]:
        """Return up to `count` images, evenly spaced."""
        step = -(-len(self) // count)
        if self.indices is None:
            return self.images[::step]
        self.ready(self.indices[::step])
        return self.images[self.indices[::step]]

    def targets_of_few(self, count: int) -> NDArray[Any]:
        """Return the targets of what `few` returns."""
        return self.own_targets[:: -(-len(self) // count)]

    def check(self) -> None:
        """Raise DataError if the file that images are mapped from was cut while they were read."""
        if self.lazy is not None:
            self.lazy.check()
        else:
            check_memory(self.images)
            if self.mapped is not None:
                self.mapped.check()

    def sample(self) -> NDArray[Any]:
        """Return all images or, of lazy ones, some thousand evenly spaced."""
        if self.lazy is None:
            return self.images
        step = max(len(self.lazy) // SAMPLE, 1)
        return self.lazy[::step].reshape(-1, *self.images.shape[1:])


@dataclass(frozen=True)
class DataSpec:
    """What the data must fit: the network's input and outputs, and the loss."""

    input_shape: tuple[int, ...]
    outputs: int
    loss: Loss
    class_names: tuple[str, ...] | None = None

    @classmethod
    def of(cls, net: Trainable, loss: Loss, targets: NDArray[Any]) -> DataSpec:
        """Return what data must fit that `net` is trained on; labels in words name its classes."""
        outputs, names = math.prod(net.output_shape), net.class_names
        if names is None and loss.counts_classes:
            names = named_classes(targets, outputs) or None
        return cls(net.input_shape, outputs, loss, names)

    def checked(
        self, images: Any, targets: Any, prefix: str = "", training: bool = False
    ) -> Subset:
        """Check images and targets; `prefix` names them in errors."""
        if isinstance(images, LazyImages) and images.shape[1:] == self.input_shape:
            return self._lazy(images, targets, prefix, training)
        mapped = watch(images)
        images = as_array(f"{prefix}images", images, kinds=ANY)
        images = channels_first(images, self.input_shape)
        if self.input_shape[0] == 1 and images.shape[1:] == self.input_shape[1:]:
            images = images[:, None]  # one channel, whose axis was left out
        checked = check_images(images, shape=self.input_shape, name=f"{prefix}images")
        labels = self._targets(targets, len(checked), prefix, training)
        planes = checked.reshape(-1, *engine_shape(self.input_shape))
        subset = Subset(planes, labels, mapped=mapped)
        subset.check()
        return subset

    def labels_of(self, data: Dataset) -> NDArray[Any]:
        """Return the targets of a data set: by name, where it counts its classes otherwise."""
        if not data.class_names or self.class_names in (None, data.class_names):
            return data.targets
        names: NDArray[np.str_] = np.array(data.class_names)[data.targets]
        return names

    def _lazy(self, images: LazyImages, targets: Any, prefix: str, training: bool) -> Subset:
        """Return lazy images with their targets at the places that their pixels have."""
        labels = self._targets(targets, len(images), prefix, training)
        spread = np.zeros((len(images.pixels), *labels.shape[1:]), labels.dtype)
        spread[images.indices] = labels
        return Subset(images.pixels, spread, images.indices, lazy=images)

    def _targets(self, targets: Any, count: int, prefix: str, training: bool) -> NDArray[Any]:
        name = f"{prefix}labels"
        if self.loss.counts_classes:
            targets = as_array(name, targets, kinds=ANY)
            targets = as_class_indices(targets, self.outputs, self.class_names, name)
        return check_targets(
            targets,
            count,
            loss=self.loss.name,
            outputs=self.outputs,
            several_classes=training and self.outputs > 1,
            name=name,
        )


def as_weights(weights: ArrayLike | None, count: int) -> NDArray[np.float32] | None:
    """Take `sample_weight`: a number for each image, at least 0, not all of them 0."""
    if weights is None:
        return None
    array = check_targets(weights, count, loss="mse", outputs=1, name="sample_weight").reshape(-1)
    if array.min() < 0 or not array.any():
        received = f"sample_weight[{array.argmin()}] = {array.min():g}" if array.any() else "all 0"
        raise DataError(
            f"sample_weight must be at least 0, and not 0 for all images. Received: {received}. "
            "An image with weight 2 counts like two images with weight 1; an image with weight 0 "
            "is ignored."
        )
    return np.ascontiguousarray(array)


def split(
    given: Subset, validation: Validation, spec: DataSpec, seed: int
) -> tuple[Subset, Subset | None]:
    """Return the images to train on and those to validate with.

    These are given, or a fraction of all, drawn by `seed`, of each class in the same proportion.
    """
    if validation is None:
        return given, None
    if isinstance(validation, Dataset):
        validation = (validation.images, spec.labels_of(validation))
    if isinstance(validation, tuple | list) and len(validation) == 2:
        images, labels = validation
        return given, spec.checked(images, labels, prefix="validation ")
    if isinstance(validation, int | float | np.floating) and 0 < validation < 1:
        chosen = np.arange(len(given)) if given.indices is None else given.indices
        targets = given.own_targets
        classes = int(targets.max()) + 1 if targets.dtype == np.int64 else None
        images = given.images if given.lazy is None else given.lazy
        same = identities(images) if len(spec.input_shape) > 1 else None
        share = float(validation)
        train, held_out = split_by_class(
            targets, classes, share, seed, spelled("validation"), same=same
        )
        return (
            replace(given, indices=chosen[train]),
            replace(given, indices=chosen[held_out], weights=None),
        )
    raise ArgumentError(
        f"{spelled('validation')} must be a fraction between 0 and 1"
        f"{in_python(', (images, labels), a Dataset, or None')}. Received: {_kind(validation)}. "
        f"Use {setting('validation', 0.1)} to hold out a tenth of the images."
    )


def normalization_of(data: Subset) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each channel, 1 for one that never changes."""
    mean, std = channel_statistics(data.sample())
    return mean, np.where(std > 0, std, np.float32(1))


def content_hash(*arrays: NDArray[Any]) -> str:
    """Return a short name for the exact content of arrays."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def border_value(images: NDArray[Any]) -> float:
    """Return the median along the borders of up to 1,000 images: what lies outside, most likely.

    >>> import numpy as np
    >>> border_value(np.pad(np.ones((5, 1, 3, 3)), ((0, 0), (0, 0), (1, 1), (1, 1))))
    0.0
    """
    sample = images[:: max(len(images) // 1000, 1)]
    sides = (sample[:, :, 0], sample[:, :, -1], sample[:, :, :, 0], sample[:, :, :, -1])
    return float(np.median(np.concatenate([side.reshape(-1) for side in sides])))


def _kind(value: object) -> str:
    return repr(value) if isinstance(value, int | float | str) else f"a {type(value).__name__}"
