"""Every repair of random networks can be built, runs, and does what it says; see `claims`."""

from __future__ import annotations

import pytest

from check.rules.rule_findings import image, only


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_repairs_are_built_and_run(first):
    pytest.importorskip("torch")
    from check.rules.claims import failures

    assert not [line for seed in range(first, first + 10) for line in failures(seed)]


@pytest.mark.parametrize(
    ("groups", "out", "repair"),
    [
        (8, 16, "in_channels=6, groups=2"),
        (8, 24, "in_channels=6, groups=6"),  # depthwise, as it was
        (2, 4, "in_channels=6"),
        (1, 4, "in_channels=6"),
    ],
)
def test_groups_that_divide_the_channels_that_arrive(groups, out, repair):
    graph = image(8, 8, channels=6)
    graph.add("Conv2d", "windows", [graph.input], None, weight_shape=(out, 8 // groups, 3, 3),
              arguments={"groups": groups, "out_channels": out},
              windows=graph.windows(graph.input, 3, 1, 0, 1))  # fmt: skip
    assert only(graph, "FP105", failure="no").repair == f"It fits with {repair}."
