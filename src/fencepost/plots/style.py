"""The look that all pictures share, and the room in which they are drawn.

Figures are built without pyplot and without rcParams, so drawing changes no state of the process:
no backend is chosen, no window opened, no setting of the caller's own plots touched.
matplotlib is imported inside the functions because it takes longer than a whole epoch of training.
The paper is opaque, so that a picture can be read on a dark page too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

    Axes: TypeAlias = matplotlib.axes.Axes
    Figure: TypeAlias = matplotlib.figure.Figure
else:  # every plot takes its types from here, so that matplotlib is imported when one is drawn
    Axes = Figure = Any

# Okabe & Ito, "Color Universal Design" (2008): distinguishable with every kind of colour blindness.
# Lines differ in dash and marker as well, so that a black and white print can be read too.
BLUE, VERMILLION, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
ORANGE, SKY, PURPLE, YELLOW = "#E69F00", "#56B4E9", "#CC79A7", "#F0E442"
COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, YELLOW)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
INK, FAINT_INK, PAPER, GRID = "#222222", "#5f5f5f", "#ffffff", "#d9d9d9"
MARGIN = 0.1  # inches between a room's edge and what is written in it
TITLE_SIZE, HEADING_SIZE, TEXT_SIZE, SMALL_SIZE = 15.0, 11.5, 9.0, 8.0
REMARK: dict[str, Any] = {"fontsize": SMALL_SIZE, "color": FAINT_INK}  # how remarks are written


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches, drawn by Agg."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from .notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(width, height), facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


@dataclass(frozen=True)
class Canvas:
    """Room for one plot: a figure of its own, or the area of axes that the caller gave.

    `axes`: They span the room. Draw into them, or into `panel` after `panel`, not into both.
    `width`, `height`: Of the room, in inches.
    """

    axes: Axes
    width: float
    height: float
    own: bool

    @property
    def result(self) -> Figure | Axes:
        """What a plot returns: its new figure, or the axes that it was given."""
        if not self.own:
            return self.axes
        figure = self.axes.get_figure(root=True)
        assert figure is not None
        return figure

    def panel(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Return axes over a part of the room, in fractions of its width and height."""
        blank(self.axes)
        return self.axes.inset_axes((left, bottom, width, height))

    def within_margins(self, left: float, bottom: float, right: float, top: float) -> Axes:
        """Return axes over the room less these margins, in inches.

        Axes that the caller gave are returned as they are: ticks and labels stand around them.
        """
        if not self.own:
            _lay_paper(self, left, bottom, right, top)
            return self.axes
        return self.inset(left, top, self.width - left - right, self.height - bottom - top)

    def inset(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes over a part of the room, in inches from its upper left corner."""
        wide, high = self.width, self.height
        return self.panel(left / wide, 1 - (top + height) / high, width / wide, height / high)

    def note(self, left: float, top: float, text: str, **settings: Any) -> None:
        """Write so many inches from the upper left corner, in small print; `Text`'s settings."""
        x, y = left / self.width, 1 - top / self.height
        self.write(x, y, text, **(REMARK | settings))

    def title(self, text: str, *remarks: str) -> float:
        """Write what is drawn at the top, and remarks below; return where these end, in inches."""
        wide = self.width - 2 * MARGIN
        shown = fitted(text, HEADING_SIZE, wide, "bold")
        self.note(MARGIN, 0.2, shown, weight="bold", color=INK, fontsize=HEADING_SIZE)
        lines = [line for remark in remarks for line in wrapped(remark, SMALL_SIZE, wide)]
        for number, line in enumerate(lines):
            self.note(MARGIN, 0.4 + 0.15 * number, line)
        return 0.33 + 0.15 * len(lines)

    def foot(self, text: str, size: float = SMALL_SIZE) -> None:
        """Write a remark at the bottom, in as many lines as it needs."""
        for number, line in enumerate(reversed(wrapped(text, size, self.width - 2 * MARGIN))):
            top = self.height - 0.12 - (0.06 + 0.01 * size) * number
            self.note(MARGIN, top, line, fontsize=size)

    def head(self, left: float, top: float, text: str) -> None:
        """Write the heading of a part, so many inches from the upper left corner."""
        self.note(left, top, text, weight="bold", color=INK, fontsize=TEXT_SIZE)

    def write(self, x: float, y: float, text: str, **settings: Any) -> None:
        """Write into the room, at a fraction of its width and height; `Text`'s settings."""
        look: dict[str, Any] = {"fontsize": TEXT_SIZE, "color": INK, "va": "center"}
        self.axes.text(
            x, y, text, transform=self.axes.transAxes, parse_math=False, **(look | settings)
        )


def canvas(ax: Axes | None, width: float, height: float) -> Canvas:
    """Return the room of `ax` or, without one, a new figure of so many inches."""
    if ax is not None:
        box = ax.get_window_extent()
        figure = ax.get_figure(root=True)
        assert figure is not None
        room = Canvas(ax, box.width / figure.dpi, box.height / figure.dpi, own=False)
        _lay_paper(room, 0, 0, 0, 0)
        return room
    axes = new_figure(width, height).add_axes((0, 0, 1, 1))
    blank(axes)
    return Canvas(axes, width, height, own=True)


def _lay_paper(room: Canvas, left: float, bottom: float, right: float, top: float) -> None:
    """Put paper below a caller's axes, so many inches around, if their figure is dark."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    figure = room.axes.get_figure(root=True)
    assert figure is not None
    red, green, blue, alpha = to_rgba(figure.get_facecolor())
    if alpha * (0.299 * red + 0.587 * green + 0.114 * blue) > 0.5 or not room.width * room.height:
        return
    wide, high = 1 + (left + right) / room.width, 1 + (bottom + top) / room.height
    corner = (-left / room.width, -bottom / room.height)
    room.axes.add_patch(
        Rectangle(
            corner, wide, high, transform=room.axes.transAxes, facecolor=PAPER, zorder=-100,
            clip_on=False,
        )
    )  # fmt: skip


def heading(axes: Axes, text: str, remark: str = "") -> None:
    """Write what the axes show above them, and a remark in smaller print below the heading."""
    above: dict[str, Any] = {
        "xycoords": "axes fraction", "textcoords": "offset points", "ha": "left", "va": "bottom",
        "parse_math": False, "annotation_clip": False,
    }  # fmt: skip
    high, look = 22 if remark else 8, {"fontsize": HEADING_SIZE, "color": INK, "weight": "bold"}
    axes.annotate(text, (0, 1), xytext=(0, high), **(above | look))
    if remark:
        axes.annotate(remark, (0, 1), xytext=(0, 8), **(above | REMARK))


def blank(axes: Axes) -> None:
    """No frame and no ticks: the axes only carry images."""
    axes.set_axis_off()


def framed(axes: Axes) -> None:
    """A thin frame and no ticks, for a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(FAINT_INK)
        side.set_linewidth(0.6)


def plain(axes: Axes) -> None:
    """Only the left and lower edge, a faint grid, and small numbers."""
    axes.set_facecolor(PAPER)  # whatever the caller's style is
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT_INK)
    axes.tick_params(labelsize=SMALL_SIZE, colors=INK, length=3)
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def message(axes: Axes, text: str) -> None:
    """One sentence in the middle of axes that have nothing else to show."""
    blank(axes)
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", wrap=True,
        fontsize=TEXT_SIZE, color=FAINT_INK, parse_math=False,
    )  # fmt: skip


