"""Ctrl-C without torn weights: the signal is noted, and training stops after the step."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """While entered, the first Ctrl-C sets `requested` instead of raising; a second one raises.

    Only Python's own handler is replaced, only in the main thread (elsewhere signals do not
    arrive): a program that handles the signal itself keeps its handling. With `terminate`, SIGTERM
    is taken alike: torchrun sends it where Ctrl-C was pressed.
    """

    def __init__(self, terminate: bool = False) -> None:
        self.requested = False
        self._defaults: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}
        if terminate:
            self._defaults[signal.SIGTERM] = signal.SIG_DFL
        self._installed: list[signal.Signals] = []

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number, default in self._defaults.items():
                if signal.getsignal(number) is default:
                    signal.signal(number, self._note)
                    self._installed.append(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._installed:
            number = self._installed.pop()
            signal.signal(number, self._defaults[number])

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
