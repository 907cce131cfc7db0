"""JavaScript run by node, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sanitizers import environment_without

SITE = Path(__file__).parents[1] / "src" / "fencepost" / "tour" / "site"


def run(script: str, *arguments: str, given: str = "") -> str:
    """Return what a module prints; SITE in it is the address of the pages' folder."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    script = script.replace("SITE", SITE.as_uri())
    command = [node, "--input-type=module", "--eval", script, "--", *arguments]
    done = subprocess.run(
        command, env=environment_without(), input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
