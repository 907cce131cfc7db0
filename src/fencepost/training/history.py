"""What happened, epoch by epoch: a record that prints as a table and travels as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import notebook
from ..errors import ArgumentError
from ..habits import nearest
from ..text import format_rate, format_table, format_value, percent, plural


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    `loss` and `accuracy` are means over the epoch, taken while the weights changed; accuracies are
    fractions (0 to 1), None for regression; validation figures are None without validation data.
    `lr` is the rate of the epoch's last step; `seconds` and `images_per_second` leave validation
    out.
    """

    epoch: int
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    lr: float
    seconds: float
    images_per_second: float


@dataclass(repr=False)
class History:
    """What `fit` returns: the epochs in order, which was best, and why training ended.

    Attributes
    ----------
    epochs : list of Epoch
    best_epoch : int or None
        The epoch (from 1) whose weights the network was left with, where validation chose it.
    outcome : str
        "finished", "stopped early", "reached the target" or "stopped by on_epoch"; "running"
        until then.
    settings : dict
        Every argument of the run, as it was resolved.

    Examples
    --------
    >>> from fencepost.training import Epoch, History
    >>> history = History([Epoch(1, 0.5, 0.9, 0.3, 0.95, 0.01, 2.0, 3000.0)], outcome="finished")
    >>> history["validation_accuracy"]
    [0.95]
    >>> print(history)
    epoch    loss  accuracy  validation loss  validation accuracy  rate  seconds  images/s
        1  0.5000   90.00 %           0.3000              95.00 %  0.01     2.00     3,000
    >>> History.from_json(history.to_json()) == history
    True
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    outcome: str = "running"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Time spent in training steps, without validation."""
        return sum(epoch.seconds for epoch in self.epochs)

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, name: str) -> list[Any]:
        """One column, such as ``history["loss"]``."""
        names = [column.name for column in dataclasses.fields(Epoch)]
        if name not in names:
            known = str(name).replace("val_", "validation_").replace("acc", "accuracy")
            hint = nearest(known, names)
            raise ArgumentError(
                f"a history has the columns {', '.join(names)}. Received: {format_value(name)}. "
                f"{hint}".rstrip()
            )
        return [getattr(epoch, name) for epoch in self.epochs]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain dicts, lists and numbers."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> History:
        """Do the reverse of `to_dict`."""
        epochs = [Epoch(**epoch) for epoch in record["epochs"]]
        return cls(epochs, record["best_epoch"], record["outcome"], record["settings"])

    def to_json(self, indent: int | None = None) -> str:
        """Return the same as JSON text; floats are restored exactly."""
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_json(cls, text: str) -> History:
        """Do the reverse of `to_json`."""
        return cls.from_dict(json.loads(text))

    def __repr__(self) -> str:
        parts = [plural(len(self.epochs), "epoch")]
        if self.epochs:
            last = self.epochs[-1]
            parts.append(f"loss {last.loss:.4f}")
            for name, accuracy in (
                ("accuracy", last.accuracy),
                ("validation accuracy", last.validation_accuracy),
            ):
                if accuracy is not None:
                    parts.append(f"{name} {percent(accuracy)}")
        if self.best_epoch is not None:
            parts.append(f"best epoch {self.best_epoch}")
        return f"<History: {', '.join([*parts, self.outcome])}>"

    def _repr_html_(self) -> str:
        drawn = ""
        if self.epochs:
            drawn = notebook.curves("loss", self._series("loss", 1), self.best_epoch)
            if self.epochs[0].accuracy is not None:
                wrong = self._series("accuracy", -100, 100)
                drawn += notebook.curves("wrong, %", wrong, self.best_epoch)
        *rows, remarks = self._table()
        return drawn + notebook.table(rows, ">" * len(rows[0])) + notebook.paragraph(remarks[0])

    def _series(self, name: str, factor: float, offset: float = 0) -> dict[str, list[float]]:
        """Return a column, and that of validation if there is one, to be drawn."""
        columns = {"training": self[name], "validation": self[f"validation_{name}"]}
        return {
            title: [offset + factor * value for value in values]
            for title, values in columns.items()
            if None not in values
        }

    def __str__(self) -> str:
        *rows, (remarks,) = self._table()
        table = format_table(rows, ">" * len(rows[0]))
        return f"{table}\n{remarks}" if remarks else table

    def _table(self) -> list[Sequence[str]]:
        """Return the rows of the table, and last, alone, what is to be said below it."""
        columns = [
            ("epoch", "epoch", "{:d}".format),
            ("loss", "loss", "{:.4f}".format),
            ("accuracy", "accuracy", _percent),
            ("validation loss", "validation_loss", "{:.4f}".format),
            ("validation accuracy", "validation_accuracy", _percent),
            ("rate", "lr", "{:.3g}".format),
            ("seconds", "seconds", "{:.2f}".format),
            ("images/s", "images_per_second", format_rate),
        ]
        table = []
        for title, name, text in columns:
            values = self[name]
            if values and all(value is None for value in values):
                continue
            table.append([title] + ["" if value is None else text(value) for value in values])
        remarks = [] if self.best_epoch is None else [f"best: epoch {self.best_epoch}"]
        if self.outcome not in ("running", "finished"):
            remarks.append(self.outcome)
        return [*zip(*table, strict=True), ("\n".join(remarks),)]


def _percent(fraction: float) -> str:
    return percent(fraction)
