"""Rules about receptive fields and what is not used: what triggers each, and what must not."""

from __future__ import annotations

import pytest

from check.rules.rule_findings import findings, image, only
from fencepost.check import check
from fencepost.check.rules.engine import run_rules


def chain(size, kernels):
    graph = image(size, size)
    value = graph.input
    for kernel in kernels:
        value = graph.conv(value, 4, kernel, padding=kernel // 2)
    graph.pooled(value)
    return graph


def test_receptive_field_against_the_input():
    assert "the receptive field is 13 × 13 elements, but the input has 9 × 9" in (
        only(chain(9, [7, 7]), "FP301").message
    )
    assert "conv2d0" in only(chain(7, [13, 3]), "FP301").message  # the first that depends on all
    assert "at most 7 × 7 of the 20 × 20" in only(chain(20, [7]), "FP302").message
    assert not findings(chain(14, [7]))
    assert not findings(chain(13, [7, 7]))


def test_receptive_field_against_the_object():
    model = chain(40, [7, 5]).model()
    assert {finding.code for finding in run_rules(model).findings} == {"FP302"}
    assert not run_rules(model, (11,)).findings
    (found,) = run_rules(model, (12,)).findings
    assert found.code == "FP303"
    assert "the receptive field is at most 11 × 11 elements, but the object has 12 × 12" in (
        found.message
    )
    assert [finding.code for finding in run_rules(model, (11, 12)).findings] == ["FP303"]


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
    assert "conv2d2 and pad1 are 2 × 2 input elements apart" in found.message
    assert not findings(cropped(-2, -2), "FP304")
    # A mean of two beside every second element is off by half of one, a quarter of their distance.
    graph = image(16, 16)
    graph.join(graph.pool(graph.input, 2), graph.conv(graph.input, 3, 3, stride=2, padding=1))
    assert not findings(graph, "FP304")


def test_what_is_not_used():
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
    (found,) = [finding for finding in run_rules(idle).findings if finding.code == "FP403"]
    assert found.message == "head.extra has parameters, and no operation uses them."


def test_unknown_operators_are_named_and_nothing_is_guessed_after_them():
    graph = image(8, 8)
    value = graph.add("Wobble", "unknown", [graph.input], (1, 3, 8, 8))
    graph.conv(value, 4, 3)
    report = run_rules(graph.model(unknown=("Wobble is not known.", "Another thing.")))
    assert [finding.code for finding in report.findings] == ["FP402", "FP402"]
    assert "there is no rule for Wobble" in report.findings[0].message
    assert report.findings[1].message == "Another thing."
    assert report.receptive_fields.sizes(1) == ()


def test_causal_paths_are_not_shifted_and_enlarged_ones_only_by_more_than_an_element():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn

    class Causal(nn.Module):
        def __init__(self, before):
            super().__init__()
            self.conv, self.before = nn.Conv1d(4, 4, 3), before

        def forward(self, x):
            return x.relu() + self.conv(nn.functional.pad(x, self.before))

    def codes(module, shape):
        return [found.code for found in check(module, shape).findings]

    assert "FP304" not in codes(Causal((2, 0)), (4, 64))
    assert "FP304" in codes(Causal((0, 2)), (4, 64))

    class Enlarged(nn.Module):
        def __init__(self, times):
            super().__init__()
            step = nn.Conv2d(4, 4, 3, 2, 1)
            self.down = nn.Sequential(*[step] * times)
            self.scale = 2**times

        def forward(self, x):
            y = nn.functional.interpolate(self.down(x), scale_factor=self.scale)
            return x.relu() + y

    assert "FP304" not in codes(Enlarged(2), (4, 64, 64))  # as in HRNet


def test_a_doubt_that_only_mentions_an_unknown_operator_is_told():
    graph = image(8, 8)
    graph.add("getitem", "unknown", [graph.input], (1, 3, 8, 8))
    doubt = "The model depends on values (getitem in forward), so the model ran on zeros."
    told = "How getitem moves the pixels of an image is not known, only its sizes: getitem."
    findings = run_rules(graph.model(unknown=(doubt, told))).findings
    assert [finding.message for finding in findings if not finding.operation] == [doubt]
