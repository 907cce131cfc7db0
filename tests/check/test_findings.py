"""Each code has a page, whose example triggers it, shows what is found, and is repaired there."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from fencepost.check import CODES

FOLDER = Path(__file__).parents[2] / "docs" / "findings"
ONNX = ("FP106", "FP108", "FP109")


def blocks(code, language):
    page = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def report_of(source, name):
    names = {"__name__": name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of even kernels with "same"
        exec(compile(source, f"{name}.md", "exec"), names)
    return names["report"]


@pytest.mark.parametrize("code", CODES)
def test_example_and_repair(code, tmp_path, monkeypatch):
    pytest.importorskip("onnx" if code in ONNX else "torch")
    monkeypatch.chdir(tmp_path)
    example, repaired = blocks(code, "python")
    (shown,) = blocks(code, "text")
    report = report_of(example, code)
    found = [finding for finding in report.findings if finding.code == code]
    assert found
    assert shown == "\n".join(report.format_findings(88, found)) + "\n"
    left = report_of(repaired, code).findings
    assert code not in {item.code for item in left}
    assert not [item for item in left if item.severity != "note"]


@pytest.mark.parametrize("code", CODES)
def test_head_of_the_page(code):
    title, _, severity, *_ = (FOLDER / f"{code}.md").read_text(encoding="utf-8").splitlines()
    assert title == f"# {code}: {CODES[code].title}"
    assert severity == f"*{CODES[code].severity}*"
    assert CODES[code].page.startswith(f"# {code}: ")


def test_no_page_is_left_over_and_the_index_lists_all():
    assert {path.stem for path in FOLDER.glob("*.md")} == {"index", *CODES}
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(FP\d+)\]\((FP\d+)\.md\) \| (\w+) \| (.*) \|$", index, re.MULTILINE)
    assert rows == [(c.code, c.code, c.severity, c.title) for c in CODES.values()]


def test_codes_are_in_their_groups():
    assert list(CODES) == sorted(CODES)
    assert all(item.severity in ("error", "warning", "note") for item in CODES.values())
    assert all(
        item.severity == "error" for code, item in CODES.items() if "FP101" <= code < "FP106"
    )
