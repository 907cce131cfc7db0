"""`fencepost convolve`: CSV and WAV in, the same kind out, what is not convolved kept."""

from __future__ import annotations

import struct
import wave

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from cli.refusal import refused

F = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]  # smooth, but for one dip


def write_csv(path, columns, header=True, delimiter=","):
    lines = [delimiter.join(columns)] if header else []
    lines += [delimiter.join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")


def read_csv(path, delimiter=","):
    head, *rows = (line.split(delimiter) for line in path.read_text().splitlines())
    return head, rows


def column(rows, k):
    return np.array([float(row[k]) for row in rows])


def write_wav(path, samples, bits, rate=8000, extensible=False):
    """Write whole numbers (N, channels) as PCM."""
    shifted = samples + 128 if bits == 8 else samples
    octets = shifted.astype("<i8").reshape(-1, 1).view(np.uint8)[:, : bits // 8].tobytes()
    channels = samples.shape[1]
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * block, block, bits)
    if extensible:
        guid = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
        form = struct.pack("<H", 0xFFFE) + form[2:] + struct.pack("<HHI", 22, bits, 0) + guid
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(octets)) + octets
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def read_wav(path):
    with wave.open(str(path)) as file:
        bits, channels = 8 * file.getsampwidth(), file.getnchannels()
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, bits // 8)
        rate = file.getframerate()
    if bits == 8:
        values = data[:, 0].astype(np.int64) - 128
    else:
        wide = np.zeros((len(data), 8), np.uint8)
        wide[:, 8 - bits // 8 :] = data
        values = wide.view("<i8")[:, 0] >> (64 - bits)
    return values.reshape(-1, channels), rate, bits


class TestCsv:
    def test_one_column(self, fencepost, tmp_path):
        write_csv(tmp_path / "a.csv", {"level": F})
        done = fencepost("convolve", "a.csv", "--kernel", "mean:size=3", "-o", "b.csv")
        assert done.status == 0, done.err
        assert "1 signal of 10 samples, convolved with mean" in done.err
        head, rows = read_csv(tmp_path / "b.csv")
        assert head == ["level"]
        expected = np.convolve([10, *F, 8], [1 / 3] * 3, "valid")
        np.testing.assert_allclose(column(rows, 0), expected)

    def test_the_article_s_sum(self, fencepost, tmp_path):
        write_csv(tmp_path / "a.csv", {"f": F}, header=False)
        fencepost(
            "convolve", "a.csv", "-k", "3: 1,1,1", "-o", "b.csv", "--causal", "--boundary", "zero"
        )
        shown = (tmp_path / "b.csv").read_text().split()
        assert shown == ["10", "19", "29", "28", "29", "20", "21", "20", "29", "27"]
        fencepost("convolve", "a.csv", "-k", "3: 1,1,1", "-o", "c.csv", "--full")
        shown = (tmp_path / "c.csv").read_text().split()
        assert shown == ["10", "19", "29", "28", "29", "20", "21", "20", "29", "27", "18", "8"]
        fencepost("convolve", "a.csv", "-k", "3: 1,1,1", "-o", "d.csv", "--boundary", "none")
        assert (tmp_path / "d.csv").read_text().split() == [
            "29",
            "28",
            "29",
            "20",
            "21",
            "20",
            "29",
            "27",
        ]

    def test_an_index_without_a_name_is_called_by_its_place(self, fencepost, tmp_path):
        """As pandas writes it."""
        (tmp_path / "a.csv").write_text(",v\n0,1.5\n1,4.5\n2,9\n")
        done = fencepost("convolve", "a.csv", "-k", "3: 0,2,0", "-o", "b.csv", "--json")
        assert done.json["remark"].startswith("column 1 is evenly spaced, so it is copied")
        assert (tmp_path / "b.csv").read_text() == ",v\n0,3\n1,9\n2,18\n"

    def test_other_columns_are_kept(self, fencepost, tmp_path):
        given = {
            "time": [0.5 * k for k in range(10)], "f": F, "who": list("abcdefghij"), "g": F[::-1],
        }  # fmt: skip
        write_csv(tmp_path / "a.csv", given)
        done = fencepost("convolve", "a.csv", "-k", "mean:size=3", "-o", "b.csv", "--json")
        assert done.json["columns"] == ["f", "g"]
        assert "time is evenly spaced" in done.json["remark"]
        head, rows = read_csv(tmp_path / "b.csv")
        assert head == list(given)
        assert [row[0] for row in rows] == [str(value) for value in given["time"]]
        assert [row[2] for row in rows] == given["who"]
        np.testing.assert_allclose(column(rows, 1), column(rows, 3)[::-1])
        # Without the border, what is kept is cut alike.
        fencepost("convolve", "a.csv", "-k", "mean:size=3", "-o", "c.csv", "--boundary", "none")
        _, inner = read_csv(tmp_path / "c.csv")
        assert [row[0::2] for row in inner] == [row[0::2] for row in rows[1:-1]]
        np.testing.assert_allclose(column(inner, 1), column(rows, 1)[1:-1])

    def test_chosen_columns(self, fencepost, tmp_path):
        write_csv(tmp_path / "a.csv", {"time": range(10), "f": F, "g": F})
        for chosen in (["--column", "g"], ["--column", "3"]):
            done = fencepost(
                "convolve", "a.csv", "-k", "mean", "-o", "b.csv", *chosen, "--json", "--overwrite"
            )
            assert done.json["columns"] == ["g"]
            _, rows = read_csv(tmp_path / "b.csv")
            assert [row[1] for row in rows] == [str(value) for value in F]
        done = fencepost(
            "convolve", "a.csv", "-k", "mean", "-o", "c.csv", "--column", "time", "--json"
        )
        assert done.json["columns"] == ["time"]

    def test_semicolons_and_decimal_commas(self, fencepost, tmp_path):
        values = [f"{value},5" for value in F]
        write_csv(tmp_path / "a.csv", {"f": values}, delimiter=";")
        (tmp_path / "a.csv").write_text("f;w\n" + "\n".join(f"{v};x" for v in values) + "\n")
        done = fencepost("convolve", "a.csv", "-k", "3: 0,1,0", "-o", "b.csv")
        assert done.status == 0, done.err
        assert (tmp_path / "b.csv").read_text() == (tmp_path / "a.csv").read_text()

    def test_what_the_table_is_may_be_said(self, fencepost, tmp_path):
        (tmp_path / "a.csv").write_text("by X\n1,5\n2,5\n")
        said = ["--skip", "1", "--header", "0", "-k", "1: 2", "-o", "b.csv", "--overwrite"]
        done = fencepost("convolve", "a.csv", *said, "--delimiter", ",")
        assert done.status == 0, done.err
        assert (tmp_path / "b.csv").read_text() == "by X\n2,10\n4,10\n"
        done = fencepost("convolve", "a.csv", *said, "--decimal", ",", "--encoding", "latin-1")
        assert (tmp_path / "b.csv").read_text() == "by X\n3\n5\n"
        assert "Commas are read as decimal separators" in done.err

    def test_columns_that_are_not_convolved_are_named(self, fencepost, tmp_path):
        (tmp_path / "a.csv").write_text("who;f;when\nx;1,5;Monday\ny;NA;Friday\nz;1;Sunday\n")
        done = fencepost("convolve", "a.csv", "-k", "1: 1", "-o", "b.csv")
        assert "who and when hold no numbers and are not convolved" in done.err
        assert "1 missing value (NA)" in done.err
        assert (tmp_path / "b.csv").read_text() == (tmp_path / "a.csv").read_text()

    def test_columns_of_few_numbers_are_not_said_to_have_none(self, fencepost, tmp_path):
        (tmp_path / "a.csv").write_text("f,note\n1,\n2,7\n4,\n")
        done = fencepost("convolve", "a.csv", "-k", "1: 1", "-o", "b.csv")
        assert "note holds few numbers and is not convolved" in done.err

    def test_one_row_is_said_to_be_one_sample(self, fencepost, tmp_path):
        (tmp_path / "a.csv").write_text("1,2,4\n")
        done = fencepost("convolve", "a.csv", "-k", "1: 1", "-o", "b.csv")
        assert "3 signals of 1 sample, convolved with" in done.err
        assert "one row: each column is a signal of one sample" in done.err

    @pytest.mark.parametrize(
        ("content", "options"),
        [
            ("1,5\n2,5\n3,7\n", ["--delimiter ,", "--decimal ,"]),
            ("f;g\n1,234;2\n5,678;3\n", ["--decimal ,", "--decimal ."]),
            ("2019,2020,2021\n1.5,2,3\n4,5,6\n", ["--header 1", "--header 0"]),
            ("(1)\n2\n", ["--header 1", "--header 0"]),
            ("a,b\n1,2,3\n4,5\n", ["--skip 1", "--delimiter"]),
        ],
    )
    def test_errors_name_the_options_of_the_command(self, fencepost, tmp_path, content, options):
        (tmp_path / "a.csv").write_text(content)
        done = fencepost("convolve", "a.csv", "-k", "1: 1", "-o", "b.csv")
        assert done.status == 2
        assert all(option in done.err for option in options)
        assert "=" not in done.err

    def test_a_chain_and_a_scale(self, fencepost, tmp_path):
        write_csv(tmp_path / "a.csv", {"f": F})
        flags = ["-k", "3: 1,2,1", "-k", "2: 1,-1", "--scale", "0.5"]
        fencepost("convolve", "a.csv", *flags, "--full", "-o", "b.csv")
        _, rows = read_csv(tmp_path / "b.csv")
        expected = 0.5 * np.convolve(np.convolve(F, [1, 2, 1]), [1, -1])
        np.testing.assert_allclose(column(rows, 0), expected)

    def test_missing_values_reach_their_neighbours_only(self, fencepost, tmp_path):
        write_csv(tmp_path / "a.csv", {"f": [*F[:4], "nan", *F[5:]]})
        fencepost("convolve", "a.csv", "-k", "mean:size=3", "-o", "b.csv")
        _, rows = read_csv(tmp_path / "b.csv")
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(column(rows, 0))), [3, 4, 5])


