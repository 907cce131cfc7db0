"""How good a network is on labelled data: accuracy, loss and confusion, and how they print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from .. import notebook
from ..text import format_table, percent, plural

_FEW, _NAMED = 3, 12  # images of a class that say little, and classes that a sentence names
_SHOWN_CLASSES = 20  # whose confusion matrix fits a page

BINS = 15  # of the calibration error


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class.

    Attributes
    ----------
    name : str
        Name of the class, or its index as text.
    count : int
        Images of this class.
    recall : float
        Fraction of them that were predicted as this class; NaN without any.
    precision : float
        Fraction of right predictions among those of this class; NaN without any.
    f1 : float
        2 · right / (images of this class + predictions of it); NaN without either.
    """

    name: str
    count: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Result of `Network.evaluate` on class indices.

    Attributes
    ----------
    count : int
        Number of images.
    accuracy : float
        Fraction of images whose largest output is that of their class.
    loss : float
        Mean cross-entropy, in nats.
    confusion : array of int, shape (classes, classes)
        confusion[true, predicted] counts images.
    class_names : tuple of str
    labels, predictions : array of int, shape (count,)
        The true and the predicted class of each image.
    confidence : array of float32, shape (count,)
        Probability of the prediction.
    trained_on : array of bool, shape (count,), or None
        Which of the images the network was trained on; None where none, as far as is known.
    """

    count: int
    accuracy: float
    loss: float
    confusion: NDArray[np.int64]
    class_names: tuple[str, ...]
    labels: NDArray[np.int64] = field(repr=False)
    predictions: NDArray[np.int64] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    trained_on: NDArray[np.bool_] | None = field(default=None, repr=False)

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "an Evaluation cannot be unpacked into loss and accuracy: use evaluation.loss and "
            "evaluation.accuracy."
        )

    def __getitem__(self, index: object) -> NoReturn:
        iter(self)

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """Count, recall, precision and F1 score of each class."""
        right, predicted = np.diag(self.confusion), self.confusion.sum(axis=0)
        counts = self.confusion.sum(axis=1)
        return tuple(
            ClassScore(
                name,
                int(n),
                _ratio(int(hits), int(n)),
                _ratio(int(hits), int(m)),
                _ratio(2 * int(hits), int(n + m)),
            )
            for name, n, m, hits in zip(self.class_names, counts, predicted, right, strict=True)
        )

    @property
    def calibration_error(self) -> float:
        """How far confidence is from the share that is right, in the mean over all images.

        The expected calibration error in 15 bins of confidence: Guo et al. 2017, equation 3.
        """
        right = (self.labels == self.predictions).astype(np.float64)
        bins = np.minimum((self.confidence * BINS).astype(int), BINS - 1)
        gaps = np.bincount(bins, right - self.confidence, BINS)
        return float(np.abs(gaps).sum() / self.count)

    @property
    def macro_f1(self) -> float:
        """Mean of the F1 scores of the classes that have images or predictions: each counts alike.

        As scikit-learn's ``f1_score(average="macro")``.
        """
        return float(np.nanmean([score.f1 for score in self.per_class]))

    @property
    def untested(self) -> tuple[str, ...]:
        """The classes without an image among these: nothing is known of them."""
        return tuple(score.name for score in self.per_class if score.count == 0)

    def rare_classes(self) -> str:
        """Name the classes that were not tested, or with hardly any image; "" if there are none."""
        few = [f"{s.name} ({s.count})" for s in self.per_class if 0 < s.count < _FEW]
        parts = []
        if self.untested:
            parts.append(f"Not tested, for lack of images: {_listed(self.untested)}.")
        if few:
            parts.append(f"Tested with fewer than {_FEW} images: {_listed(few)}.")
        return " ".join(parts)

    def most_confused(self) -> tuple[int, int] | None:
        """Return the class that was most often mistaken, and for which; None without mistakes."""
        mistakes = self.confusion - np.diag(np.diag(self.confusion))
        if not mistakes.any():
            return None
        true, predicted = np.unravel_index(mistakes.argmax(), mistakes.shape)
        return int(true), int(predicted)

    def most_confident_mistakes(self, count: int | None = None) -> NDArray[np.int64]:
        """Return the indices of at most `count` misclassified images, the most confident first."""
        wrong = np.flatnonzero(self.predictions != self.labels)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")][:count]

    def class_table(self) -> str:
        """Write a line for each class: images, recall, precision, F1 score."""
        return format_table(self._class_rows(), "<>>>>")

    def _class_rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("class", "images", "recall", "precision", "F1")]
        for score in self.per_class:
            recall, precision, f1 = map(_percent, (score.recall, score.precision, score.f1))
            rows.append((score.name, f"{score.count:,}", recall, precision, f1))
        return rows

    def __repr__(self) -> str:
        return (
            f"<Evaluation: accuracy {percent(self.accuracy)}, loss {self.loss:.4f}, "
            f"{plural(self.count, 'image')} of {len(self.class_names)} classes>"
        )

    def _repr_html_(self) -> str:
        headline, _, _ = str(self).partition("\n")
        matrix = ""
        if len(self.class_names) <= _SHOWN_CLASSES:
            matrix = notebook.matrix(self.class_names, self.confusion.tolist())
            matrix += notebook.paragraph("Rows are the true classes, columns the predicted ones.")
        classes = notebook.table(self._class_rows(), "<>>>>")
        return notebook.paragraph(headline) + matrix + classes

    def __str__(self) -> str:
        """Accuracy, loss, a line for each class, and the confusion matrix of up to 20 classes."""
        right = round(self.accuracy * self.count)
        text = (
            f"accuracy {percent(self.accuracy)} ({right:,} of {self.count:,}), "
            f"macro-F1 {percent(self.macro_f1)}, loss {self.loss:.4f}\n\n{self.class_table()}"
        )
        if len(self.class_names) <= _SHOWN_CLASSES:
            rows = [("", *self.class_names)]
            rows += [
                (name, *(str(count) if count else "·" for count in row))
                for name, row in zip(self.class_names, self.confusion, strict=True)
            ]
            table = format_table(rows, "<" + ">" * len(self.class_names))
            text += f"\n\nconfusion (rows: true class, columns: predicted)\n{table}"
        remark = self.rare_classes()
        return text + (f"\n\n{remark}" if remark else "") + self._trained_on()

    def _trained_on(self) -> str:
        if self.trained_on is None:
            return ""
        new = ~self.trained_on
        text = f"\n\n{used_in_training(self.trained_on)}"
        if not new.any():
            return text
        right = self.labels[new] == self.predictions[new]
        return f"{text[:-1]}; accuracy on the other {len(right):,}: {right.mean():.2%}."


@dataclass(frozen=True)
class RegressionEvaluation:
    """Result of `Network.evaluate` of a regression.

    Attributes
    ----------
    count : int
        Number of images.
    loss : float
        Mean squared error.
    r_squared : float
        1 - squared error / squared deviation of the targets from their mean: 1 is perfect, 0 is
        no better than that mean. NaN if the targets do not vary.
    trained_on : array of bool, shape (count,), or None
        Which of the images the network was trained on; None where none, as far as is known.
    """

    count: int
    loss: float
    r_squared: float
    trained_on: NDArray[np.bool_] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Both numbers in a line."""
        text = (
            f"mean squared error {self.loss:.6g}, R² {self.r_squared:.4f} ({self.count:,} images)"
        )
        return text if self.trained_on is None else f"{text}\n{used_in_training(self.trained_on)}"


