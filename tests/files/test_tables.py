"""Tables as people have them: every dialect read as it was meant, or refused with both readings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fencepost.errors import ArgumentError, DataError
from fencepost.files.tables import TableOptions, read_table

NAN = float("nan")


def read(path, content, **options):
    path = path / "t.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, newline="", encoding="utf-8")
    return read_table(path, TableOptions(**options))


def columns(table):
    return [table.numbers(k).tolist() for k in table.numeric]


def written(table, path):
    table.write(path / "out.csv", {k: table.numbers(k) for k in table.numeric}, 0)
    return (path / "out.csv").read_bytes()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # decimal commas
        ("1,5;2,5\n3,5;4,5\n", [[1.5, 3.5], [2.5, 4.5]]),
        ("1,5;2,5\n", [[1.5], [2.5]]),
        ("a;b\n1;2\n3;4\n5,5;6,5\n", [[1, 3, 5.5], [2, 4, 6.5]]),
        ("f\n1\n2\n3,5\n", [[1, 2, 3.5]]),
        ("1\n2\n3,5\n", [[1, 2, 3.5]]),
        ("1,5\t2,5\n3,5\t4\n", [[1.5, 3.5], [2.5, 4]]),
        ("1,5|2,5\n3,5|4\n", [[1.5, 3.5], [2.5, 4]]),
        ("1,5 2,5\n3,5 4,5\n", [[1.5, 3.5], [2.5, 4.5]]),
        ("a;b\n,5;-1,25e3\n-,5;+2,0\n", [[0.5, -0.5], [-1250, 2]]),
        ('a,b\n"1,5","2,5"\n"3,5",4\n', [[1.5, 3.5], [2.5, 4]]),
        ("name;v\nAnna;1,5\nBert;2,5\n", [[1.5, 2.5]]),
        # marks between thousands
        ('a,b\n"1,234.5",2\n"2,345",3\n', [[1234.5, 2345], [2, 3]]),
        ('a,b\n"1,234,567",2\n"2,345",3\n', [[1234567, 2345], [2, 3]]),
        ("a;b\n1.234,5;2\n2.345;3\n", [[1234.5, 2345], [2, 3]]),
        ("1.234.567;1\n2.345;2\n", [[1234567, 2345], [1, 2]]),
        ("a;b\n1 234,5;2\n2\u202f345,5;3\n", [[1234.5, 2345.5], [2, 3]]),
        ("a;b\n1'234.5;2\n2'345.5;3\n", [[1234.5, 2345.5], [2, 3]]),
        # headers, units, comments
        ("city,2019,2020\nParis,1,2\nRome,3,4\n", [[1, 3], [2, 4]]),
        ("year,2019,2020\n1,1.5,2\n2,3,4\n", [[1, 2], [1.5, 3], [2, 4]]),
        (",a,b\n0,1.5,2\n1,2.5,3\n", [[0, 1], [1.5, 2.5], [2, 3]]),
        ("time,volts\ns,V\n0,1.5\n1,2.5\n", [[0, 1], [1.5, 2.5]]),
        ("time;volts\n[s];[mV]\n0;1,5\n1;2,5\n", [[0, 1], [1.5, 2.5]]),
        ("# made by x\n#\na,b\n1,2.5\n# between\n3,4.5\n", [[1, 3], [2.5, 4.5]]),
        ("% Octave\n1 2.5\n3 4.5\n", [[1, 3], [2.5, 4.5]]),
        ("# time volts\n1.0e+00 2.0e+00\n3.0e+00 4.0e+00\n", [[1, 3], [2, 4]]),
        ("sep=;\na;b\n1;2\n3;4\n", [[1, 3], [2, 4]]),
        ("sep=,\n1,5\n2,7\n", [[1, 2], [5, 7]]),
        # separators
        ("a\tb\n1\t2\n3\t4\n", [[1, 3], [2, 4]]),
        ("a|b\n1|2\n3|4\n", [[1, 3], [2, 4]]),
        ("  1   2\n 10  20\n100 200\n", [[1, 10, 100], [2, 20, 200]]),
        ("a, b\n1, 2\n3, 4\n", [[1, 3], [2, 4]]),
        ("a,b\n1,5\n2,5\n", [[1, 2], [5, 5]]),
        ("t,v\n2020-01-01 10:00,1.5\n2020-01-01 11:00,2.5\n", [[1.5, 2.5]]),
        ("1,2,\n3,4,\n", [[1, 3], [2, 4]]),
        ("1,2,3\n4,5,6\n", [[1, 4], [2, 5], [3, 6]]),
        ("1e5,2E-3\n3,4\n", [[1e5, 3], [0.002, 4]]),
        ("−1;2\n3;4\n", [[-1, 3], [2, 4]]),
        ("1.5\n2.5\n", [[1.5, 2.5]]),
        ("7\n", [[7]]),
        # missing values
        ("a,b\n1,NA\n2,3\n3,4\n", [[1, 2, 3], [NAN, 3, 4]]),
        ("a\nnan\n#N/A\nnull\n1\n2\n3\n4\n", [[NAN, NAN, NAN, 1, 2, 3, 4]]),
        ("a;b\n1,5;n/a\n2,5;3,5\n3;4\n", [[1.5, 2.5, 3], [NAN, 3.5, 4]]),
        # quotation marks
        ('"a","b"\n"1","2"\n"3","4"\n', [[1, 3], [2, 4]]),
        ('a,b\n"x, y",2\n"z\nz",4\n', [[2, 4]]),
        ('""\na;b\n1,5;2\n3,5;4\n', [[1.5, 3.5], [2, 4]]),
    ],
)
def test_read_as_meant(tmp_path, content, expected):
    table = read(tmp_path, content)
    for values, wanted in zip(columns(table), expected, strict=True):
        np.testing.assert_array_equal(values, wanted)
    # What is written means the same.
    again = read(tmp_path, written(table, tmp_path), delimiter=table.delimiter)
    assert again.names == table.names
    for values, wanted in zip(columns(again), expected, strict=True):
        np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("1,5\n2,5\n3,7\n", ["2 cells (3 and 7)", "3.7", 'delimiter=","', 'decimal=","']),
        ("10,20\n11,25\n12,30\n", ["12 and 30", "12.3"]),
        ("100,200,300\n110,210,310\n", ["3 cells", "110210310"]),
        ("1 234\n2 345\n", ["2 and 345", "2345"]),
        ("1,5\n2\n2,5\n", ["line 2", 'delimiter=","', 'decimal=","']),
        ("a;b\n1,234;2\n2,345;3\n", ["'1,234'", "1.234", "1234. Write one."]),
        ('a,b\n"1,234",2\n"2,345",3\n', ["'1,234'", "1.234", "1234. Write one."]),
        ("1.234;2.345\n3.456;4.567\n", ["'1.234'", "1234 or 1.234. Write one."]),
        ("2019,2020,2021\n1.5,2,3\n4,5,6\n", ["2019, 2020, 2021", "header=1", "header=0"]),
        ("2000;2010\n1,5;2\n4;5\n", ["2000, 2010", "header=1"]),
        ("0,1,2\n0.5,0.1,0.2\n3,4,5\n", ["0, 1, 2", "header=1"]),
        ("f;1.5\n2;3\n4;5\n", ["f, 1.5", "header=1"]),
        ("a,b\n1,2\n3\n", ["line 3", "2"]),
        ("Exported by X\n\na,b\n1,2\n3,4\n", ["line 3", "skip"]),
        ("", ["empty"]),
        ("\n \n", ["empty"]),
        ("# only\n", ["empty"]),
        (";\n;\n", ["empty"]),
        ("\f\f,\f\n\n", ["empty"]),
        ("a,`\n!,?\n,,\v", ["numbers"]),
        ("Æ!;ab\n;;;;;;;;", ["numbers"]),
        ("sep=p\n\"", ["numbers"]),
        ('\n""\n\n', ["empty"]),
        (" 21,\x1f\n3", ["do not occur in text"]),
        ("a,b\n", ["numbers"]),
    ],
)  # fmt: skip
def test_two_readings_are_both_said(tmp_path, content, words):
    with pytest.raises(DataError) as error:
        table = read(tmp_path, content)
        assert not table.numeric, table
        raise DataError("numbers")
    for word in words:
        assert word in str(error.value), word


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("1,5\n2,5\n3,7\n", {"delimiter": ","}, [[1, 2, 3], [5, 5, 7]]),
        ("1,5\n2,5\n3,7\n", {"decimal": ","}, [[1.5, 2.5, 3.7]]),
        ("1,5\n2\n2,5\n", {"decimal": ","}, [[1.5, 2, 2.5]]),
        ("a;b\n1,234;2\n2,345;3\n", {"decimal": ","}, [[1.234, 2.345], [2, 3]]),
        ("a;b\n1,234;2\n2,345;3\n", {"decimal": "."}, [[1234, 2345], [2, 3]]),
        ("1.234;2.345\n3.456;4.567\n", {"decimal": "."}, [[1.234, 3.456], [2.345, 4.567]]),
        ("1.234;2.345\n3.456;4.567\n", {"decimal": ","}, [[1234, 3456], [2345, 4567]]),
        ("2019,2020,2021\n1,2,3\n", {"header": 1}, [[1], [2], [3]]),
        ("2019,2020,2021\n1,2,3\n", {"header": 0}, [[2019, 1], [2020, 2], [2021, 3]]),
        ("by X\non Monday\na,b\n1,2\n3,4\n", {"skip": 2}, [[1, 3], [2, 4]]),
        ("1:2\n3:4\n", {"delimiter": ":"}, [[1, 3], [2, 4]]),
        ("1  2\n3 4\n", {"delimiter": "space"}, [[1, 3], [2, 4]]),
        ("1\t2\n3\t4\n", {"delimiter": "tab"}, [[1, 3], [2, 4]]),
    ],
)
def test_what_is_said_is_believed(tmp_path, content, options, expected):
    table = read(tmp_path, content, **options)
    assert columns(table) == expected
    preamble = content.split("a,b")[0] if options.get("skip") else ""
    assert written(table, tmp_path).decode().startswith(preamble)


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": ""}, {"delimiter": ";;"}, {"delimiter": "1"}, {"delimiter": '"'},
        {"decimal": ";"}, {"decimal": ""}, {"header": -1}, {"skip": -1}, {"encoding": "klingon"},
        {"encoding": "rot13"}, {"encoding": "base64"},
    ],
)  # fmt: skip
def test_options_that_cannot_be(tmp_path, options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        read(tmp_path, "1;2\n", **options)


@pytest.mark.parametrize(
    ("content", "line", "cell"),
    [
        ("f\n1_000\n2\n3\n", 2, "1_000"),
        ("f\n1\n2\nhigh\n4\n", 4, "high"),
        ("f\n1e400\n1\n2\n", 2, "1e400"),
        ("1\n2\n-1e999\n", 3, "-1e999"),
        ("1e400\n1\n2\n3\n", 1, "1e400"),
        ("f;g\n1,5;1\n2,5;1,8e308\n3;3\n", 3, "1,8e308"),
        ("# a\n\nf;g\n1,5;2\n\n1.5;2\n2,5;3\n", 6, "1.5"),
        ("a;b\n1.5;2\n2,5;3\n3.5;1\n", 3, "2,5"),
        ('f,g\n"1\n",2\n3,4\nx,4\n5,6\n', 5, "x"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path, content, line, cell):
    table = read(tmp_path, content)
    with pytest.raises(DataError) as error:
        columns(table)
    too_large = ", which is beyond the largest float64, 1.8e308," * ("e" in cell)
    assert f"{cell!r}{too_large} in line {line}," in str(error.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("f,g\n1,2\n,2\n3,4\n5,6\n", 3),
        ("f,g\n1,2\n3,\n", 3),  # half of a column may be empty, and it is one of numbers still
        ("f,g\n1,\n\n3,4\n", 2),
        ("f;g\n1,5; \n2,5;3\n4,5;\n5,5;1\n", 2),
    ],
)
def test_an_empty_cell_is_named(tmp_path, content, line):
    with pytest.raises(DataError) as error:
        columns(read(tmp_path, content))
    assert f"Received: an empty cell in line {line}, column" in str(error.value)
    assert "Write nan there, or leave that row out" in str(error.value)


@pytest.mark.parametrize("mark", ["//", "!", ";", "# ", "%"])
def test_comments_of_other_programs_do_not_make_commas_decimal_ones(tmp_path, mark):
    comment = f"{mark} measured on Monday\n"
    with pytest.raises(DataError, match="may be 2 cells"):
        read(tmp_path, comment + "1,2\n3,4\n")
    table = read(tmp_path, comment + "f,g\n1,2\n3,4\n")
    assert (table.names, columns(table)) == (("f", "g"), [[1, 3], [2, 4]])


def test_a_dash_for_a_missing_value_does_not_make_commas_decimal_ones(tmp_path):
    table = read(tmp_path, "f,g\n1,2\n-,3\n4,5\n")
    with pytest.raises(DataError, match="'-' in line 3, column 'f'"):
        columns(table)


def test_a_first_row_of_infinity_is_no_row_of_units(tmp_path):
    assert read(tmp_path, "f\ninf\n1\n2\n").length == 3


def test_lines_before_the_table_can_be_left_out(tmp_path):
    content = "Model,DPO\nLength,3\nInterval,1e-6\nTIME,CH1\n0,1\n1,2\n2,4\n"
    with pytest.raises(DataError, match=r"skip the lines before the table \(skip=4\)"):
        columns(read(tmp_path, content))
    assert read(tmp_path, content, skip=3).names == ("TIME", "CH1")


def test_infinity_is_a_number_where_it_is_said(tmp_path):
    table = read(tmp_path, "f,g\ninf,1\n-Infinity,2\n1e308,3\n")
    np.testing.assert_array_equal(table.numbers(0), [np.inf, -np.inf, 1e308])


@pytest.mark.parametrize("first", ["(1)", "1%", "$1.50", "1_000", "1 000 €", "-2.5 %"])
def test_a_first_cell_that_may_be_a_number_with_marks_is_refused(tmp_path, first):
    with pytest.raises(DataError, match=r"names the columns \(header=1\) or is data \(header=0\)"):
        read(tmp_path, f"{first}\n2\n3\n")
    assert read(tmp_path, f"{first}\n2\n3\n", header=1).names == (first,)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"), ("utf-16-le", b""), ("utf-32-le", b"\xff\xfe\0\0"),
        ("latin-1", b""), ("cp1252", b""),
    ],
)  # fmt: skip
def test_encodings_and_line_ends_are_kept(tmp_path, encoding, mark, newline):
    text = "größe;wer\n1,5;Zoë\n2,5;é\n"
    content = mark + text.replace("\n", newline).encode(encoding)
    table = read(tmp_path, content)
    assert table.names == ("größe", "wer")
    assert written(table, tmp_path) == content
    assert columns(read(tmp_path, content, encoding=encoding)) == [[1.5, 2.5]]


@pytest.mark.parametrize("head", ['"load\nin kN"', '"t"\n"in\ns"', '"the ""load"""'])
def test_names_within_quotation_marks_are_written_within_them(tmp_path, head):
    # A name over two lines became two rows, of which the second was taken for the units.
    content = f"{head}\n1\n2\n"
    table = read(tmp_path, content)
    again = read(tmp_path, written(table, tmp_path))
    assert (again.names, again.header, columns(again)) == (table.names, table.header, [[1, 2]])


