"""What the commands say, and where: one JSON object on standard output, or text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any


class Interrupted(Exception):
    """The user stopped the command; the message says what was kept."""


class Console:
    """Text for people: on standard output, or, if that is for JSON, on standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, *lines: str) -> None:
        """Write lines for people, at once."""
        stream = sys.stderr if self.as_json else sys.stdout
        print("\n".join(lines), file=stream, flush=True)

    def result(self, value: Mapping[str, Any]) -> None:
        """Write the one JSON object, if that is wanted."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, allow_nan=False), flush=True)


def counted(count: int, noun: str) -> str:
    """Write a number of things.

    >>> counted(1, "epoch"), counted(2000, "epoch")
    ('1 epoch', '2,000 epochs')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(share: float) -> str:
    """Write a share of 1 in per cent.

    >>> percent(0.9912)
    '99.12 %'
    """
    return f"{100 * share:.2f} %"


def noun(shape: tuple[int, ...]) -> str:
    """Return what arrays of this shape are called.

    >>> noun((1, 28, 28)), noun((1, 128))
    ('images', 'signals')
    """
    return "signals" if len(shape) == 2 else "images"


def sizes(shape: tuple[int, ...]) -> str:
    """Say the shape of one image or signal in words.

    >>> sizes((3, 32, 40))
    '32 × 40 pixels, 3 channels'
    >>> sizes((1, 128))
    '128 samples, 1 channel'
    """
    channels = counted(shape[0], "channel")
    if len(shape) == 2:
        return f"{shape[1]:,} samples, {channels}"
    return f"{shape[1]} × {shape[2]} pixels, {channels}"
