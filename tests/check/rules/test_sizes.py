"""Rules about what does not run: what triggers each, with which numbers, and what must not."""

from __future__ import annotations

import pytest

import fencepost as fp
from check.rules.rule_findings import findings, image, only
from fencepost.check.rules.engine import run_rules
from fencepost.sizing import output_size
from graph.graph_builder import GraphBuilder


def test_a_failure_is_told_in_its_own_words():
    graph = image(8, 8)
    graph.add("Reshape", "reshape", [graph.input], None, name="odd")
    found = only(graph, "FP101", failure="shape '[7]' is\n  invalid")
    assert found.operation == "odd"
    assert found.message == "it fails with an input of 3 × 8 × 8: shape '[7]' is invalid."
    assert found.repair == ""  # nothing follows from the sizes


def test_a_failure_without_any_operation_and_one_between_operations():
    assert only(image(8, 8), "FP101", failure="nothing ran").message == "nothing ran."
    graph = image(8, 8)
    graph.add("Net", "unknown", [graph.input], None)
    assert [finding.code for finding in findings(graph, failure="ValueError: wrong")] == ["FP101"]


def test_layers_for_another_number_of_axes():
    graph = image(32, 32)
    graph.add("Conv1d", "windows", [graph.input], None, weight_shape=(8, 3, 3))
    found = only(graph, "FP101", failure="Expected 2D or 3D input to conv1d")
    assert found.message.startswith(
        "it expects channels and 1 axis, but its input is 3 × 32 × 32: Exp"
    )
    assert found.repair == "For images, use Conv2d."
    graph = GraphBuilder((1, 1, 3, 32, 32))  # with a batch of its own
    graph.add("Conv2d", "windows", [graph.input], None, weight_shape=(8, 3, 3, 3))
    found = only(graph, "FP101", failure="Expected 3D or 4D input to conv2d")
    assert found.repair == "It fits with a model input of 3 × 32 × 32."
    graph = image(4, 4)
    flat = graph.flatten(graph.input)
    graph.add("Conv2d", "windows", [flat], None, weight_shape=(8, 3, 3, 3))
    assert "Put Conv2d before Flatten" in only(graph, "FP101", failure="Expected 4D input").repair


def test_a_view_of_fixed_features_names_the_input_that_has_them():
    graph = image(28, 28, channels=1)
    value = graph.pool(graph.conv(graph.input, 16, 5), 2)
    value = graph.pool(graph.conv(value, 16, 5), 2)
    graph.add("View", "reshape", [value], None, arguments={"shape": (-1, 400)})
    repair = only(graph, "FP101", failure="no").repair
    assert "flatten(1) (→ 256 features for each input)" in repair
    assert "a model input of 1 × 32 × 32" in repair


def test_kernel_larger_than_its_input():
    graph = image(6, 4)
    graph.conv(graph.input, 8, 5, fails=True)
    found = only(graph, "FP102", failure="Kernel size can't be greater than actual input size")
    assert "(4 + 0 + 0 − 5) / 1 + 1 = 0" in found.message
    assert " here" not in found.repair  # what is said of the input is said of the model's
    assert "padding=(0, 1) (→ 2 × 2)" in found.repair
    assert output_size(4, 5, padding=1) == 2
    assert "a model input of 3 × 7 × 5" in found.repair


def test_linear_of_other_features_names_what_arrives_and_the_input_that_fits():
    graph = image(28, 28, channels=1)
    value = graph.pool(graph.conv(graph.input, 6, 5), 2)
    value = graph.pool(graph.conv(value, 16, 5), 2)
    graph.linear(graph.pointwise(graph.flatten(value)), 120, takes=400, name="fc1")
    found = only(graph, "FP103", failure="mat1 and mat2 shapes cannot be multiplied")
    assert found.message == "it expects 400 features, but gets 256 (16 × 4 × 4)."
    assert "in_features=256" in found.repair
    assert "a model input of 1 × 32 × 32" in found.repair


def test_linear_over_a_map_that_was_never_flattened():
    graph = image(4, 5)
    graph.linear(graph.input, 10, takes=60)
    found = only(graph, "FP103", failure="no")
    assert "the last axis of its input, 3 × 4 × 5, has 5" in found.message
    assert "a Flatten before it (→ 60 features)" in found.repair


@pytest.mark.parametrize(("size", "fits"), [((33, 32), "3 × 32 × 32"), ((33, 33), "3 × 32 × 32")])
def test_a_join_names_the_axis_both_paths_and_what_agrees(size, fits):
    graph = image(*size)
    left = graph.conv(graph.input, 8, 3, padding=1, name="left")
    up = graph.transposed(graph.pool(left, 2), 8, 2, stride=2)
    graph.add("Cat", "join", [left, up], None, arguments={"dim": 1})
    found = only(graph, "FP104", failure="Sizes of tensors must match except in dimension 1")
    assert "from left and 8 × 32 × 32 from convtranspose2d2" in found.message
    assert "differ in rows, 33 and 32" in found.message
    assert "output_padding=" in found.repair
    assert fits in found.repair


