"""Says on what machine, and with which versions, a figure was measured."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import fencepost as fp
from fencepost import _engine

from .harness import THREADS


def processor() -> str:
    """Return the processor's name as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def machine() -> Iterator[str]:
    """Yield what a reader has to know to judge the figures."""
    versions = ", ".join(
        f"{package} {importlib.metadata.version(package)}"
        for package in ("torch", "onnxruntime", "opencv-python-headless", "scipy", "numpy")
    )
    yield f"- {datetime.date.today().isoformat()}, {processor()}, {os.cpu_count()} cores"
    yield f"- engine: {_engine.level}; every system on {THREADS} threads"
    yield f"- Python {platform.python_version()}, fencepost {fp.__version__}, {versions}"
