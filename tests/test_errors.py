"""What errors say, word for word, and that they carry the same in fields."""

from __future__ import annotations

import pickle

import pytest

import fencepost as fp
from fencepost.errors import AxisProblem, SizeProblem, Suggestion


def sentences(text):
    """The text with its lines joined, to look for a sentence in it."""
    return " ".join(text.split())


def size_error(*arguments, **options):
    with pytest.raises(fp.SizeError) as caught:
        fp.output_size(*arguments, **options)
    return caught.value


def test_half_a_step():
    assert (
        str(size_error(10, 3, 2))
        == """\
The windows do not fit the input: after a whole number of steps, the last one must end
exactly at the far edge.
Received: input_size=10, kernel_size=3, stride=2.

    output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1
    output = (10 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 4.5

4 windows fit, and the last element of the input would never be used.

Any one of these fits:
    an input of 9     → output 4
    an input of 11    → output 5
    padding=(0, 1)    → output 5
    stride=1          → output 8
    kernel_size=2     → output 5
    kernel_size=4     → output 4
    remainder="crop"  → output 4  (drops what is not used, as PyTorch does silently)
    remainder="pad"   → output 5  (adds the missing zeros at the far edge)"""
    )


def test_only_padding_is_lost():
    assert (
        str(size_error((28, 28), 3, 2, 1))
        == """\
The windows do not fit the input along the height and width: after a whole number of
steps, the last one must end exactly at the far edge.
Received: input_size=(28, 28), kernel_size=3, stride=2, padding=1.

                      output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1
    height and width: output = (28 + 1 + 1 − 1·(3 − 1) − 1) / 2 + 1 = 14.5

14 windows fit, and the last zero that the padding adds would never be used. No input
element is lost, but the padding is not the one that you specified.

Any one of these fits:
    an input of 27 × 27       → output 14 × 14
    an input of 29 × 29       → output 15 × 15
    padding=((1, 0), (1, 0))  → output 14 × 14
    padding=((1, 2), (1, 2))  → output 15 × 15
    stride=1                  → output 28 × 28
    stride=3                  → output 10 × 10
    kernel_size=2             → output 15 × 15
    kernel_size=4             → output 14 × 14
    remainder="crop"          → output 14 × 14  (drops that padding, as PyTorch does silently)
    remainder="pad"           → output 15 × 15  (adds the missing zeros at the far edge)"""
    )


def test_axes_that_fail_differently():
    error = size_error((28, 30), (3, 5), (2, 3))
    assert """
            output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1
    height: output = (28 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 13.5
    width:  output = (30 + 0 + 0 − 1·(5 − 1) − 1) / 3 + 1 = 9.33…

Height: 13 windows fit, and the last element of the input would never be used.
Width: 9 windows fit, and the last element of the input would never be used.
""" in str(error)
    assert [axis.axis for axis in error.problem.axes] == ["height", "width"]


def test_a_kernel_larger_than_its_input():
    assert (
        str(size_error(3, 5, padding=0, dilation=3))
        == """\
The kernel is larger than its input: it must fit at least once.
Received: input_size=3, kernel_size=5, dilation=3.

    output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1
    output = (3 + 0 + 0 − 3·(5 − 1) − 1) / 1 + 1 = −9

A kernel of 5 elements, 3 apart, spans 13 elements; the input has 3: 10 too few.

Any one of these fits:
    an input of 13  → output 1
    padding=5       → output 1
    kernel_size=1   → output 3"""
    )
    assert (
        "A kernel of 9 elements needs 9 elements; the input with its padding has 5: 4 too few."
        in str(size_error(3, 9, padding=1))
    )


def test_too_large_and_uneven_at_once():
    message = sentences(str(size_error((3, 9), 5, 3)))
    assert message.startswith(
        "The windows do not fit the input: a kernel must fit at least once, and end at the far "
        "edge after a whole number of steps."
    )
    assert "Height: A kernel of 5 elements needs 5 elements; the input has 3: 2 too few." in message
    assert "Width: 2 windows fit, and the last element of the input would never" in message


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ((12, 3, 5), "2 windows fit, and the last 4 elements of the input would never be used."),
        ((5, 3, 4), "1 window fits, and the last 2 elements of the input would never be used. "),
        (
            (10, 3, 4, (0, 2)),
            "3 windows fit, and the last zero that the padding adds would never be used.",
        ),
        (
            (13, 3, 4, (0, 1)),
            "3 windows fit, and the last 2 elements of the input would never be used, "
            "nor the padding after them.",
        ),
        (
            (10, 1, 4),
            "3 windows fit, and the last element of the input would never be used. "
            "(Steps of 4 skip 3 elements between neighbouring windows as well.)",
        ),
    ],
)
def test_what_would_be_lost(call, sentence):
    error = size_error(*call)
    assert sentence in sentences(str(error)) + " "
    assert error.problem.axes[0].consequence.startswith(sentence.strip())


