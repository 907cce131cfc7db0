"""What a person sees while training runs: a bar, and a line for each epoch.

A terminal and a notebook (with ipywidgets, which Jupyter and Colab bring along) show both; scripts,
pipes and log files have the lines. They go to standard error, but in notebooks, which show that as
if something were wrong.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from typing import TYPE_CHECKING, TextIO

from ...text import format_rate, percent
from ..history import Epoch

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


_PARTS = 10_000  # of the bar
_REFRESHES = 5  # a second


class Progress:
    """Shows nothing; the interface of `Bar`, which the training loop calls."""

    def start(self, done: float) -> None:
        """Training starts, with the fraction `done` of it done before."""

    def advance(
        self, done: float, epoch: int, loss: float, accuracy: float | None, speed: float
    ) -> None:
        """The fraction `done` of the run is done; loss and accuracy are the epoch's so far."""

    def epoch_done(self, record: Epoch, best: bool) -> None:
        """An epoch has ended."""

    def close(self) -> None:
        """Training has ended, however it did."""


class Bar(Progress):
    """A bar over the whole run with loss, accuracy, images per second and the time left."""

    def __init__(self, epochs: int | None, page: bool = False) -> None:
        self._of = "" if epochs is None else f"/{epochs}"
        self._page = page
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._refreshed = 0.0

    def start(self, done: float) -> None:
        """Show the bar.

        In notebooks it is refreshed by `advance`: what is printed while a thread does it goes into
        the bar's own output, and is gone with it.
        """
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=not self._page,
            refresh_per_second=_REFRESHES,
            redirect_stdout=not self._page,  # lines of text stay beside each other there
            redirect_stderr=not self._page,
        )
        self._bar.start()
        self._task = self._bar.add_task(
            "training",
            total=_PARTS,
            completed=round(_PARTS * done),
            epoch=f"1{self._of}",
            figures="",
        )

    def advance(
        self, done: float, epoch: int, loss: float, accuracy: float | None, speed: float
    ) -> None:
        """Move the bar."""
        if self._bar is None or self._task is None:
            return
        figures = f"loss {loss:.4f}  "
        if accuracy is not None:
            figures += f"accuracy {percent(accuracy)}  "
        figures += f"{format_rate(speed)} images/s"
        where = f"{epoch + 1}{self._of}"
        due = self._page and time.monotonic() - self._refreshed > 1 / _REFRESHES
        if due:
            self._refreshed = time.monotonic()
        completed = round(_PARTS * done)
        self._bar.update(self._task, completed=completed, epoch=where, figures=figures, refresh=due)

    def epoch_done(self, record: Epoch, best: bool) -> None:
        """Print a line above the bar."""
        if self._bar is None:
            return
        line = format_epoch(record, self._of, best)
        if self._page:
            print(line, flush=True)
        else:
            self._bar.console.print(line, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Lines(Progress):
    """A line for each epoch."""

    def __init__(self, epochs: int | None, stream: TextIO | None) -> None:
        self._of = "" if epochs is None else f"/{epochs}"
        self._stream = stream

    def epoch_done(self, record: Epoch, best: bool) -> None:
        """Write the line."""
        if self._stream is not None:  # which a program without a console has none of
            print(format_epoch(record, self._of, best), file=self._stream, flush=True)


class DecodingBar:
    """A bar over the pictures that are decoded: called with how many are done, of how many."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        """Move the bar, which is there from the first call to the last."""
        if self._bar is None and done < total:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("reading images"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                console=Console(stderr=True),
                transient=True,
                refresh_per_second=_REFRESHES,
            )
            self._bar.start()
            self._task = self._bar.add_task("reading", total=total)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
            if done >= total:
                self._bar.stop()
                self._bar = None


def format_epoch(record: Epoch, of: str = "", best: bool = False) -> str:
    """Write an epoch in a line; `of` follows its number, such as "/10"."""
    parts = [f"epoch {record.epoch}{of}", f"loss {record.loss:.4f}"]
    if record.accuracy is not None:
        parts.append(f"accuracy {percent(record.accuracy)}")
    if record.validation_accuracy is not None:
        parts.append(f"validation {percent(record.validation_accuracy)}")
    elif record.validation_loss is not None:
        parts.append(f"validation loss {record.validation_loss:.4f}")
    return "  ".join(
        [*parts, f"{format_rate(record.images_per_second)} images/s", *["best"] * best]
    )


def choose(progress: bool | None, epochs: int | None) -> Progress:
    """Return what is asked for: nothing (False), a bar (True), or what suits the place (None)."""
    if progress is not None and not progress:
        return Progress()
    if in_notebook():
        return Bar(epochs, page=True) if _has_widgets() else Lines(epochs, sys.stdout)
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return Bar(epochs) if progress or terminal else Lines(epochs, sys.stderr)


def _has_widgets() -> bool:
    try:
        return importlib.util.find_spec("ipywidgets") is not None
    except ValueError:  # it was imported, and cannot be
        return False


def in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter, whose output is a page."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")
