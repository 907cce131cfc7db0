"""How pictures and animations reach a file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ..arguments import real
from ..errors import ArgumentError, DataError
from ..files.atomic import atomic_path
from .style import Axes, Figure

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST = 60  # seconds of a frame
PICTURES, ANIMATIONS = (".png", ".svg"), (".gif", ".html")


def save(figure: Figure | Axes, path: str | Path, *, dots_per_inch: int = 150) -> Path:
    """Write a figure as PNG or SVG: the complete file or, on failure, none.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or Axes
        As the functions of `fencepost.plots` return it, or any other; of axes, their figure.
    path : str or Path
        The extension, .png or .svg, selects the format.
    dots_per_inch : int
        Of a PNG; an SVG is sharp at any size.

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.plots.save(fp.plots.signal([10, 9, 10, 1, 10]), "signal.svg").name
    'signal.svg'
    """
    path = Path(path)
    kind = ending(path, PICTURES)
    drawn = _figure_of(figure)
    try:
        with atomic_path(path) as unfinished:
            drawn.savefig(unfinished, format=kind[1:], dpi=dots_per_inch)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def save_animation(
    frames: Iterable[Figure | Axes],
    path: str | Path,
    *,
    seconds: float = 0.8,
    dots_per_inch: int = 100,
) -> Path:
    """Write figures of one size, one after another, as an animated GIF or a page with buttons.

    Parameters
    ----------
    frames : iterable of matplotlib.figure.Figure
        Drawn as they come, so that a generator needs the memory of one.
    path : str or Path
        The extension, .gif or .html, selects the format. The page is self-contained.
    seconds : float
        How long each frame is shown; the last one is shown three times as long.
    dots_per_inch : int

    Raises
    ------
    ArgumentError
        If the file's name ends otherwise, `seconds` is not from 0 to 60, or the frames are none or
        of several sizes.
    DataError
        If the file cannot be written.
    """
    path = Path(path)
    kind = ending(path, ANIMATIONS)
    seconds = real("seconds", seconds, 0, LONGEST, above=True)
    images = [_rendered(figure, dots_per_inch) for figure in frames]
    sizes = sorted({image.size for image in images})
    if len(sizes) != 1:
        received = " and ".join(f"{width} × {height}" for width, height in sizes) or "none"
        raise ArgumentError(
            f"frames must be figures of one size, at least one. Received: {received}."
        )
    durations = [round(1000 * seconds)] * (len(images) - 1) + [round(3000 * seconds)]
    content = _gif(images, durations) if kind == ".gif" else _page(images, durations, path.stem)
    try:
        with atomic_path(path) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def ending(path: Path, known: tuple[str, ...]) -> str:
    """Return how the file's name ends, in lower case, if that is one of the `known`."""
    suffix = path.suffix.lower()
    if suffix not in known:
        raise ArgumentError(
            f"The file's name must end in {' or '.join(known)}. Received: {path}. "
            f"For example, name it {path.stem or 'figure'}{known[0]}."
        )
    return suffix


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"The figure could not be written to {path}: {error.strerror or error}. "
        "Name a file in a folder that may be written to, on a disk that has room."
    )


def _figure_of(figure: Figure | Axes) -> Figure:
    """Return the figure, or that which holds the axes."""
    if not hasattr(figure, "get_figure"):
        raise ArgumentError(
            f"What is saved must be a figure or axes of matplotlib. Received: {type(figure)}."
        )
    suffix = figure.get_figure(root=True)
    assert suffix is not None
    return suffix


def _rendered(figure: Figure | Axes, dots_per_inch: int) -> Image:
    from PIL import Image

    buffer = io.BytesIO()
    _figure_of(figure).savefig(buffer, format="png", dpi=dots_per_inch)
    return Image.open(buffer).convert("RGB")


def _gif(images: list[Image], durations: list[int]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    # Without dithering, so that flat colours stay flat and small.
    first, *others = (image.quantize(128, dither=Image.Dither.NONE) for image in images)
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return buffer.getvalue()


def _page(images: list[Image], durations: list[int], title: str) -> bytes:
    sources = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
        data = base64.b64encode(buffer.getvalue()).decode()
        sources.append(f'"data:image/png;base64,{data}"')
    width, height = images[0].size
    return _PAGE.substitute(
        title=title, width=width, height=height, last=len(images) - 1,
        frames=",\n".join(sources), durations=durations,
    ).encode()  # fmt: skip


_PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>$title</title>
<style>
body { font-family: sans-serif; margin: 1em auto; max-width: ${width}px }
img { width: 100%; height: auto } p { display: flex; gap: 1em } input { flex: 1 }
</style>
<img id="picture" width="$width" height="$height" alt="$title">
<p><button id="play">Pause</button>
<input id="frame" type="range" min="0" max="$last" value="0" aria-label="frame"></p>
<script>
const frames = [$frames], durations = $durations;
const picture = document.getElementById("picture");
const slider = document.getElementById("frame"), button = document.getElementById("play");
let timer = null;
function show() { picture.src = frames[slider.value]; }
function step() { slider.value = (+slider.value + 1) % frames.length; show(); wait(); }
function wait() { timer = setTimeout(step, durations[slider.value]); }
function pause() { clearTimeout(timer); timer = null; button.textContent = "Play"; }
button.onclick = () => { if (timer) pause(); else { button.textContent = "Pause"; step(); } };
slider.oninput = () => { pause(); show(); };
show(); wait();
</script>
</html>
""")
