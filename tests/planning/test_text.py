"""Layers as text: what is read, and how mistakes are pointed at."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from fencepost.planning import parse_layers
from planning.architectures import KNOWN, LENET5


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("ReLU", [fp.ReLU()]),
        ("ReLU()", [fp.ReLU()]),
        ("ReLU,", [fp.ReLU()]),
        ("\n\n ReLU \n\n", [fp.ReLU()]),
        ("[ReLU, Tanh]", [fp.ReLU(), fp.Tanh()]),
        ("[\n  fp.ReLU(),\n  fp.Tanh(),\n]", [fp.ReLU(), fp.Tanh()]),
        ("fencepost.ReLU", [fp.ReLU()]),
        ("ReLU\nTanh", [fp.ReLU(), fp.Tanh()]),
        ("ReLU,  # all of\n# this\nTanh # and that", [fp.ReLU(), fp.Tanh()]),
        ("ReLU\n, Tanh", [fp.ReLU(), fp.Tanh()]),
        ("Conv2d(6, 5)", [fp.Conv2d(6, 5)]),
        ("Conv2d(\n6,\n(5, 3),\n)", [fp.Conv2d(6, (5, 3))]),
        ("Conv2d(6,5,padding=((0,1),(2,3)))", [fp.Conv2d(6, 5, padding=((0, 1), (2, 3)))]),
        ("Conv2d(out_channels = 6, kernel_size = [5, 3])", [fp.Conv2d(6, (5, 3))]),
        ("Conv2d(6, (5))", [fp.Conv2d(6, 5)]),
        ("Conv1d(6, (5,))", [fp.Conv1d(6, 5)]),
        ("Conv2d(6, 5, padding='same', bias=False)", [fp.Conv2d(6, 5, padding="same", bias=False)]),
        ("Conv2d(2, 1, connections=[[1, 0], [1, 1]])",
         [fp.Conv2d(2, 1, connections=[[1, 0], [1, 1]])]),
        ('MaxPool2d(3, stride=None, remainder="pad")', [fp.MaxPool2d(3, remainder="pad")]),
        ("LeakyReLU(.5)", [fp.LeakyReLU(0.5)]),
        ("LeakyReLU(negative_slope=+5e-1)", [fp.LeakyReLU(0.5)]),
        ("Residual(ReLU, Tanh)", [fp.Residual(fp.ReLU(), fp.Tanh())]),
        ("Residual([ReLU, Tanh])", [fp.Residual(fp.ReLU(), fp.Tanh())]),
        ("Residual(layers=[fp.ReLU()])", [fp.Residual(fp.ReLU())]),
        ("Residual(Residual(ReLU))", [fp.Residual(fp.Residual(fp.ReLU()))]),
        ("Residual(ReLU, shortcut=Tanh)", [fp.Residual(fp.ReLU(), shortcut=[fp.Tanh()])]),
        ("Residual(ReLU, shortcut=[Tanh, ReLU])",
         [fp.Residual(fp.ReLU(), shortcut=[fp.Tanh(), fp.ReLU()])]),
        ("Concat([], ReLU, [Tanh, ReLU])", [fp.Concat([], fp.ReLU(), [fp.Tanh(), fp.ReLU()])]),
        ("Concat(chains=[[], [ReLU]])", [fp.Concat([], fp.ReLU())]),
        ("Gate(GlobalAvgPool, Linear(4))", [fp.Gate(fp.GlobalAvgPool(), fp.Linear(4))]),
    ],
)  # fmt: skip
def test_what_is_read(text, layers):
    assert parse_layers(text) == layers


@pytest.mark.parametrize("network", [fp.models.lenet5(), fp.models.small_cnn((1, 28, 28), 10)])
def test_what_a_layer_prints_can_be_read(network):
    assert parse_layers(", ".join(map(repr, network.layers))) == list(network.layers)
    assert parse_layers(repr(list(network.layers))) == list(network.layers)


@pytest.mark.parametrize("name", KNOWN)
def test_architectures_are_read(name):
    layers = parse_layers(KNOWN[name][1])
    assert parse_layers("\n".join(map(repr, layers))) == layers


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("Cnov2d(6, 5)", ['There is no layer "Cnov2d"', "Conv2d"], None, 1),
        ("relu", ['Did you mean "ReLU"'], None, 1),
        ("Dense(10)", ['"Linear"'], None, 1),
        ("Flurb", ["Available", "Conv2d", "Tanh"], None, 1),
        ("nn.ReLU()", ["fp.", "leave them out"], None, 1),
        ("os.ReLU()", ["Only fp."], None, 1),
        ("Conv2d(6 5)", ['A comma or ")"'], None, 10),
        ("Conv2d(6, 5", ["not closed"], None, 7),
        ("Conv2d(6, 5))", ["missing before this"], None, 13),
        ("Conv2d(6,, 5)", ["A value is missing"], None, 10),
        ("ReLU,, ReLU", ["must begin with its name"], None, 6),
        ("ReLU Tanh", ["missing before this"], None, 6),
        ("ReLU; Tanh", ["no meaning"], None, 5),
        ("3", ["must begin with its name"], None, 1),
        ("[]", ["at least one layer"], None, 1),
        ("[3]", ["layers here"], None, 1),
        ("Conv2d", ["needs out_channels and kernel_size"], None, 1),
        ("Conv2d(6)", ["needs kernel_size"], None, 1),
        ("ReLU(3)", ["Too many", "takes no argument"], None, 6),
        ("Conv2d(6, 5, pading=2)", ['"pading"', 'Did you mean "padding"'], None, 14),
        ("Conv2d(6, 5, padding=same)", ["quotation marks", '"same"'], None, 22),
        ("Conv2d(6, 5, padding='same)", ["not closed on its line"], None, 22),
        ("Conv2d(in_channels=1)", ['"in_channels"', "leave it out"], None, 8),
        ("MaxPool2d(6, 5, stride=2)", ["stride is given twice"], None, 17),
        ("ReLU\nConv2d(3, 16, 3)", ["Conv2d(16, 3)", "Conv2d(3, 16, stride=3)"], 2, 8),
        ("Residual(Conv1d(3, 3, 3))", ["PyTorch", "Conv1d(3, 3)"], None, 17),
        ("Linear(784, 10)", ["PyTorch", "write Linear(10)."], None, 8),
        ("BatchNorm2d(64)", ["PyTorch", "write BatchNorm2d()."], None, 13),
        ("Conv2d(6, 5, bias=True, bias=True)", ["bias is given twice"], None, 25),
        ("Conv2d(stride=2, 6)", ["cannot come after"], None, 18),
        ("Conv2d(6, 0)", ["kernel_size must be an integer, at least 1"], None, 11),
        ("Conv2d(6, 5, groups=4)", ["groups must divide", "groups=4"], None, 14),
        ("Conv2d(6, ReLU)", ["kernel_size must be an integer"], None, 11),
        ("Conv2d(6, 5x5)", ["not a number"], None, 11),
        ("Conv2d(6, --5)", ["not a number"], None, 11),
        (f"Conv2d({'9' * 41}, 5)", ["at most 40"], None, 8),
        ("Conv2d(1e999, 5)", ["out_channels must be an integer"], None, 8),
        ("Conv2d(1, 1, connections=[[1], [1, 1]])", ["Conv2d"], None, 14),
        ("Residual", ["at least one layer"], None, 1),
        ("Residual(3)", ["layers here"], None, 10),
        ("Residual(relu)", ['Did you mean "ReLU"'], None, 10),
        ("Residual(" * 30, ["20 deep"], None, 189),
        ("ReLU\nTanh(\nConv2d(6, 5)\n", ["not closed"], 2, 5),
        ("ReLU  # one\n\n  Conv2d(6, 5, stride=-1),\nReLU", ["stride must be"], 3, 16),
    ],
)
def test_mistakes_are_pointed_at(text, words, line, column):
    with pytest.raises(fp.ArgumentError) as caught:
        parse_layers(text)
    message = str(caught.value)
    for word in words:
        assert word in message
    reason, shown, mark = message.rsplit("\n", 2)
    assert reason.endswith("\n")
    where = f"^ column {column}" + ("" if line is None else f", line {line}")
    assert mark.strip() == where
    # The mark stands below the character that the column names.
    number = 1 if line is None else line
    character = (text.split("\n")[number - 1] + " ")[column - 1]
    assert (shown + " ")[mark.index("^")] == character


@pytest.mark.parametrize("text", ["", "  \n", "# only a comment"])
def test_no_layers(text):
    with pytest.raises(fp.ArgumentError, match="at least one layer"):
        parse_layers(text)


def test_text_that_is_no_text_or_too_long():
    with pytest.raises(fp.ArgumentError, match=r"must be a string\. Received: int"):
        parse_layers(3)
    with pytest.raises(fp.ArgumentError, match="at most 200,000 characters"):
        parse_layers("ReLU," * 50_000)


def test_nothing_is_evaluated(tmp_path):
    target = tmp_path / "made"
    for text in (
        f"__import__('pathlib').Path({str(target)!r}).touch()",
        f"Conv2d(6, open({str(target)!r}, 'w'))",
        f"Linear(10, bias=open({str(target)!r}, 'w'))",
    ):
        with pytest.raises(fp.ArgumentError):
            parse_layers(text)
    assert not target.exists()


PIECES = [
    *re.findall(r"\w+|\s|[^\w\s]", LENET5)[:40],
    *("Residual", "[", "]", "=", '"same"', "'", "#", "\n", "-", "1e9", "None", "nn.", "é", "٣"),
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        layers = parse_layers(text)
    except fp.ArgumentError as error:
        assert "Received" in str(error) or "^ column" in str(error)
    else:
        assert layers == parse_layers(repr(layers))
