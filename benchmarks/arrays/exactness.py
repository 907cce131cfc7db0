"""Random convolutions of integers against Python's own: ``python -m benchmarks.arrays.exactness``.

A million calls (or as many as are given), drawn as ``tests/convolution/exact_cases.py`` draws them:
nine dtypes, one to three axes, every mode, boundary, origin and method, kernels of five kinds, one
in fifty of up to 40 elements along an axis. Each result is compared with sums in integers that hold
every term. A hundredth as many large ones follow, of up to 30,000 samples, 500 × 500 or
60 × 60 × 60 elements, compared modulo 2⁶⁴. It takes five minutes of the processor; the counts stand
in docs/reliability.md. With a file as second argument, counts are kept there, and a run that was
stopped goes on where it was.
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
LONGER_ONE_IN, LARGE_ONE_IN = 50, 100
KEPT_EVERY = 1_000
SIDE, LONGER_SIDE = 12, 40


def main() -> None:
    """Run them, print how they went, and fail if one was wrong."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
    from convolution.exact_cases import check, random_case

    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    kept = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    first, outcomes = 0, Counter[str]()
    if kept is not None and kept.exists():
        record = json.loads(kept.read_text())
        first, outcomes = record["seed"], Counter(record["outcomes"])
    for seed in range(first, cases + cases // LARGE_ONE_IN):
        large, side = seed >= cases, LONGER_SIDE if seed % LONGER_ONE_IN == 0 else SIDE
        case = random_case(np.random.default_rng(seed), side, large)
        size = "large" if large else "small"
        try:
            outcomes[f"{size}, {check(case, large)}"] += 1
        except Exception as error:  # one that is not the package's own is as wrong as a result
            outcomes[f"{size}, wrong"] += 1
            print(f"Wrong with seed {seed} ({size}): {error!r}, {case}", flush=True)
        if kept is not None and (seed + 1) % KEPT_EVERY == 0:
            record = {"seed": seed + 1, "outcomes": outcomes}
            atomic_write(kept, json.dumps(record).encode())
    for size, calls in (("small", cases), ("large", cases // LARGE_ONE_IN)):
        print(
            f"{plural(calls, f'{size} call')}: {outcomes[f'{size}, exact']:,} exact, "
            f"{outcomes[f'{size}, wrong']:,} wrong, {outcomes[f'{size}, method']:,} by a method "
            f"that declined, {outcomes[f'{size}, does not fit']:,} refused, for their results are "
            "beyond 64 bits."
        )
    sys.exit(outcomes["small, wrong"] + outcomes["large, wrong"] > 0)


if __name__ == "__main__":
    main()
