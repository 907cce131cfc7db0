"""What `train` prints and draws of the network that it trained, from its evaluation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...text import join_words, percent

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ...network import Evaluation, Network
    from ...training import History

MISTAKES_SHOWN, CLASSES_SHOWN = 24, 20


def before_training(train: Dataset, balance: str | None) -> list[str]:
    """Say what a user should know of the classes."""
    from ...training.balance import unbalanced

    counts = np.bincount(train.targets, minlength=len(train.class_names))
    none, alone = (
        [name for name, count in zip(train.class_names, counts, strict=True) if count == few]
        for few in (0, 1)
    )
    remarks = [f"Classes with a single training image: {join_words(alone[:9])}."] if alone else []
    if none:
        remarks.append(
            f"Classes without a training image, which will never be recognised: "
            f"{join_words(none[:9])}. If they are no classes, number the others from 0."
        )
    remark = unbalanced(train.targets, train.class_names)
    if remark is not None:
        advice = "" if balance else " To balance them: --balance weights, or oversample."
        remarks.append(remark + advice)
    return remarks


def per_class(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the figures of each class, as they go into JSON: None where there is none."""
    return [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in vars(score).items()
        }
        for score in evaluation.per_class
    ]


def summary(evaluation: Evaluation) -> str:
    """Say the accuracy and the most confused classes, and warn if nothing was learned."""
    confusion, count = evaluation.confusion, evaluation.count
    right = int(np.trace(confusion))
    text = (
        f"Test accuracy: {percent(evaluation.accuracy)} ({right:,} of {count:,}), "
        f"macro-F1 {percent(evaluation.macro_f1)}. "
    )
    confused = evaluation.most_confused()
    if confused is None:
        text += "No errors." if not evaluation.untested else "No errors in what was tested."
    else:
        true, predicted = (evaluation.class_names[index] for index in confused)
        text += (
            f"Most frequent error: {true} classified as {predicted}, "
            f"{confusion[confused]:,} of {confusion[confused[0]].sum():,}."
        )
    remark = evaluation.rare_classes()
    text += f"\n{remark}" if remark else ""
    if len(evaluation.class_names) <= CLASSES_SHOWN:
        text += f"\n{evaluation.class_table()}"
    most = int(confusion.sum(axis=1).max())
    if right <= most:
        text += (
            f"\nThat is no better than always predicting the most frequent class ({most:,} of "
            f"{count:,}). Try another --lr, more --epochs, or more images."
        )
    return text


def draw_picture(
    path: Path,
    title: str,
    subtitle: str,
    network: Network,
    history: History,
    test: Dataset,
    evaluation: Evaluation,
) -> None:
    """Draw what the network learned and what it still gets wrong into a PNG or SVG file."""
    from ...network.inspection import convolution_kernels, convolutions
    from ...plots import save
    from ...plots.networks.misclassified import most_confident
    from ...plots.networks.training_curve import Curve
    from ...plots.networks.training_picture import draw_training

    first = next(iter(convolutions(network)), None)
    figure = draw_training(
        title=title,
        subtitle=subtitle,
        kernels=None if first is None else convolution_kernels(network, first),
        curve=Curve.of(history),
        confusion=evaluation.confusion,
        mistakes=most_confident(test.images, evaluation, MISTAKES_SHOWN),
        class_names=evaluation.class_names,
    )
    save(figure, path, dots_per_inch=110)
