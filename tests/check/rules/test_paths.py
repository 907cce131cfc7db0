"""What the layers on a path would have to be: all of them, or nothing is proposed."""

from __future__ import annotations

from check.rules.rule_findings import image, only


def test_norms_on_the_way_take_the_channels_that_are_proposed():
    graph = image(8, 8)
    value = graph.conv(graph.input, 8, 3, padding=1, name="conv")
    value = graph.pointwise(value, "BatchNorm2d", parameters=16, name="norm")
    value = graph.pointwise(value)
    graph.join(value, graph.conv(graph.input, 6, 1, name="shortcut"))
    assert only(graph, "FP104", failure="no").repair == (
        "It fits with out_channels=6 in conv and num_features=6 in norm or out_channels=8 in "
        "shortcut."
    )


def test_a_path_that_others_take_too_is_left_alone():
    graph = image(9, 9)
    stem = graph.conv(graph.input, 8, 3, stride=2, name="stem")
    left = graph.conv(stem, 8, 3, name="left")
    graph.join(left, stem)  # a padding of the stem would change both paths
    repair = only(graph, "FP104", failure="no").repair
    assert "padding=1 in left (→ 4 × 4)" in repair
    assert "stem" not in repair


def test_sizes_that_differ_in_channels_and_rows_are_not_mended_by_one_of_them():
    graph = image(9, 9)
    left = graph.conv(graph.input, 8, 3, name="left")
    graph.join(left, graph.conv(graph.input, 6, 1, name="right"))
    assert only(graph, "FP104", failure="no").repair == ""
