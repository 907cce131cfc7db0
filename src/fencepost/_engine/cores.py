"""How many cores this process has: those that it may run on, or whose time its container grants."""

from __future__ import annotations

import math
import os
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
VERSION_1 = [f"cpu/cpu.cfs_{name}_us" for name in ("quota", "period")]


def usable_cores() -> int | None:
    """Return the number of cores, or None where the system does not tell.

    More threads finish no sooner: they wait for each other's turns.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    granted = quota(GROUPS)
    return min(cores, granted) if cores and granted else cores


def quota(groups: Path) -> int | None:
    """Return the cores that the control group's time is worth, rounded up, or None if it has all.

    Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst (``cpu.max``) and
    Documentation/scheduler/sched-bwc.rst (``cpu.cfs_quota_us``).
    """
    try:
        if (version_2 := groups / "cpu.max").exists():
            time, period = version_2.read_text().split()
        else:
            time, period = ((groups / name).read_text() for name in VERSION_1)
        cores = math.ceil(int(time) / int(period))
    except (OSError, ValueError, ZeroDivisionError):  # "max", or no control groups here
        return None
    return cores if cores > 0 else None  # -1 is all, in version 1
