"""A photograph to try kernels on: matplotlib's sample, or one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...datasets import image_files
from ...errors import DataError
from ...remedies import setting

PORTRAIT = "grace_hopper.jpg"
HEIGHT = 300  # pixels of the portrait: in print, each is then large enough to be visible


def read_portrait(path: Path | None) -> NDArray[np.uint8]:
    """Read a photograph as grey pixels, 300 high; matplotlib's of Grace Hopper if none is given.

    Raises DataError if there is none, and says what else can be given.
    """
    if path is None:
        import matplotlib

        sample = Path(matplotlib.get_data_path(), "sample_data", PORTRAIT)
        if not sample.is_file():
            raise DataError(
                f"matplotlib's sample photograph is missing. There is no {sample}. Use one of "
                f"your own, {setting('portrait', 'FILE')}, or install matplotlib with its data: "
                "pip install --force-reinstall matplotlib"
            )
        path = sample
    try:
        info = image_files.inspect(path)
        width = max(1, round(HEIGHT * info.width / info.height))
        grey = image_files.read(path, channels=1, size=(HEIGHT, width))
        return grey.reshape(HEIGHT, width)
    except DataError as error:
        raise DataError(f"{path} {error}.") from error
