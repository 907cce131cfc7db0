"""`fencepost export`: a model for another runtime, compared before the file is put in place."""

from __future__ import annotations

import json

import pytest

import fencepost as fp
from fencepost.cli.app import run
from fencepost.interchange.c import compiler

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")


@pytest.fixture
def model(tmp_path):
    net = fp.models.lenet5()
    net.normalization = (33.3, 78.6)
    net.metadata["training"] = {"data": "mnist", "label": "label"}
    net.save(tmp_path / "digits.safetensors")
    return tmp_path / "digits.safetensors"


def test_an_export_is_compared_on_the_data_of_the_training(model, tmp_path, capsys):
    out = tmp_path / "digits.onnx"
    assert run(["export", str(model), "-o", str(out), "--opset", "15"]) == 0
    said = "".join(capsys.readouterr())
    assert "opset 15" in said and "64 images" in said and "first of mnist" in said
    assert "left out  resizing of photographs" in said
    assert out.stat().st_size > 4 * 61_706


def test_json(model, tmp_path, capsys):
    out = tmp_path / "digits.onnx"
    assert run(["export", str(model), "-o", str(out), "--verify", "mnist", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["images"] == 64 and result["difference"] <= result["tolerance"]
    assert result["path"] == str(out) and "uint8" in result["contents"]


def test_a_difference_that_is_not_allowed(model, tmp_path, capsys):
    out = tmp_path / "digits.onnx"
    assert run(["export", str(model), "-o", str(out), "--tolerance", "0"]) in (0, 2)
    assert run(["export", str(model), "-o", str(out), "--tolerance", "-1", "--overwrite"]) == 2
    assert "tolerance must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "words"), [("gone/x.onnx", "folder that exists"), ("x.tflite", "suffix")]
)
def test_refusals(model, tmp_path, out, words, capsys):
    assert run(["export", str(model), "-o", str(tmp_path / out)]) == 2
    assert words in capsys.readouterr().err


def test_a_header_of_8_bits(model, tmp_path, capsys):
    out = tmp_path / "digits.h"
    if compiler.find() is None:
        pytest.skip("no C compiler is installed")
    assert run(["export", str(model), "-o", str(out), "--int8", "mnist", "--tolerance", "0.5"]) == 0
    said = capsys.readouterr().out
    assert "8-bit integers" in said and "in float32" in said and "bytes of constants" in said
    assert run(["export", str(model), "-o", str(tmp_path / "a.onnx"), "--int8", "mnist"]) == 2
    assert "int8 is for C headers" in capsys.readouterr().err
