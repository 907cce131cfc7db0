"""Tiny data that a network learns in a second, and a way to run the command in this process."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli import typed
from fencepost.cli.app import run

SHAPES = ("circle", "cross", "square")


def draw(kind: str, rng: np.random.Generator, size: int = 16) -> np.ndarray:
    """A light figure somewhere on a dark, noisy ground: uint8 (size, size)."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    y, x = y - rng.integers(-2, 3), x - rng.integers(-2, 3)
    radius = size / 4
    distance = {
        "circle": np.abs(np.hypot(x, y) - radius),
        "cross": np.where(np.maximum(abs(x), abs(y)) <= radius, np.minimum(abs(x), abs(y)), 9),
        "square": np.abs(np.maximum(abs(x), abs(y)) - radius),
    }[kind]
    return np.clip(220 * (distance < 1) + rng.normal(20, 12, (size, size)), 0, 255).astype(np.uint8)


def _write_folder(
    root: Path, count: int, size: int = 16, colour: bool = False, seed: int = 0
) -> Path:
    rng = np.random.default_rng(seed)
    for kind in SHAPES:
        (root / kind).mkdir(parents=True)
        for k in range(count):
            pixels = draw(kind, rng, size)
            if colour:
                tint = np.array([[[1.0, 0.8, 0.5]]])
                pixels = (pixels[..., None] * tint).astype(np.uint8)
            Image.fromarray(pixels).save(root / kind / f"{k:03}.png")
    return root


def write_signals(path: Path, count: int = 60, width: int = 32) -> Path:
    rng = np.random.default_rng(0)
    t = np.arange(width)
    lines = ["kind," + ",".join(f"t{k}" for k in t)]
    for k in range(count):
        kind, wave = (("slow", 0.3), ("fast", 1.1))[k % 2]
        values = np.sin(wave * t + rng.uniform(0, 6)) + rng.normal(0, 0.1, width)
        lines.append(kind + "," + ",".join(f"{value:.4f}" for value in values))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def write_folder():
    """Write a folder of figures: (root, count of each class, size=16, colour=False, seed=0)."""
    return _write_folder


@pytest.fixture(scope="session")
def draw_figure():
    """Draw one figure: (kind, seed)."""
    return lambda kind, seed: draw(kind, np.random.default_rng(seed))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return _write_folder(tmp_path_factory.mktemp("data") / "figures", 40)


@pytest.fixture(scope="session")
def signals(tmp_path_factory) -> Path:
    return write_signals(tmp_path_factory.mktemp("data") / "waves.csv")


@pytest.fixture
def environment() -> dict[str, str]:
    """An environment in which a new Python finds what this one does, and keeps what it prints.

    Whoever sets PYTHONUNBUFFERED has nothing left to write when Python ends; most have.
    """
    own = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUNBUFFERED": ""}
    return os.environ | own


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; anything else there fails."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture
def fencepost(capsys, tmp_path, monkeypatch):
    """Run a command line in this process, in an empty folder, at a terminal of 100 columns.

    The width is said, because pytest-xdist tells its workers another one than pytest alone has.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FENCEPOST_DEBUG", raising=False)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        status = run(words)
        done = Outcome(status, *capsys.readouterr())
        error = done.err.rpartition("fencepost: ")[2] if status == 2 else ""
        for name in words:  # what was given is repeated, and may be anything
            error = error.replace(name, "")
        assert not typed.python_in(error), error
        assert not typed.unknown_options(error, words[0] if words else ""), error
        return done

    return call


@pytest.fixture(scope="session")
def model(folder, tmp_path_factory) -> Path:
    """A model of the three figures, trained by the command."""
    path = tmp_path_factory.mktemp("model") / "figures.safetensors"
    arguments = ["--data", folder, "--out", path, "--plot", "none", "--epochs", 20]
    assert run(["train", *map(str, arguments)]) == 0
    return path
