"""`fencepost size`: the table, the answers, the picture, and what is refused."""

from __future__ import annotations

import pytest

import fencepost as fp
from cli.refusal import refused

NETWORK = "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Flatten, Linear(10)"


def test_the_table_is_the_plan(fencepost, monkeypatch):
    for width in (80, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        done = fencepost("size", "1x28x28", NETWORK, "--batch", 8)
        assert done.status == 0
        assert done.out == fp.plan((1, 28, 28), NETWORK, batch=8).text(width) + "\n"
        assert done.err == ""


@pytest.mark.parametrize(
    ("text", "shape"),
    [("1x28x28", (1, 28, 28)), (" 1 × 28 × 28", (1, 28, 28)), ("(1, 28, 28)", (1, 28, 28))],
)
def test_ways_to_write_the_input(fencepost, text, shape):
    assert fencepost("size", text, NETWORK, "--json").json["input_shape"] == list(shape)


def test_signals_and_features(fencepost):
    done = fencepost("size", "2x100", "Conv1d(4, 5), Flatten, Linear(3)", "--json")
    assert done.json["output_shape"] == [3]
    assert fencepost("size", "100", "Linear(3)", "--json").json["parameters"] == 303


def test_layers_from_a_file(fencepost, tmp_path):
    lines = "# a small network\nConv2d(6, 5, padding=2)\nReLU\n\nMaxPool2d(2)  # halves\n"
    (tmp_path / "network.txt").write_text(lines + "Flatten, Linear(10)\n", encoding="utf-8")
    done = fencepost("size", "1x28x28", "network.txt", "--json")
    assert done.json == fencepost("size", "1x28x28", NETWORK, "--json").json


def test_a_file_named_like_a_layer(fencepost, tmp_path):
    assert fencepost("size", "4", "fp.ReLU", "--json").json["parameters"] == 0
    assert fencepost("size", "4", "ReLU", "--json").json["parameters"] == 0
    (tmp_path / "ReLU").write_text("Linear(1)")
    assert fencepost("size", "4", "ReLU", "--json").json["parameters"] == 5


def test_what_does_not_fit(fencepost):
    done = fencepost("size", "1x28x28", "ReLU, Conv2d(6, 3, stride=2), ReLU")
    assert done.status == 2
    assert "0  ReLU()" in done.out
    assert "Conv2d(6, 3, stride=2)   ✗ does not fit" in done.out
    (problem,) = fp.plan((1, 28, 28), "ReLU, Conv2d(6, 3, stride=2), ReLU").problems
    assert done.err == f"fencepost: {problem}\n"
    assert "Any one of these fits" in done.err


def test_what_does_not_fit_for_machines(fencepost):
    done = fencepost("size", "1x28x28", "Conv2d(6, 3, stride=2)", "--json")
    assert done.status == 2
    assert done.json["ok"] is False
    (problem,) = done.json["problems"]
    assert problem["lost_elements"] == 1
    assert {"changes": {"stride": 1}, "output": [26, 26], "note": ""} in problem["suggestions"]


def test_answers(fencepost):
    plan = fp.plan((1, 29, 29), NETWORK)
    arguments = ["--inputs", "20:30", "--smallest", "--same", "--solve", "2.stride"]
    done = fencepost("size", "1x29x29", NETWORK, *arguments)
    assert done.status == 2  # the network does not fit; the answers say what does
    assert "height and width: 20, 22, 24, 26, 28, 30; nearest to 29: 28, 30" in done.out
    assert "Smallest input: 1 × 2 × 2." in done.out
    assert "layer 0, Conv2d(6, 5, padding=2): padding=2 keeps 29 × 29" in done.out
    assert str(plan.solve("2.stride")) in done.out
    answers = fencepost("size", "1x29x29", NETWORK, *arguments, "--json").json["answers"]
    assert answers["inputs"] == [
        {
            "axis": "height and width",
            "given": 29,
            "first": 20,
            "last": 30,
            "sizes": [20, 22, 24, 26, 28, 30],
            "nearest": [28, 30],
        }
    ]
    assert answers["smallest_input"] == [1, 2, 2]
    assert [answer["padding"] for answer in answers["same_padding"]] == [2, [[0, 1], [0, 1]]]
    assert [answer["value"] for answer in answers["solve"]["fitting"]] == [1, 3, 9, 27]
    assert answers["solve"]["layer"] == "MaxPool2d(2)"


def test_an_image_without_its_channel(fencepost):
    done = fencepost("size", "28x28", NETWORK, "--same")
    assert "no layer of known size has windows" in done.out
    words = "It fits with an input of 1 × 28 × 28: add the channels."
    assert words in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("1x3x32x32", "That is 3 × 32 × 32: leave out the batch dimension."),
        (
            "8x32x40x3",
            "That is 3 × 32 × 40: leave out the batch dimension, and put the channels first.",
        ),
    ],
)
def test_an_input_with_its_batch(fencepost, given, words):
    refused(fencepost("size", given, NETWORK), words)