def shorten(text: str, characters: int) -> str:
    """Put the text on one line of at most so many characters, leaving out its middle if need be.

    >>> shorten("golden_retriever_puppy", 9)
    'gold…uppy'
    """
    text = " ".join(text.split()) or "(empty)"
    if len(text) <= characters:
        return text
    head = math.ceil((characters - 1) / 2)
    tail = characters - 1 - head
    return text[:head] + "…" + (text[-tail:] if tail else "")


def number(value: float, digits: int = 3) -> str:
    """Write a number with at most so many significant digits, but integers in full.

    >>> number(1 / 9), number(-196608), number(2e-7)
    ('0.111', '−196608', '2e−07')
    """
    text = str(int(value)) if float(value).is_integer() else f"{value:.{digits}g}"
    return text.replace("-", "−")


@functools.lru_cache(4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line can be when it is printed in so many points, in inches.

    Characters are fitted to pixels, by which a line becomes up to 6 % wider than it is designed.

    >>> text_width("wide", 8) < text_width("wider", 8) < text_width("wider", 8, "bold")
    True
    """
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(weight=weight)))
    font.set_size(100, 72)  # large, so that widths are not rounded to pixels
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64 / 72 * size / 100 * 1.06


def fitted(text: str, size: float, width: float, weight: str = "normal") -> str:
    """Leave out the middle of a text until it takes at most so many inches.

    >>> fitted("golden_retriever_puppy", 8, 0.6)
    'gold…ppy'
    """
    characters = len(text)
    while characters > 1 and text_width(shorten(text, characters), size, weight) > width:
        characters -= 1
    return shorten(text, characters)


def wrapped(text: str, size: float, width: float) -> list[str]:
    """Fill lines of so many inches with the words of a text in so many points.

    What a no-break space holds together stays so.

    >>> wrapped("one two three", 10, 0.7)
    ['one two', 'three']
    """
    lines = [""]
    for word in filter(None, text.split(" ")):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def drawable_names(names: Sequence[str]) -> list[str]:
    """Return the names, but `#3` for class 3 if its script is not in the font."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties())).get_charmap()
    drawable = (all(c.isspace() or ord(c) in known for c in name) for name in names)
    pairs = zip(names, drawable, strict=True)
    return [name if known else f"#{index}" for index, (name, known) in enumerate(pairs)]
