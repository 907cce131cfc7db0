"""The command as a process that is stopped: by Ctrl-C, wherever the tests run, or by a kill."""

from __future__ import annotations

import signal
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
# Whoever watched it from without might come too late.
_KILLED = """
import os, signal
from fencepost.cli import main
from fencepost.training.loop.progress import Lines
def die(lines, record, best):
    told(lines, record, best)
    if record.epoch == {epoch}:
        os.kill(os.getpid(), signal.SIGKILL)
told, Lines.epoch_done = Lines.epoch_done, die
main()
"""


def started(command, folder, environment):
    """Start a command in a folder; what it says is read as it comes."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment
    )


def killed_at(epoch, arguments, folder, environment):
    """Run a training that is killed when it has told of an epoch, and not yet saved it."""
    command = [sys.executable, "-c", _KILLED.format(epoch=epoch), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
