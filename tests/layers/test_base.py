"""Layers: what they take, what comes out of them, what they cost, how they are written."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fencepost as fp
from fencepost.layers import Layer

TABLE = [[1, 0], [0, 1], [1, 1]]

# As one would type them; the text is what a layer prints.
TYPED = [
    "Conv2d(6, 5)",
    "Conv2d(6, (5, 3), stride=2, padding=1)",
    "Conv2d(6, 5, stride=(1, 2), padding=(1, 2), dilation=2, groups=3, bias=False)",
    "Conv2d(4, 3, padding=((1, 0), (2, 2)))",
    'Conv2d(4, 3, padding="same")',
    'Conv2d(4, 3, stride=2, remainder="pad")',
    "Conv2d(3, 3, connections=((1, 0), (0, 1), (1, 1)))",
    "Conv1d(4, 9, padding=((8, 0),))",
    'Conv1d(4, 9, stride=4, padding="same", dilation=2)',
    "MaxPool1d(2)",
    "MaxPool2d(2)",
    "MaxPool2d(3, stride=2)",
    "MaxPool2d((2, 3))",
    'MaxPool2d(3, stride=2, padding=1, remainder="crop")',
    "AvgPool1d(4)",
    "AvgPool2d(3, padding=1, count_include_pad=False)",
    "SumPool1d(2)",
    "SumPool2d((1, 2))",
    "Subsample(2)",
    "GlobalAvgPool()",
    "GlobalMaxPool()",
    "Linear(10)",
    "Linear(10, bias=False)",
    "Flatten()",
    "RBF()",
    "RBF(centres=((1.0, 0.0), (0.0, 1.0)))",
    "ReLU()",
    "LeakyReLU()",
    "LeakyReLU(negative_slope=0.2)",
    "Tanh()",
    "ScaledTanh()",
    "Sigmoid()",
    "GELU()",
    "SiLU()",
    "Dropout()",
    "Dropout(p=0.3)",
    "BatchNorm1d()",
    "BatchNorm2d(eps=0.001, momentum=0.2, affine=False)",
    "Residual(Conv2d(4, 3, padding=1), Residual(ReLU()))",
    "Residual(Conv2d(4, 3, padding=1), shortcut=[Conv2d(4, 1), BatchNorm2d()])",
    "Concat([], Conv2d(4, 1), [Conv2d(4, 1), ReLU()])",
    "Gate(GlobalAvgPool(), Linear(8), Sigmoid())",
    "ReLU6()",
    "HardSigmoid()",
    "HardSwish()",
    "Softmax()",
    "DropPath(p=0.2)",
    "AdaptiveAvgPool1d(3)",
    "AdaptiveAvgPool2d((3, 4))",
    "Upsample(scale_factor=2)",
    'Upsample(size=(3, 4), mode="bilinear")',
    "ConvTranspose1d(4, 3)",
    "ConvTranspose2d(4, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False)",
    "GroupNorm(2)",
    "LayerNorm()",
    'LayerNorm(eps=0.001, affine=False, over="channels")',
]


def typed(text: str) -> Layer:
    return eval(text, vars(fp) | {name: getattr(fp, name) for name in fp.__all__})


@pytest.mark.parametrize("text", TYPED)
def test_a_layer_prints_as_one_would_type_it(text):
    assert repr(typed(text)) == text


@pytest.mark.parametrize("text", TYPED)
def test_a_layer_survives_json(text):
    layer = typed(text)
    again = Layer.from_config(json.loads(json.dumps(layer.config())))
    assert again == layer
    assert hash(again) == hash(layer)


def test_every_layer_is_typed_here():
    assert {text.split("(")[0] for text in TYPED} == set(Layer.types)


def test_equal_ways_to_write_a_layer_give_equal_layers():
    assert fp.Conv2d(4, 3, padding=1) == fp.Conv2d(4, [3, 3], (1, 1), ((1, 1), [1, 1]))
    assert fp.MaxPool2d(2) == fp.MaxPool2d(2, 2)
    assert fp.Conv2d(np.int64(4), np.int32(3)) == fp.Conv2d(4, 3)
    assert fp.Conv2d(3, 3, connections=np.array(TABLE, bool)) == fp.Conv2d(3, 3, connections=TABLE)
    assert fp.MaxPool2d(2) != fp.AvgPool2d(2)


def test_layers_are_frozen():
    with pytest.raises(AttributeError):
        fp.Conv2d(4, 3).stride = (2, 2)


def test_a_long_argument_is_cut_short_in_print():
    layer = fp.Conv2d(16, 5, connections=np.ones((16, 6)))
    assert repr(layer) == "Conv2d(16, 5, connections=...)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fp.Conv2d(0, 3), "integer, at least 1. Received: out_channels=0"),
        (lambda: fp.Conv2d(4.0, 3), "integer, at least 1. Received: out_channels=4.0"),
        (lambda: fp.Conv2d(True, 3), "out_channels must be an integer"),
        (lambda: fp.Conv2d(4, 0), "integer, at least 1. Received: kernel_size=0"),
        (lambda: fp.Conv2d(4, (3, 3, 3)), "kernel_size must be an integer or 2 of them"),
        (lambda: fp.Conv1d(4, (3, 3)), "kernel_size must be an integer or 1 of them"),
        (lambda: fp.Conv2d(4, 3, stride=0), "integer, at least 1. Received: stride=0"),
        (lambda: fp.Conv2d(4, 3, dilation="2"), "dilation must be an integer"),
        (lambda: fp.Conv2d(4, 3, padding=-1), "integer, at least 0. Received: padding=-1"),
        (lambda: fp.Conv2d(4, 3, padding=2**21), "padding must be an integer, at most 1,048,576"),
        (lambda: fp.Conv2d(4, 3, padding="full"), "Received: padding='full'"),
        (lambda: fp.Conv2d(4, 3, padding=(1, 2, 3)), "the layer has 2 axes"),
        (lambda: fp.Conv2d(4, 3, padding=((1, 2), 3)), "one (before, after) pair per axis"),
        (lambda: fp.Conv1d(4, 3, padding=(1, 2)), "the layer has 1 axis"),
        (lambda: fp.Conv2d(4, 3, groups=3),
         "groups must divide out_channels. Received: groups=3, out_channels=4"),
        (lambda: fp.Conv2d(4, 3, bias=1), "bias must be True or False. Received: bias=1"),
        (lambda: fp.Conv2d(4, 3, remainder="drop"),
         'remainder must be one of "error", "crop", "pad". Received: remainder=\'drop\''),
        (lambda: fp.Conv2d(2, 3, connections=[[1, 2], [0, 1]]), "a table of 0 and 1"),
        (lambda: fp.Conv2d(2, 3, connections=[1, 0]), "connections=[1, 0]"),
        (lambda: fp.Conv2d(2, 3, connections=[[1, 1], [0, 0]]), "row 1 without any"),
        (lambda: fp.Conv2d(4, 3, connections=TABLE), "3 rows, out_channels=4"),
        (lambda: fp.Conv2d(4, 3, groups=2, connections=TABLE), "groups must be 1"),
        (lambda: fp.MaxPool2d(2, stride=(1, 0)), "stride must be an integer, at least 1"),
        (lambda: fp.AvgPool2d(2, count_include_pad=0), "count_include_pad must be True or False"),
        (lambda: fp.Linear(-1), "integer, at least 1. Received: out_features=-1"),
        (lambda: fp.Dropout(1.0), "at least 0 and less than 1. Received: p=1.0"),
        (lambda: fp.Dropout(float("nan")), "p must be a number, at least 0 and less than 1"),
        (lambda: fp.Dropout("0.5"), "less than 1. Received: p='0.5'"),
        (lambda: fp.LeakyReLU(-0.1), "negative_slope must be a finite number, at least 0"),
        (lambda: fp.BatchNorm2d(eps=0), "eps must be more than 0"),
        (lambda: fp.BatchNorm2d(momentum=1.5), "momentum must be from 0 to 1"),
        (fp.Residual, "at least one layer"),
        (lambda: fp.Residual(fp.ReLU), "Residual is made of layers"),
        (lambda: fp.Residual(fp.ReLU(), shortcut=3), "shortcut is made of layers. Received: 3"),
        (lambda: fp.Concat(fp.ReLU()), "at least two chains"),
        (lambda: fp.Concat([], [fp.ReLU(), 3]), "chain 1 is made of layers. Received: 3"),
        (fp.Gate, "Gate must have at least one layer"),
        (fp.Upsample, "either size or scale_factor. Received: size=None, scale_factor=None"),
        (lambda: fp.Upsample(2, 2), "either size or scale_factor"),
        (lambda: fp.Upsample(2, mode="cubic"), "mode must be"),
        (lambda: fp.ConvTranspose2d(4, 3, output_padding=1), "output_padding must be less than"),
        (lambda: fp.ConvTranspose2d(4, 3, groups=3), "groups must divide out_channels"),
        (lambda: fp.GroupNorm(0), "groups must be an integer, at least 1"),
        (lambda: fp.LayerNorm(eps=0), "eps must be more than 0"),
        (lambda: fp.LayerNorm(over="rows"), "over must be"),
        (lambda: fp.DropPath(1), "p must be a number, at least 0 and less than 1"),
        (lambda: fp.RBF("letters"), 'centres must be "digits" or an array'),
        (lambda: fp.RBF([1, 2]), "an array of shape (2,)"),
        (lambda: fp.RBF(variance=0), "variance must be more than 0"),
        (lambda: fp.RBF([[1.0, np.inf]]), "finite numbers"),
        (lambda: Layer.from_config(7), "must be a dict with a type"),
        (lambda: Layer.from_config({"type": "Conv3d"}), "type must name a layer"),
        (lambda: Layer.from_config({"type": "Linear", "out": 3}), "Linear has no argument 'out'"),
        (lambda: Layer.from_config({"type": "Linear"}), "Linear: "),
        (lambda: Layer.from_config({"type": "Residual", "layers": 3}), "a list of layers"),
        (lambda: Layer.from_config({"type": "Concat", "chains": [3]}), "lists of layers"),
        (lambda: Layer.from_config({"type": "Gate", "layers": [], "x": 1}), "a list of layers"),
    ],
)  # fmt: skip
def test_wrong_arguments(make, message):
    with pytest.raises(fp.ArgumentError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        ("Conv2d(6, 5, padding=2)", (1, 28, 28), (6, 28, 28)),
        ("Conv2d(6, 3, stride=2)", (1, 13, 9), (6, 6, 4)),
        ('Conv2d(6, 3, stride=2, remainder="crop")', (1, 10, 10), (6, 4, 4)),
        ('Conv2d(6, 3, stride=2, remainder="pad")', (1, 10, 10), (6, 5, 5)),
        ('Conv2d(6, (4, 2), padding="same")', (1, 7, 9), (6, 7, 9)),
        ("Conv2d(3, 3, connections=((1, 0), (0, 1), (1, 1)))", (2, 5, 5), (3, 3, 3)),
        ("Conv1d(4, 9, padding=((8, 0),))", (2, 50), (4, 50)),
        ("MaxPool2d(3, stride=2)", (7, 9, 5), (7, 4, 2)),
        ('AvgPool1d(4, stride=3, remainder="pad")', (7, 9), (7, 3)),
        ("SumPool2d((1, 2))", (2, 3, 8), (2, 3, 4)),
        ("Subsample(2)", (6, 28, 28), (6, 14, 14)),
        ("GlobalAvgPool()", (6, 4, 5), (6,)),
        ("GlobalMaxPool()", (6, 9), (6,)),
        ("Flatten()", (6, 4, 5), (120,)),
        ("Flatten()", (6,), (6,)),
        ("Linear(10)", (6,), (10,)),
        ("RBF()", (84,), (10,)),
        ("BatchNorm1d()", (6, 9), (6, 9)),
        ("BatchNorm2d()", (6, 4, 5), (6, 4, 5)),
        ("Residual(Conv2d(4, 3, padding=1), ReLU())", (4, 6, 6), (4, 6, 6)),
        ("Residual(Conv2d(8, 3), shortcut=Conv2d(8, 3))", (4, 6, 6), (8, 4, 4)),
        ("Concat([], Conv2d(3, 1), [ReLU(), Conv2d(2, 1)])", (4, 6, 5), (9, 6, 5)),
        ("Concat(Linear(3), [])", (4,), (7,)),
        ("Gate(GlobalAvgPool(), Linear(4))", (4, 6, 5), (4, 6, 5)),
        ("Gate(Conv1d(1, 1))", (4, 6), (4, 6)),
        ("AdaptiveAvgPool2d((3, 9))", (4, 6, 5), (4, 3, 9)),
        ("Upsample(7)", (4, 6), (4, 7)),
        ("Upsample(scale_factor=(2, 3))", (4, 6, 5), (4, 12, 15)),
        ("ConvTranspose2d(3, 3, stride=2, padding=1, output_padding=1)", (4, 7, 5), (3, 14, 10)),
        ("ConvTranspose1d(3, 4, dilation=2)", (4, 7), (3, 13)),
        ("GroupNorm(2)", (4, 6), (4, 6)),
        ("LayerNorm()", (4,), (4,)),
        ("Dropout()", (4, 6), (4, 6)),
    ],
)
def test_output_shapes(text, shape, expected):
    assert typed(text).output_shape(shape) == expected


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("Conv2d(4, 3)", (10,), "needs an input of shape (channels, height, width)"),
        ("Conv2d(4, 3)", (1, 50), "for signals use the 1d layers"),
        ("Conv1d(4, 3)", (1, 5, 5), "for images use the 2d layers"),
        ("Conv2d(4, 3, groups=2)", (5, 9, 9),
         "groups must divide in_channels.\nReceived: groups=2, in_channels=5."),
        ("Conv2d(4, 3, groups=2)", (5, 9, 9), "Divisors of 5: 1, 5."),
        ("Conv2d(3, 3, connections=((1, 0), (0, 1), (1, 1)))", (3, 9, 9),
         "2 columns, in_channels=3"),
        ("Conv2d(4, 3, stride=2)", (1, 10, 10), "input_size=(10, 10), kernel_size=3, stride=2"),
        ("Conv2d(4, 5)", (1, 4, 4), "kernel is larger than its input"),
        ("Conv2d(4, 3, groups=2)", (2**30 + 1, 9, 9), "5, 13, 25, 41, 61, 65"),
        ("MaxPool2d(2, padding=((0, 2), (0, 0)))", (1, 4, 4), "must cover"),
        ("MaxPool2d(2, padding=2)", (1, 4, 4), "must cover at least one element of the input"),
        ("Linear(4)", (1, 4, 4), "Put Flatten() or GlobalAvgPool() before it."),
        ("GlobalAvgPool()", (9,), "Put it before Flatten."),
        ("BatchNorm2d()", (9,), "Use BatchNorm1d"),
        ("BatchNorm1d()", (9, 4, 4), "Use BatchNorm2d for images."),
        ("RBF()", (80,), "84 values in each centre, an input of 80"),
        ("Residual(Conv2d(4, 3))", (4, 6, 6),
         "an input of 4 × 6 × 6, from the chain an output of 4 × 4 × 4"),
        ("Residual(Conv2d(8, 3, stride=2, padding=1, remainder='crop'))", (4, 6, 6),
         'With shortcut=[Conv2d(8, 1, stride=2, remainder="crop")] it would fit.'),
        ("Residual(Linear(8))", (4,), "With shortcut=[Linear(8)] it would fit."),
        ("Residual(ReLU(), shortcut=Conv2d(8, 1))", (4, 6, 6),
         "from the chain 4 × 6 × 6, from the shortcut 8 × 6 × 6."),
        ("Concat([], MaxPool2d(2))", (4, 6, 6), "chain 0 gives 4 × 6 × 6, chain 1 gives 4 × 3 × 3"),
        ("Concat([], MaxPool2d(2))", (4, 6, 6), "With Upsample(scale_factor=2) at the end of"),
        ("Concat(Flatten(), [])", (4, 6, 6), "End all of them with Flatten() or GlobalAvgPool()"),
        ("Concat([], [ReLU(), Conv2d(4, 9)])", (4, 6, 6), "in its layer 1.1, Conv2d(4, 9): The"),
        ("Gate(GlobalAvgPool(), Linear(3))", (4, 6, 6),
         "an input of 4 × 6 × 6, from the layers 3. With Linear(4) as its last"),
        ("Gate(Conv2d(2, 1))", (4, 6, 6), "With Conv2d(4, 1) as its last layer with weights"),
        ("AdaptiveAvgPool2d(2)", (4, 6), "needs an input of shape (channels, height, width)"),
        ("Upsample(scale_factor=2, mode='bilinear')", (4, 6), '"linear" for signals'),
        ("Upsample(scale_factor=2)", (4,), "Put it before Flatten"),
        ("ConvTranspose2d(3, 1, padding=3)", (4, 6, 6), "must leave at least one element"),
        ("ConvTranspose2d(4, 1, groups=4)", (6, 6, 6), "groups=4, in_channels=6"),
        ("GroupNorm(3)", (4, 6, 6), "groups must divide the channels"),
        ("Gate(MaxPool2d(2))", (4, 6, 6), "Begin it with GlobalAvgPool() and end it with"),
        ("Residual(ReLU(), Conv2d(4, 9))", (4, 6, 6), "in its layer 1, Conv2d(4, 9): The kernel"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(text, shape, message):
    with pytest.raises(fp.SizeError) as caught:
        typed(text).output_shape(shape)
    assert " ".join(message.split()) in " ".join(str(caught.value).split())


@pytest.mark.parametrize(
    ("text", "shape", "parameters", "connections", "multiply_adds"),
    [
        # LeNet-5 of 1998: the paper's own counts.
        ("Conv2d(6, 5, padding=2)", (1, 28, 28), 156, 122_304, 117_600),
        ("Subsample(2)", (6, 28, 28), 12, 5_880, 1_176),
        ("Subsample(2)", (16, 10, 10), 32, 2_000, 400),
        ("Conv2d(120, 5)", (16, 5, 5), 48_120, 48_120, 48_000),
        ("Linear(84)", (120,), 10_164, 10_164, 10_080),
        ("RBF()", (84,), 0, 840, 840),
        # By hand.
        ("Conv2d(4, 3, groups=2, bias=False)", (2, 5, 6), 36, 432, 432),
        ("Conv2d(3, 3, connections=((1, 0), (0, 1), (1, 1)))", (2, 5, 5), 39, 351, 324),
        ("Conv1d(4, 5)", (3, 9), 64, 320, 300),
        ("Linear(3, bias=False)", (5,), 15, 15, 15),
        ("MaxPool2d(2)", (3, 4, 4), 0, 48, 0),
        ("GlobalAvgPool()", (3, 4, 4), 0, 48, 0),
        ("BatchNorm2d()", (3, 4, 4), 6, 0, 48),
        ("ReLU()", (3, 4, 4), 0, 0, 0),
        ("Residual(Linear(5), Linear(5))", (5,), 60, 60, 50),
        ("AdaptiveAvgPool1d(2)", (3, 5), 0, 18, 0),
        ("ConvTranspose2d(4, 3, groups=2)", (2, 5, 5), 40, 1_096, 900),
        ("GroupNorm(2)", (4, 3, 3), 8, 0, 36),
        ("LayerNorm()", (4, 3, 3), 72, 0, 36),
        ('LayerNorm(over="channels")', (4, 3, 3), 8, 0, 36),
    ],
)
def test_counts(text, shape, parameters, connections, multiply_adds):
    layer = typed(text)
    assert sum(spec.size for spec in layer.parameters(shape).values()) == parameters
    assert layer.connection_count(shape) == connections
    assert layer.multiply_adds(shape) == multiply_adds


def test_names_of_parameters_and_state():
    layer = fp.Residual(fp.Conv2d(4, 3, padding=1, bias=False), fp.BatchNorm2d())
    shape = (4, 6, 6)
    assert list(layer.parameters(shape)) == ["0.weight", "1.weight", "1.bias"]
    assert list(layer.state(shape)) == ["1.running_mean", "1.running_var"]
    layer = fp.Residual(fp.Conv2d(4, 1), shortcut=fp.Conv2d(4, 1, bias=False))
    assert list(layer.parameters(shape)) == ["0.weight", "0.bias", "shortcut.0.weight"]
    layer = fp.Concat([], [fp.ReLU(), fp.Gate(fp.Conv2d(4, 1, bias=False))])
    assert list(layer.parameters(shape)) == ["1.1.0.weight"]


def test_residuals_within_each_other_have_a_limit():
    chain = fp.ReLU()
    for _ in range(64):
        chain = fp.Residual(chain)
    assert chain.depth == 64
    with pytest.raises(fp.ArgumentError, match="at most 64 deep"):
        fp.Residual(chain)
