"""The tables of a plan, as a terminal shows them."""

from __future__ import annotations

import pytest

import fencepost as fp
from planning.architectures import KNOWN, LENET5

UNEVEN = (
    "Conv2d(8, (5, 3), stride=(2, 1), padding=((1, 2), (0, 1)), remainder='crop'), "
    "Residual(Conv2d(8, 3, padding='same'), Residual(ReLU)), MaxPool2d(2)"
)


def test_lenet5():
    assert (
        fp.plan((1, 28, 28), LENET5, batch=64).text(100)
        == """\
                              output size
                                            (input + before + after                 left
                              output        − kernel) / stride + 1         padding  over
    input                     1 × 28 × 28
0   Conv2d(6, 5, padding=2)   6 × 28 × 28   (28 + 2 + 2 − 5) / 1 + 1 = 28        2     0
1   ReLU()                    6 × 28 × 28
2   MaxPool2d(2)              6 × 14 × 14   (28 + 0 + 0 − 2) / 2 + 1 = 14        0     0
3   Conv2d(16, 5)             16 × 10 × 10  (14 + 0 + 0 − 5) / 1 + 1 = 10        0     0
4   ReLU()                    16 × 10 × 10
5   MaxPool2d(2)              16 × 5 × 5    (10 + 0 + 0 − 2) / 2 + 1 = 5         0     0
6   Flatten()                 400
7   Linear(120)               120
8   ReLU()                    120
9   Linear(84)                84
10  ReLU()                    84
11  Linear(10)                10

                              receptive field
                              receptive  effective  effective
                                  field     stride    padding
0   Conv2d(6, 5, padding=2)           5          1          2
1   ReLU()                            5          1          2
2   MaxPool2d(2)                      6          2          2
3   Conv2d(16, 5)                    14          2          2
4   ReLU()                           14          2          2
5   MaxPool2d(2)                     16          4          2
6   Flatten()                        16
7   Linear(120)                     all
8   ReLU()                          all
9   Linear(84)                      all
10  ReLU()                          all
11  Linear(10)                      all

                              cost; memory for a batch of 64
                                                                              activation
                              parameters  connections  multiply-adds   share      memory
0   Conv2d(6, 5, padding=2)          156      122,304        117,600  28.2 %      1.2 MB
1   ReLU()                             –            –              –       –      1.2 MB
2   MaxPool2d(2)                       –        4,704              –       –    301.1 kB
3   Conv2d(16, 5)                  2,416      241,600        240,000  57.6 %    409.6 kB
4   ReLU()                             –            –              –       –    409.6 kB
5   MaxPool2d(2)                       –        1,600              –       –    102.4 kB
6   Flatten()                          –            –              –       –    102.4 kB
7   Linear(120)                   48,120       48,120         48,000  11.5 %     30.7 kB
8   ReLU()                             –            –              –       –     30.7 kB
9   Linear(84)                    10,164       10,164         10,080   2.4 %     21.5 kB
10  ReLU()                             –            –              –       –     21.5 kB
11  Linear(10)                       850          850            840   0.2 %      2.6 kB
    total                         61,706      429,342        416,520              3.8 MB

After layer 5, the receptive field is 16 × 16, including padding; the input is 28 × 28, and layer 7,
    Linear(120), is the first with an output that depends on all of it."""
    )


@pytest.mark.parametrize("width", [80, 100, 140, 200])
@pytest.mark.parametrize("name", KNOWN)
def test_tables_are_no_wider_than_the_terminal(name, width):
    shape, text, _ = KNOWN[name]
    lines = fp.plan(shape, text).text(width).split("\n")
    assert max(map(len, lines)) <= width
    # Each layer has its line in every block; a wide terminal has one block.
    places = [line.split()[0] for line in lines if line[:1].isdigit()]
    blocks = places.count("0")
    assert places == [str(index) for index in range(len(places) // blocks)] * blocks
    assert blocks == {80: 3, 100: 3, 140: 2, 200: 1}[width]


def test_uneven_axes_and_layers_within_layers():
    plan = fp.plan((1, 18, 12), UNEVEN)
    lines = plan.text(200).split("\n")
    first = next(index for index, line in enumerate(lines) if line.startswith("0"))
    assert "(18 + 1 + 2 − 5) / 2 + 1 = 9 " in lines[first]
    assert "(1, 2) × (0, 1)" in lines[first]
    assert "5 × 3" in lines[first]
    assert lines[first + 1].strip() == "(12 + 0 + 1 − 3) / 1 + 1 = 11"
    begun = [line.split("  ")[0].strip() for line in lines if line[:1].isdigit()]
    assert begun == ["0", "1", "1.0", "1.1", "1.1.0", "2"]
    assert "      ReLU()" in next(line for line in lines if line.startswith("1.1.0"))
    total = next(line for line in lines if "total" in line)
    assert f"{plan.parameters:,}" in total
    residual = next(line for line in lines if line.startswith("1 "))
    assert "–" in residual  # its costs are in the lines of its layers


def test_width_must_be_a_number():
    with pytest.raises(fp.ArgumentError, match="width must be an integer, at least 1"):
        fp.plan((1, 28, 28), LENET5).text(0)


def test_what_python_shows_of_a_plan_is_short():
    plan = fp.plan((1, 9, 9), "Conv2d(2, 3), Flatten", batch=4)
    assert repr(plan) == "Plan((1, 9, 9), [Conv2d(2, 3), Flatten()], batch=4)"
