"""Figures, computed when drawn: `fencepost.plots`, of signals, images, networks, the article.

Every function takes the axes to draw into as `ax`, or none; it returns `ax` or, without it, a new
figure, which `save` writes as PNG or SVG. Nothing global changes: no backend, window, or setting.
Functions whose names end in ``_animation`` write a GIF, or a page with buttons.

matplotlib is imported when a picture is drawn. No module or folder here may have the name of a
public function: its import would hide the function.
"""

from ..names import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
