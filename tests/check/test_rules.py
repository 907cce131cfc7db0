"""Each rule: what triggers it, with which numbers, and what must not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fencepost.check import CODES
from fencepost.check.rules.engine import run_rules
from fencepost.check.rules.windows import _used_elements
from fencepost.graph.coverage import coverage
from fencepost.sizing import Window, output_size
from graph.graph_builder import GraphBuilder


def findings(graph, code=None, **options):
    found = run_rules(graph.model(**options)).findings
    return [one for one in found if code is None or one.code == code]


def only(graph, code, **options):
    (found,) = findings(graph, code, **options)
    assert found.severity == CODES[code].severity
    return found


def image(*sizes, channels=3):
    return GraphBuilder((1, channels, *sizes))


# --- FP1xx ------------------------------------------------------------------------------------


def test_a_failure_is_told_in_its_own_words():
    graph = image(8, 8)
    graph.add("Reshape", "reshape", [graph.input], None, name="odd")
    found = only(graph, "FP101", failure="shape '[7]' is\n  invalid")
    assert found.operation == "odd"
    assert found.message == "3 × 8 × 8 enters, and it fails: shape '[7]' is invalid."
    assert found.repair == ""  # nothing follows from the sizes


def test_a_failure_without_any_operation_and_one_between_operations():
    assert only(image(8, 8), "FP101", failure="nothing ran").message == "nothing ran."
    graph = image(8, 8)
    graph.add("Net", "unknown", [graph.input], None)
    assert [one.code for one in findings(graph, failure="ValueError: wrong")] == ["FP101"]


def test_layers_for_another_number_of_axes():
    graph = image(32, 32)
    graph.add("Conv1d", "windows", [graph.input], None, weight_shape=(8, 3, 3))
    found = only(graph, "FP101", failure="Expected 2D or 3D input to conv1d")
    assert found.message.startswith("it takes channels and 1 axis, but 3 × 32 × 32 enters: Exp")
    assert found.repair == "For images, which this is, there is Conv2d."
    graph = image(4, 4)
    flat = graph.flatten(graph.input)
    graph.add("Conv2d", "windows", [flat], None, weight_shape=(8, 3, 3, 3))
    assert (
        "Conv2d belongs before Flatten" in only(graph, "FP101", failure="Expected 4D input").repair
    )


def test_a_view_of_fixed_features_names_the_input_that_has_them():
    graph = image(28, 28, channels=1)
    value = graph.pool(graph.conv(graph.input, 16, 5), 2)
    value = graph.pool(graph.conv(value, 16, 5), 2)
    graph.add("View", "reshape", [value], None, arguments={"shape": (-1, 400)})
    repair = only(graph, "FP101", failure="no").repair
    assert "flatten(1) (→ 256 features of each input)" in repair
    assert "an input of 1 × 32 × 32 to the model" in repair


def test_kernel_larger_than_its_input():
    graph = image(6, 4)
    graph.conv(graph.input, 8, 5, fails=True)
    found = only(graph, "FP102", failure="Kernel size can't be greater than actual input size")
    assert "(4 + 0 + 0 − 5) / 1 + 1 = 0" in found.message
    assert "an input of at least 5 here" in found.repair
    assert "padding=1 (→ 2)" in found.repair
    assert output_size(4, 5, padding=1) == 2
    assert "an input of 3 × 7 × 5 to the model" in found.repair


def test_linear_of_other_features_names_what_arrives_and_the_input_that_fits():
    graph = image(28, 28, channels=1)
    value = graph.pool(graph.conv(graph.input, 6, 5), 2)
    value = graph.pool(graph.conv(value, 16, 5), 2)
    graph.linear(graph.pointwise(graph.flatten(value)), 120, takes=400, name="fc1")
    found = only(graph, "FP103", failure="mat1 and mat2 shapes cannot be multiplied")
    assert found.message == "it takes 400 features, but 256 (16 × 4 × 4) arrive."
    assert "in_features=256" in found.repair
    assert "an input of 1 × 32 × 32 to the model" in found.repair


def test_linear_over_a_map_that_was_never_flattened():
    graph = image(4, 5)
    graph.linear(graph.input, 10, takes=60)
    found = only(graph, "FP103", failure="no")
    assert "the last axis of 3 × 4 × 5 has 5" in found.message
    assert "a Flatten before it (→ 60 features)" in found.repair


@pytest.mark.parametrize(("size", "fits"), [((33, 32), "3 × 32 × 32"), ((33, 33), "3 × 32 × 32")])
def test_a_join_names_the_axis_both_paths_and_what_agrees(size, fits):
    graph = image(*size)
    left = graph.conv(graph.input, 8, 3, padding=1, name="left")
    up = graph.transposed(graph.pool(left, 2), 8, 2, stride=2)
    graph.add("Cat", "join", [left, up], None, arguments={"dim": 1})
    found = only(graph, "FP104", failure="Sizes of tensors must match except in dimension 1")
    assert "from left meets 8 × 32 × 32 from convtranspose2d2" in found.message
    assert "they differ in rows, 33 against 32" in found.message
    assert "output_padding=" in found.repair
    assert fits in found.repair


def test_a_join_of_convolutions_with_the_padding_that_agrees():
    graph = image(32, 32)
    one = graph.conv(graph.input, 8, 3, stride=2, padding=1, name="one")
    other = graph.conv(graph.input, 8, 3, stride=2, name="other")
    graph.add("Add", "join", [one, graph.pointwise(other)], None)
    repair = only(graph, "FP104", failure="no").repair
    assert repair == "It fits with padding=0 in one (→ 15) or padding=1 in other (→ 16)."
    assert output_size(32, 3, 2, 0, remainder="crop") == 15
    assert output_size(32, 3, 2, 1, remainder="crop") == 16


def test_a_join_of_other_channels():
    graph = image(8, 8)
    one, other = graph.conv(graph.input, 8, 1, name="a"), graph.conv(graph.input, 6, 1, name="b")
    graph.add("Add", "join", [one, other], None)
    found = only(graph, "FP104", failure="no")
    assert "they differ in channels, 8 against 6" in found.message
    assert "out_channels=6 in a or out_channels=8 in b" in found.repair


def test_other_channels():
    graph = image(8, 8)
    value = graph.conv(graph.input, 8, 3, name="first")
    graph.add("Conv2d", "windows", [value], None, weight_shape=(4, 16, 3, 3),
              windows=graph.windows(value, 3, 1, 0, 1))  # fmt: skip
    found = only(graph, "FP105", failure="no")
    assert found.message == "it takes 16 channels, but 8 × 6 × 6 has 8."
    assert found.repair == "It fits with in_channels=8, or if first makes 16."


def test_groups_count_among_the_channels():
    graph = image(8, 8, channels=6)
    graph.add("Conv2d", "windows", [graph.input], None, weight_shape=(4, 4, 3, 3),
              arguments={"groups": 2}, windows=graph.windows(graph.input, 3, 1, 0, 1))  # fmt: skip
    assert "it takes 8 channels" in only(graph, "FP105", failure="no").message


def test_other_channels_of_a_normalisation():
    graph = image(8, 8)
    graph.add("BatchNorm2d", "pointwise", [graph.input], None, parameters=32)
    found = only(graph, "FP105", failure="running_mean should contain 3 elements not 16")
    assert found.message == "it takes 16 channels, but 3 × 8 × 8 has 3."
    assert found.repair == "It fits with num_features=3."


def test_a_batch_that_is_reshaped_away():
    graph = image(26, 26, channels=16)
    rows = graph.reshape(graph.input, 4, 16 * 13 * 13, kind="View")
    graph.linear(rows, 10)
    found = only(graph, "FP107")
    assert "1 input in, 4 rows out" in found.message
    assert found.repair == "flatten(1) makes 10,816 features of each input."
    # Windows cut into the batch and put together again are no fault.
    graph = image(8, 8)
    parts = graph.reshape(graph.input, 4, 3, 4, 4)
    graph.reshape(graph.conv(parts, 3, 1), 1, 3, 8, 8)
    assert not findings(graph, "FP107")


# --- FP2xx ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "kernel", "lost"),
    [
        ((11, 11), 2, "the last row and column (bottom and right) of 11 × 11"),
        ((11, 10), 2, "the last row (bottom) of 11 × 10"),
        ((10, 11), 2, "the last column (right) of 10 × 11"),
        ((14, 14), 4, "the last 2 rows and columns (bottom and right) of 14 × 14"),
        ((14, 13), 4, "the last 2 rows (bottom) and the last column (right) of 14 × 13"),
        ((12, 12), 4, ""),
        ((11,), 2, "the last element (end) of 11"),
    ],
)
def test_dropped_elements(sizes, kernel, lost):
    graph = image(*sizes)
    graph.pool(graph.input, kernel)
    if not lost:
        assert not findings(graph, "FP201")
        return
    found = only(graph, "FP201")
    assert found.message.startswith(f"no window covers {lost}: ")


def test_repairs_of_dropped_elements_leave_nothing_over():
    graph = image(32, 32)
    graph.conv(graph.input, 8, 3, stride=2)
    repair = only(graph, "FP201").repair
    assert repair == (
        "Nothing is left over with an input of 31 × 31 or 33 × 33 here, F.pad(x, (0, 1, 0, 1)) "
        "before it (→ 16 × 16) or kernel_size=2 (→ 16 × 16)."
    )
    for input_size, kernel, padding, output in (
        (31, 3, 0, 15),
        (33, 3, 0, 16),
        (32, 3, (0, 1), 16),
        (32, 2, 0, 16),
    ):
        assert output_size(input_size, kernel, 2, padding) == output  # which raises if any is


def test_repairs_of_pools_are_such_as_pools_take():
    graph = image(500)
    graph.pool(graph.input, 3)
    repair = only(graph, "FP201").repair
    assert "padding" not in repair  # 2 would fit, and is more than half the kernel
    assert "498 or 501 here" in repair
    assert "ceil_mode=True (→ 167)" in repair
    graph = image(29, 29)
    graph.pool(graph.input, 4, 3)
    assert "padding=1 (→ 10 × 10)" in only(graph, "FP201").repair
    assert output_size(29, 4, 3, 1) == 10


def test_the_padding_of_functions_names_the_last_axis_first():
    graph = image(33, 32)
    graph.conv(graph.input, 8, 3, stride=2)
    assert "F.pad(x, (0, 1, 0, 0)) before it (→ 16 × 16)" in only(graph, "FP201").repair


def test_the_stem_of_resnet_uses_its_padding_on_one_side():
    graph = image(224, 224)
    graph.conv(graph.input, 64, 7, stride=2, padding=3)
    report = run_rules(graph.model())
    (found,) = [one for one in report.findings if one.code == "FP202"]
    assert found.message == (
        "(224 + 3 + 3 − 7) / 2 + 1 = 112.5 → 112: the windows use 3 of 3 zeros before the input "
        "and 2 of 3 after it."
    )
    assert "223 × 223 or 225 × 225" in found.repair
    assert report.exact_inputs == ((1, 3, 223, 223), (1, 3, 225, 225))
    assert not findings(graph, "FP201")


def test_padding_of_an_operation_of_its_own_is_no_loss():
    graph = image(112, 112)
    graph.conv(graph.pad(graph.input, 1, 1), 8, 3, stride=2)
    assert not findings(graph, "FP201")
    found = only(graph, "FP202")
    assert "no window covers the last row and column (bottom and right), which pad0 adds" in (
        found.message
    )
    graph = image(114, 114)
    graph.conv(graph.pad(graph.input, 0, 1), 8, 5, stride=4)
    assert only(graph, "FP201").message.startswith(
        "no window covers the last row and column (bottom and right) of 114 × 114: (115 + 0"
    )


def test_steps_over_elements_that_another_path_uses():
    graph = image(33, 33)
    shortcut = graph.conv(graph.input, 8, 1, stride=2)
    body = graph.conv(graph.input, 8, 3, stride=2, padding=1, name="body")
    graph.join(body, shortcut)
    found = only(graph, "FP203")
    assert "1 of every 4 elements of 33 × 33; body uses all of them" in found.message
    assert not findings(graph, "FP204")
    # Both step over the same elements, as in the first ResNet: nothing uses them.
    graph = image(33, 33)
    graph.join(graph.conv(graph.input, 8, 1, stride=2), graph.conv(graph.input, 8, 1, stride=2))
    assert len(findings(graph, "FP204")) == 2
    assert not findings(graph, "FP203")


def test_another_path_may_begin_with_its_own_normalisation():
    graph = image(33, 33)
    one = graph.conv(graph.pointwise(graph.input, "BatchNorm2d"), 8, 1, stride=2)
    own = graph.pointwise(graph.pointwise(graph.input, "BatchNorm2d"))
    graph.join(one, graph.conv(own, 8, 3, stride=2, padding=1, name="body"))
    assert "body uses all of them" in only(graph, "FP203").message
    graph = image(33, 33)
    one = graph.conv(graph.pointwise(graph.input, "BatchNorm2d"), 8, 1, stride=2)
    other = graph.conv(graph.pointwise(graph.input, "BatchNorm2d"), 8, 1, stride=2)
    graph.join(one, other)
    assert len(findings(graph, "FP204")) == 2


def test_as_many_step_over_elements_as_a_hostile_file_has_room_for():
    graph, count = image(33, 33), 20_000  # pairs of them would be a matter of minutes
    for _ in range(count):
        graph.conv(graph.input, 8, 1, stride=2)
    assert len(findings(graph, "FP204")) == count


def test_what_steps_over_elements_drops_no_row_on_top():
    graph = image(56, 56)
    graph.join(graph.conv(graph.input, 8, 1, stride=2), graph.pool(graph.input, 2))
    assert not findings(graph, "FP201")


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 6))
def test_elements_that_are_covered_are_counted(kernel, stride, dilation):
    window = Window(400, kernel, stride, dilation)
    met = {o * stride + t * dilation for o in range(window.output) for t in range(kernel)}
    middle = range(100, 100 + 10 * stride)  # far from the edges
    part, whole = coverage(window)
    assert len(met & set(middle)) * whole == part * len(middle)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "mostly"),
    [(10, 3, 3, True), (11, 3, 3, False), (9, 3, 3, False), (112, 3, 2, False), (9, 2, 2, False)],
)
def test_windows_of_ceil_mode(size, kernel, stride, mostly):
    graph = image(size, size)
    graph.pool(graph.input, kernel, stride, ceil_mode=True)
    found = findings(graph, "FP205")
    assert bool(found) == mostly
    assert not findings(graph, "FP201")
    if mostly:
        assert "the last window holds 1 of its 3 rows" in found[0].message
        assert "rounded up to 4" in found[0].message


def test_even_kernels_that_keep_the_size():
    graph = image(32, 32)
    graph.conv(graph.input, 8, 4, padding=[(1, 2), (1, 2)])
    found = only(graph, "FP206")
    assert "1 zero before the input and 2 after it" in found.message
    assert found.repair == (
        "kernel_size=3, padding=1 or kernel_size=5, padding=2 keeps 32 and its middle."
    )
    assert output_size(32, 3, padding=1) == output_size(32, 5, padding=2) == 32
    graph = image(32, 32)
    graph.conv(graph.input, 8, 4, stride=2, padding=1)  # halves the size: as it should be
    graph.conv(graph.input, 8, 4)
    graph.conv(graph.input, 8, 5, padding=2)
    assert not findings(graph, "FP206")


@pytest.mark.parametrize(
    ("kernel", "padding", "dilation", "words"),
    [
        (3, 2, 1, "depend on more zeros than elements"),
        (3, 3, 1, "2 outputs of 12 depend on nothing but zeros"),
        (1, 1, 1, "2 outputs of 10 depend on nothing but zeros"),
        (3, 1, 1, ""),
        (3, 2, 2, ""),
        (2, 1, 1, ""),
        (3, 3, 2, "3 elements, 2 apart, which spans 5"),
    ],
)
def test_padding_larger_than_half_the_kernel(kernel, padding, dilation, words):
    graph = image(8, 8)
    graph.conv(graph.input, 4, kernel, padding=padding, dilation=dilation)
    found = findings(graph, "FP207")
    assert bool(found) == bool(words)
    if words:
        assert words in found[0].message
        half = (dilation * (kernel - 1) + 1) // 2
        made = output_size(8, kernel, padding=half, dilation=dilation)
        assert found[0].repair == f"padding={half} makes {made} of 8."


@pytest.mark.parametrize(
    ("kernel", "stride", "words"),
    [(3, 2, "1 or 2 times"), (2, 3, "0 or 1 times"), (4, 2, ""), (2, 2, ""), (3, 1, "")],
)
def test_uneven_writing(kernel, stride, words):
    graph = image(7, 7)
    graph.transposed(graph.input, 4, kernel, stride)
    found = findings(graph, "FP208")
    assert bool(found) == bool(words)
    if words:
        assert words in found[0].message


@settings(deadline=None)  # PyTorch is imported within
@given(st.integers(2, 9), st.integers(2, 4), st.integers(0, 4), st.integers(0, 1))
def test_the_kernel_that_writes_evenly_makes_the_same_size(kernel, stride, padding, rest):
    torch = pytest.importorskip("torch")
    size = 6
    if kernel % stride == 0 or rest >= stride or (size - 1) * stride + kernel + rest <= 2 * padding:
        return
    graph = image(size, size)
    graph.transposed(graph.input, 4, kernel, stride, padding, rest)
    repair = only(graph, "FP208").repair
    if repair:
        typed = repair.partition(" makes ")[0]
        layer = eval(f"torch.nn.ConvTranspose2d(3, 4, stride={stride}, {typed})", {"torch": torch})
        made = layer.to("meta")(torch.zeros(1, 3, size, size, device="meta")).shape
        assert tuple(made) == graph.shape(graph.model().outputs[0])
        assert layer.kernel_size[0] % stride == 0


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "dilation", "idle", "repair"),
    [
        (4, 9, 4, 1, 32, "kernel_size=7, padding=3 uses every weight"),
        (16, 3, 18, 18, 8, "kernel_size=3, dilation=15, padding=15 uses every weight"),
        (7, 7, 3, 1, 0, ""),
        (2, 3, 1, 1, 0, ""),
        (7, 7, 0, 1, 0, ""),
    ],
)
def test_idle_weights(size, kernel, padding, dilation, idle, repair):
    graph = image(size, size)
    graph.conv(graph.input, 4, kernel, padding=padding, dilation=dilation)
    found = findings(graph, "FP209")
    assert bool(found) == bool(idle)
    if idle:
        assert found[0].message.startswith(f"{idle} of the {kernel**2} elements")
        assert repair in found[0].repair


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 9)
)
def test_weights_that_meet_the_input_are_counted(size, kernel, stride, dilation, padding):
    window = Window(size, kernel, stride, dilation, padding, padding)
    places = range(window.output)
    met = [
        any(0 <= o * stride - padding + t * dilation < size for o in places) for t in range(kernel)
    ]
    if window.span >= 0:
        assert _used_elements(window) == sum(met)


def test_maps_of_one_element():
    graph = image(1, 1)
    graph.conv(graph.input, 4, 3, padding=1)
    found = only(graph, "FP210")
    assert "only 1 of the 9 elements of its 3 × 3 kernel meets the 1 × 1 map" in found.message
    assert not findings(graph, "FP209")
    # Squeeze and excitation works on a map of one element on purpose.
    graph = image(8, 8)
    graph.join(graph.input, graph.pointwise(graph.conv(graph.pooled(graph.input), 3, 1)))
    assert not findings(graph, "FP210")


# --- FP3xx, FP4xx -----------------------------------------------------------------------------


def chain(size, kernels):
    graph = image(size, size)
    value = graph.input
    for kernel in kernels:
        value = graph.conv(value, 4, kernel, padding=kernel // 2)
    graph.pooled(value)
    return graph


def test_receptive_field_against_the_input():
    assert "an output's receptive field is 13 × 13 elements, the input has 9 × 9" in (
        only(chain(9, [7, 7]), "FP301").message
    )
    assert "conv2d0" in only(chain(7, [13, 3]), "FP301").message  # the first that sees all
    assert "at most 7 × 7 of the 20 × 20" in only(chain(20, [7]), "FP302").message
    assert not findings(chain(14, [7]))
    assert not findings(chain(13, [7, 7]))


def test_receptive_field_against_the_object():
    model = chain(40, [7, 5]).model()
    assert {one.code for one in run_rules(model).findings} == {"FP302"}
    assert not run_rules(model, (11,)).findings
    (found,) = run_rules(model, (12,)).findings
    assert found.code == "FP303"
    assert "an output's receptive field is at most 11 × 11 elements, the object has 12 × 12" in (
        found.message
    )
    assert [one.code for one in run_rules(model, (11, 12)).findings] == ["FP303"]


def test_gates_and_what_is_unknown_leave_no_claim_of_a_small_field():
    def with_gate(gate):
        graph = image(40, 40)
        value = graph.conv(graph.input, 3, 3, padding=1)
        if gate:
            value = graph.join(value, graph.pooled(value), kind="Mul")
        graph.pooled(graph.conv(value, 3, 3, padding=1))
        return graph

    assert findings(with_gate(False), "FP302")
    assert not findings(with_gate(True))
    graph = with_gate(False)
    graph.add("Wobble", "unknown", [graph.input], (1, 3, 40, 40))
    assert not findings(graph, "FP302")


def test_shifted_paths():
    def cropped(before, after):
        graph = image(16, 16)
        side = graph.pad(graph.conv(graph.input, 4, 1), before, after)
        graph.join(graph.conv(graph.input, 4, 5), side)
        return graph

    assert not findings(cropped(-2, -2), "FP304")
    found = only(cropped(0, -4), "FP304")
    assert "conv2d2 and pad1 lie 2 × 2 elements of the input apart" in found.message
    assert not findings(cropped(-2, -2), "FP304")
    # A mean of two beside every second element is off by half of one, a quarter of their distance.
    graph = image(16, 16)
    graph.join(graph.pool(graph.input, 2), graph.conv(graph.input, 3, 3, stride=2, padding=1))
    assert not findings(graph, "FP304")


def test_what_nobody_uses():
    graph = image(8, 8)
    value = graph.conv(graph.input, 4, 3, padding=1)
    graph.pointwise(graph.conv(value, 4, 3, padding=1, name="lost"), name="end")
    graph.conv(value, 4, 5, padding=2)
    found = only(graph, "FP401")
    assert found.operation == "end"
    assert (
        found.message == "no output of the model depends on it, nor on lost, which only feeds it."
    )
    assert not findings(chain(8, [3, 3]), "FP401")


def test_parts_without_use():
    graph = image(4, 4)
    graph.conv(graph.input, 4, 3)
    model = graph.model()
    idle = type(model)(**{**vars(model), "unused": ("head.extra",)})
    (found,) = [one for one in run_rules(idle).findings if one.code == "FP403"]
    assert found.message == "head.extra has parameters, and no operation uses them."


def test_unknown_operators_are_named_and_nothing_is_guessed_after_them():
    graph = image(8, 8)
    value = graph.add("Wobble", "unknown", [graph.input], (1, 3, 8, 8))
    graph.conv(value, 4, 3)
    report = run_rules(graph.model(unknown=("Wobble is not known.", "Another thing.")))
    assert [one.code for one in report.findings] == ["FP402", "FP402"]
    assert "there is no rule for Wobble" in report.findings[0].message
    assert report.findings[1].message == "Another thing."
    assert report.receptive_fields.sizes(1) == ()


def test_contradictions():
    graph = image(8, 8)
    graph.conv(graph.input, 4, 5)
    model = graph.model()
    told = type(model)(**{**vars(model), "contradictions": ("It declares 9.",)})
    assert [one.message for one in run_rules(told).of("error")] == ["It declares 9."]


def test_codes_are_in_their_groups():
    assert list(CODES) == sorted(CODES)
    assert all(one.severity in ("error", "warning", "note") for one in CODES.values())
    assert all(one.severity == "error" for code, one in CODES.items() if "FP101" <= code < "FP107")
