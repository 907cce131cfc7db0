"""Parameters and state: flat arrays, views of them by name, and that no write goes unseen."""

import copy
import ctypes
import os
import pickle
import threading

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
from fencepost.network import inspection, saliency
from forked import child

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


def test_parameters_are_views_of_one_array():
    net = small()
    assert list(net.parameters) == ["0.weight", "0.bias", "4.weight", "4.bias"]
    assert net.parameters["0.weight"].shape == (4, 1, 3, 3)
    assert net.parameter_vector.dtype == np.float32
    assert net.parameter_vector.size == net.parameter_count == 151
    images = nets.random_images(net, 2)
    before = net(images)
    net.parameters["4.bias"][1] += 5
    np.testing.assert_allclose(net(images) - before, [[0, 5, 0]] * 2, atol=1e-5)


def test_a_parameter_cannot_be_replaced_by_mistake():
    with pytest.raises(TypeError):
        small().parameters["0.weight"] = np.zeros((4, 1, 3, 3))


def test_weights_follow_from_the_seed():
    np.testing.assert_array_equal(small(seed=3).parameter_vector, small(seed=3).parameter_vector)
    assert (small(seed=3).parameter_vector != small(seed=4).parameter_vector).all()


def test_state_holds_running_statistics_and_centres():
    net = fp.Network((4,), [fp.Linear(2), fp.BatchNorm1d(), fp.RBF([[1, 2], [3, 4], [5, 6]])])
    assert list(net.state) == ["1.running_mean", "1.running_var", "2.centres"]
    np.testing.assert_array_equal(net.state_vector, [0, 0, 1, 1, 1, 2, 3, 4, 5, 6])


def nested(seed=0) -> fp.Network:
    """Weights in layers of layers, folded statistics, centres."""
    layers = [
        fp.Conv2d(8, 3, padding=1),
        fp.BatchNorm2d(),
        fp.Residual(fp.Conv2d(8, 3, padding=1), fp.BatchNorm2d(), fp.ReLU()),
        fp.Concat([fp.Conv2d(4, 1)], [fp.Conv2d(4, 3, padding=1)]),
        fp.Conv2d(8, 3, padding=1, groups=8),
        fp.Conv2d(16, 1),
        fp.Flatten(),
        fp.Linear(5),
        fp.RBF(np.ones((3, 5))),
    ]
    return fp.Network((2, 8, 8), layers, seed=seed)


COUNTS = 1, 3, 70  # images that are predicted together
IMAGES = np.random.default_rng(4).normal(size=(max(COUNTS), 2, 8, 8)).astype(np.float32)


def predicted(net):
    return [net(IMAGES[:count]) for count in COUNTS]


def computed_anew(net):
    """Outputs of another network that was given the same values, which it never had others than."""
    other = fp.Network.from_config(net.config())
    with net.engine_weights.lent() as arrays:
        other.parameter_vector, other.state_vector = arrays.parameter_vector, arrays.state_vector
    return predicted(other)


def assert_seen(net, write):
    """Check that predictions follow what `write` does, though all was prepared for other values."""
    before = predicted(net)
    np.testing.assert_array_equal(predicted(net)[0], before[0])
    write()
    for old, new, expected in zip(before, predicted(net), computed_anew(net), strict=True):
        np.testing.assert_array_equal(new, expected)
        assert (new != old).any()


def address(array):
    """The memory of an array by its address alone: nothing refers to the array then."""
    return np.ctypeslib.as_array(
        ctypes.cast(array.ctypes.data, ctypes.POINTER(ctypes.c_float)), (array.size,)
    )


def out_of_band(value):
    """The memory that pickle hands out of a value."""
    buffers = []
    pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return [np.frombuffer(buffer.raw(), np.float32) for buffer in buffers]


