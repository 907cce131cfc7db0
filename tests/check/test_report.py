"""The report: its table, its findings in text, its data."""

from __future__ import annotations

import json

import pytest

import fencepost as fp
from fencepost.check.rules.engine import run_rules
from graph.graph_builder import GraphBuilder

LENET5 = "Conv2d(6, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(16, 5), Flatten, Linear(10)"


def stem():
    graph = GraphBuilder((1, 3, 224, 224), source="stem")
    value = graph.conv(graph.input, 64, 7, stride=2, padding=3, name="conv")
    graph.linear(graph.flatten(graph.pooled(graph.pointwise(value, name="relu"))), 10, name="fc")
    return run_rules(graph.model())


def test_the_table_shows_every_layer():
    lines = stem().table(120).splitlines()
    assert [line.split()[0] for line in lines[2:-1]] == [
        "input0", "conv", "relu", "adaptiveavgpool2d2", "flatten3", "fc",
    ]  # fmt: skip
    (conv,) = [line for line in lines if line.startswith("conv")]
    assert "Conv2d(64, 7, stride=2, padding=3)" in conv
    assert conv.endswith("64 × 112 × 112     1          7  9.47 k      118 M  100.0 %")
    (dense,) = [line for line in lines if line.startswith("fc")]
    assert " all " in dense
    assert "10.1 k" in lines[-1]  # 9,472 of the convolution, 650 of the dense layer


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_text_keeps_to_its_width(width):
    report = stem()
    lines = report.text(width) if width >= 80 else "\n".join(report.format_findings(width))
    assert all(len(line) <= width for line in lines.splitlines())
    assert ("left" in report.table(width)) == (width >= 90)
    assert ("share" in report.table(width)) == (width >= 110)


def test_columns_without_anything_in_them_are_left_out():
    assert "left" not in fp.check.check(((1, 28, 28), LENET5)).table(100)
    assert "left" in stem().table(100)


def test_findings_of_one_kind_stand_together():
    graph = GraphBuilder((1, 3, 33, 33))
    value = graph.input
    for _ in range(4):
        value = graph.conv(value, 3, 3, padding=3)
        value = graph.pad(value, -2, -2)
    (text, *_) = run_rules(graph.model()).format_findings(200)
    first, message, repair = text.splitlines()
    assert first == "warning FP207  Padding is larger than half the kernel (4 layers)"
    assert message.startswith(
        "  conv2d0, conv2d2, conv2d4 and conv2d6, Conv2d(3, 3, padding=3): a pad"
    )
    assert repair == "    At most half the kernel: padding=1 (→ 33 × 33)."


def test_of_many_that_differ_two_are_told_and_the_others_named():
    graph = GraphBuilder((1, 3, 63, 63))
    value = graph.input
    for _ in range(4):
        value = graph.pool(value, 2)
    text = next(
        finding for finding in run_rules(graph.model()).format_findings(200) if "FP201" in finding
    )
    assert "(4 layers)" in text
    assert text.count("no window covers") == 2
    assert text.endswith("  and likewise maxpool2d2 and maxpool2d3.")


def test_a_model_that_is_one_layer_without_a_name():
    graph = GraphBuilder((1, 3, 33, 33))
    graph.pool(graph.input, 2, name="")
    (text,) = [
        finding for finding in run_rules(graph.model()).format_findings(200) if "FP201" in finding
    ]
    assert text.splitlines()[1].startswith("  MaxPool2d(2, stride=2): no window covers the last")


def test_the_summary_counts_and_names_inputs_that_are_exact():
    summary = stem().summary
    assert summary.startswith("stem: 5 operations, 10,122 parameters, 118,014,592 multiply-adds; ")
    assert "2 notes" in summary
    assert "3 × 223 × 223 or 3 × 225 × 225, nothing would be left over" in summary
    assert "; nothing found." in fp.check.check(((1, 8, 8), "Conv2d(1, 5, padding=2)")).summary


def test_a_model_that_fails_is_shown_up_to_there():
    report = fp.check.check(((1, 28, 28), "Conv2d(6, 5), MaxPool2d(2), Conv2d(9, 13), ReLU"))
    assert not report.ok
    assert [operation.name for operation in report.graph.operations] == ["0", "1", "2"]
    assert "2      Conv2d(9, 13)   ✗ fails" in report.table(100)
    text = str(report)
    assert text.index("✗ fails") < text.index("error FP102") < text.index("1 error")
    assert "an input of at least 13 here" in text
    assert "model input of 1 × 30 × 30" in text


def test_plain_data_hold_everything():
    report = stem()
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["source"] == "stem"
    assert data["inputs"] == [{"name": "input0", "shape": [1, 3, 224, 224]}]
    conv, *_, dense = data["operations"]
    assert conv["output_shapes"] == [[1, 64, 112, 112]]
    assert conv["remainder"] == [1, 1]
    assert conv["receptive_field"] == [7, 7]
    assert conv["effective_stride"] == [2.0, 2.0]
    assert conv["effective_padding"] == [3, 3]
    assert conv["equations"][0].endswith("= 112.5")
    assert dense["covers_input"] is True
    assert dense["inputs"] == ["flatten3"]
    assert data["parameters"] == sum(item["parameters"] for item in data["operations"])
    assert data["counts"] == {"error": 0, "warning": 0, "note": 2}
    (found,) = [item for item in data["findings"] if item["code"] == "FP202"]
    assert found["operation"] == "conv"
    assert found["title"] == fp.check.CODES["FP202"].title
    assert data["exact_inputs"] == [[1, 3, 223, 223], [1, 3, 225, 225]]


def test_notebooks_show_the_text():
    graph = GraphBuilder((1, 3, 8, 8))
    graph.conv(graph.input, 3, 3, name="<b>")
    report = run_rules(graph.model())
    assert report._repr_html_().startswith("<pre ")
    assert "&lt;b&gt;" in report._repr_html_()


def test_a_finding_in_a_line():
    (found, _) = stem().findings
    assert str(found).startswith("note FP202: conv, Conv2d(64, 7, stride=2, padding=3): (224 + 3")
    assert str(found).endswith(found.repair)
    assert repr(stem()) == "Report('stem', 2 findings)"


def test_severities_and_what_is_allowed():
    report = stem()
    assert [finding.severity for finding in report.findings] == ["note", "note"]
    assert report.at_least("warning") == ()
    assert len(report.at_least("note")) == 2
    assert [item.code for item in report.at_least("note", ["FP302"])] == ["FP202"]
