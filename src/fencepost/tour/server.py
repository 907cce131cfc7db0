"""A web server for one's own browser: the tour's pages, MNIST, one model, and nothing else."""

from __future__ import annotations

import http.server
import threading
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..datasets.bundled import FOLDER

SITE = Path(__file__).parent / "site"
MODEL = "given.safetensors"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
# Whatever a page holds, the browser lets it load from here only.
_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'wasm-unsafe-eval'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server:
    """The tour on this machine's loopback address, where no other machine reaches it.

    Parameters
    ----------
    model : path, optional
        A model file, served under the name that the pages ask for.
    port : int
        0 takes any that is free.

    Raises
    ------
    OSError
        The port is taken.

    Examples
    --------
    >>> from fencepost.tour import Server
    >>> with Server() as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(self, model: Path | None = None, port: int = 0) -> None:
        self._files = {path.relative_to(SITE).as_posix(): path for path in SITE.rglob("*.*")}
        self._files |= {f"mnist/{path.name}": path for path in FOLDER.glob("*.gz")}
        if model is not None:
            self._files[MODEL] = model
        files = self._files

        class Handler(_Handler):
            served = files

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the first page is."""
        page = "?given#model" if MODEL in self._files else ""
        return f"http://127.0.0.1:{self._server.server_port}/{page}"

    def serve(self) -> None:
        """Serve until interrupted."""
        self._server.serve_forever()

    def __enter__(self) -> Server:
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    served: dict[str, Path]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        # A page from elsewhere could have given its own name this address: names are refused.
        host = self.headers.get("Host", "").rpartition(":")[0]
        path = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
        file = self.served.get(path)
        if host not in ("127.0.0.1", "localhost") or file is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        try:
            content = file.read_bytes()
        except OSError:
            return self.send_error(HTTPStatus.NOT_FOUND)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _TYPES.get(file.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(content)
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""
