"""ONNX files as networks: those that are damaged or mean harm, and weights in every form."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import fencepost as fp

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
pytest.importorskip("torch", reason="PyTorch is not installed")

from interchange.onnx.graphs import small  # noqa: E402
from interchange.onnx.test_hostile_files import damage, lie  # noqa: E402
from interchange.others import exported, module_of  # noqa: E402

node = onnx.helper.make_node


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.fixture
def file(path):
    """A small file of someone's, as a ModelProto."""
    module, shape = module_of("signals")
    exported(module, shape, path)
    return onnx.load(path)


def refused(path, model, match):
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with pytest.raises(fp.DataError, match=match):
        fp.from_onnx(path)


def test_truncated_files(path, file):
    content = file.SerializeToString()
    for length in range(1, len(content), len(content) // 40):
        path.write_bytes(content[:length])
        with pytest.raises(fp.DataError):
            fp.from_onnx(path)


def test_weights_that_are_not_finite(path, file):
    array = onnx.numpy_helper.to_array(file.graph.initializer[0]).copy()
    array.ravel()[0] = np.inf
    file.graph.initializer[0].raw_data = array.tobytes()
    refused(path, file, "must be finite")


def test_weights_of_a_wrong_size(path, file):
    file.graph.initializer[0].raw_data = file.graph.initializer[0].raw_data[:-4]
    refused(path, file, r"takes .* bytes")


def test_claims_of_gigabytes(path, file):
    file.graph.initializer[0].dims[0] = 2**31
    refused(path, file, "bytes")
    weight = file.graph.initializer[0]
    weight.ClearField("raw_data")
    refused(path, file, "values|channels|must|size")


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "gone.bin", ""])
def test_weights_elsewhere(path, file, location):
    (path.parent.parent / "secret.bin").write_bytes(bytes(10**5))
    weight = file.graph.initializer[0]
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.ClearField("raw_data")
    weight.external_data.add(key="location", value=location)
    refused(path, file, "beside the model")


def test_weights_beside_the_model(path, file):
    expected = fp.from_onnx(path)
    onnx.save(file, path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    np.testing.assert_array_equal(fp.from_onnx(path).parameter_vector, expected.parameter_vector)
    (path.parent / "weights.bin").write_bytes(b"few")
    with pytest.raises(fp.DataError, match="must hold the"):
        fp.from_onnx(path)


def test_a_description_that_is_none(path):
    fp.models.lenet5().export(path)
    model = onnx.load(path)
    entry = next(e for e in model.metadata_props if e.key == "fencepost.network")
    for text in ("{", "[]", '{"input_shape": [1], "layers": []}', "[" * 10**5):
        entry.value = text
        refused(path, model, "description of its network")


def test_a_file_that_was_changed_after_its_export(path):
    fp.models.lenet5().export(path)
    model = onnx.load(path)
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type = "Tanh"
    refused(path, model, "difference of")


# --- what contradicts itself, or claims too much ----------------------------------------------

F32 = np.float32
TWICE = [node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])]
CYCLE = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Tanh", ["b"], ["y"])]
CONV = [node("Conv", ["x", "w"], ["y"])]
HUGE = [node("Resize", ["x", "", "", "s"], ["a"]), node("Relu", ["a"], ["y"])]
REPEATED = [node("Expand", ["c", "s"], ["w"]), node("Conv", ["x", "w"], ["y"])]
NORM = [node("BatchNormalization", ["x", "a", "a", "a", "v"], ["y"])]


def norm(variance):
    return {"a": np.ones(3, F32), "v": np.full(3, variance, F32)}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"nodes": TWICE}, "a unique name"),
        ({"nodes": CYCLE, "weights": {}}, "depend on its own output"),
        ({"nodes": CONV, "weights": {}}, "which nothing produces"),
        ({"weights": {"w": np.ones((4, 3, 3, 3), np.int64)}}, "int64, and no floating point"),
        ({"weights": {"w": np.ones((4, 3, 3, 3), np.complex64)}}, "complex64, and no floating"),
        ({"weights": {"w": np.array([["a"] * 3] * 3, object)}}, "string|axes|channels"),
        ({"weights": {"w": np.ones((4, 2, 3, 3), F32)}}, "as many input channels"),
        ({"weights": {"w": np.ones((4, 3, 9, 9), F32)}}, "fit into its padded input"),
        ({"weights": {"w": np.full((4, 3, 3, 3), np.nan, F32)}}, "must be finite"),
        ({"nodes": HUGE, "weights": {"s": np.array([1, 3, 2**30, 2**30])}}, "too large"),
        ({"inputs": {"x": (1, 3, 2**20, 2**20)}}, "too large"),
        (
            {"nodes": REPEATED, "weights": {"c": np.ones((1,) * 4, F32),
             "s": np.array([2**20, 3, 3, 3])}},
            "weights are too large",
        ),
        ({"nodes": NORM, "weights": norm(-1)}, "negative"),
        ({"nodes": NORM, "weights": norm(np.nan)}, "must be finite"),
        ({"inputs": {"x": (1, 3, 8, 8), "z": (1, 3, 8, 8)}}, "2 inputs instead of 1"),
        ({"outputs": ["y", "a"]}, "2 outputs instead of 1"),
        ({"outputs": []}, "0 outputs instead of 1"),
        ({"nodes": [node("Mystery", ["x"], ["y"], domain="nobody.knows")],
          "domains": ["nobody.knows"]}, "Mystery"),
        ({"inputs": {"x": (1, 3, "h", "w")}}, "leaves open"),
    ],
)  # fmt: skip
def test_contradictions_and_claims(path, changes, match):
    model = small(**changes)
    tracemalloc.start()
    refused(path, model, match)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_constants_that_double_without_end(path):
    """Each is computed once, however many ways lead to it."""

    def doubled(count):
        nodes = [node("Add", [f"s{k}", f"s{k}"], [f"s{k + 1}"]) for k in range(count)]
        nodes += [node("Mul", ["x", f"s{count}"], ["m"]), node("Relu", ["m"], ["y"])]
        weights = {"s0": np.full((300, 1, 1), 2.0**-count, F32)}
        return small(nodes=nodes, inputs={"x": (1, 300, 2, 2)}, weights=weights)

    path.write_bytes(doubled(60).SerializeToString())
    assert fp.from_onnx(path).layers == (fp.ReLU(),)
    refused(path, doubled(100), "computed while it runs")


