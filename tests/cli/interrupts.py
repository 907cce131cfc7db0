"""The command as a process that can be stopped by Ctrl-C, wherever the tests run."""

from __future__ import annotations

import sys

# Who started the tests (nohup, a shell's &) may ignore SIGINT, and a child would inherit that.
_CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from fencepost.cli import main
main()
"""
COMMAND = (sys.executable, "-c", _CODE)