def test_a_join_of_convolutions_with_the_padding_that_agrees():
    graph = image(32, 32)
    one = graph.conv(graph.input, 8, 3, stride=2, padding=1, name="one")
    other = graph.conv(graph.input, 8, 3, stride=2, name="other")
    graph.add("Add", "join", [one, graph.pointwise(other)], None)
    repair = only(graph, "FP104", failure="no").repair
    assert repair == (
        "It fits with padding=0 in one (→ 15 × 15) or padding=1 in other (→ 16 × 16)."
    )
    assert output_size(32, 3, 2, 0, remainder="crop") == 15
    assert output_size(32, 3, 2, 1, remainder="crop") == 16


def test_a_join_of_other_channels():
    graph = image(8, 8)
    one, other = graph.conv(graph.input, 8, 1, name="a"), graph.conv(graph.input, 6, 1, name="b")
    graph.add("Add", "join", [one, other], None)
    found = only(graph, "FP104", failure="no")
    assert "differ in channels, 8 and 6" in found.message
    assert "out_channels=6 in a or out_channels=8 in b" in found.repair


def test_other_channels():
    graph = image(8, 8)
    value = graph.conv(graph.input, 8, 3, name="first")
    graph.add("Conv2d", "windows", [value], None, weight_shape=(4, 16, 3, 3),
              windows=graph.windows(value, 3, 1, 0, 1))  # fmt: skip
    found = only(graph, "FP105", failure="no")
    assert found.message == "it expects 16 channels, but its input, 8 × 6 × 6, has 8."
    assert found.repair == "It fits with in_channels=8 or out_channels=16 in first."


def test_groups_count_among_the_channels():
    graph = image(8, 8, channels=6)
    graph.add("Conv2d", "windows", [graph.input], None, weight_shape=(4, 4, 3, 3),
              arguments={"groups": 2}, windows=graph.windows(graph.input, 3, 1, 0, 1))  # fmt: skip
    assert "it expects 8 channels" in only(graph, "FP105", failure="no").message


def test_other_channels_of_a_normalisation():
    graph = image(8, 8)
    graph.add("BatchNorm2d", "pointwise", [graph.input], None, parameters=32)
    found = only(graph, "FP105", failure="running_mean should contain 3 elements not 16")
    assert found.message == "it expects 16 channels, but its input, 3 × 8 × 8, has 3."
    assert found.repair == "It fits with num_features=3."


def test_a_batch_that_is_reshaped_away():
    graph = image(26, 26, channels=16)
    rows = graph.reshape(graph.input, 4, 16 * 13 * 13, kind="View")
    graph.linear(rows, 10)
    found = only(graph, "FP107")
    assert "1 input in, 4 rows out" in found.message
    assert found.repair == "flatten(1) gives 10,816 features for each input."
    # Windows cut into the batch and put together again are no fault.
    graph = image(8, 8)
    parts = graph.reshape(graph.input, 4, 3, 4, 4)
    graph.reshape(graph.conv(parts, 3, 1), 1, 3, 8, 8)
    assert not findings(graph, "FP107")


def test_inputs_that_are_taken_one_by_one_are_no_rows():
    nn = pytest.importorskip("torch").nn

    class Detector(nn.Conv2d):
        def forward(self, x):
            scores = super().forward(x).flatten(2).permute(0, 2, 1)
            return [one.softmax(1) for one in scores.unbind()], scores[0] * 2

    found = fp.check.check(Detector(3, 4, 3), (3, 8, 8)).findings
    assert not [finding for finding in found if finding.code == "FP107"]


def test_contradictions():
    graph = image(8, 8)
    graph.conv(graph.input, 4, 5)
    model = graph.model()
    changed = type(model)(**{**vars(model), "contradictions": ("It declares 9.",)})
    assert [item.message for item in run_rules(changed).of("warning")] == ["It declares 9."]


def test_a_linear_layer_along_the_width():
    nn = pytest.importorskip("torch").nn
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(6, 5))
    (finding,) = (f for f in fp.check.check(model, (1, 8, 8)).findings if f.code == "FP110")
    assert "the 6 columns of 4 × 6 × 6" in finding.message
    assert "144 features" in finding.repair
    # Channels last, and sequences, are what Linear layers are for.

    class Permuted(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1)

    for fitting, shape in (
        (nn.Sequential(nn.Conv2d(1, 4, 3), Permuted(), nn.Linear(4, 5)), (1, 8, 8)),
        (nn.Sequential(nn.Conv1d(1, 4, 3), nn.Linear(6, 5)), (1, 8)),
        (nn.Linear(8, 5), (3, 8, 8)),
    ):
        assert "FP110" not in {f.code for f in fp.check.check(fitting, shape).findings}


def test_a_batch_that_comes_into_one_row():
    nn = pytest.importorskip("torch").nn
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(0), nn.Linear(144, 5))
    (finding,) = (f for f in fp.check.check(model, (1, 8, 8)).findings if f.code == "FP107")
    assert "becomes 144: all inputs of a batch are joined in one row" in finding.message
    assert finding.repair == "flatten(1) gives 144 features for each input."


def test_an_input_is_proposed_once():
    nn = pytest.importorskip("torch").nn
    (finding,) = fp.check.check(nn.Conv2d(3, 8, 5), (3, 4, 4)).of("error")
    assert finding.code == "FP102" and finding.repair.count("input of") == 1
    deeper = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 8, 5))
    (finding,) = fp.check.check(deeper, (3, 8, 8)).of("error")
    assert finding.repair.count("input of") == 2 and " here" in finding.repair
