"""Damaged and lying ONNX files that can be read are checked, too, without a crash."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("onnx", reason="the onnx package is not installed")
pytest.importorskip("torch", reason="the files are exported by PyTorch")

import numpy as np

from fencepost.check import CODES
from fencepost.check.rules.engine import run_rules
from fencepost.errors import FencepostError
from fencepost.interchange.onnx.reader import read_onnx
from interchange.onnx.test_hostile_files import base_files, damage, lie

CASES = 300


def test_reports_on_damaged_files(tmp_path):
    bases, path, checked = base_files(), tmp_path / "model.onnx", 0
    for seed in range(CASES):
        rng = np.random.default_rng(10_000 + seed)
        change = lie if seed % 3 else damage
        path.write_bytes(change(bases[seed % len(bases)], bases, rng))
        try:
            model = read_onnx(path)
        except FencepostError:
            continue
        report = run_rules(model)
        checked += 1
        assert bool(model.failure) == any(
            "FP101" <= finding.code <= "FP105" for finding in report.findings
        )
        assert all(finding.code in CODES for finding in report.findings)
        names = {operation.name for operation in model.operations} | {""}
        assert all(finding.operation in names for finding in report.findings)
        assert len(report.table(100).splitlines()) >= len(model.operations)
        json.dumps(report.to_dict(), allow_nan=False)
        assert report.summary in " ".join(report.text(100).split())
    assert checked > CASES / 5
