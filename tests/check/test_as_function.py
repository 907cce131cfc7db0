"""`fencepost.check` is a package and can be called."""

from __future__ import annotations

import importlib
import inspect

import pytest

import fencepost as fp
from fencepost import check
from fencepost.check import Report

MODEL = ((1, 28, 28), "Conv2d(6, 4, padding='same'), Flatten, Linear(10)")


def test_the_package_checks():
    assert isinstance(fp.check(MODEL), Report)
    assert fp.check is check is importlib.import_module("fencepost.check")
    assert inspect.ismodule(fp.check)
    called, named = fp.check(MODEL, object_size=20), fp.check.check(MODEL, object_size=20)
    assert [f.code for f in called.findings] == [f.code for f in named.findings]


def test_what_it_has_goes_on():
    fp.check.assert_exact(fp.models.lenet5())
    assert fp.check.CODES and fp.check.Report is Report
    assert fp.check.findings.CODES is fp.check.CODES
    with pytest.raises(TypeError, match="modle"):
        fp.check(modle=MODEL)
    with pytest.raises(AttributeError, match="assert_exact"):
        fp.check.assert_exakt(MODEL)