@pytest.mark.parametrize("content", [b"\xff\xfe\0\1" * 9, b"\0\1\2\3" * 9, b"\x89PNG\r\n\x1a\n\0"])
def test_what_is_no_text_is_refused(tmp_path, content):
    with pytest.raises(DataError, match=r"t\.csv"):
        columns(read(tmp_path, content))
        raise DataError(f"t.csv: {read(tmp_path, content).numeric}")


def test_what_is_not_plain_is_said(tmp_path):
    table = read(tmp_path, "a;b;c\ns;V;\n1,5;NA;x\n# later\n2,5;3;y\n3;4;z\n".encode("cp1252"))
    said = " ".join(table.remarks)
    for words in ("s, V", "1 comment line", "1 missing value (NA)", "Commas are"):
        assert words in said
    assert written(table, tmp_path) == b"a;b;c\ns;V;\n1,5;NA;x\n2,5;3;y\n3;4;z\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("f\n1\n\n3\n4\n", ("Left out: 1 blank row.",)),
        ("f,g\n1,2\n , \n\n3,4\n", ("Left out: 2 blank rows.",)),
        ('f,g\n"1",2\n,\n3,4\n\n', ("Left out: 1 blank row.",)),
        ("\nf,g\n1,2\n3,4\n\n", ()),
        ("f\n1\n# later\n3\n", ("Left out: 1 comment line between the rows.",)),
    ],
)
def test_blank_rows_among_others_are_said(tmp_path, content, said):
    assert read(tmp_path, content).remarks == said


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)


