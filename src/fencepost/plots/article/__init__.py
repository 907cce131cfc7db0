"""The figures of "From Convolution to Neural Network", each drawn from live computation.

`figures` lists them; `page` puts them on a page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from .drawn import ArticleFigure, Drawn

__all__ = ["ArticleFigure", "Drawn", "figures"]


def figures(portrait: Path | None = None) -> tuple[ArticleFigure, ...]:
    """Return the 14 figures of the article, in its order; nothing is drawn yet.

    Parameters
    ----------
    portrait : Path, optional
        The photograph of figures 5 and 6; matplotlib's sample, of Grace Hopper, by default.

    Examples
    --------
    >>> from fencepost.plots.article import figures
    >>> figures()[13].stem
    '14-stride'
    >>> print(figures()[13].draw().claim)
    There are (13 − 3) / 2 + 1 = 6 outputs, + 1 because of fence posts. An input of 10 would
    give 4.5: impossible, and an error.
    """
    from . import images, networks, sequences, sizes

    entries: tuple[tuple[str, str, Callable[[], Drawn]], ...] = (
        ("signal", "A signal", sequences.one_signal),
        ("smoothed", "A signal, smoothed", sequences.smoothed),
        ("noisy-sine", "Noise, smoothed", sequences.noisy_sine),
        ("convolution-2d", "Convolution in 2D", images.two_dimensions),
        ("laplace", "Edges of a portrait", partial(images.laplace_edges, portrait)),
        ("blur-and-edges", "Blur and edges", partial(images.blur_and_edges, portrait)),
        ("pooling", "Pooling for robustness", images.pooled_digit),
        ("signal-edges", "Edges of a signal", sequences.edges),
        ("shared-weights", "A convolution as a layer", networks.layer_of_a_signal),
        ("shared-weights-2d", "Shared weights in 2D", networks.layer_of_an_image),
        ("location-invariance", "Location invariance", networks.location_invariance),
        ("volumes", "Layers as volumes", sizes.layer_as_volume),
        ("zero-padding", "Zero-padding", sizes.zero_padding),
        ("stride", "Stride", sizes.stride_of_two),
    )
    return tuple(
        ArticleFigure(number, name, title, draw)
        for number, (name, title, draw) in enumerate(entries, start=1)
    )
