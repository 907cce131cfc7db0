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
        Path | None, typer.Argument(help="A model file to look into.", show_default=False)
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes any that is free.")
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open nothing.")
    ] = False,
) -> None:
    """Open the tour in the browser: draw, train, and look into a model of your own.

    Pages, digits and model are served to this machine only, until Ctrl-C; nothing is uploaded
    anywhere.
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
            f"--port must be a port that is free. Received: {port} ({error.strerror}). "
            "Leave it out to take any."
        ) from None
    Console(False).say(f"The tour is at {server.url} until you press Ctrl-C.")
    if not no_browser:
        webbrowser.open(server.url)
    server.serve()
