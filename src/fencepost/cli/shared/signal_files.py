"""Signals from a CSV or WAV file, and back into one like it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError
from ...files import atomic, tables, waves
from ...text import plural

Values = NDArray[np.float64]


class SignalFile(ABC):
    """Signals side by side, of one length.

    Attributes
    ----------
    names : list of str
        What each of them is called.
    signals : list of ndarray
    axis : ndarray
        Where each sample stands, and `axis_label` what that is.
    """

    names: list[str]
    signals: list[Values]
    axis: Values
    axis_label: str
    remark = ""  # what a user should know of how the file was read

    @abstractmethod
    def write(self, path: Path, signals: list[Values], start: int) -> str:
        """Write results, the first of which stands at sample `start`; return what to say of it."""


class CsvSignals(SignalFile):
    """Columns of a table. What is not convolved is kept beside the results, row by row."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._table = tables.read_table(path)
        self._path = path
        numeric = [k for k in range(len(self._table.names)) if self._table.is_numeric(k)]
        if not numeric:
            raise DataError(
                f"{path}: must have a column of numbers. Received: "
                f"{', '.join(self._table.names[:5])}, none of which is."
            )
        self._chosen = [self._column(name) for name in columns] or numeric
        read = {k: self._table.numbers(path, k) for k in {*self._chosen, numeric[0]}}
        self.axis = np.arange(len(self._table.rows), dtype=np.float64)
        self.axis_label = "row"
        first = numeric[0]
        if len(numeric) > 1 and first not in map(self._column, columns) and _even(read[first]):
            self.axis, self.axis_label = read[first], self._table.names[first]
            if not columns:
                self._chosen = numeric[1:]
                read |= {k: self._table.numbers(path, k) for k in self._chosen}
                self.remark = (
                    f"{self.axis_label} rises evenly, so it is kept as it is; --column chooses."
                )
        self.names = [self._table.names[k] for k in self._chosen]
        self.signals = [read[k] for k in self._chosen]

    def _column(self, name: str) -> int:
        names = self._table.names
        if name in names:
            return names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(names):
            return int(name) - 1
        raise ArgumentError(
            f"--column must name a column, or give its number from 1 to {len(names)}. Received: "
            f"{name!r}. There are {', '.join(names)}."
        )

    def write(self, path: Path, signals: list[Values], start: int) -> str:
        """Write a table like the one that was read."""
        table, length = self._table, len(signals[0])
        results = dict(zip(self._chosen, signals, strict=True))
        inside = start >= 0 and start + length <= len(table.rows)
        columns, names = [], []
        for k, name in enumerate(table.names):
            if k in results:
                columns.append([table.text(float(value)) for value in results[k]])
            elif inside:
                columns.append([row[k] for row in table.rows[start : start + length]])
            else:
                continue
            names.append(name)
        atomic.atomic_write(path, table.with_columns(columns, names).encode())
        dropped = [name for name in table.names if name not in names]
        return (
            f" Without {', '.join(dropped)}, which ends where the signal does." if dropped else ""
        )


class WaveSignals(SignalFile):
    """The channels of a sound."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        if columns:
            raise ArgumentError("--column is for CSV files. Received: a WAV file.")
        self._sound = waves.read_wave(path)
        samples = self._sound.samples
        self.signals = [np.ascontiguousarray(samples[:, k]) for k in range(samples.shape[1])]
        names = {1: ["sound"], 2: ["left", "right"]}
        self.names = names.get(
            len(self.signals), [f"channel {k + 1}" for k in range(len(self.signals))]
        )
        self.axis = np.arange(len(samples)) / self._sound.rate
        self.axis_label = "seconds"

    def write(self, path: Path, signals: list[Values], start: int) -> str:
        """Write a sound like the one that was read."""
        sound = waves.Sound(np.stack(signals, axis=1), self._sound.rate, self._sound.bits)
        cut = waves.write_wave(path, sound)
        if not cut:
            return ""
        return (
            f" {plural(cut, 'sample')} of {sound.samples.size:,} would be louder than "
            f"{self._sound.bits} bits hold and were cut off: try a smaller --scale."
        )


def open_signals(path: Path, columns: Sequence[str]) -> SignalFile:
    """Read a file by the ending of its name."""
    kind = path.suffix.lower()
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    if kind in (".wav", ".wave"):
        return WaveSignals(path, columns)
    if kind in (".csv", ".tsv", ".txt"):
        return CsvSignals(path, columns)
    raise DataError(
        f"{path}: a signal must be a .csv (or .tsv, .txt) or a .wav file. Received: "
        f"{path.suffix or 'no ending'}."
    )


def _even(values: Values) -> bool:
    """Whether values rise by equal steps, as times and positions do."""
    steps = np.diff(values)
    return len(steps) > 1 and bool(steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3, atol=0))
