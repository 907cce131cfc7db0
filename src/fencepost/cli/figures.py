"""`fencepost figures`: every figure of the article, drawn live, on one page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError
from ..text import plural
from .shared import options, outputs
from .shared.console import Console

if TYPE_CHECKING:
    from ..plots.article import ArticleFigure
    from ..plots.article.page import Entry

EXAMPLES = """\
fencepost figures -o figures/
fencepost figures -o figures/ --only 4,9 --svg"""

DOTS_PER_INCH = 200


def figures(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Folder to write to; created if missing."
        ),
    ],
    only: Annotated[
        str | None, typer.Option(help="Numbers of the figures to draw, such as 4,9.")
    ] = None,
    svg: Annotated[
        bool, typer.Option("--svg", help="Also write each figure as SVG, for print.")
    ] = False,
    portrait: Annotated[Path | None, options.PORTRAIT] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Draw the 14 figures of "From Convolution to Neural Network", computed anew.

    The folder gets a PNG file for each figure and an index.html with captions
    and the numbers computed for each.
    """
    started = time.perf_counter()
    console = Console(as_json)
    outputs.check_folder("--out", out)

    from ..files.atomic import atomic_write
    from ..plots import article
    from ..plots.article.page import page

    wanted = _wanted(article.figures(portrait), only)
    names = [name for figure in wanted for name in _files(figure, svg)]
    outputs.check_new("--out", [out / name for name in [*names, "index.html"]], overwrite)
    out.mkdir(parents=True, exist_ok=True)
    entries: list[Entry] = []
    described: list[dict[str, Any]] = []
    for figure in wanted:
        begun = time.perf_counter()
        entry = _draw(figure, out, svg)
        entries.append(entry)
        seconds = round(time.perf_counter() - begun, 3)
        described.append(
            {
                "number": entry.number,
                "title": entry.title,
                "caption": entry.caption,
                "claim": entry.claim,
                "files": [str(out / name) for name in entry.files],
                "seconds": seconds,
            }
        )
        console.say(f"{entry.number:2}. {entry.title}: {entry.claim}")
    index = out / "index.html"
    atomic_write(index, page(entries).encode())
    seconds = time.perf_counter() - started
    console.note(f"Saved {plural(len(entries), 'figure')} in {seconds:.1f} s. Open {index}.")
    console.result({"figures": described, "index": str(index), "seconds": round(seconds, 3)})


def _files(figure: ArticleFigure, svg: bool) -> list[str]:
    return [f"{figure.stem}.png", *([f"{figure.stem}.svg"] if svg else [])]


def _draw(figure: ArticleFigure, out: Path, svg: bool) -> Entry:
    from ..plots import save
    from ..plots.article.page import Entry

    drawn = figure.draw()
    files = _files(figure, svg)
    for name in files:
        save(drawn.figure, out / name, dots_per_inch=DOTS_PER_INCH)
    return Entry(
        figure.number,
        figure.stem,
        figure.title,
        drawn.caption,
        drawn.claim,
        (out / files[0]).read_bytes(),
        tuple(files),
        drawn.width,
    )


def _wanted(every: tuple[ArticleFigure, ...], only: str | None) -> list[ArticleFigure]:
    if only is None:
        return list(every)
    numbers = [part.strip() for part in only.split(",")]
    known = {str(figure.number): figure for figure in every}
    for number in numbers:
        if number not in known:
            raise ArgumentError(
                f"--only must be numbers from 1 to {len(every)}, separated by commas. "
                f"Received: {only}."
            )
    return [known[number] for number in dict.fromkeys(numbers)]
