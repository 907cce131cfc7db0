"""What is wrong with the texts of a figure: cut at the edge, one over another, too small.

`faults(figure)` is a list of sentences, empty for a figure that can be printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from unittest import mock

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SMALLEST = 5.5  # points
WIDEST = 110  # dots per inch at which letters, fitted to pixels, are wider than at others


@dataclass(frozen=True)
class Drawn:
    """A text as it is really drawn: the box that it takes, in pixels, and its size in points."""

    text: str
    box: Bbox
    size: float


def drawn_texts(figure: Figure) -> list[Drawn]:
    """Draw the figure, and note every text that is drawn."""
    drawn = []
    draw_text = Text.draw

    def note(self, renderer, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            box = Text.get_window_extent(self, renderer)
            drawn.append(Drawn(self.get_text(), box, self.get_fontsize()))
        return draw_text(self, renderer, *args, **kwargs)

    figure.set_dpi(WIDEST)
    with mock.patch.object(Text, "draw", note):
        figure.draw_without_rendering()
    return drawn


def faults(figure: Figure, smallest: float = SMALLEST) -> list[str]:
    """Say which texts are cut, overlap, or are smaller than so many points."""
    drawn = drawn_texts(figure)
    width, height = figure.canvas.get_width_height()
    faults_found = [
        f"{item.text!r} is cut off"
        for item in drawn
        if item.box.x0 < 0 or item.box.y0 < 0 or item.box.x1 > width or item.box.y1 > height
    ]
    faults_found += [
        f"{item.text!r} has {item.size:.1f} points" for item in drawn if item.size < smallest - 1e-6
    ]
    for item, other in combinations(drawn, 2):
        across = min(item.box.x1, other.box.x1) - max(item.box.x0, other.box.x0)
        along = min(item.box.y1, other.box.y1) - max(item.box.y0, other.box.y0)
        if across > 1 and along > 1.5:  # ascenders and descenders may touch
            faults_found.append(f"{item.text!r} and {other.text!r} overlap")
    return faults_found
