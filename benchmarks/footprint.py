"""What fencepost costs before it does anything: import time, and the size of the wheel."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

IMPORTS = {
    "import numpy": "import numpy",
    "import fencepost": "import fencepost",
    "import fencepost, first use of Network": "import fencepost; fencepost.Network",
}
ROUNDS = 11


def import_milliseconds() -> dict[str, float]:
    """Return the median time of each import, each in processes of its own."""
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(ROUNDS):
        for name, code in IMPORTS.items():
            timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
            run = subprocess.run(
                [sys.executable, "-c", timed], capture_output=True, text=True, check=True
            )
            times[name].append(float(run.stdout) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def wheel_megabytes() -> float | None:
    """Return the size of the wheel that `make` built, if it did."""
    wheels = list(Path("build/wheel").glob("fencepost-*.whl"))
    return wheels[0].stat().st_size / 1e6 if wheels else None