#: Every way to an array that a network computes with.
WAYS = {
    "parameter_vector": lambda net: net.parameter_vector,
    "state_vector": lambda net: net.state_vector,
    "parameters": lambda net: net.parameters["0.weight"],
    "state": lambda net: net.state["1.running_mean"],
    "get": lambda net: net.parameters.get("0.bias"),
    "values": lambda net: next(iter(net.parameters.values())),
    "items": lambda net: next(iter(net.state.items()))[1],
    "called": lambda net: next(net.parameters()),
    "dict": lambda net: dict(net.state)["8.centres"],
    "unpacked": lambda net: {**net.parameters}["7.weight"],
    "a layer in a layer": lambda net: net.parameters["2.0.weight"],
    "its statistics": lambda net: net.state["2.1.running_var"],
    "a layer of a branch": lambda net: net.parameters["3.1.0.bias"],
    "layer_kernel": lambda net: net.layer_kernel(0),
    "convolution_kernels": lambda net: inspection.convolution_kernels(net, "2.0"),
    "parameters copied": lambda net: copy.copy(net.parameters)["0.weight"],
    "parameters pickled": lambda net: out_of_band(net.parameters)[0],
    "state pickled": lambda net: out_of_band(net.state)[0],
    "a view of a view": lambda net: net.parameter_vector[10:40].reshape(5, 6).T,
    "a memoryview": lambda net: np.frombuffer(memoryview(net.parameter_vector), np.float32),
    "an address": lambda net: address(net.parameter_vector),
    "the array interface": lambda net: np.array(net.parameters["5.weight"], copy=False),
    "DLPack": lambda net: np.from_dlpack(net.parameter_vector),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_into_an_array_is_seen_at_every_call(way):
    net = nested()
    predicted(net)
    array = WAYS[way](net)
    assert_seen(net, lambda: np.add(array, 0.5, out=array))
    assert_seen(net, lambda: np.add(array, 0.25, out=array))  # the same array, later


def test_no_attribute_leads_to_an_array_unseen():
    """Look at all that the public attributes show, however deep, for memory of the weights."""

    def arrays_in(value, depth=0):
        if isinstance(value, np.ndarray):
            yield value
        elif depth < 4:
            inside = value if isinstance(value, (list, tuple)) else ()
            if isinstance(value, dict) or hasattr(value, "items"):
                inside = list(value.values())
            elif hasattr(value, "__dict__") and type(value).__module__.startswith("fencepost"):
                inside = [v for name, v in vars(value).items() if name[0] != "_"]
            for each in inside:
                yield from arrays_in(each, depth + 1)

    found = set()
    for name in dir(nested()):
        net = nested()
        predicted(net)
        if name.startswith("_"):
            continue
        with net.engine_weights.lent() as lent:
            vectors = lent[:2]
        for array in arrays_in(getattr(net, name)):
            if any(np.shares_memory(array, vector) for vector in vectors):
                found.add(name)
                assert_seen(net, lambda array=array: np.add(array, 0.5, out=array))
    assert found == {
        *("parameter_vector", "parameters", "state_vector", "state"),
        "engine_weights",  # which has the arrays by name
    }


def test_what_nobody_can_have_written_into_is_not_looked_at():
    net = fp.Network((2, 8, 8), [fp.Conv2d(8, 3), fp.BatchNorm2d()])  # reads what was prepared
    before = net(IMAGES[:1])
    net.engine_weights._arrays.parameter_vector[...] *= 2  # as none of our code may
    np.testing.assert_array_equal(net(IMAGES[:1]), before)
    _ = net.parameters["0.weight"]
    np.testing.assert_array_equal(net(IMAGES[:1]), 4 * before)


def values(net):
    return np.random.default_rng(8).normal(size=net.parameter_count).astype(np.float32)


#: What changes weights without an array being handed out.
CHANGES = {
    "assigned": lambda net: setattr(net, "parameter_vector", values(net)),
    "assigned as a list": lambda net: setattr(net, "parameter_vector", values(net).tolist()),
    "statistics assigned": lambda net: setattr(net, "state_vector", np.full(47, 0.75)),
    "trained": lambda net: net.fit(IMAGES, np.zeros((70, 3)), epochs=1, progress=False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_without_an_array_are_seen(change):
    net = nested()
    assert_seen(net, lambda: CHANGES[change](net))
    assert_seen(net, lambda: setattr(net, "parameter_vector", -values(net)))
    assert not net.engine_weights._version[1]  # and yet nobody holds an array


def test_vectors_can_be_changed_in_place_and_must_fit():
    net = nested()

    def halved():
        net.parameter_vector *= 0.5

    assert_seen(net, halved)
    with pytest.raises(fp.DataError, match=r"of shape \(\d+,\)\. Received: float64 of"):
        net.parameter_vector = np.zeros(3)
    with pytest.raises(fp.DataError, match="Received: complex64"):
        net.state_vector = np.zeros(47, np.complex64)


def test_arrays_kept_from_a_callback_of_training_are_seen_later():
    net = nested()
    kept, outputs = [], []

    def on_epoch(epoch):
        outputs.append((predicted(net), computed_anew(net)))
        kept.append(net.parameters["0.weight"])

    net.fit(IMAGES, np.zeros((70, 3)), epochs=3, progress=False, on_epoch=on_epoch)
    for now, expected in outputs:
        np.testing.assert_array_equal(now[0], expected[0])
    assert (outputs[0][0][0] != outputs[2][0][0]).any()
    assert_seen(net, lambda: np.add(kept[0], 1, out=kept[0]))


def test_what_only_reads_hands_nothing_out(tmp_path):
    net = nested()
    targets = np.zeros((70, 3))
    net.fit(IMAGES, targets, epochs=1, progress=False)
    net.save(tmp_path / "net.safetensors")
    net.evaluate(IMAGES, targets)
    net.explain(IMAGES[:2])
    net.features(IMAGES[:2])
    saliency.input_gradient(net, IMAGES[:2])
    inspection.is_untrained(net)
    names = list(net.parameters), "0.weight" in net.parameters, len(net.state), repr(net.parameters)
    made = (
        net,
        net.copy(),
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
        fp.load(tmp_path / "net.safetensors"),
    )
    print(net, repr(net), net.parameter_count, names)
    for each in made:
        assert not each.engine_weights._version[1]
        np.testing.assert_array_equal(predicted(each)[0], predicted(net)[0])


def test_copies_and_pickles_have_arrays_of_their_own():
    net = nested()
    before = predicted(net)
    others = net.copy(), copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net, 5))
    for other in others:
        assert_seen(
            other, lambda other=other: np.add(other.parameter_vector, 1, out=other.parameter_vector)
        )
    # Those that are pickled are copies already.
    for array in (*out_of_band(net), *net.__reduce__()[1][1:3]):
        np.add(array, 1, out=array)
    for now, expected in zip(predicted(net), before, strict=True):
        np.testing.assert_array_equal(now, expected)


def test_networks_of_the_same_layers_share_no_weights():
    first = nested()
    second = fp.Network(first.input_shape, first.layers)
    before = predicted(second)
    assert_seen(first, lambda: np.add(first.parameter_vector, 1, out=first.parameter_vector))
    np.testing.assert_array_equal(predicted(second)[0], before[0])


def test_a_plan_that_others_use_meanwhile_is_not_mistaken():
    net = nested()
    before = predicted(net)
    other = nested(seed=5)
    vectors = other.parameter_vector, other.state_vector
    for count, expected, own in zip(COUNTS, predicted(other), before, strict=True):
        given = net.engine_plan.forward(*vectors, IMAGES[:count], *net.engine_normalization)
        np.testing.assert_array_equal(given.reshape(expected.shape), expected)
        np.testing.assert_array_equal(net(IMAGES[:count]), own)


def test_weights_lent_in_blocks_within_blocks_are_looked_at_until_all_are_back():
    net = nested()
    predicted(net)
    with net.engine_weights.lent() as arrays:
        with pytest.raises(KeyError), net.engine_weights.lent():
            raise KeyError
        for _ in range(2):
            assert_seen(
                net, lambda: np.add(arrays.parameter_vector, 1, out=arrays.parameter_vector)
            )
    np.testing.assert_array_equal(predicted(net)[2], computed_anew(net)[2])


def test_another_thread_gets_an_array_between_two_calls():
    net = nested()
    predicted(net)
    go, done = threading.Event(), threading.Event()

    def write():
        array = net.parameters["0.weight"]
        for _ in range(2):
            go.wait(60)
            go.clear()
            array[...] += 1
            done.set()

    def told():
        done.clear()
        go.set()
        assert done.wait(60)

    writer = threading.Thread(target=write)
    writer.start()
    assert_seen(net, told)
    assert_seen(net, told)
    writer.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_sees_what_it_writes():
    net = nested()
    predicted(net)

    def work():
        assert_seen(net, lambda: setattr(net, "parameter_vector", values(net)))
        array = net.parameter_vector
        assert_seen(net, lambda: np.add(array, 1, out=array))

    assert child(work) == 0
