"""How good a network turned out: the most confused pair, the surest mistakes, the picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .console import percent

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ...network import Network
    from ...plots.networks.misclassified import Mistake
    from ...training import History

CHUNK = 1000  # images at a time, so that memory does not grow with the data
MISTAKES_SHOWN = 24


class Judgement:
    """What a network says about labelled data, found out once and in chunks."""

    def __init__(self, network: Network, data: Dataset) -> None:
        from ...network.evaluation import confusion_matrix

        self.data = data
        chunks = [
            network.predict_proba(data.images[start : start + CHUNK])
            for start in range(0, len(data), CHUNK)
        ]
        probabilities = np.concatenate(chunks)
        self.answers = probabilities.argmax(axis=1)
        self.sureness = probabilities[np.arange(len(data)), self.answers]
        self.confusion = confusion_matrix(data.targets, self.answers, len(data.class_names))

    @property
    def right(self) -> int:
        """How many answers are right."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.right / len(self.data)

    def __str__(self) -> str:
        """Accuracy, the most confused pair, and a warning if nothing was learned."""
        text = (
            f"Right: {percent(self.accuracy)} ({self.right:,} of {len(self.data):,}). "
            f"{self.most_confused()}"
        )
        most = int(self.confusion.sum(axis=1).max())
        if self.right <= most:
            text += (
                f"\nThat is no better than always naming the most frequent class ({most:,} of "
                f"{len(self.data):,}): try another --lr, more --epochs, or more images."
            )
        return text

    def most_confused(self) -> str:
        """Say which class was most often taken for which."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        if not wrong.any():
            return "No mistakes."
        truth, answer = np.unravel_index(wrong.argmax(), wrong.shape)
        names = self.data.class_names
        return (
            f"Most often confused: {names[truth]} taken for {names[answer]}, "
            f"{wrong[truth, answer]:,} of {self.confusion[truth].sum():,}."
        )

    def surest_mistakes(self, count: int) -> list[Mistake]:
        """Return the mistakes that the network was surest of, the surest first."""
        from ...plots.networks.misclassified import surest

        data = self.data
        return surest(data.images, data.targets, self.answers, self.sureness, count)


def draw_picture(
    path: Path,
    title: str,
    subtitle: str,
    network: Network,
    history: History,
    judged: Judgement,
) -> None:
    """Draw what the network learned and what it still gets wrong into a PNG or SVG file."""
    from ...plots import save
    from ...plots.networks.subjects import convolutions, kernels_of
    from ...plots.networks.training_curve import Curve
    from ...plots.networks.training_picture import draw_training

    places = list(convolutions(network))
    figure = draw_training(
        title=title,
        subtitle=subtitle,
        kernels=kernels_of(network, places[0]) if places else None,
        curve=Curve.of(history),
        confusion=judged.confusion,
        mistakes=judged.surest_mistakes(MISTAKES_SHOWN),
        class_names=judged.data.class_names,
    )
    save(figure, path, dots_per_inch=110)
