"""Random convolutions of integers against Python's own: ``python -m benchmarks.exactness``.

A million calls (or as many as are given), drawn as ``tests/convolution/exact_cases.py`` draws them:
nine dtypes, one to three axes, every mode, boundary, origin and method, kernels of five kinds, one
in fifty of up to 40 elements along an axis. Each result is compared with sums in integers that hold
every term. It takes ten minutes; the counts stand in docs/decisions/exactness.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from fencepost.text import plural

CASES = 1_000_000
LARGE_ONE_IN = 50
SIDE, LARGE_SIDE = 12, 40


def main() -> None:
    """Run them, print how they went, and fail if one was wrong."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from convolution.exact_cases import check, random_case

    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    outcomes: Counter[str] = Counter()
    for seed in range(cases):
        side = LARGE_SIDE if seed % LARGE_ONE_IN == 0 else SIDE
        case = random_case(np.random.default_rng(seed), side)
        try:
            outcomes[check(case)] += 1
        except AssertionError:
            outcomes["wrong"] += 1
            print(f"Wrong with seed {seed}, sides of up to {side}: {case}")
    print(
        f"{plural(cases, 'call')}: {outcomes['exact']:,} exact, {outcomes['wrong']:,} wrong, "
        f"{outcomes['method']:,} by a method that declined, {outcomes['does not fit']:,} refused, "
        "for their results are beyond 64 bits."
    )
    sys.exit(outcomes["wrong"] > 0)


if __name__ == "__main__":
    main()