def used_in_training(which: NDArray[np.bool_]) -> str:
    """Say how many images were used in training.

    >>> used_in_training(np.array([True, False, True])), used_in_training(np.array([True]))
    ('2 of these 3 images were used in training.', 'All of these images were used in training.')
    """
    if which.all():
        return "All of these images were used in training."
    many = f"{int(which.sum()):,} of these {len(which):,} images"
    return f"{many} {'was' if which.sum() == 1 else 'were'} used in training."


def classification(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    class_names: Sequence[str] | None,
    trained_on: NDArray[np.bool_] | None = None,
) -> Evaluation:
    """Compare outputs (N, classes) with class indices (N,)."""
    count, classes = logits.shape
    indices, predictions = np.arange(count), logits.argmax(axis=1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    log_probabilities = log_softmax(logits)
    return Evaluation(
        count,
        accuracy=_ratio(int(np.trace(confusion)), count),
        loss=float(-log_probabilities[indices, labels].mean()),
        confusion=confusion,
        class_names=tuple(class_names or map(str, range(classes))),
        labels=labels,
        predictions=predictions,
        confidence=np.exp(log_probabilities[indices, predictions]).astype(np.float32),
        trained_on=_if_any(trained_on),
    )


def regression(
    outputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    trained_on: NDArray[np.bool_] | None = None,
) -> RegressionEvaluation:
    """Compare outputs with targets, both (N, F)."""
    errors = outputs.astype(np.float64) - targets
    deviations = targets - targets.mean(axis=0, dtype=np.float64)
    total = float((deviations**2).sum())
    r_squared = 1 - float((errors**2).sum()) / total if total else float("nan")
    return RegressionEvaluation(
        len(targets), float((errors**2).mean()), r_squared, _if_any(trained_on)
    )


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithm of the softmax over axis 1, safe for large outputs."""
    shifted = logits - logits.max(axis=1, keepdims=True).astype(np.float64)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def _if_any(which: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    return which if which is not None and which.any() else None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _ratio(part: int, total: int) -> float:
    return part / total if total else float("nan")


def _percent(fraction: float) -> str:
    return "–" if np.isnan(fraction) else percent(fraction)
