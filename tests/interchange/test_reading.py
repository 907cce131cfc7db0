"""Every kind of model that is read: networks, plans, files, layers, PyTorch modules."""

from __future__ import annotations

import pytest

import fencepost as fp


def test_networks_plans_files_and_layers_are_the_same(tmp_path):
    layers = [fp.Conv2d(6, 5), fp.ReLU(), fp.Residual(fp.Conv2d(6, 3, padding=1)), fp.Flatten()]
    network = fp.Network((1, 12, 12), [*layers, fp.Linear(10)])
    network.save(tmp_path / "model.safetensors")
    models = [
        network,
        fp.plan((1, 12, 12), [*layers, fp.Linear(10)]),
        ((1, 12, 12), [*layers, fp.Linear(10)]),
        tmp_path / "model.safetensors",
        str(tmp_path / "model.safetensors"),
    ]
    tables = {fp.check.check(model).table(100) for model in models}
    assert len(tables) == 1
    report = fp.check.check(network)
    assert [operation.name for operation in report.graph.operations] == [
        "0",
        "1",
        "2.0",
        "2",
        "3",
        "4",
    ]
    assert report.graph.parameters == sum(
        parameter.size for parameter in network.parameters.values()
    )
    assert (
        report.graph.multiply_adds == fp.plan((1, 12, 12), [*layers, fp.Linear(10)]).multiply_adds
    )
    assert report.receptive_fields.sizes(3) == (7, 7)


def test_other_inputs_are_tried():
    network = fp.Network((1, 12, 12), [fp.Conv2d(6, 5), fp.MaxPool2d(2), fp.Flatten()])
    report = fp.check.check(network, (1, 14, 14))
    assert report.ok
    assert report.graph.input_shapes == ((1, 1, 14, 14),)
    assert not fp.check.check(network, (1, 13, 13)).ok
    with pytest.raises(fp.ArgumentError, match="input_shape must be"):
        fp.check.check(network, [(1, 14, 14), (1, 14, 14)])


def test_own_layers_that_do_not_fit():
    report = fp.check.check(((1, 28, 28), "Conv2d(6, 3, stride=2), ReLU"))
    (error,) = report.of("error")
    assert error.code == "FP101"
    assert "must end exactly at the far edge" in error.message
    report = fp.check.check(((4, 8, 8), "Residual(Conv2d(4, 3)), ReLU"))
    (error,) = report.of("error")
    assert (error.code, error.operation) == ("FP104", "0")
    assert "padding=1 in 0.0 (→ 8 × 8)" in error.repair
    report = fp.check.check(((1, 8, 8), "Linear(3)"))
    assert "Flatten" in report.of("error")[0].message


def test_pytorch_modules_by_themselves_and_by_name(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 5), torch.nn.ReLU())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "somebodys.py").write_text(
        "from torch import nn\ndef net(): return nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU())\n"
    )
    tables = [fp.check.check(model, (1, 28, 28)).table(100) for model in (module, "somebodys:net")]
    assert tables[0] == tables[1]
    with pytest.raises(fp.ArgumentError, match=r"somebodys:net: .* such as \(3, 224, 224\)"):
        fp.check.check("somebodys:net")
    with pytest.raises(fp.ArgumentError, match=r"shape of one input must be given"):
        fp.check.check(module)


def test_modules_of_several_inputs():
    torch = pytest.importorskip("torch")

    class Two(torch.nn.Module):
        def forward(self, a, b):
            return a + b

    report = fp.check.check(Two(), [(3, 8, 8), (3, 8, 9)])
    (error,) = report.of("error")
    assert "3 × 8 × 8 from a and 3 × 8 × 9 from b differ in columns, 8 and 9" in (error.message)


def test_what_is_no_model():
    with pytest.raises(fp.ArgumentError, match=r"model must be a path .* Received: int"):
        fp.check.check(3)
    with pytest.raises(fp.DataError, match=r"nowhere.onnx"):
        fp.check.check("nowhere.onnx")
    with pytest.raises(fp.ArgumentError, match=r"object_size must be an integer, at least 1"):
        fp.check.check(((1, 8, 8), "ReLU"), object_size=0)
