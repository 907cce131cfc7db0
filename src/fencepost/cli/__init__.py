"""The command `fencepost`: one module per command, which parses, calls the library, and prints.

Top of the package: calls everything below, and nothing calls it.
"""

from __future__ import annotations


def main() -> None:
    """Run the command with the arguments of the process, and exit with its status."""
    import sys

    from fencepost.cli.app import run

    sys.exit(run(sys.argv[1:]))