def test_a_link_out_of_the_folder(path, file):
    secret = path.parent.parent / "secret.bin"
    secret.write_bytes(bytes(10**5))
    (path.parent / "inside.bin").symlink_to(secret)
    one = file.graph.initializer[0]
    one.data_location = onnx.TensorProto.EXTERNAL
    one.ClearField("raw_data")
    one.external_data.add(key="location", value="inside.bin")
    refused(path, file, "beside the model")


def test_a_description_of_more_than_there_is(path):
    fp.Network((4,), [fp.Linear(3)]).export(path, verify=False)
    model = onnx.load(path)
    entry = next(e for e in model.metadata_props if e.key == "fencepost.network")
    entry.value = entry.value.replace("[4]", "[400000000]")
    tracemalloc.start()
    refused(path, model, "must have the shape")
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_damage_at_random(path, file):
    """The corpus of `check`: each file is a network or an error that says what is wrong."""
    bases = [file.SerializeToString(), small().SerializeToString()]
    module, shape = module_of("inception")
    exported(module, shape, path)
    bases.append(path.read_bytes())
    made = refusals = 0
    for seed in range(240):
        rng = np.random.default_rng(seed)
        change = lie if seed % 3 else damage
        path.write_bytes(change(bases[seed % len(bases)], bases, rng))
        try:
            net = fp.from_onnx(path, verify=False)
        except fp.FencepostError as error:
            refusals += 1
            assert str(path) in str(error), seed
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        else:
            made += 1
            assert all(np.isfinite(array).all() for array in net.parameters.values()), seed
    assert made > 5 and refusals > 50


# --- weights in every form --------------------------------------------------------------------


def test_types_of_weights(path):
    """Weights in half precision, in doubles and in lists of numbers are read as they are."""
    weight = np.linspace(-1, 1, 8).reshape(2, 4)
    helper = onnx.helper
    for kind, values in (
        (onnx.TensorProto.FLOAT16, weight.astype(np.float16)),
        (onnx.TensorProto.DOUBLE, weight),
        (onnx.TensorProto.FLOAT, weight.astype(np.float32)),
    ):
        for raw in (False, True):
            data = values.tobytes() if raw else values.ravel().tolist()
            tensor = helper.make_tensor("w", kind, (2, 4), data, raw)
            graph = helper.make_graph(
                [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)], "g",
                [helper.make_tensor_value_info("x", kind, ["n", 4])],
                [helper.make_tensor_value_info("y", kind, ["n", 2])], [tensor],
            )  # fmt: skip
            path.write_bytes(helper.make_model(graph).SerializeToString())
            net = fp.from_onnx(path, verify=False)
            expected = values.astype(np.float32)
            np.testing.assert_array_equal(net.parameters["0.weight"], expected)


def test_constants_that_are_computed(path):
    """A weight that is transposed, and a bias that is added, by nodes of constants."""
    rng = np.random.default_rng(0)
    w, b = (rng.standard_normal(s).astype(np.float32) for s in ((300, 2), (2,)))
    helper = onnx.helper
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["w"], ["wt"]),
            helper.make_node("Gemm", ["x", "wt"], ["m"], transB=1),
            helper.make_node("Neg", ["b"], ["minus"]),
            helper.make_node("Add", ["m", "minus"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", 300])],
        [helper.make_tensor_value_info("y", 1, ["n", 2])],
        [onnx.numpy_helper.from_array(a, n) for a, n in ((w, "w"), (b, "b"))],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())
    net = fp.from_onnx(path, verify=False)
    assert net.layers == (fp.Linear(2),)
    np.testing.assert_array_equal(net.parameters["0.weight"], w.T)
    np.testing.assert_array_equal(net.parameters["0.bias"], -b)
