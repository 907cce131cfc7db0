"""A figure of the article on a page: the picture, what it claims, and the code that draws it."""

from __future__ import annotations

import functools
import inspect
from typing import Any


def markdown(figure: Any, drawn: Any, folder: str) -> str:
    """Return a figure as Markdown; its picture is in the folder, its code folded up.

    Parameters
    ----------
    figure, drawn : ArticleFigure, Drawn
        Which it is, and what its `draw` returned.
    folder : str
        Of the pictures, as seen from the page.
    """
    draw = figure.draw.func if isinstance(figure.draw, functools.partial) else figure.draw
    code = f"# {draw.__module__}\n{inspect.getsource(draw)}"
    return (
        f"<figure markdown>\n![{figure.title}]({folder}{figure.stem}.svg)\n"
        f"<figcaption>{drawn.caption} {drawn.claim}</figcaption>\n</figure>\n\n"
        "<details markdown>\n"
        f"<summary>The code of this figure; <code>fencepost figures --only {figure.number} "
        "-o figures/</code> draws it</summary>\n\n"
        f"```python\n{code}```\n\n</details>"
    )
