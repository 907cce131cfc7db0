"""The tour's pages, with MNIST beside them, become part of the site: tour/index.html."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def on_post_build(config: Any) -> None:
    """Copy the pages; they find everything by relative addresses."""
    from fencepost.datasets.bundled import FOLDER
    from fencepost.tour import SITE

    target = Path(config["site_dir"]) / "tour"
    shutil.copytree(SITE, target, dirs_exist_ok=True)
    (target / "mnist").mkdir(exist_ok=True)
    for path in FOLDER.glob("*.gz"):
        shutil.copy(path, target / "mnist" / path.name)
