"""What was meant by a text that is no kernel: brackets, a size left out, a call, a file name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..text import quoted

__all__ = ["hint"]

_FILE = re.compile(
    r"[^\n()\[\]{}*]*(?:[/\\]|\.(?:csv|tsv|txt|dat|npy|npz|mat|json|xlsx?))[^\n()\[\]]*"
)
_WEIGHTS = re.compile(r"(?=.*\d)[\d\s.,;|/eE+−\-\[\](){}]+", re.DOTALL)
_INNERMOST = re.compile(r"[\[({]([^\[\](){}]*)[\])}]")
_SIZED = re.compile(r"\s*(\d+)\s*[x×X*,]\s*(\d+)\s*(?::\s*|\s)(.+)", re.DOTALL)
_CALL = re.compile(r"([A-Za-z][A-Za-z_ -]*?)(?:[\s(=;:,_]+|-)([^()]+)\)?")
_RULE = (
    'A kernel is a name with its arguments, such as "gaussian:sigma=2", or a matrix, such as '
    '"3: 1,2,1" or "2x2: 1,0 0,1"; "@FILE" reads one.'
)


def hint(text: str, names: tuple[str, ...], parses: Callable[[str], bool]) -> str:
    """Say how a kernel is written that may have been meant, or return nothing.

    `names` are known, and `parses` tells whether a text is a kernel: only what is one is offered.
    """
    text = text.strip()
    meant = list(dict.fromkeys(filter(parses, _candidates(text, names))))
    if meant and _WEIGHTS.fullmatch(text):
        return f"A matrix begins with its size: {' or '.join(quoted(meant))}."
    if meant:
        return f"Did you mean {' or '.join(quoted(meant))}?"
    chain = [part.strip() for part in re.split(r"[,+|>;&]", text)]
    if len(chain) > 1 and all(map(parses, chain)):
        return f"Pass the kernels of a chain one by one: {', then '.join(quoted(chain))}."
    if _FILE.fullmatch(text) and len(text) < 200:
        return f'A file that holds a matrix as text is named "@{text}".'
    return "" if re.fullmatch(r"[A-Za-z][\w -]*(?::.*)?", text) else _RULE


def _candidates(text: str, names: tuple[str, ...]) -> Iterator[str]:
    if text[:1] in "\"'" and text[-1:] == text[:1]:
        yield text[1:-1]
    if _WEIGHTS.fullmatch(text):
        yield from _matrices(text.replace("−", "-"))
    if sized := _SIZED.fullmatch(text):
        yield f"{sized[1]}x{sized[2]}: {sized[3]}"
    if call := _CALL.fullmatch(text):
        arguments = re.sub(r"(\w)\s*:\s*", r"\1=", call[2].strip())
        yield f"{call[1]}:{arguments}"
        yield call[1] + ":" + re.sub(r"[;\s]+", ",", arguments)
    for name in sorted(names, key=len, reverse=True):  # sobelx, mean3
        if text.lower().startswith(name) and len(text) > len(name):
            yield f"{name}:{text[len(name) :].lower().strip(' _=:;-')}"
            break


def _matrices(text: str) -> Iterator[str]:
    inner = _INNERMOST.findall(text)
    if inner:
        if _INNERMOST.sub("", text).strip("[](){}, \t\n"):
            return  # a factor stands beside the brackets
        rows = inner if len(inner) > 1 else re.split(r"[;\n|]", inner[0])
    else:
        rows = re.split(r"[;\n|]", text)
        if len(rows) == 1 and "," in text:  # 0,-1,0 -1,5,-1: a space begins a row
            rows = re.split(r"(?<![,\s])\s+(?![,\s])", text.strip())
    cells = [re.split(r"\s*,\s*|\s+", row.strip(" \t,")) for row in rows if row.strip(" \t,")]
    if cells and len({len(row) for row in cells}) == 1:
        size = f"{len(cells)}x{len(cells[0])}" if len(cells) > 1 else f"{len(cells[0])}"
        yield f"{size}: {' '.join(','.join(row) for row in cells)}"
    fields = re.split(r"[;\s]+", text)
    if len(fields) > 1 and all(re.fullmatch(r"-?\d+,\d+", field) for field in fields):
        yield f"{len(fields)}: {','.join(field.replace(',', '.') for field in fields)}"
