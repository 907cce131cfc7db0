"""What tests ask of `make sanitize`, which loads a sanitizer's library into every program."""

from __future__ import annotations

import os

_LOADED = os.environ.get("LD_PRELOAD", "")
ANY = "san.so" in _LOADED
THREADS = "libtsan.so" in _LOADED


def environment_without() -> dict[str, str]:
    """The environment of programs of which none of the code is ours."""
    return {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
