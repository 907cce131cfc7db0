"""Random convolutions of integers against Python's own: ``python -m benchmarks.exactness``.

A million calls (or as many as are given), drawn as ``tests/convolution/exact_cases.py`` draws them:
nine dtypes, one to three axes, every mode, boundary, origin and method, kernels of five kinds, one
in fifty of up to 40 elements along an axis. Each result is compared with sums in integers that hold
every term. It takes ten minutes; the counts stand in docs/decisions/exactness.md. With a file as
second argument, counts are kept there, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from fencepost.files.atomic import atomic_write
from fencepost.text import plural

CASES = 1_000_000
LARGE_ONE_IN = 50
KEPT_EVERY = 10_000
SIDE, LARGE_SIDE = 12, 40


def main() -> None:
    """Run them, print how they went, and fail if one was wrong."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from convolution.exact_cases import check, random_case

    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    kept = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    first, outcomes = 0, Counter[str]()
    if kept is not None and kept.exists():
        record = json.loads(kept.read_text())
        first, outcomes = record["seed"], Counter(record["outcomes"])
    for seed in range(first, cases):
        side = LARGE_SIDE if seed % LARGE_ONE_IN == 0 else SIDE
        case = random_case(np.random.default_rng(seed), side)
        try:
            outcomes[check(case)] += 1
        except Exception as error:  # one that is not the package's own is as wrong as a result
            outcomes["wrong"] += 1
            print(f"Wrong with seed {seed}, sides of up to {side}: {error!r}, {case}", flush=True)
        if kept is not None and (seed + 1) % KEPT_EVERY == 0:
            record = {"seed": seed + 1, "outcomes": outcomes}
            atomic_write(kept, json.dumps(record).encode())
    print(
        f"{plural(cases, 'call')}: {outcomes['exact']:,} exact, {outcomes['wrong']:,} wrong, "
        f"{outcomes['method']:,} by a method that declined, {outcomes['does not fit']:,} refused, "
        "for their results are beyond 64 bits."
    )
    sys.exit(outcomes["wrong"] > 0)


if __name__ == "__main__":
    main()
