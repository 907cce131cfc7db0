"""Tables: read as they were meant, or refused; and written so that they are read again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

import fencepost as fp
from fencepost.files.tables import TableOptions, read_table
from properties.draws import drawn

FORMATS = ("{:d}", "{:.1f}", "{:.2f}", "{:.3f}", "{!r}", "{:.4e}", "{:,.2f}", "{:,d}")
NAMES = ("time", "U", "Größe", "a b", "x_1", "T in °C", "column", "Ω")


@st.composite
def tables(draw):
    """Draw the text of a table, its numbers, and how it is written."""
    rows, columns = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    delimiter = draw(st.sampled_from(",;\t| "))
    decimal = draw(st.sampled_from(".,"))
    assume((delimiter, decimal) != (",", ","))
    numbers, texts = np.empty((rows, columns)), []
    for column in range(columns):
        # 1.000 is a number as it is written, whatever stands before the decimals of others.
        form = draw(st.sampled_from(FORMATS if decimal == "." else FORMATS[:-1]))
        kind = st.integers(-(10**7), 10**7)
        if "d" not in form:
            kind = st.floats(-1e7, 1e7) if draw(st.booleans()) else st.floats(-10, 10)
        cells = [form.format(draw(kind)) for _ in range(rows)]
        numbers[:, column] = [float(cell.replace(",", "")) for cell in cells]
        if decimal == ",":
            cells = [cell.translate({44: 46, 46: 44}) for cell in cells]
        mark = "." if decimal == "," else ","
        if mark == delimiter or draw(st.booleans()):
            cells = [cell.replace(mark, "") for cell in cells]
        texts.append(cells)
    has_header = draw(st.booleans())
    lines = [list(draw(st.permutations(NAMES)))[:columns]] if has_header else []
    if has_header and delimiter == " ":
        lines = [[name.replace(" ", "_") for name in lines[0]]]
    lines += [list(row) for row in zip(*texts, strict=True)]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(delimiter.join(line) for line in lines) + end * draw(st.integers(0, 1))
    options = {"delimiter": delimiter, "decimal": decimal, "header": int(has_header)}
    return text, numbers, options


def read(text, encoding="utf-8", **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        path.write_bytes(text.encode(encoding))
        table = read_table(path, TableOptions(**options))
        again = Path(folder, "again.csv")
        values = {k: table.numbers(k) for k in table.numeric}
        if values:
            table.write(again, values, 0)
            told = {"delimiter": table.delimiter, "decimal": table.decimal, "header": table.header}
            copy = read_table(again, TableOptions(**{**told, **options}))
            for k, column in values.items():
                np.testing.assert_array_equal(copy.numbers(k), column)
        return table, values


@drawn(400, tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
def test_what_is_read_is_what_was_meant(drawn_table, encoding):
    text, numbers, _ = drawn_table
    assume(encoding != "latin-1" or "Ω" not in text)
    try:
        table, values = read(text, encoding)
    except fp.DataError:
        return
    assert sorted(values) == list(range(numbers.shape[1]))
    assert table.length == len(numbers)
    np.testing.assert_array_equal(np.stack(list(values.values()), axis=1), numbers)


@drawn(200, tables())
def test_what_is_told_is_believed(drawn_table):
    text, numbers, options = drawn_table
    _, values = read(text, **options)
    np.testing.assert_array_equal(np.stack(list(values.values()), axis=1), numbers)


@drawn(200, st.text("0123456789.,;-+ \t\n\"'#eEnaN|_x%\r", max_size=40))
def test_any_text_is_a_table_or_refused(text):
    try:
        read(text)
    except fp.FencepostError:
        return


@pytest.mark.parametrize("delimiter", '+-eE1.\n"')
def test_delimiters_that_numbers_have(delimiter):
    with pytest.raises(
        fp.ArgumentError, match="delimiter must be one character that does not occur in numbers"
    ):
        TableOptions(delimiter=delimiter)