@settings(max_examples=300)
@given(st.data())
def test_any_table_is_read_back_or_refused(tmp_path_factory, data):
    """Whatever is written in a known dialect, all readings are the numbers or a DataError."""
    width, height = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6))
    values = data.draw(
        st.lists(
            st.lists(numbers, min_size=width, max_size=width), min_size=height, max_size=height
        )
    )
    delimiter = data.draw(st.sampled_from(";\t|, "))
    decimal = data.draw(st.sampled_from(".,"))
    header = data.draw(st.booleans())
    assume(not delimiter == decimal == ",")
    lines = [delimiter.join("abcd"[:width])] if header else []
    lines += [delimiter.join(repr(v).replace(".", decimal) for v in row) for row in values]
    content = "\n".join(lines) + "\n"
    expected = np.array(values, float).T.tolist()
    folder = tmp_path_factory.mktemp("tables")
    said = read(folder, content, delimiter=delimiter, decimal=decimal, header=int(header))
    assert columns(said) == expected
    assert (
        columns(read(folder, written(said, folder), delimiter=delimiter, decimal=decimal)) or True
    )
    try:
        guessed = read(folder, content)
    except DataError:
        return
    assert columns(guessed) == expected


def test_a_long_table_takes_its_own_size(tmp_path):
    """35 MB in seconds and bounded memory: plain numbers are read by NumPy, and in pieces."""
    rows = 20_000
    values = np.random.default_rng(0).normal(0, 1, (rows, 3))
    text = "a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in values.tolist()) + "\n"
    table = read(tmp_path, text)
    np.testing.assert_array_equal(np.stack([table.numbers(k) for k in range(3)], 1), values)
    assert written(table, tmp_path).decode() == text
    late = text + "1.5,2.5,x\n"
    with pytest.raises(DataError, match=f"'x' in line {rows + 2},"):
        columns(read(tmp_path, late))


