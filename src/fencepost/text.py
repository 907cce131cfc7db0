"""Shapes, lists, counts and tables in words: the one way in which the package writes them.

Plain functions from values to text; nothing here reads a file, a network or an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_SHOWN_COLUMNS = 76  # of a line with a mark below it: as many as fit beside the indent
_BEFORE_MARK = 40
_LONGEST_VALUE = 80


def format_shape(shape: int | str | Sequence[int | str | None] | None) -> str:
    """Write a shape, or the size along one axis, as people do.

    A size that is not known yet may have a name; None is written as "?".

    >>> format_shape((6, 28, 28)), format_shape(10), format_shape((1, None, "height"))
    ('6 × 28 × 28', '10', '1 × ? × height')
    """
    sizes = [shape] if shape is None or isinstance(shape, (int, str)) else shape
    return " × ".join(_format_size(size) for size in sizes)


def _format_size(size: int | str | None) -> str:
    if size is None:
        return "?"
    return size if isinstance(size, str) else str(size).replace("-", "−")


def join_words(words: Iterable[object], last: str = "and") -> str:
    """Join words into one phrase.

    >>> join_words(["a"]), join_words(["a", "b"]), join_words("abc", last="or"), join_words([])
    ('a', 'a and b', 'a, b or c', '')
    """
    *first, final = [str(word) for word in words] or [""]
    return f"{', '.join(first)} {last} {final}" if first else final


def plural(count: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun, in the singular or the plural.

    >>> plural(1, "row"), plural(2000, "row"), plural(0, "axis", "axes")
    ('1 row', '2,000 rows', '0 axes')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def percent(share: float, decimals: int = 2) -> str:
    """Write a fraction of 1 as a percentage.

    >>> percent(0.99124), percent(0.15, 0), percent(float("nan"))
    ('99.12 %', '15 %', 'nan %')
    """
    return f"{100 * share:.{decimals}f} %"


def format_rate(rate: float) -> str:
    """Write how many there are per second: slow ones with two digits, not as 0.

    >>> format_rate(1234.5), format_rate(0.333)
    ('1,234', '0.33')
    """
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def quoted(names: Iterable[object]) -> list[str]:
    """Put each name between quotation marks.

    >>> quoted(["same", "valid"])
    ['"same"', '"valid"']
    """
    return [f'"{name}"' for name in names]


def format_table(rows: Iterable[Sequence[str]], align: str, gap: str = "  ") -> str:
    """Lay rows out in columns, each as wide as its widest text.

    Parameters
    ----------
    rows : iterable of sequences of str
        The texts of each row, the header being the first if there is one.
    align : str
        ``"<"`` (left) or ``">"`` (right) for each column.
    gap : str
        What stands between two columns.

    Examples
    --------
    >>> print(format_table([("layer", "size"), ("Conv2d", "26"), ("ReLU", "26")], "<>"))
    layer   size
    Conv2d    26
    ReLU      26
    """
    lines = list(rows)
    widths = [max(map(_columns, column)) for column in zip(*lines, strict=True)]
    columns = list(zip(align, widths, strict=True)) if lines else []
    return "\n".join(
        gap.join(
            f"{text:{side}{width - _columns(text) + len(text)}}"
            for text, (side, width) in zip(line, columns, strict=True)
        ).rstrip()
        for line in lines
    )


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for each wide letter, 人 or 🐱."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def mark_column(line: str, column: int) -> str:
    """Show a line, or the part of it that matters, with a mark below the column (from 0).

    >>> print(mark_column("mean:sise=3", 5))
        mean:sise=3
             ^ column 6
    """
    shown = "".join(character if character.isprintable() else " " for character in line)
    start = max(0, column - _BEFORE_MARK)
    end = start + _SHOWN_COLUMNS
    before, after = "…" * (start > 0), "…" * (end < len(shown))
    mark = " " * (len(before) + _columns(shown[start:column])) + "^"
    return f"    {before}{shown[start:end]}{after}\n    {mark} column {column + 1}"


def format_value(value: object) -> str:
    """Write a value that was received, cut where it is long; never fails.

    >>> format_value(3), format_value("x" * 200)[-3:], format_value(10**5000)
    ('3', 'xx…', 'an integer of 16,610 bits')
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        if isinstance(value, int):
            return f"an integer of {value.bit_length():,} bits"
        return f"a {type(value).__name__}"
    except Exception:  # a foreign object may do anything
        return f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