def test_same_with_a_stride():
    assert (
        str(size_error(28, 3, 2, "same"))
        == """\
padding="same" is unambiguous only for a stride of 1: with a larger stride the output
cannot be as large as the input, and libraries differ in what they do instead. Specify
the padding in numbers.
Received: input_size=28, kernel_size=3, stride=2, padding='same'.

Any one of these fits:
    padding=(0, 1)               → output 14  (as in TensorFlow: input / stride, rounded up)
    padding=1, remainder="crop"  → output 14  (as in PyTorch layers: dilation·(kernel − 1) // 2)"""
    )


def test_names_of_axes():
    assert size_error((8, 9, 9), 3, 2).axis == "depth"
    assert size_error((8, 9, 8, 8), 3, 2).axis == "axis 0, axis 2 and axis 3"
    assert "along axis 0:" in str(size_error((8, 9, 9, 9), 3, 2))
    assert size_error((8,), 3, 2).axis == ""


def test_the_layer_and_the_sizes_up_to_it_are_added_once():
    error = size_error((13, 13), 4, 2).in_layer(
        "Layer 3, MaxPool2d(4, stride=2)", "input  1 × 28 × 28\n0      6 × 13 × 13"
    )
    assert type(error) is fp.SizeError
    assert error.layer == "Layer 3, MaxPool2d(4, stride=2)"
    assert str(error).startswith("Layer 3, MaxPool2d(4, stride=2): The windows do not fit")
    assert str(error).endswith(
        "\n\nThe sizes up to here:\n    input  1 × 28 × 28\n    0      6 × 13 × 13"
    )
    assert error.suggestions == size_error((13, 13), 4, 2).suggestions


def test_fields():
    error = size_error(10, 3, 2)
    assert error.equation == "output = (10 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 4.5"
    assert error.lost_elements == 1
    assert error.problem.received == "input_size=10, kernel_size=3, stride=2"
    assert error.rule.startswith("The windows do not fit")
    assert error.suggestions[0] == Suggestion({"input_size": 9}, 4)
    assert (error.layer, error.table, error.axis) == ("", "", "")


def test_arguments_at_their_defaults_are_not_repeated():
    error = size_error((3, 3), (4, 4), (1, 1), ((0, 0), (0, 0)), (1, 1))
    assert error.problem.received == "input_size=(3, 3), kernel_size=(4, 4)"
    error = size_error(3, 4, remainder="crop")
    assert error.problem.received == "input_size=3, kernel_size=4, remainder='crop'"


def test_an_error_of_another_module():
    plain = fp.SizeError("Linear takes flat values.")
    assert str(plain) == "Linear takes flat values."
    assert (plain.axis, plain.equation, plain.lost_elements, plain.suggestions) == ("", "", 0, ())
    full = fp.SizeError(
        SizeProblem(
            rule="Linear takes flat values.",
            received="values of shape 6 × 5 × 5",
            remedy="Put Flatten() before it.",
            suggestions=(Suggestion({"input_size": (9, 9)}, (1, 1), "a note"),),
        )
    ).in_layer("Layer 2, Linear(10)")
    assert (
        str(full)
        == """\
Layer 2, Linear(10): Linear takes flat values.
Received: values of shape 6 × 5 × 5.

Put Flatten() before it.

This fits:
    an input of 9 × 9  → output 1 × 1  (a note)"""
    )


def test_an_axis_without_a_consequence():
    problem = SizeProblem("A rule.", axes=(AxisProblem("width", "output = 1", ""),))
    assert str(fp.SizeError(problem)).splitlines()[-1] == "    width: output = 1"


def test_size_errors_cross_processes():
    error = size_error((28, 30), 3, 2).in_layer("Layer 0", "a table")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert copy.problem == error.problem


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (fp.SizeError, ValueError),
        (fp.ArgumentError, ValueError),
        (fp.DataError, ValueError),
        (fp.ModelFileError, fp.DataError),
        (fp.TrainingError, RuntimeError),
        (fp.DivergedError, fp.TrainingError),
    ],
)
def test_the_tree(error, bases):
    assert issubclass(error, fp.FencepostError)
    assert issubclass(error, bases)
    assert str(error("what is wrong")) == "what is wrong"
