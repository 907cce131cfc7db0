"""`fencepost tour`: the article as pages in the browser, computed live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ArgumentError
from .shared.console import Console

EXAMPLES = """\
fencepost tour
fencepost tour photos.safetensors --port 8000"""


def tour(
    model: Annotated[
        Path | None, typer.Argument(help="Model file to explore.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free port.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and do not open a browser.")
    ] = False,
) -> None:
    """Open the interactive tour in the browser: draw, train, and explore your own model.

    It is served to this machine only, until Ctrl-C. Nothing is uploaded.
    """
    import webbrowser

    from .. import load
    from ..tour import Server

    if model is not None:
        load(model)  # says what is wrong with it, if anything is
    try:
        server = Server(model, port)
    except OSError as error:
        raise ArgumentError(
            f"--port must be a free port. Received: {port} ({error.strerror}). "
            "Leave it out to take any free port."
        ) from None
    Console(False).say(f"The tour is at {server.url} until you press Ctrl-C.")
    if not no_browser:
        webbrowser.open(server.url)
    server.serve()
