"""Slips in the text of a kernel: how it is written is said, and what is offered is a kernel."""

from __future__ import annotations

import re

import pytest

from fencepost.errors import ArgumentError, DataError
from fencepost.kernels import names, parse


def refusal(text, ndim=2):
    with pytest.raises(ArgumentError) as caught:
        parse(text, ndim=ndim)
    return str(caught.value).split("\n\n")[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1,1", ["2: 1,1"]),
        ("1;2", ["2x1: 1 2"]),
        ("1 2 1", ["3: 1,2,1"]),
        ("3", ["1: 3"]),
        ("1/4,1/2,1/4", ["3: 1/4,1/2,1/4"]),
        ("\N{MINUS SIGN}1, 0, 1", ["3: -1,0,1"]),
        ("(1,2,1)", ["3: 1,2,1"]),
        ("[[1,0],[0,1]]", ["2x2: 1,0 0,1"]),
        ("[[0, -1, 0], [-1, 5, -1], [0, -1, 0]]", ["3x3: 0,-1,0 -1,5,-1 0,-1,0"]),
        ("[0 -1 0; -1 5 -1; 0 -1 0]", ["3x3: 0,-1,0 -1,5,-1 0,-1,0"]),
        ("0,-1,0 -1,5,-1 0,-1,0", ["3x3: 0,-1,0 -1,5,-1 0,-1,0"]),
        ("1 2\n3 4\n", ["2x2: 1,2 3,4"]),
        ("0,5;1,5", ["2x2: 0,5 1,5", "2: 0.5,1.5"]),
    ],
)
def test_a_matrix_without_its_size(text, meant):
    assert refusal(text).endswith(" A matrix begins with its size: " + offered(meant) + ".")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3x3 1 2 1 2 4 2 1 2 1", ["3x3: 1 2 1 2 4 2 1 2 1"]),
        ("3,3: 1 2 1 2 4 2 1 2 1", ["3x3: 1 2 1 2 4 2 1 2 1"]),
        ("gaussian(2)", ["gaussian:2"]),
        ("gaussian(sigma=2, size=7)", ["gaussian:sigma=2, size=7"]),
        ("gaussian sigma=2", ["gaussian:sigma=2"]),
        ("gaussian=2", ["gaussian:2"]),
        ("gaussian;sigma=2;size=7", ["gaussian:sigma=2,size=7"]),
        ("gaussian:sigma=2 size=7", ["gaussian:sigma=2,size=7"]),
        ("gaussian:sigma:2", ["gaussian:sigma=2"]),
        ("mean 3", ["mean:3"]),
        ("mean3", ["mean:3"]),
        ("mean-3x5", ["mean:3x5"]),
        ("sobelx", ["sobel:x"]),
        ("sobel_x", ["sobel:x"]),
        ("Sobel-Y", ["Sobel:Y", "sobel:y"][1:]),
        ('"gaussian"', ["gaussian"]),
        ("'mean:5'", ["mean:5"]),
        ("gausian", ["gaussian", "gauss"]),
        ("laplacian", ["laplace"]),
    ],
)
def test_a_name_and_its_arguments(text, meant):
    assert refusal(text).endswith(" Did you mean " + offered(meant) + "?")


def offered(meant):
    for text in meant:
        parse(text, ndim=2)
    return " or ".join(f'"{text}"' for text in meant)


@pytest.mark.parametrize("text", ["sharpen,blur", "sharpen + blur", "sharpen|blur"])
def test_a_chain_in_one_text(text):
    assert refusal(text).endswith('Pass the kernels of a chain one by one: "sharpen", then "blur".')


@pytest.mark.parametrize("text", ["k.csv", "./k", "C:\\k.txt", "my kernels/a.txt", "kernel.npy"])
def test_a_file_without_its_mark(text):
    assert refusal(text).endswith(f'A file that holds a matrix as text is named "@{text}".')
    with pytest.raises(DataError, match="No such file"):
        parse(f"@{text}")


@pytest.mark.parametrize(
    "text",
    ["np.ones(3)", "[1,2,1]/4", "1/9*ones(3)", "3x3", "1,,2", "1.5.2", "1e400", "{}", "?", "--"],
)
def test_what_is_nothing_known_is_told_what_a_kernel_is(text):
    rule = 'A kernel is a name with its arguments, such as "gaussian:sigma=2", or a matrix, such as'
    assert rule in refusal(text)


def test_a_word_is_told_the_names():
    assert all(name in refusal("edge") for name in names())


def test_what_is_offered_for_a_signal_is_a_kernel_for_signals():
    assert "Did you mean" not in refusal("[[1,0],[0,1]]", ndim=1)
    assert refusal("1;2", ndim=1).endswith('"2x1: 1 2".')


def test_long_texts_take_no_time():
    assert re.match("There is no kernel named", refusal("1 " * 100_000))
    assert re.match("There is no kernel named", refusal("((((" * 200))
