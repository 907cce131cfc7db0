"""Rules about windows: what triggers each, with which numbers, and what must not."""

from __future__ import annotations

import pytest

from check.rules.rule_findings import findings, image, only
from fencepost.check import check
from fencepost.check.rules.engine import run_rules
from fencepost.sizing import output_size


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
    (found,) = [finding for finding in report.findings if finding.code == "FP202"]
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
        assert "the last window has only 1 of its 3 rows inside" in found[0].message
        assert "rounded up to 4" in found[0].message


def test_even_kernels_that_keep_the_size():
    graph = image(32, 32)
    graph.conv(graph.input, 8, 4, padding=[(1, 2), (1, 2)])
    found = only(graph, "FP206")
    assert "1 zero before the input and 2 after it" in found.message
    assert found.repair == (
        "The same size without a shift: kernel_size=3, padding=1 (→ 32 × 32) or "
        "kernel_size=5, padding=2 (→ 32 × 32)."
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
        (3, 3, 1, "2 of 12 outputs depend only on zeros"),
        (1, 1, 1, "2 of 10 outputs depend only on zeros"),
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
        assert found[0].repair == f"At most half the kernel: padding={half} (→ {made} × {made})."


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


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "dilation", "idle", "repair"),
    [
        (4, 9, 4, 1, 32, "kernel_size=7, padding=3 (→ 4 × 4)"),
        (
            16,
            3,
            18,
            18,
            8,
            "kernel_size=3, dilation=15, padding=15 (→ 16 × 16)",
        ),
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
        assert found[0].message.startswith(f"{idle} of the {kernel**2} weights")
        assert found[0].repair == f"Every weight is used with {repair}."


def test_maps_of_one_element():
    graph = image(1, 1)
    graph.conv(graph.input, 4, 3, padding=1)
    found = only(graph, "FP210")
    assert "only 1 of the 9 weights of its 3 × 3 kernel is used on 1 × 1 maps" in found.message
    assert not findings(graph, "FP209")
    # Squeeze and excitation works on a map of one element on purpose.
    graph = image(8, 8)
    graph.join(graph.input, graph.pointwise(graph.conv(graph.pooled(graph.input), 3, 1)))
    assert not findings(graph, "FP210")


def test_padding_of_a_causal_convolution_is_cut_off_at_the_end():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Causal(torch.nn.Module):
        def __init__(self, cut):
            super().__init__()
            self.conv, self.cut = torch.nn.Conv1d(4, 4, 4, padding=6, dilation=2), cut

        def forward(self, x):
            return self.conv(x)[..., : -self.cut]

    def codes(cut):
        return [found.code for found in check(Causal(cut), (4, 64)).findings]

    assert "FP207" not in codes(6)
    assert "FP207" in codes(3)
