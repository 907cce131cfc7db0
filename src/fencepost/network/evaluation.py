"""How good a network is on labelled data: the numbers, and how they print.

May call errors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassScore:
    """How one class fared.

    Attributes
    ----------
    name : str
        Name of the class, or its index as text.
    count : int
        Images of this class.
    recall : float
        Share of them that were found; NaN without any.
    precision : float
        Share of right ones among the images that were taken for this class; NaN without any.
    """

    name: str
    count: int
    recall: float
    precision: float


@dataclass(frozen=True)
class Evaluation:
    """Result of `Network.evaluate` on class labels.

    Attributes
    ----------
    count : int
        Number of images.
    accuracy : float
        Share of images whose largest output is that of their class.
    loss : float
        Mean cross-entropy, in nats.
    confusion : array of int, shape (classes, classes)
        confusion[true, predicted] counts images.
    class_names : tuple of str
    """

    count: int
    accuracy: float
    loss: float
    confusion: NDArray[np.int64]
    class_names: tuple[str, ...]

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """Count, recall and precision of each class."""
        hits, found = np.diag(self.confusion), self.confusion.sum(axis=0)
        counts = self.confusion.sum(axis=1)
        return tuple(
            ClassScore(name, int(n), _share(int(hit), int(n)), _share(int(hit), int(m)))
            for name, n, m, hit in zip(self.class_names, counts, found, hits, strict=True)
        )

    def __str__(self) -> str:
        """Accuracy, loss, a line for each class, and the confusion matrix of up to 20 classes."""
        lines = [
            f"accuracy {self.accuracy:.2%} ({round(self.accuracy * self.count):,} of "
            f"{self.count:,}), loss {self.loss:.4f}",
            "",
        ]
        scores = self.per_class
        rows = [("class", "images", "recall", "precision")]
        rows += [
            (s.name, f"{s.count:,}", _percent(s.recall), _percent(s.precision)) for s in scores
        ]
        lines += _columns(rows)
        if len(scores) <= 20:
            lines += ["", "confusion (rows: true class, columns: predicted)"]
            cells = [("", *self.class_names)]
            cells += [
                (name, *(str(n) if n else "·" for n in row))
                for name, row in zip(self.class_names, self.confusion, strict=True)
            ]
            lines += _columns(cells)
        return "\n".join(lines)


@dataclass(frozen=True)
class RegressionEvaluation:
    """Result of `Network.evaluate` on numbers.

    Attributes
    ----------
    count : int
        Number of images.
    loss : float
        Mean squared error.
    r_squared : float
        1 - squared error / squared deviation of the targets from their mean: 1 is perfect, 0 is
        no better than that mean. NaN if the targets do not vary.
    """

    count: int
    loss: float
    r_squared: float

    def __str__(self) -> str:
        """Both numbers in a line."""
        return (
            f"mean squared error {self.loss:.6g}, R² {self.r_squared:.4f} ({self.count:,} images)"
        )


def classification(
    logits: NDArray[np.float32], labels: NDArray[np.int64], class_names: Sequence[str] | None
) -> Evaluation:
    """Compare outputs (N, classes) with labels (N,)."""
    count, classes = logits.shape
    confusion = confusion_matrix(labels, logits.argmax(axis=1), classes)
    names = tuple(class_names) if class_names else tuple(str(i) for i in range(classes))
    losses = -log_softmax(logits)[np.arange(count), labels]
    return Evaluation(
        count, _share(int(np.trace(confusion)), count), float(losses.mean()), confusion, names
    )


def confusion_matrix(
    labels: NDArray[np.int64], answers: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Count images (N,) by true class, in rows, and answer, in columns: (classes, classes)."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
    return confusion


def regression(outputs: NDArray[np.float32], targets: NDArray[np.float32]) -> RegressionEvaluation:
    """Compare outputs with targets, both (N, F)."""
    errors = outputs.astype(np.float64) - targets
    spread = targets - targets.mean(axis=0, dtype=np.float64)
    total = float((spread**2).sum())
    r_squared = 1 - float((errors**2).sum()) / total if total else float("nan")
    return RegressionEvaluation(len(targets), float((errors**2).mean()), r_squared)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the softmax over axis 1, safe for large outputs."""
    shifted = logits - logits.max(axis=1, keepdims=True).astype(np.float64)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.2%}"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
