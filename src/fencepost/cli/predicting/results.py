"""What was predicted: as lines, as a table of CSV, as JSON, and as images sorted into folders."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ArgumentError
from ...files.atomic import atomic_write
from ...text import percent
from ..shared.outputs import check_new
from ..shared.photographs import TOP, prediction_of
from .samples import Sample

if TYPE_CHECKING:
    from ...network import Network

LOW, UNLIKE = "low confidence", "unlike the training data"


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of a sample, and why they are not to be relied on, if they are not.

    `novelty`: How far the sample is from the training data, see `Network.novelty`; None where the
    model was never calibrated.
    """

    sample: Sample
    top: tuple[tuple[str, float], ...]
    novelty: float | None
    reasons: tuple[str, ...]

    @property
    def line(self) -> str:
        """The prediction for people."""
        classes = ", ".join(f"{name} ({percent(share)})" for name, share in self.top)
        unsure = f"; unsure: {', '.join(self.reasons)}" if self.reasons else ""
        return f"{self.sample.name}: {classes}{unsure}"

    def to_json(self) -> dict[str, Any]:
        """Return the prediction for programs."""
        row = {} if self.sample.row is None else {"row": self.sample.row}
        top = [{"class": name, "probability": share} for name, share in self.top]
        return {
            "image": str(self.sample.path),
            **row,
            **top[0],
            "top": top,
            "unsure": list(self.reasons),
            "novelty": self.novelty,
            "prepared": list(self.sample.notes),
        }


def predict(
    network: Network, samples: Sequence[Sample], names: tuple[str, ...], surely: float
) -> list[Prediction]:
    """Predict samples, which have values; below the probability `surely`, it is said."""
    from ...network.confidence.calibration import predicted

    batch = np.stack([sample.values for sample in samples if sample.values is not None])
    probabilities, measured = predicted(network, batch)
    novelty = [None] * len(samples) if measured is None else measured.tolist()
    predictions = []
    for sample, row, away in zip(samples, probabilities, novelty, strict=True):
        top = tuple(
            (rank["class"], rank["probability"]) for rank in prediction_of(row, names)["top"]
        )
        reasons = [LOW] if top[0][1] < surely else []
        reasons += [UNLIKE] if away is not None and away > 1 else []
        far = None if away is None else round(away, 3)
        predictions.append(Prediction(sample, top, far, tuple(reasons)))
    return predictions


def write_table(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write a row for each prediction, as CSV in UTF-8; the file appears whole or not at all."""
    rows = any(prediction.sample.row is not None for prediction in predictions)
    more = max((len(prediction.top) for prediction in predictions), default=TOP)
    ranks = ["", *(f"_{rank}" for rank in range(2, more + 1))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    pairs = [f"{column}{rank}" for rank in ranks for column in ("class", "confidence")]
    writer.writerow(["file", *(["row"] if rows else []), *pairs, "unsure"])
    for prediction in predictions:
        sample = prediction.sample
        classes = [cell for name, share in prediction.top for cell in (name, f"{share:.6f}")]
        at = [sample.row] if rows else []
        writer.writerow([sample.path, *at, *classes, "; ".join(prediction.reasons)])
    atomic_write(path, text.getvalue().encode())


def sort_into(
    folder: Path, predictions: Sequence[Prediction], given: Sequence[Path], overwrite: bool
) -> list[Path]:
    """Copy each image into the folder of its class; nothing is moved. Return the copies.

    Raises before the first is copied: `ArgumentError` for two of one name, `DataError` for files
    that exist.
    """
    check_outside(folder, given)
    targets: dict[Path, Path] = {}
    packed = {prediction.sample.path: prediction.sample.packed for prediction in predictions}
    for prediction in predictions:
        source = prediction.sample.path
        target = folder / class_folder(prediction.top[0][0]) / source.name
        other = targets.setdefault(target, source)
        if other != source:
            raise ArgumentError(
                f"every copy must have a name of its own. Received: {other} and {source}, which "
                f"would both become {target}. Sort them in two runs, into two folders."
            )
    check_new("--sort-into", targets, overwrite)
    for target, source in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        file = packed[source] or source
        atomic_write(target, file.read_bytes())
        if file is source:
            shutil.copystat(source, target)
    return list(targets)


def check_outside(folder: Path, given: Sequence[Path]) -> None:
    """Raise `ArgumentError` for a folder of copies in one that is read."""
    for path in given:
        if path.is_dir() and path.resolve() in (folder.resolve(), *folder.resolve().parents):
            raise ArgumentError(
                "--sort-into must name a folder outside those that are read, else copies would be "
                f"read the next time. Received: {folder}, within {path}. Use a folder beside it."
            )


def class_folder(name: str) -> Path:
    """Return the folder of a class, below any other, whatever the class is called.

    >>> class_folder("animals/cat").as_posix(), class_folder("../a:b").as_posix()
    ('animals/cat', '_/a_b')
    """
    parts = [re.sub(r'[\\:*?"<>|\x00-\x1f]', "_", part) for part in name.split("/")]
    return Path(*(part if part.strip(". ") else "_" for part in parts))
