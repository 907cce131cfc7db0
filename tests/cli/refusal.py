"""What every refusal of the command has in common."""

from __future__ import annotations


def refused(done, *words):
    assert done.status == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    told, _, error = done.err.rpartition("fencepost: ")  # with --json, what was found comes before
    assert not told or told.endswith("\n")
    for word in words:
        assert word in error
