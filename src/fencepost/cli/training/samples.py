"""`fencepost samples`: pictures that come with the package, to try the other commands on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..shared import options, outputs
from ..shared.console import Console

EXAMPLES = """\
fencepost samples
fencepost samples --out elsewhere/"""


def samples(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Folder to write to; created if missing."
        ),
    ] = Path("samples"),
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Write small images of leaves to try the other commands on.

    The folder gets leaves/, with 40 images of each of five trees, and new/,
    with six that have no label; one of these is no leaf.
    """
    console = Console(as_json)
    outputs.check_folder("--out", out)

    from ...datasets.bundled import sample_names, write_samples

    files = [out / name for name in sample_names()]
    outputs.check_new("--out", files, overwrite)
    write_samples(out, overwrite=overwrite)
    console.note(
        f"Saved {len(files)} images in {out}.",
        f"Next: fencepost train --data {out / 'leaves'} --out leaves.safetensors",
    )
    console.result({"folder": str(out), "files": [str(file) for file in files]})
