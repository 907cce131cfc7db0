"""The text of C: identifiers, strings and numbers that every compiler reads alike, and blocks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# C99 counts 63 characters of a name (5.2.4.1); what follows the prefix takes at most 30.
_LONGEST_PREFIX = 32
_ASCII = str.maketrans(
    {"×": "x", "→": "->", "−": "-", "–": "-", "…": "...", "√": "sqrt ", "·": "*", "±": "+-"}
)
_LINE = 100


def prefix(path: Path) -> str:
    """Return the identifier that begins every name of a file, derived from the file's own.

    Where the file's name has characters that no identifier may have, a checksum keeps two such
    files apart.

    >>> prefix(Path("mnist-lenet5.h")), prefix(Path("2 models.h"))
    ('mnist_lenet5', 'm2_models_61e1')
    """
    stem = path.stem
    name = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_")
    if not name or name[0].isdigit():
        name = f"m{name}"
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*", stem) is not None
    if plain and len(name) <= _LONGEST_PREFIX:
        return name
    checksum = hashlib.sha256(stem.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return f"{name[:_LONGEST_PREFIX]}_{checksum}"


def string(text: str) -> str:
    r"""Write a text as a C string in UTF-8, with escapes for all but plain ASCII.

    Octal escapes end after three digits, whatever follows; "?" is escaped because of trigraphs.

    >>> print(string('say "ä??/"'))
    "say \"\303\244\?\?/\""
    """
    parts = []
    for byte in text.encode("utf-8", "backslashreplace"):
        character = chr(byte)
        if character in '"\\?':
            parts.append("\\" + character)
        else:
            parts.append(character if 32 <= byte < 127 else f"\\{byte:03o}")
    return f'"{"".join(parts)}"'


def ascii_text(text: str) -> str:
    """Write a comment's text in ASCII: compilers differ in the encodings they take."""
    return text.translate(_ASCII).encode("ascii", "replace").decode().replace("*/", "* /")


def number(value: float) -> str:
    """Write a float32 with the digits that give it back exactly.

    >>> number(0.1), number(-3.0), number(1e-45)
    ('0.1f', '-3.0f', '1e-45f')
    """
    return f"{np.float32(value)!s}f"


def array(kind: str, name: str, values: NDArray[np.generic], comment: str = "") -> list[str]:
    """Write a constant array in lines of moderate length."""
    if values.dtype.kind == "f":
        words = [f"{word}f" for word in values.ravel().astype(np.float32).astype(str).tolist()]
    else:
        words = [str(value) for value in values.ravel().tolist()]
    lines = [f"/* {ascii_text(comment)} */"] if comment else []
    lines.append(f"static const {kind} {name}[{len(words)}] = {{")
    return [*lines, *wrapped(words), "};"]


def wrapped(words: Iterable[str]) -> Iterator[str]:
    """Join words with commas into lines."""
    line = ""
    for word in words:
        if line and len(line) + len(word) + 2 > _LINE - 4:
            yield f"    {line},"
            line = word
        else:
            line = f"{line}, {word}" if line else word
    yield f"    {line}"
