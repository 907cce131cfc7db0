"""`fencepost check`: its statuses, its options, and what is refused."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import fencepost as fp
from cli.refusal import refused

HALVED = "nn.Conv2d(1, 6, 5, padding=2), nn.MaxPool2d(2)"
EXACT = f"{HALVED}, nn.Conv2d(6, 6, 9)"
STRIDED = "nn.Conv2d(1, 6, 3, padding=1, stride=2), nn.Conv2d(6, 8, 3, padding=3)"


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Factories in the current directory, as users have them."""
    pytest.importorskip("torch")
    lines = ["from torch import nn"]
    for name, layers in (("exact", EXACT), ("strided", STRIDED)):
        lines.append(f"def {name}(): return nn.Sequential({layers})")
    lines.append("class Two(nn.Module):\n    def forward(self, a, b): return a + b")
    (tmp_path / "nets_for_check.py").write_text("\n".join(lines) + "\n")
    monkeypatch.delitem(sys.modules, "nets_for_check", raising=False)
    monkeypatch.chdir(tmp_path)
    return "nets_for_check"


def test_a_model_without_findings(fencepost, modules):
    done = fencepost("check", f"{modules}:exact", "--input", "1x28x28")
    assert (done.status, done.err) == (0, "")
    assert "Conv2d(6, 5, padding=2)" in done.out
    assert f"{modules}:exact: 3 operations" in done.out


def test_the_text_is_the_report(fencepost, model):
    assert fencepost("check", model).out == fp.check.check(model).text(100) + "\n"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 0),
        (["--fail-on", "warning"], 1),
        (["--fail-on", "note"], 1),
        (["--fail-on", "never"], 0),
        (["--fail-on", "warning", "--allow", "FP207"], 0),
        (["--fail-on", "note", "--allow", "FP207"], 1),
        (["--fail-on", "note", "--allow", "fp207", "--allow", "FP202"], 0),
    ],
)
def test_statuses(fencepost, modules, options, status):
    command = ["check", f"{modules}:strided", "--input", "1x8x8", *options]
    done = fencepost(*command)
    assert done.status == status
    assert "warning FP207" in done.out  # shown in any case
    assert done.err == "\nTo explain a finding: fencepost check --explain FP207\n"
    data = fencepost(*command, "--json").json
    assert bool(data["failing"]) == bool(status)
    assert data["counts"] == {"error": 0, "warning": 1, "note": 1}


def test_a_model_that_fails(fencepost, modules):
    done = fencepost("check", f"{modules}:exact", "--input", "1x10x10")
    assert done.status == 1
    assert "✗ fails" in done.out
    assert "error FP102" in done.out
    assert "Traceback" not in done.out + done.err


def test_the_guide_shows_what_happens(fencepost, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    guide = Path(__file__).parents[2] / "docs" / "guides" / "design.md"
    text = guide.read_text(encoding="utf-8")
    (session,) = re.findall(r"```text\n\$ fencepost (check .*?)```", text, flags=re.DOTALL)
    command, shown = session.split("\n…\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "lenet.py").write_text(
        "from torch import nn\n"
        "class LeNet5(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"        self.features = nn.Sequential({HALVED}, nn.Conv2d(6, 16, 5), nn.MaxPool2d(2))\n"
        "        self.flatten = nn.Flatten()\n"
        "        self.fc1 = nn.Linear(400, 120)\n"
    )
    monkeypatch.delitem(sys.modules, "models", raising=False)
    done = fencepost(*command.split())
    assert done.status == 1
    assert shown in done.out


def test_the_object(fencepost, modules):
    command = ["check", f"{modules}:strided", "--input", "1x40x40", "--json", "--object"]
    codes = [
        {item["code"] for item in fencepost(*command, size).json["findings"]}
        for size in ("7", "8", "7x8")
    ]
    assert ["FP303" in found for found in codes] == [False, True, True]


def test_several_inputs(fencepost, modules):
    done = fencepost("check", f"{modules}:Two", "--input", "3x8x8", "--input", "3x8x8", "--json")
    assert done.status == 0
    assert [item["shape"] for item in done.json["inputs"]] == [[1, 3, 8, 8]] * 2


NAMED = """
import torch
from torch import nn
class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(7, 4)
    def forward(self, image, mask=None, *, extra):
        x = self.conv(image) + self.fc(extra)[:, :, None, None]
        return x if mask is None else x * mask
"""


@pytest.fixture
def named(modules):
    Path(f"{modules}.py").write_text(NAMED)
    return f"{modules}:Named"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_inputs_are_given_by_name(fencepost, named, order):
    given = ["image=3x8x9", "extra=7"]
    options = [text for index in order for text in ("--input", given[index])]
    done = fencepost("check", named, *options, "--json")
    assert [(i["name"], i["shape"]) for i in done.json["inputs"]] == [
        ("image", [1, 3, 8, 9]), ("extra", [1, 7]),
    ]  # fmt: skip
    assert done.json["ok"]
    done = fencepost("check", named, *options, "--input", "mask=4x6x7", "--json")
    assert done.json["ok"] and [i["name"] for i in done.json["inputs"]] == [
        "image", "mask", "extra",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            ["imge=3x8x8", "extra=7"],
            ['"image", "mask" and "extra"', "imge", 'Did you mean "image"'],
        ),
        (["image=3x8x8"], ['pass a shape for "extra", too', "image"]),
        (["image=3x8x8", "image=3x9x9"], ["every input once", "image twice"]),
        (["image=3x8x8", "7"], ["NAME=SHAPE, or for none"]),
        (["3x8x8", "7"], ['"mask" (which may be left out) and "extra"', "by name"]),
    ],
)
def test_names_that_are_none(fencepost, named, given, words):
    options = [text for item in given for text in ("--input", item)]
    refused(fencepost("check", named, *options), *words)


