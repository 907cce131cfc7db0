"""Layers as a command takes them: the text itself, or the name of a file of it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ArgumentError, DataError

if TYPE_CHECKING:
    from ...layers import Layer


def read_layers(text: str) -> list[Layer]:
    """Read the layers themselves, or the file of them that `text` names."""
    from ...planning import parse_layers

    if not os.path.exists(text):  # which, unlike Path, takes any text
        try:
            return parse_layers(text)
        except ArgumentError:
            if re.search(r"[(,\n]", text) or not re.search(r"[./\\]", text):
                raise
            # One word with a dot or a slash in it was meant for a file.
            raise DataError(f"There is no file {text}, and no layer of that name.") from None
    try:
        return parse_layers(_content(Path(text)))
    except ArgumentError as error:
        raise DataError(f"{text}: {error}") from None


def _content(path: Path) -> str:
    from ...planning.text import LONGEST

    try:
        with path.open("rb") as file:
            # A character has up to four bytes; that there are too many is for the reader to say.
            return file.read(4 * LONGEST + 1).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} could not be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} must be a text file of layers. Received: other data.") from None
