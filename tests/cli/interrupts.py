"""The command as a process that can be stopped by Ctrl-C, wherever the tests run."""

from __future__ import annotations

import subprocess
import sys

# Who started the tests (nohup, a shell's &) may ignore SIGINT, and a child would inherit that.
_CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from fencepost.cli import main
main()
"""
COMMAND = (sys.executable, "-c", _CODE)


def started(command, folder, environment):
    """Start a command in a folder; what it says is read as it comes."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment
    )