class TestWav:
    @pytest.mark.parametrize("bits", [8, 16, 24, 32])
    @pytest.mark.parametrize("channels", [1, 2, 5])
    @pytest.mark.parametrize("extensible", [False, True])
    def test_samples(self, fencepost, tmp_path, bits, channels, extensible):
        top = 2 ** (bits - 1)
        samples = np.random.default_rng(0).integers(-top, top, (50, channels))
        samples[0], samples[1] = -top, top - 1
        write_wav(tmp_path / "a.wav", samples, bits, 11025, extensible)
        done = fencepost("convolve", "a.wav", "-k", "3: 0,1,0", "-o", "same.wav", "--json")
        assert done.status == 0, done.err
        again, rate, found = read_wav(tmp_path / "same.wav")
        np.testing.assert_array_equal(again, samples)
        assert (rate, found) == (11025, bits)
        fencepost("convolve", "a.wav", "-k", "3: 1/4,1/2,1/4", "-o", "b.wav")
        again, _, _ = read_wav(tmp_path / "b.wav")
        for k in range(channels):
            extended = np.pad(samples[:, k], 1, "symmetric")
            sums = np.convolve(extended, [0.25, 0.5, 0.25], "valid")
            np.testing.assert_array_equal(again[:, k], np.rint(sums))

    def test_what_is_too_loud_is_cut_off_and_said(self, fencepost, tmp_path):
        samples = np.array([[30000], [-30000], [100], [-100]])
        write_wav(tmp_path / "a.wav", samples, 16)
        done = fencepost("convolve", "a.wav", "-k", "1: 1", "-o", "b.wav", "--scale", "2")
        assert "2 samples of 4 would be louder" in done.err
        loud, _, _ = read_wav(tmp_path / "b.wav")
        np.testing.assert_array_equal(loud[:, 0], [32767, -32768, 200, -200])

    @pytest.mark.parametrize("name", ["a.csv", "a.txt"])
    def test_finite_numbers_whose_sums_are_infinite_are_said(self, fencepost, tmp_path, name):
        (tmp_path / name).write_text("f,g\n1e308,3\n1e308,1\n5,2\n7,8\n")
        done = fencepost("convolve", name, "-k", "3: 1,1,1", "-o", f"b{name}")
        assert "2 results beyond 1.8e308 became inf: try a smaller --scale" in done.err
        # An infinity of the file itself is none of the sums'.
        (tmp_path / name).write_text("f,g\ninf,3\n1e308,1\n5,2\n7,8\n")
        assert "beyond" not in fencepost("convolve", name, "-k", "mean", "-o", f"c{name}").err

    @pytest.mark.parametrize(
        ("content", "word"),
        [
            (b"", "cut off"),
            (b"RIFF\0\0\0\0AVI ", "WAV"),
            (b"no sound at all, but text that is long enough", "WAV"),
            ("cut", "whole"),
            ("float", "PCM"),
            ("nothing", "0 samples"),
        ],
    )
    def test_bad_files(self, fencepost, tmp_path, content, word):
        path = tmp_path / "a.wav"
        write_wav(path, np.zeros((0 if content == "nothing" else 99, 1), int), 16)
        whole = path.read_bytes()
        if content == "cut":
            path.write_bytes(whole[:150])
        elif content == "float":
            path.write_bytes(whole[:20] + b"\3\0" + whole[22:])
        elif content != "nothing":
            path.write_bytes(content)
        refused(fencepost("convolve", "a.wav", "-k", "mean", "-o", "b.wav"), "a.wav", word)
        assert not (tmp_path / "b.wav").exists()


