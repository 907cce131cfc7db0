"""The tour's server: its own files, to this machine only."""

from __future__ import annotations

import gzip
import http.client

import pytest

from fencepost.tour import SITE, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    model = tmp_path_factory.mktemp("models") / "own.safetensors"
    model.write_bytes(b"weights")
    with Server(model) as running:
        yield running


def get(server, path, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server._server.server_port)
    connection.request("GET", path, headers={"Host": host} if host else {})
    return connection.getresponse()


def test_it_serves_every_file_of_the_pages(server):
    for path in SITE.rglob("*.*"):
        response = get(server, f"/{path.relative_to(SITE).as_posix()}")
        assert response.status == 200 and response.read() == path.read_bytes()
    assert get(server, "/").read() == (SITE / "index.html").read_bytes()


def test_it_serves_mnist_and_the_model(server):
    labels = gzip.decompress(get(server, "/mnist/t10k-labels-idx1-ubyte.gz").read())
    assert labels[-10000:][:3] == bytes([7, 2, 1])
    assert get(server, "/given.safetensors").read() == b"weights"
    assert server.url.endswith("/?given#model")
    assert get(server, "/?given").status == 200


@pytest.mark.parametrize(
    "path",
    ["/../__init__.py", "/%2e%2e/server.py", "//etc/passwd", "/data", "/nothing.js", "/mnist"],
)
def test_it_serves_nothing_else(server, path):
    assert get(server, path).status == 404


def test_a_page_elsewhere_cannot_borrow_the_address(server):
    assert get(server, "/", host="evil.example:80").status == 404
    assert get(server, "/", host=f"localhost:{server._server.server_port}").status == 200


def test_browsers_may_load_from_nowhere_else(server):
    policy = get(server, "/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "http" not in policy


def test_it_listens_on_loopback_only(server):
    assert server._server.server_address[0] == "127.0.0.1"
