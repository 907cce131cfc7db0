"""Classes of unequal size: said, weighted, or shown equally often."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..text import plural

#: What `fit` and the command take.
WAYS = ("weights", "oversample")
# A class is small beside another with so many times its images.
_UNEQUAL = 3.0


def unbalanced(labels: ArrayLike, class_names: tuple[str, ...]) -> str | None:
    """Say which classes are largest and smallest, if they are of unequal size; else None.

    Classes without images are left aside: nothing balances them.

    Examples
    --------
    >>> unbalanced([0, 0, 0, 0, 1, 2, 2], ("cat", "dog", "owl"))
    'The classes are unbalanced: cat has 4 images, dog has 1 image.'
    >>> unbalanced([0, 2, 2], ("cat", "dog", "owl")) is None
    True
    """
    counts = np.bincount(np.asarray(labels, np.int64), minlength=len(class_names))
    most, least = int(counts.argmax()), int(np.where(counts, counts, counts.max()).argmin())
    if counts[most] < _UNEQUAL * counts[least]:
        return None
    large, small = (
        f"{class_names[index]} has {plural(int(counts[index]), 'image')}" for index in (most, least)
    )
    return f"The classes are unbalanced: {large}, {small}."


def oversampled(labels: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """Return as many indices as there are labels, every class equally often, in random order.

    The images of a class that has fewer are repeated, each as often as the others of its class but
    for one; of one that has more, others are left out in each epoch. All follows from seed and
    epoch.
    """
    random = np.random.default_rng([seed, epoch])
    classes = np.unique(labels)
    # What does not divide evenly goes to other classes in each epoch.
    shares = np.full(len(classes), len(labels) // len(classes))
    shares[random.permutation(len(classes))[: len(labels) % len(classes)]] += 1
    chosen = []
    for label, share in zip(classes, shares, strict=True):
        own = np.flatnonzero(labels == label)
        rounds = -(-int(share) // len(own))
        chosen.append(np.concatenate([random.permutation(own) for _ in range(rounds)])[:share])
    return random.permutation(np.concatenate(chosen))
