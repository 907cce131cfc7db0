"""Signals from a CSV or WAV file, and back into one like it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError
from ...files import tables, waves
from ...files.tables import TableOptions
from ...text import join_words, plural

Values = NDArray[np.float64]
_WAVES = (".wav", ".wave")
_TABLES = (".csv", ".tsv", ".txt", ".dat")


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

    def __init__(self, path: Path, columns: Sequence[str], options: TableOptions) -> None:
        self._table = table = tables.read_table(path, options)
        if not table.numeric:
            raise DataError(
                f"{path}: must have a column of numbers. Received: {', '.join(table.names[:5])}, "
                "none of which is."
            )
        self._chosen = [self._column(name) for name in columns] or list(table.numeric)
        self.axis = np.arange(table.length, dtype=np.float64)
        self.axis_label = "row"
        remarks = list(table.remarks)
        first = table.numeric[0]
        axis = table.numbers(first) if first not in map(self._column, columns) else None
        if len(table.numeric) > 1 and axis is not None and _even(axis):
            self.axis, self.axis_label = axis, table.names[first]
            if not columns:
                self._chosen.remove(first)
                remarks.insert(
                    0, f"{self.axis_label} rises evenly, so it is kept as it is; --column chooses."
                )
        words = [
            name for k, name in enumerate(table.names) if k not in table.numeric and name.strip()
        ]
        if words and not columns:
            remarks.append(
                f"{join_words(words)} {'holds' if len(words) == 1 else 'hold'} no numbers and "
                f"{'is' if len(words) == 1 else 'are'} not convolved."
            )
        self.remark = " ".join(remarks)
        self.names = [table.names[k] for k in self._chosen]
        self.signals = [table.numbers(k) for k in self._chosen]

    def _column(self, name: str) -> int:
        names = self._table.names
        if names.count(name) == 1:
            return names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(names):
            return int(name) - 1
        raise ArgumentError(
            f"--column must name one column, or give its position from 1 to {len(names)}. "
            f"Received: {name!r}. There are {', '.join(names)}."
        )

    def write(self, path: Path, signals: list[Values], start: int) -> str:
        """Write a table like the one that was read."""
        dropped = self._table.write(path, dict(zip(self._chosen, signals, strict=True)), start)
        return (
            f" Without {', '.join(dropped)}, which ends where the signal does." if dropped else ""
        )


class WaveSignals(SignalFile):
    """The channels of a sound."""

    def __init__(self, path: Path, columns: Sequence[str], options: TableOptions) -> None:
        if columns or options != TableOptions():
            option = "--column" if columns else "--delimiter and the like"
            raise ArgumentError(f"{option} is for CSV files. Received: a WAV file.")
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


def _kind(path: Path) -> str:
    """Return "wav" or "csv" by the ending of a name, or "" for any other."""
    kind = path.suffix.lower()
    return "wav" if kind in _WAVES else "csv" if kind in _TABLES else ""


def check_same_kind(source: Path, out: Path) -> None:
    """Raise unless both names are of files of signals, and of one kind."""
    if not _kind(source):
        if not source.exists():
            raise DataError(f"{source}: there is no such file.")
        raise DataError(
            f"{source}: a signal must be a .csv (or .tsv, .txt, .dat) or a .wav file. Received: "
            f"{source.suffix or 'no ending'}."
        )
    if _kind(out) != _kind(source):
        raise ArgumentError(
            f"--out must be a file of the same kind. Received: {source.suffix} to "
            f"{out.suffix or 'no ending'}."
        )


def open_signals(path: Path, columns: Sequence[str], options: TableOptions) -> SignalFile:
    """Read a file by the ending of its name."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    if _kind(path) == "wav":
        return WaveSignals(path, columns, options)
    return CsvSignals(path, columns, options)


def _even(values: Values) -> bool:
    """Whether values rise by equal steps, as times and positions do."""
    steps = np.diff(values)
    return len(steps) > 1 and bool(steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3, atol=0))
