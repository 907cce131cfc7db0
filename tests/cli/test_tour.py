"""`fencepost tour`."""

from __future__ import annotations

import socket
import webbrowser

import pytest

import fencepost as fp
from fencepost.cli.app import run
from fencepost.tour import Server


@pytest.fixture
def opened(monkeypatch):
    """Whatever a browser was sent to; serving ends at once."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    monkeypatch.setattr(Server, "serve", lambda self: None)
    return addresses


def test_it_opens_the_browser_on_a_free_port(opened, capsys):
    assert run(["tour"]) == 0
    (address,) = opened
    assert address.startswith("http://127.0.0.1:") and address in capsys.readouterr().out


def test_without_a_browser_it_says_where(opened, capsys):
    assert run(["tour", "--no-browser"]) == 0
    assert not opened and "http://127.0.0.1:" in capsys.readouterr().out


def test_it_opens_with_a_model(opened, tmp_path):
    fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(2)]).save(tmp_path / "own.safetensors")
    assert run(["tour", str(tmp_path / "own.safetensors")]) == 0
    assert opened[0].endswith("/?given#model")


def test_a_file_that_is_no_model_is_refused(opened, tmp_path, capsys):
    (tmp_path / "own.safetensors").write_bytes(b"nothing of the kind")
    assert run(["tour", str(tmp_path / "own.safetensors")]) == 2
    assert "must be a safetensors file" in capsys.readouterr().err and not opened


def test_a_port_that_is_taken_is_refused(opened, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run(["tour", "--port", str(taken.getsockname()[1])]) == 2
    assert "--port must be a free port" in capsys.readouterr().err