def test_layers_have_one_input(fencepost, model):
    assert fencepost("check", model, "--input", "input=1x28x28").status == 0
    refused(
        fencepost("check", model, "--input", "inptu=1x28x28"), '"input"', "inptu", "Did you mean"
    )


def test_onnx_files(fencepost, tmp_path):
    onnx = pytest.importorskip("onnx")
    kind = onnx.TensorProto.FLOAT
    ends = [
        onnx.helper.make_tensor_value_info(name, kind, shape)
        for name, shape in (("image", [1, 3, "rows", 8]), ("result", None))
    ]
    node = onnx.helper.make_node(
        "MaxPool", ["image"], ["result"], name="pool", kernel_shape=[2, 2], strides=[2, 2]
    )
    made = onnx.helper.make_model(onnx.helper.make_graph([node], "one", ends[:1], ends[1:]))
    onnx.save(made, tmp_path / "pool.onnx")
    refused(fencepost("check", "pool.onnx"), "pool.onnx", "image", "rows")
    for shape in ("3x9x8", "image=3x9x8"):
        done = fencepost("check", "pool.onnx", "--input", shape, "--fail-on", "warning")
        assert done.status == 1
        assert "no window covers the last row (bottom) of 9 × 8" in done.out


def test_codes_are_explained(fencepost):
    done = fencepost("check", "--codes")
    assert done.status == 0
    assert all(code in done.out and item.title in done.out for code, item in fp.check.CODES.items())
    listed = fencepost("check", "--codes", "--json").json["codes"]
    assert [item["code"] for item in listed] == list(fp.check.CODES)
    done = fencepost("check", "--explain", "fp201")
    assert done.status == 0
    about = fp.check.CODES["FP201"]
    assert done.out.startswith(f"# FP201: {about.title}\n\n*warning*\n")
    assert "```python\nimport torch\n" in done.out and "](" not in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert fencepost("check", "--explain", "FP201", "--json").json["codes"][0]["page"] == about.page
    refused(fencepost("check", "FP201"), "fencepost check --explain FP201")
    refused(fencepost("check", "--explain", "FP999"), "FP101 to FP403")


def test_a_text_of_layers_is_checked(fencepost, tmp_path):
    (tmp_path / "network.txt").write_text("Conv2d(6, 5, padding=2)  # the first\nReLU\nFlatten\n")
    done = fencepost("check", "network.txt", "--input", "1x28x28")
    assert done.status == 0 and "Conv2d(6, 5, padding=2)" in done.out and "FP302" in done.out
    refused(fencepost("check", "network.txt"), "text of layers", "--input 1x28x28")
    (tmp_path / "network.txt").write_text("Conv2d(6, 5)\nRelu\n")
    refused(fencepost("check", "network.txt"), "network.txt", 'There is no layer "Relu"')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["MODEL is required", "--codes"]),
        (["nowhere.onnx"], ["nowhere.onnx"]),
        (["nowhere.onnx", "--fail-on", "errors"], ["--fail-on", "never", "'errors'"]),
        (["nowhere.onnx", "--allow", "FP999"], ["FP101", "'FP999'"]),
        (["nowhere.onnx", "--input", "3*4"], ["--input", "3x224x224", "'3*4'"]),
        (["nowhere.onnx", "--input", "0x4"], ["--input", "at least 1"]),
        (["nowhere.onnx", "--input", "a=3x4", "--input", "3x4"], ["NAME=SHAPE"]),
        (["nowhere.onnx", "--object", "big"], ["--object", "'big'"]),
        (["nowhere.onnx", "--object", "0"], ["--object", "'0'"]),
        (["nowhere.safetensors"], ["nowhere.safetensors"]),
        (["nets.py"], ["nets.py", "nets:Net"]),
        (["resnet50"], ["resnet50", "package.module:factory"]),
        (["weights.pth"], ["weights.pth", "package.module:factory", "torch.onnx.export"]),
    ],
)
def test_refusals(fencepost, tmp_path, arguments, words):
    refused(fencepost("check", *arguments), *words)
    assert not list(tmp_path.iterdir())


def test_modules_that_are_refused(fencepost, modules):
    refused(fencepost("check", f"{modules}:exact"), f"{modules}:exact", "--input 3x224x224")
    refused(fencepost("check", f"{modules}:nobody", "--input", "1x8x8"), "nobody")
    refused(fencepost("check", "no_such_file:net", "--input", "1x8x8"), "no_such_file")
