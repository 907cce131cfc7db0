"""MNIST, which comes with the package: see data/mnist/ATTRIBUTION."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .dataset import Dataset
from .idx_files import idx

__all__ = ["FOLDER", "mnist"]

FOLDER = Path(__file__).parent.parent / "data" / "mnist"


def mnist(split: str = "train") -> Dataset:
    """Load MNIST: handwritten digits, light on dark, 28 × 28 pixels, ten classes.

    By Y. LeCun and C. Cortes, CC BY-SA 3.0; the files are part of the package.

    Parameters
    ----------
    split : {"train", "test"}
        60,000 images to train on, or 10,000 to test with.

    Returns
    -------
    Dataset
        Images uint8 (N, 1, 28, 28), targets int64 (N,).

    Raises
    ------
    ArgumentError
        Another split.
    DataError
        The installed files are damaged.

    Examples
    --------
    >>> import fencepost as fp
    >>> images, labels = fp.datasets.mnist("test")
    >>> images.shape, images.dtype, labels[:5]
    ((10000, 1, 28, 28), dtype('uint8'), array([7, 2, 1, 0, 4]))
    """
    count = "60,000" if split == "train" else "10,000"
    return replace(
        idx(FOLDER, split=split),
        source="MNIST",
        description=f"MNIST, bundled: {count} digits of 28 × 28 pixels, light on dark.",
    )
