"""The table of a plan in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser

import fencepost as fp
from planning.architectures import LENET5


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
    assert any("unambiguous only for" in text for text in cells.others)
    assert 'padding="same"' not in plan._repr_html_()
