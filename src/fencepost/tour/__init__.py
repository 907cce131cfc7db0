"""The tour: the article as pages in the browser, computed live by the engine as WebAssembly.

The pages are the files in `site/`, which any static host can serve; `server` serves them here.
"""

from ..names import public
from .server import SITE, Server

__all__ = ["SITE", "Server"]

public(globals(), answers=False)
