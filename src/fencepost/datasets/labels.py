"""Labels as other libraries write them (one-hot, columns, floats, names), brought to class indices.

One-hot labels are those of Keras, columns those of pandas, floats those of a CSV file, and names
those of scikit-learn. What is not clearly one of these stays as it is, for `check_targets` to
refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text import plural
from .class_names import class_indices, is_missing

__all__ = ["as_class_indices", "is_one_hot", "is_regression", "named_classes"]


def is_one_hot(labels: NDArray[Any]) -> bool:
    """Whether each row has a single 1 among zeros, whatever the dtype.

    >>> is_one_hot(np.eye(3)), is_one_hot(np.array([[0.5, 0.5], [0.0, 1.0]]))
    (True, False)
    """
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in "buif":
        return False
    ones = labels == 1
    return bool(len(labels) and (ones.sum(1) == 1).all() and ((labels == 0) | ones).all())


def is_regression(labels: NDArray[Any], outputs: int, name: str = "labels") -> bool:
    """Whether labels are values to be predicted by a network with so many outputs, and no classes.

    They are if there is one output, or a row of floating-point numbers for each image.

    Raises
    ------
    DataError
        It is not clear: probabilities of classes, or truths for a single output.
    """
    if outputs == 1:
        if labels.dtype.kind in "bSU" or _is_text(labels):
            raise DataError(
                f"{name} of a network with one output must be numbers, those of a regression. "
                f"Received: {'True and False' if labels.dtype.kind == 'b' else 'names'}. For "
                f"classes end the network with Linear({max(2, len(np.unique(labels)))})."
            )
        return True
    if labels.dtype.kind != "f" or labels.ndim < 2 or labels.shape[1] == 1 or is_one_hot(labels):
        return False
    positive = labels.shape[1:] == (outputs,) and len(labels) and (labels >= 0).all()
    if positive and np.allclose(labels.sum(1), 1, atol=1e-3):
        raise DataError(
            f"{name} must be class indices or, for a regression, values. Received: rows of "
            f"probabilities, which can be either. For classes use {name}.argmax(1), for a "
            'regression loss="mse".'
        )
    return True


def named_classes(
    labels: NDArray[Any], outputs: int | None = None, name: str = "labels"
) -> tuple[str, ...]:
    """Return the names that labels in words stand for, sorted; none if they are numbers.

    Raises DataError if they are not as many as the outputs, where these are given.
    """
    if not _is_text(labels):
        return ()
    names = tuple(sorted(set(_words(labels, name))))
    if outputs is not None and len(names) != outputs:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise DataError(
            f"{name} must name as many classes as the network has outputs, {outputs}. Received: "
            f"{plural(len(names), 'class', 'classes')} ({shown}). End the network with "
            f"Linear({len(names)}), or set its class_names."
        )
    return names


def as_class_indices(
    labels: NDArray[Any],
    classes: int | None = None,
    class_names: Sequence[str] | None = None,
    name: str = "labels",
) -> NDArray[Any]:
    """Bring labels to one integer for each image, if it is clear how.

    >>> as_class_indices(np.eye(3)[[0, 2]]), as_class_indices(np.array([[1.0], [0.0]]))
    (array([0, 2]), array([1, 0]))
    >>> as_class_indices(np.array(["dog", "cat"]), class_names=("cat", "dog"))
    array([1, 0])
    """
    if is_one_hot(labels):
        if classes is not None and labels.shape[1] != classes:
            raise DataError(
                f"{name} in one-hot form must have a column for each of the {classes} classes. "
                f"Received: {labels.shape[1]} columns. End the network with "
                f"Linear({labels.shape[1]}), or use {name}.argmax(1)."
            )
        indices: NDArray[np.int64] = labels.argmax(1)
        return indices
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        return labels
    if _is_text(labels):
        return class_indices(_words(labels, name), class_names, name) if class_names else labels
    if labels.dtype == object:
        for k, label in enumerate(labels):
            if label is None or is_missing(str(label)):
                raise _without_class(name, k, label)
        if all(isinstance(label, Integral) and abs(int(label)) < 2**63 for label in labels):
            return labels.astype(np.int64)
    whole = labels.dtype.kind == "f" and (labels == np.floor(labels)).all()
    if whole and len(labels) and np.abs(labels).max() < 2**53:
        return labels.astype(np.int64)
    return labels


def _is_text(labels: NDArray[Any]) -> bool:
    if labels.dtype.kind == "O":
        return labels.size > 0 and all(isinstance(label, (str, bytes)) for label in labels.flat)
    return labels.dtype.kind in "SU" and labels.size > 0


def _words(labels: NDArray[Any], name: str) -> list[str]:
    flat = labels.reshape(-1).tolist()
    try:
        words = [label.decode() if isinstance(label, bytes) else str(label) for label in flat]
    except UnicodeDecodeError:
        raise DataError(f"{name} must be text in UTF-8. Received: other bytes.") from None
    missing = next((k for k, word in enumerate(words) if is_missing(word)), None)
    if missing is not None:
        raise _without_class(name, missing, repr(words[missing]))
    return words


def _without_class(name: str, index: int, label: object) -> DataError:
    return DataError(
        f"{name} must have the class of every image. Received: {name}[{index}] = {label}. "
        "Leave such images out."
    )
