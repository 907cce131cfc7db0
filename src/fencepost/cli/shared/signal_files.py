"""Signals from a CSV or WAV file, and back into one like it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError
from ...files import tables, waves
from ...files.tables import TableOptions
from ...text import join_words, plural
from .console import part_bar
from .signal_chain import Chain

Values = NDArray[np.float64]
_WAVES = (".wav", ".wave")
_TABLES = (".csv", ".tsv", ".txt", ".dat")


class SignalFile(ABC):
    """Signals side by side, of one length.

    `names`: What each of them is called. `length`: How many samples each of them has. `remark`:
    What a user should know of how the file was read.
    """

    names: list[str]
    length: int
    remark = ""

    @property
    @abstractmethod
    def signals(self) -> list[Values]:
        """The samples of each of them."""

    @property
    @abstractmethod
    def axis(self) -> Values:
        """Where each sample stands."""

    @property
    @abstractmethod
    def axis_label(self) -> str:
        """What the axis is."""

    @abstractmethod
    def filter(self, chain: Chain, path: Path, keep: bool) -> tuple[list[Values], str]:
        """Write the results of a chain; return them, if they are to be kept, and what to say."""


class CsvSignals(SignalFile):
    """Columns of a table. What is not convolved is kept beside the results, row by row."""

    def __init__(self, path: Path, columns: Sequence[str], options: TableOptions) -> None:
        with part_bar(path.name) as progress:
            options = replace(options, progress=progress)
            self._table = table = tables.read_table(path, options)
        if not table.numeric:
            shown = list(islice(table.rows(), 2))[-1][:5]
            raise DataError(
                f"{path}: must have a column of numbers, such as 1234.5 or -1e3, without units and "
                f"other marks. Received: {', '.join(shown)}. If other lines come before the table, "
                "skip them, such as with --skip 1."
            )
        self._chosen = [self._column(name) for name in columns] or list(table.numeric)
        self.length = table.length
        self._axis = np.arange(table.length, dtype=np.float64)
        self._axis_label = "row"
        remarks = list(table.remarks)
        first = table.numeric[0]
        axis = table.numbers(first) if first not in map(self._column, columns) else None
        if len(table.numeric) > 1 and axis is not None and _even(axis):
            self._axis, self._axis_label = axis, _label(table, first)
            if not columns:
                self._chosen.remove(first)
                remarks.insert(
                    0,
                    f"{self._axis_label} is evenly spaced, so it is copied; --column chooses.",
                )
        others = {k: name for k, name in enumerate(table.names) if k not in table.numeric}
        sample = list(islice(table.rows(), 1000)) if others else []
        sparse = [k for k in others if any(tables.is_number(row[k]) for row in sample)]
        for amount, some in (("no", set(others).difference(sparse)), ("few", sparse)):
            names = [others[k] for k in sorted(some) if others[k].strip()]
            if names and not columns:
                holds, are = ("holds", "is") if len(names) == 1 else ("hold", "are")
                remarks.append(
                    f"{join_words(names)} {holds} {amount} numbers and {are} not convolved."
                )
        if table.length == 1:
            remarks.append("There is one row: each column is a signal of one sample.")
        self.remark = " ".join(remarks)
        self.names = [_label(table, k) for k in self._chosen]
        self._signals = [table.numbers(k) for k in self._chosen]

    @property
    def signals(self) -> list[Values]:
        return self._signals

    @property
    def axis(self) -> Values:
        return self._axis

    @property
    def axis_label(self) -> str:
        return self._axis_label

    def _column(self, name: str) -> int:
        names = self._table.names
        if names.count(name) == 1:
            return names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(names):
            return int(name) - 1
        raise ArgumentError(
            f"--column must name one column, or give its position from 1 to {len(names)}. "
            f"Received: {name!r}. Available: {', '.join(names)}."
        )

    def filter(self, chain: Chain, path: Path, keep: bool) -> tuple[list[Values], str]:
        results = [chain.apply(values) for values in self._signals]
        pairs = zip(self._signals, results, strict=True)
        beyond = sum(int(np.isinf(y).sum()) for x, y in pairs if not np.isinf(x).any())
        said = f" {plural(beyond, 'result')} beyond 1.8e308 became inf: try a smaller --scale, "
        said = f"{said}or smaller weights." if beyond else ""
        columns = dict(zip(self._chosen, results, strict=True))
        with part_bar(path.name) as progress:
            dropped = self._table.write(path, columns, chain.start, progress)
        if dropped:
            said += f" Without {', '.join(dropped)}, which ends where the signal does."
        return results, said


class WaveSignals(SignalFile):
    """The channels of a sound, which may be longer than what memory holds."""

    axis_label = "seconds"

    def __init__(self, path: Path, columns: Sequence[str], options: TableOptions) -> None:
        if columns or options != TableOptions():
            raise ArgumentError(
                "--column, --delimiter, --decimal, --header, --skip and --encoding are for CSV "
                "files. Received: a WAV file. Leave them out."
            )
        self._sound = sound = waves.open_wave(path)
        names = {1: ["sound"], 2: ["left", "right"]}
        self.names = names.get(sound.channels, [f"channel {k + 1}" for k in range(sound.channels)])
        self.length = sound.frames
        self.remark = sound.remark

    @property
    def signals(self) -> list[Values]:
        return list(np.ascontiguousarray(self._sound.read(0, self.length).T))

    @property
    def axis(self) -> Values:
        return np.arange(self.length) / self._sound.rate

    def filter(self, chain: Chain, path: Path, keep: bool) -> tuple[list[Values], str]:
        sound = self._sound
        frames = chain.length(self.length)
        if frames < 1:
            chain.apply(np.zeros(self.length))  # which says why
        pieces = chain.pieces(sound.read, self.length, sound.channels)
        with part_bar(path.name) as progress:
            pieces = _counted(pieces, frames, progress)
            kept = list(pieces) if keep else []
            cut = waves.write_wave(path, sound, frames, kept or pieces)
        results = list(np.ascontiguousarray(np.concatenate(kept).T)) if keep else []
        if not cut:
            return results, ""
        return results, (
            f" {plural(cut, 'sample')} of {frames * sound.channels:,} would be louder than "
            f"{sound.bits} bits hold and were cut off: try a smaller --scale."
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
            f"{source.suffix or 'no extension'}."
        )
    if _kind(out) != _kind(source):
        raise ArgumentError(
            f"--out must be a file of the same kind. Received: {source.suffix} to "
            f"{out.suffix or 'no extension'}."
        )


def open_signals(path: Path, columns: Sequence[str], options: TableOptions) -> SignalFile:
    """Read a file by the ending of its name."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    if _kind(path) == "wav":
        return WaveSignals(path, columns, options)
    return CsvSignals(path, columns, options)


def _counted(
    pieces: Iterable[Values], frames: int, progress: Callable[[int, int], None]
) -> Iterator[Values]:
    """Yield pieces, and tell how many frames of a sound they have been."""
    done = 0
    for piece in pieces:
        yield piece
        done += len(piece)
        progress(done, frames)


def _label(table: tables.Table, column: int) -> str:
    """Return what a column is called; pandas leaves the first, of an index, without a name."""
    return table.names[column] or f"column {column + 1}"


def _even(values: Values) -> bool:
    """Whether values rise by equal steps, as times and positions do."""
    steps = np.diff(values)
    return len(steps) > 1 and bool(steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3, atol=0))
