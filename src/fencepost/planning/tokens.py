"""A text cut into tokens, and errors that point at one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from ..errors import ArgumentError
from ..text import mark_column

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\f\v]|\#[^\n]*)+)
    |(?P<line>\n)
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
    |(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    |(?P<string>"[^"\n]*"|'[^'\n]*')
    |(?P<mark>[()\[\],=])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: `kind` is line, number, name, string, mark, or end."""

    kind: str
    text: str
    position: int


class Tokens:
    """The tokens of a text, one after the other; `next` is the one that comes next.

    Spaces and comments (from # to the end of the line) are skipped.

    >>> tokens = Tokens("ReLU, # the first")
    >>> tokens.next.text, tokens.advance().text, tokens.next.kind, tokens.next.text
    ('ReLU', 'ReLU', 'mark', ',')
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._position = 0
        self.next = self._next_token()

    def advance(self) -> Token:
        """Return the next token, and go on to the one after it."""
        passed, self.next = self.next, self._next_token()
        return passed

    def skip_lines(self) -> None:
        """Go on to what is no line break."""
        while self.next.kind == "line":
            self.advance()

    def follows(self, mark: str) -> bool:
        """Tell whether this mark comes right after the next token."""
        position = self._position
        while self.text[position : position + 1] in (" ", "\t"):
            position += 1
        return self.text.startswith(mark, position)

    def refuse(self, token: Token, reason: str) -> NoReturn:
        """Raise ArgumentError with the token's line and a mark below its column."""
        start = self.text.rfind("\n", 0, token.position) + 1
        line = self.text[start:].partition("\n")[0].rstrip()
        number = self.text.count("\n", 0, token.position) + 1
        where = f", line {number}" if "\n" in self.text.strip() else ""
        end = "" if reason.endswith((".", "?")) else "."
        shown = mark_column(line, token.position - start)
        raise ArgumentError(f"{reason}{end}\n\n{shown}{where}") from None

    def _next_token(self) -> Token:
        while self._position < len(self.text):
            position = self._position
            match = _TOKEN.match(self.text, position)
            if match is None:
                character = Token("unknown", self.text[position], position)
                self.refuse(character, _unreadable(character.text))
            self._position = match.end()
            if match.lastgroup != "space":
                return Token(str(match.lastgroup), match[0], position)
        return Token("end", "", len(self.text.rstrip()))


def _unreadable(character: str) -> str:
    if character in "\"'":
        return "This quotation mark is not closed on its line"
    if character.isdigit() or character in "+-.":
        return "This is not a number"
    return "This character has no meaning here"
