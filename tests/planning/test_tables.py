"""A plan as it is shown: text for terminals, HTML for notebooks, plain data for machines."""

from __future__ import annotations

import json
from html.parser import HTMLParser

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
                              what comes out
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

                              receptive field of one output
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

                              what it takes, memory for a batch of 64
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

After layer 5, an output's receptive field is 16 × 16, padding included; the input is 28 × 28, and
    layer 7, Linear(120), is the first with an output that depends on all of it."""
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


def test_what_is_dropped_is_said():
    text = "Conv2d(4, 4, padding='same'), MaxPool2d(3, stride=2, remainder='crop')"
    told = fp.plan((1, 10, 8), text).text(120)
    assert 'layer 1, MaxPool2d(3, stride=2, remainder="crop"): the last element of each' in told
    assert '"same" puts 1 zero before the input and 2 after it' in told
    assert "never used" not in fp.plan((1, 11, 9), text).text(120)
    skipped = fp.plan((1, 10), "Conv1d(4, 2, stride=5, remainder='crop')").text(120)
    assert "the last 3 elements of each row are never used" in skipped


def test_what_covers_the_input_is_said():
    covering = "the input is 9 × 9, and layer 1, Conv2d(1, 7, padding=3), is the first"
    text = "Conv2d(1, 3), Conv2d(1, 7, padding=3), ReLU"
    assert covering in fp.plan((1, 9, 9), text).text(160)
    assert "no layer has an output that depends on all" in fp.plan((1, 10, 10), text).text(160)


def test_width_must_be_a_number():
    with pytest.raises(fp.ArgumentError, match="width must be an integer, at least 1"):
        fp.plan((1, 28, 28), LENET5).text(0)


class Cells(HTMLParser):
    """The cells of each row; fails where a tag is not closed by its own."""

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.others = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag == "br":
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1] += [""] * int(dict(attributes).get("colspan", 1))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data
        elif data.strip():
            self.others.append(data)


def read_html(plan):
    cells = Cells()
    cells.feed(plan._repr_html_())
    cells.close()
    assert not cells.open
    return cells


def test_html_is_one_table():
    plan = fp.plan((1, 28, 28), LENET5)
    cells = read_html(plan)
    assert {len(row) for row in cells.rows} == {14}
    assert cells.rows[3][:4] == [
        "0",
        "Conv2d(6, 5, padding=2)",
        "6 × 28 × 28",
        "(28 + 2 + 2 − 5) / 1 + 1 = 28",
    ]
    assert cells.rows[-1][1] == "total"
    assert "61,706" in cells.rows[-1]
    assert len(cells.rows) == 2 + 1 + 12 + 1


def test_html_says_what_does_not_fit_and_escapes():
    plan = fp.plan(
        (1, 28, 28), "Conv2d(4, 4, padding='same'), Conv2d(2, 3, stride=2, padding='same')"
    )
    cells = read_html(plan)
    assert any("only clear for" in text for text in cells.others)
    assert 'padding="same"' not in plan._repr_html_()


@pytest.mark.parametrize("text", [LENET5, UNEVEN, "Conv2d(4, 3, stride=2), ReLU", "Linear(3)"])
def test_data_are_those_of_the_plan(text):
    plan = fp.plan((1, 28, 28), text, batch=2)
    data = json.loads(json.dumps(plan.to_dict(), allow_nan=False))
    assert data["ok"] == plan.ok
    assert data["parameters"] == plan.parameters
    assert len(data["layers"]) == len(plan.rows)
    assert [problem["layer"] for problem in data["problems"]] == [p.layer for p in plan.problems]

    def compare(found, rows):
        for one, row in zip(found, rows, strict=True):
            assert one["place"] == row.place
            assert tuple(one["output_shape"]) == row.output_shape
            assert one["multiply_adds"] == row.multiply_adds
            assert tuple(one["receptive_field"]) == row.receptive_field
            assert [w["output"] for w in one["windows"]] == [w.output for w in row.windows]
            compare(one["inner"], row.inner)

    compare(data["layers"], plan.rows)


def test_what_python_shows_of_a_plan_is_short():
    plan = fp.plan((1, 9, 9), "Conv2d(2, 3), Flatten", batch=4)
    assert repr(plan) == "Plan((1, 9, 9), [Conv2d(2, 3), Flatten()], batch=4)"
