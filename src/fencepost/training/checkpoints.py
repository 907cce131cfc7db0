"""A training run in one file: what is needed to go on as if it had never stopped.

A checkpoint is a safetensors file (arrays: weights, running statistics, optimizer slots, the best
weights, this epoch's losses) with all else as JSON in its metadata. It is written under another
name, brought to the disk and renamed, so that at every moment the path holds a complete
checkpoint or none.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import ArgumentError, DataError
from ..files import atomic
from .history import History

FORMAT = "fencepost-checkpoint-1"


@dataclass
class Checkpoint:
    """Where a run stands, at a step boundary.

    `settings` are what the run was made with (they must be the same to go on), `arrays` the named
    arrays, `epoch` and `step` how many epochs and how many steps of the next are done. `spent` are
    the seconds of the whole run so far.
    """

    settings: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    epoch: int
    step: int
    correct: int = 0
    seconds: float = 0.0
    spent: float = 0.0
    history: History = field(default_factory=History)

    def save(self, path: Path) -> None:
        """Write the file, atomically. Raises `OSError` and leaves the old file if it cannot."""
        from safetensors.numpy import save

        record = {
            "settings": self.settings,
            "epoch": self.epoch,
            "step": self.step,
            "correct": self.correct,
            "seconds": self.seconds,
            "spent": self.spent,
            "history": self.history.to_dict(),
        }
        metadata = {"format": FORMAT, "checkpoint": json.dumps(record)}
        atomic.atomic_write(path, save(self.arrays, metadata))

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a file that `save` wrote.

        Raises DataError: If it cannot be read, is not a checkpoint, or is truncated or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataError(f"the checkpoint {path} cannot be read: {error.strerror}.") from error
        try:
            metadata = _metadata(content)
            if metadata.get("format") != FORMAT:
                raise ValueError("it was not written by fit(checkpoint=...)")
            arrays = load(content)
            record = json.loads(metadata["checkpoint"])
            history = History.from_dict(record.pop("history"))
            checkpoint = cls(arrays=arrays, history=history, **record)
            _check_figures(checkpoint)
            return checkpoint
        except (
            SafetensorError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise DataError(
                f"{path} is not a complete checkpoint of a fencepost training: {error}. "
                "Use the path of another checkpoint, or remove this file to start afresh."
            ) from error


def with_more_epochs(stored: Checkpoint, wanted: dict[str, Any]) -> Checkpoint:
    """Return the checkpoint of a training that has ended as one that goes on, if it shall.

    It goes on with the optimizer's state, under the schedule of all epochs together.
    """
    done, more = stored.settings.get("epochs"), wanted.get("epochs")
    ended = stored.history.outcome != "running"
    if not (ended and isinstance(done, int) and isinstance(more, int) and more > done):
        return stored
    settings = {**stored.settings, "epochs": more}
    history = replace(stored.history, outcome="running", settings=settings)
    return replace(stored, settings=settings, history=history)


def compare_settings(path: Path, stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise `ArgumentError` naming every setting that differs from the checkpoint's."""
    differences = [
        f"  {name}: {_short(stored.get(name))} in the checkpoint, {_short(wanted.get(name))} now"
        for name in {**stored, **wanted}
        if stored.get(name) != wanted.get(name)
    ]
    if differences:
        raise ArgumentError(
            f"the checkpoint {path} belongs to a different training, and resuming from it would "
            "not "
            "reproduce either. These settings differ:\n"
            + "\n".join(differences)
            + "\nGive the same settings and data again, or start afresh with another checkpoint."
        )


def _check_figures(checkpoint: Checkpoint) -> None:
    """Raise ValueError where a figure is none, or they are not of one training."""
    history = checkpoint.history
    counts = checkpoint.epoch, checkpoint.step, checkpoint.correct
    figures = [checkpoint.seconds, checkpoint.spent]
    for record in history:
        optional = record.accuracy, record.validation_loss, record.validation_accuracy
        figures += [record.loss, record.lr, record.seconds, record.images_per_second]
        figures += [value for value in optional if value is not None]
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError(
            f"epoch, step and the number of correct images must be counts, not {counts}"
        )
    if not all(type(value) in (int, float) and math.isfinite(value) for value in figures):
        raise ValueError("a value in its history is not a number")
    if [record.epoch for record in history] != list(range(1, checkpoint.epoch + 1)):
        raise ValueError(f"its history does not have {checkpoint.epoch} epochs")
    if history.best_epoch is not None and history.best_epoch not in range(1, len(history) + 1):
        raise ValueError(f"epoch {history.best_epoch} cannot be its best")
    if not isinstance(history.outcome, str) or not isinstance(checkpoint.settings, dict):
        raise ValueError("its settings cannot be read")


def _metadata(content: bytes) -> dict[str, str]:
    # safetensors: 8 bytes of header length, the header in JSON, then the arrays.
    if len(content) < 8:
        raise ValueError("it is too short")
    (length,) = struct.unpack("<Q", content[:8])
    if length > len(content) - 8:
        raise ValueError("it is truncated, or not a safetensors file")
    header = json.loads(content[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("its header is not that of a safetensors file")
    metadata: dict[str, str] = header.get("__metadata__") or {}
    return metadata


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