class TestPlot:
    @pytest.mark.parametrize("length", [1, 2, 10, 500, 20000])
    @pytest.mark.parametrize("flags", [[], ["--full"]])
    def test_drawn_from_the_numbers(self, fencepost, tmp_path, length, flags):
        values = np.random.default_rng(0).normal(0, 1, length)
        write_csv(tmp_path / "a.csv", {"f": values})
        done = fencepost(
            "convolve", "a.csv", "-k", "mean:size=3", "-o", "b.csv", "--plot", "b.png", *flags
        )
        assert done.status == 0, done.err
        with Image.open(tmp_path / "b.png") as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
        vermillion = (abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=2) < 60).sum()
        assert vermillion > 20, "the result is drawn"

    @pytest.mark.parametrize("values", [[1e308, -1e308, 3], [np.nan, np.inf, 1], [-np.inf] * 3])
    def test_what_no_axis_holds_is_left_out(self, fencepost, tmp_path, values):
        write_csv(tmp_path / "a.csv", {"f": values})
        for text in ("mean:size=3", "3: 1,1,1"):
            done = fencepost(
                "convolve", "a.csv", "-k", text, "-o", "b.csv", "--plot", "b.png", "--overwrite"
            )
            assert done.status == 0, done.err
            assert (tmp_path / "b.png").stat().st_size > 1000

    @pytest.mark.parametrize(("scale", "axes"), [(1, 3), (0.01, 5), (0, 3)])
    def test_a_result_that_would_look_flat_has_a_scale_of_its_own(self, scale, axes):
        from fencepost.plots.signals.panels import SignalPlot, draw_signals

        wave = np.sin(np.arange(50.0))
        figure = draw_signals(
            "a.csv", [SignalPlot("f", wave, scale * wave)] * 2, [fp.Kernel([1, -1])],
            axis=np.arange(50.0), axis_label="row",
        )  # fmt: skip
        assert len(figure.axes) == axes
        (legend,) = (axis.get_legend() for axis in figure.axes if axis.get_legend())
        assert [text.get_text() for text in legend.get_texts()] == ["before", "after"]

    def test_lines_are_the_signals(self):
        from fencepost.plots.signals.panels import SignalPlot, draw_signals

        before, after = np.arange(10.0), np.arange(1, 9) * 2.0
        figure = draw_signals(
            "a.csv", [SignalPlot("f", before, after)] * 8, [fp.Kernel([1, 2, 1], name="own")],
            axis=np.arange(10) / 4, axis_label="seconds", start=1,
        )  # fmt: skip
        panels = [axes for axes in figure.axes if len(axes.lines) == 2][:-1]  # the last: the kernel
        first, second = panels[0].lines
        np.testing.assert_array_equal(first.get_ydata(), before)
        np.testing.assert_array_equal(second.get_ydata(), after)
        np.testing.assert_array_equal(second.get_xdata(), np.arange(1, 9) / 4)
        assert len(panels) == 6
        assert any("first 6 of 8" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.csv", "-o", "b.csv"], ["--kernel"]),
        (["a.csv", "-k", "mean"], ["--out"]),
        (["gone.csv", "-k", "mean", "-o", "b.csv"], ["gone.csv"]),
        (["a.xls", "-k", "mean", "-o", "b.csv"], ["a.xls", ".csv"]),
        (["a.csv", "-k", "mean", "-o", "b.wav"], ["--out", "same kind"]),
        (["a.csv", "-k", "mean", "-o", "b.xlsx"], ["--out", "same kind", ".xlsx"]),
        (["a.csv", "-k", "mean", "-o", "b"], ["--out", "same kind", "no extension"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--scale", "nan"], ["--scale", "finite", "nan"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--scale", "inf"], ["--scale", "finite", "inf"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--delimiter", "ab"], ["delimiter", "'ab'"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--decimal", "x"], ["decimal", "'x'"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--encoding", "x"], ["encoding", "'x'"]),
        (["two.csv", "-k", "mean", "-o", "b.csv"], ["two.csv", "1.5", "decimal ,", "delimiter ,"]),
        (["a.csv", "-k", "mean", "-o", "a.csv"], ["a.csv", "--overwrite"]),
        (["a.csv", "-k", "mean", "-o", "nowhere/b.csv"], ["nowhere"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--plot", "b.csv"], ["--plot", "--out"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--plot", "old.png"], ["old.png", "--overwrite"]),
        (["a.csv", "-k", "meen", "-o", "b.csv"], ["meen", "mean"]),
        (["a.csv", "-k", "sobel", "-o", "b.csv"], ["sobel", "signals"]),
        (["a.csv", "-k", "2x2: 1,1 1,1", "-o", "b.csv"], ["2 × 2"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--column", "volume"], ["volume", "level"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--column", "9"], ["'9'"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--boundary", "wrp"], ["wrap"]),
        (["a.csv", "-k", "mean:size=31", "-o", "b.csv", "--boundary", "none"], ["31"]),
        (["a.csv", "-k", "mean", "-o", "b.csv", "--boundary", "wrap", "--full"], ["--full"]),
        (["word.csv", "-k", "mean", "-o", "b.csv"], ["word.csv", "line 4", "'high'"]),
        (["blank.csv", "-k", "mean", "-o", "b.csv"], ["blank.csv", "line 3"]),
        (["ragged.csv", "-k", "mean", "-o", "b.csv"], ["ragged.csv", "line 2"]),
        (["header.csv", "-k", "mean", "-o", "b.csv"], ["header.csv"]),
        (["empty.csv", "-k", "mean", "-o", "b.csv"], ["empty.csv", "empty"]),
        (["words.csv", "-k", "mean", "-o", "b.csv"], ["words.csv", "numbers"]),
        (["binary.csv", "-k", "mean", "-o", "b.csv"], ["binary.csv"]),
    ],
)
def test_bad_input(fencepost, tmp_path, arguments, words):
    write_csv(tmp_path / "a.csv", {"level": F})
    contents = {
        "a.xls": b"x", "old.png": b"precious", "word.csv": b"f\n1\n2\nhigh\n4\n",
        "blank.csv": b"f,g\n1,2\n,2\n3,4\n5,6\n", "ragged.csv": b"1,2\n3\n", "header.csv": b"f,g\n",
        "empty.csv": b"", "two.csv": b"1,5\n",
        "words.csv": b"a,b\nc,d\n", "binary.csv": b"\xff\xfe\0\1" * 9,
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    refused(fencepost("convolve", *arguments), *words)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("plot", [(), ("--plot", "p.png")])
def test_how_much_is_done_is_told(fencepost, tmp_path, monkeypatch, plot):
    import contextlib

    from fencepost.cli.shared import signal_chain, signal_files

    told = []
    monkeypatch.setattr(
        signal_files,
        "part_bar",
        lambda name: contextlib.nullcontext(lambda done, total: told.append((name, done, total))),
    )
    monkeypatch.setattr(signal_chain, "_PIECE", 1000)
    with wave.open("a.wav", "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 5000))
    assert fencepost("convolve", "a.wav", "-k", "mean:3", "-o", "b.wav", *plot).status == 0
    assert told == [("b.wav", done, 5000) for done in range(1000, 5001, 1000)]
    told.clear()
    (tmp_path / "a.csv").write_text("t,x\n" + "".join(f"{k},{k % 7}\n" for k in range(300_000)))
    done = fencepost("convolve", "a.csv", "-k", "mean:3", "-o", "b.csv")
    assert done.status == 0, done.err
    assert {name for name, _, _ in told} == {"a.csv", "b.csv"}
    for name in ("a.csv", "b.csv"):
        parts = [(done, total) for who, done, total in told if who == name]
        assert len(parts) > 1
        assert parts == sorted(parts)
        assert all(done < total for done, total in parts)
