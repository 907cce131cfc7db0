"""What a figure of the article is: its picture, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..style import Axes, Figure


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure with its caption and the claim that it makes, in numbers computed for it."""

    figure: Figure | Axes
    caption: str
    claim: str

    @property
    def width(self) -> float:
        """Inches across, as it is meant to be printed."""
        figure = self.figure.get_figure(root=True)
        assert figure is not None
        return float(figure.get_size_inches()[0])


@dataclass(frozen=True)
class ArticleFigure:
    """A figure that can be drawn.

    Attributes
    ----------
    number : int
        Its position in the article, from 1.
    name : str
        A word or two, for its file.
    title : str
    draw : callable
        Computes and draws it.
    """

    number: int
    name: str
    title: str
    draw: Callable[[], Drawn]

    @property
    def stem(self) -> str:
        """The name of its files, without the ending."""
        return f"{self.number:02}-{self.name}"