@pytest.mark.parametrize(
    ("text", "rounded"),
    [
        ("a\n9007199254740993\n1\n", True),
        ("a;b\n-9007199254740995;1\n1;2\n", True),
        ("a\n12345678901234567890\nNA\n1\n", True),
        ("a\n9007199254740992\n1e300\n", False),
        ("a\n9007199254740991\n1.2345678901234567\n", False),
        ("name,a\n12345678901234567x,3\ny,4\n", False),
    ],
)
def test_integers_that_are_rounded_are_said(tmp_path, text, rounded):
    (tmp_path / "t.csv").write_text(text)
    remarks = " ".join(read_table(tmp_path / "t.csv").remarks)
    assert ("rounded" in remarks) == rounded


@pytest.mark.parametrize("mark", [",", ";", "|"])
@pytest.mark.parametrize("quoted", ["names", "numbers", "all"])
def test_cells_within_quotation_marks_behind_a_space(tmp_path, mark, quoted):
    names = ["time", "value", f"a{mark} b"]
    rows = [["1", "2.5", "3"], ["2", "4.5", "-1"], ["3", "9.25", "7"]]
    join = f"{mark} ".join
    head = join(f'"{name}"' for name in names) if quoted != "numbers" else join(["a", "b", "c"])
    lines = [join(row if quoted == "names" else [f'"{cell}"' for cell in row]) for row in rows]
    table = read(tmp_path, "\n".join([head, *lines]))
    assert table.names == (("a", "b", "c") if quoted == "numbers" else tuple(names))
    assert columns(table) == [[1, 2, 3], [2.5, 4.5, 9.25], [3, -1, 7]]
    again = read(tmp_path, written(table, tmp_path))
    assert again.names == table.names and columns(again) == columns(table)