def test_channels_that_may_come_last(fencepost):
    done = fencepost("size", "32x32x3", "Conv2d(8, 3, padding=1), Flatten, Linear(10)")
    words = "The input is read as 32 channels of 32 × 3. If its channels come last: 3x32x32."
    assert done.status == 0 and words in done.out
    data = fencepost("size", "32x32x3", "Conv2d(8, 3, padding=1), Flatten, Linear(10)", "--json")
    assert data.json["note"] == words
    assert fencepost("size", "3x32x32", "Conv2d(8, 3)", "--json").json["note"] is None


def test_layers_in_pytorchs_order_are_asked_about(fencepost):
    done = fencepost("size", "3x32x32", "Conv2d(3, 16, 3)")
    refused(done, "can be read in two ways", "Conv2d(16, 3)", "Conv2d(3, 16, stride=3)")
    refused(fencepost("size", "784", "Linear(784, 10)"), "PyTorch's order", "write Linear(10)")


def test_no_smallest_input(fencepost):
    done = fencepost("size", "1x9x9", "Linear(3)", "--smallest", "--json")
    assert done.json["answers"] == {"smallest_input": None}


@pytest.mark.parametrize("name", ["network.svg", "network.png"])
def test_drawing(fencepost, tmp_path, name):
    done = fencepost("size", "1x28x28", NETWORK, "--plot", name)
    assert done.status == 0
    content = (tmp_path / name).read_bytes()
    assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
    assert f"Saved {name}." in done.err
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_drawing_of_what_fits(fencepost, tmp_path):
    done = fencepost("size", "1x28x28", "Conv2d(2, 5), Conv2d(2, 99)", "--plot", "a.svg", "--json")
    assert done.status == 2
    assert done.json["plot"] == "a.svg"
    assert (tmp_path / "a.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["1x28x28"], ["layers", "fencepost size --help"]),
        (["", NETWORK], ["must not be empty"]),
        (["28*28", NETWORK], ["INPUT", "'28*28'"]),
        (["1x2x3x4", NETWORK], ["INPUT", "1x2x3x4"]),
        (["1x0x28", NETWORK], ["INPUT", "at least 1"]),
        (["1xx28", NETWORK], ["INPUT"]),
        (["1x28x-28", NETWORK], ["INPUT"]),
        ([f"1x{'9' * 30}x28", NETWORK], ["INPUT"]),
        (["1x28x28", ""], ["must not be empty"]),
        (["1x28x28", "Cnov2d(6, 5)"], ["Cnov2d", "Conv2d", "column 1"]),
        (["1x28x28", "nowhere.txt"], ["There is no file nowhere.txt"]),
        (["1x28x28", "x/" * 3000], ["There is no file"]),
        (["1x28x28", "fp.Flurb(3)"], ["Flurb", "column 1"]),
        (["1x28x28", "."], ["could not be read"]),
        (["1x28x28", NETWORK, "--batch", "0"], ["--batch"]),
        (["1x28x28", NETWORK, "--inputs", "260:200"], ["--inputs", "200:260", "'260:200'"]),
        (["1x28x28", NETWORK, "--inputs", "0:9"], ["--inputs", "at least 1"]),
        (["1x28x28", NETWORK, "--inputs", "200"], ["--inputs", "'200'"]),
        (["1x28x28", NETWORK, "--inputs", "1:99999"], ["at most 10,000 sizes"]),
        (["784", "Linear(3)", "--inputs", "1:9"], ["images and signals"]),
        (["1x28x28", NETWORK, "--solve", "stride"], ["3.stride"]),
        (["1x28x28", NETWORK, "--solve", "7.stride"], ["There is no layer 7"]),
        (["1x28x28", NETWORK, "--solve", "0.strde"], ['"stride"']),
        (["1x28x28", NETWORK, "--plot", "a.pdf"], ["a.pdf", ".svg"]),
        (["1x28x28", NETWORK, "--plot", "nowhere/a.svg"], ["--plot", "nowhere"]),
    ],
)
def test_refusals(fencepost, tmp_path, arguments, words):
    refused(fencepost("size", *arguments), *words)
    assert not list(tmp_path.iterdir())


def test_mistakes_in_a_file_are_pointed_at(fencepost, tmp_path):
    (tmp_path / "network.txt").write_text("ReLU\nConv2d(6, 5, pading=2)\n")
    refused(fencepost("size", "1x9x9", "network.txt"), "network.txt", "padding", "line 2")
    (tmp_path / "image.txt").write_bytes(b"\x89PNG\xff\x00")
    refused(fencepost("size", "1x9x9", "image.txt"), "image.txt", "text file")
    (tmp_path / "long.txt").write_text("ReLU\n" * 100_000)
    refused(fencepost("size", "1x9x9", "long.txt"), "long.txt", "200,000")
