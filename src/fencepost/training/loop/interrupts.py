"""Ctrl-C without torn weights: the signal is noted, and training stops after the step."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interrupts:
    """While entered, the first Ctrl-C sets `requested` instead of raising; a second one raises.

    Only Python's own handler is replaced, only in the main thread (elsewhere signals do not
    arrive): a program that handles the signal itself keeps its handling.
    """

    def __init__(self) -> None:
        self.requested = False
        self._installed = False

    def __enter__(self) -> Interrupts:
        ours_to_take = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if ours_to_take and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
