"""The command `fencepost`: one module per command, which parses, calls the library, and prints."""

from __future__ import annotations


def main() -> None:
    """Run the command with the arguments of the process, and exit with its status."""
    import sys

    try:
        from .app import run
    except KeyboardInterrupt:
        sys.exit(130)  # as `run` answers it, which is not there yet
    sys.exit(run(sys.argv[1:]))
