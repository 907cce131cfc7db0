"""The sizes of a network as it is made, and their table."""

import pytest

import fencepost as fp

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


def test_a_network_that_does_not_fit_says_where_why_and_what_would():
    with pytest.raises(fp.SizeError) as caught:
        fp.Network((1, 28, 28), [fp.Conv2d(6, 5), fp.ReLU(), fp.MaxPool2d(5), fp.Flatten()])
    text = str(caught.value)
    assert text.startswith("layer 2, MaxPool2d(5): ")
    assert "(24 + 0 + 0 − 1·(5 − 1) − 1) / 5 + 1 = 4.8" in text
    assert "The sizes up to here:" in text
    assert "Conv2d(6, 5)  6 × 24 × 24" in text
    assert "MaxPool2d(5)  " not in text.split("The sizes up to here:")[1]
    assert caught.value.layer == "layer 2, MaxPool2d(5)"
    for suggestion in caught.value.suggestions:
        if "input_size" in suggestion.changes:
            continue
        layer = fp.MaxPool2d(**{"kernel_size": 5, "stride": 5} | dict(suggestion.changes))
        assert layer.output_shape((6, 24, 24))[1:] == suggestion.output


def test_more_values_than_the_engine_counts():
    with pytest.raises(fp.SizeError, match=r"at most\s2,147,483,647\svalues"):
        fp.Network((1, 8, 8), [fp.Conv2d(3, 1, padding=100_000)])


def test_the_table():
    assert str(small()).splitlines() == [
        "   layer         output     parameters  multiply-adds  connections",
        "   input         1 × 8 × 8",
        "0  Conv2d(4, 3)  4 × 6 × 6          40          1,296        1,440",
        "1  ReLU()        4 × 6 × 6           –              –            –",
        "2  MaxPool2d(2)  4 × 3 × 3           –              –          144",
        "3  Flatten()     36                  –              –            –",
        "4  Linear(3)     3                 111            108          111",
        "   total                           151          1,404        1,695",
    ]
