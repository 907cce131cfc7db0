"""Text files as people have them: UTF-8, UTF-16 or the code page of Windows, any line ends."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ArgumentError, DataError

__all__ = ["DecodedText", "decode_start", "decode_text", "read_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the start of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN = ("cp1252", "latin-1")  # the second takes any byte
_SAMPLE = 4096
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")  # what no text has


@dataclass(frozen=True)
class DecodedText:
    """The characters of a file, its lines ended by a newline, and what gives the same bytes again.

    `mark`: The byte order mark at the start, if there is one. `newline`: How the lines of the file
    end.
    """

    content: str
    encoding: str
    mark: bytes
    newline: str

    def encode(self, text: str) -> bytes:
        """Return text as the file has it, its line ends too, without the mark."""
        if self.newline != "\n":
            text = text.replace("\n", self.newline)
        return text.encode(self.encoding)


def read_text(path: Path, encoding: str | None = None) -> DecodedText:
    """Read a file of text: see `decode_text`.

    Raises DataError, too, if it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: must be a file that can be read. Received: {error.strerror or error}. Check "
            "the path."
        ) from error
    return decode_text(content, str(path), encoding)


def decode_text(content: bytes, name: str, encoding: str | None = None) -> DecodedText:
    """Decode the bytes of a file of text; `name` is what a message calls it.

    Without `encoding` it is what a mark says, UTF-16 if every other byte is 0, else UTF-8, and
    what is not UTF-8 is Windows' western code page.

    Raises ArgumentError: There is no such encoding. Raises DataError: It is not text in this
    encoding.
    """
    mark = _mark_of(content)
    if encoding is None:
        candidates = _candidates(content, mark)
    else:
        candidates = (_known(encoding),)
        if mark and dict(_MARKS)[mark].replace("-", "").startswith(candidates[0].replace("-", "")):
            candidates = (dict(_MARKS)[mark],)
        else:
            mark = b""
    for candidate in candidates:
        try:
            text = str(memoryview(content)[len(mark) :], candidate)
        except UnicodeDecodeError as error:
            problem = f"{error.reason} at byte {error.start:,}"
            continue
        if _CONTROL.search(text):
            problem = "bytes that do not occur in text"
            break
        return DecodedText(*_with_plain_lines(text, candidate, mark))
    raise DataError(
        f"{name}: must be text, such as CSV in UTF-8. Received: {problem}, read as "
        f"{candidates[0]}. Save it as text again, or specify its encoding."
    )


def decode_start(content: bytes) -> str:
    """Decode the start of a file, which may end within a character, as far as it goes."""
    mark = _mark_of(content)
    return str(content[len(mark) :], _candidates(content[: len(content) & ~3], mark)[0], "replace")


def _mark_of(content: bytes) -> bytes:
    return next((mark for mark, _ in _MARKS if content.startswith(mark)), b"")


def _known(encoding: str) -> str:
    try:
        known = codecs.lookup(encoding)
        known.decode(b"")
        if not isinstance("".encode(encoding), bytes):
            raise LookupError
    except (LookupError, ValueError, TypeError, AttributeError):
        raise ArgumentError(
            "encoding must be one that Python knows, such as utf-8, utf-16 or latin-1. Received: "
            f"{encoding!r}."
        ) from None
    return "utf-8" if known.name == "utf-8-sig" else known.name


def _candidates(content: bytes, mark: bytes) -> tuple[str, ...]:
    if mark:
        return (dict(_MARKS)[mark],)
    sample = content[:_SAMPLE]
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        # Digits and separators have a byte of 0 each.
        if len(sample) > 3 and 2 * zeros.count(0) > len(zeros) and not len(content) % 2:
            return (name,)
    return ("utf-8", *_WESTERN)


def _with_plain_lines(text: str, name: str, mark: bytes) -> tuple[str, str, bytes, str]:
    if "\r" not in text:
        return text, name, mark, "\n"
    newline = "\r\n" if "\r\n" in text else "\r"
    return text.replace("\r\n", "\n").replace("\r", "\n"), name, mark, newline
