"""Words of Keras, scikit-learn, PyTorch and SciPy work, or are answered with ours."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import fencepost as fp
from fencepost.habits import objects

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 1, 6, 6), dtype=np.uint8)
LABELS = np.arange(20) % 2


def network():
    return fp.Network((1, 6, 6), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(2)])


@pytest.mark.parametrize(
    ("options", "answers"),
    [
        ({"epoch": 1}, ['"epoch". Did you mean "epochs"']),
        ({"nb_epoch": 1}, ['Did you mean "epochs"?']),
        ({"validation_split": 0.1}, ["Here: validation=0.1."]),
        ({"validation_data": (IMAGES, LABELS)}, ["Here: validation=(images, labels)."]),
        ({"verbose": 0}, ["Here: progress=False for no output"]),
        ({"verbose": 0, "shuffle": True}, ["progress=False", "shuffled in each epoch"]),
        ({"callbacks": []}, ["on_epoch=function"]),
        ({"learning_rate": 0.1}, ['Did you mean "lr"?']),
        ({"class_weight": {0: 1}}, ['balance="weights"']),
        ({"batchsize": 8}, ['Did you mean "batch_size"?']),
        ({"train": True}, ["has no argument"]),
        ({"optimiser": "adam"}, ['Did you mean "optimizer"?']),
        ({"random_state": 0}, ['Did you mean "seed"?']),
    ],
)
def test_arguments_of_fit_elsewhere(options, answers):
    with pytest.raises(TypeError) as error:
        network().fit(IMAGES, LABELS, **options)
    assert all(answer in str(error.value) for answer in answers)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda: network().fit(X=IMAGES, y=LABELS), 'Did you mean "images"?'),
        (lambda: network().evaluate(x=IMAGES, y=LABELS), 'Did you mean "targets"?'),
        (lambda: network().predict(X=IMAGES), 'Did you mean "images"?'),
        (lambda: fp.Conv2d(filters=8, kernel_size=3), 'Did you mean "out_channels"?'),
        (lambda: fp.Conv2d(8, 3, activation="relu"), "Here: a layer after it, such as ReLU()."),
        (lambda: fp.Conv2d(in_channels=1, out_channels=8, kernel_size=3), "leave it out"),
        (lambda: fp.Linear(in_features=84, out_features=10), "leave it out"),
        (lambda: fp.Linear(units=10), 'Did you mean "out_features"?'),
        (lambda: fp.MaxPool2d(pool_size=2), 'Did you mean "kernel_size"?'),
        (lambda: fp.MaxPool2d(2, strides=2), 'Did you mean "stride"?'),
        (lambda: fp.MaxPool2d(2, ceil_mode=True), 'remainder="pad"'),
        (lambda: fp.Dropout(rate=0.5), 'Did you mean "p"?'),
        (lambda: fp.ReLU(inplace=True), "leave it out"),
        (lambda: fp.Softmax(dim=1), "leave it out"),
        (lambda: fp.training.SGD(learning_rate=0.1), 'Did you mean "lr"?'),
        (lambda: fp.datasets.image_folder("x", image_size=32), 'Did you mean "size"?'),
        (lambda: fp.image_gradient(IMAGES[0, 0], "sobel", border="wrap"), "boundary"),
    ],
)
def test_arguments_elsewhere(call, answer):
    with pytest.raises(TypeError) as error:
        call()
    assert answer in str(error.value)


@pytest.mark.parametrize(
    ("loss", "name"),
    [("sparse_categorical_crossentropy", "cross_entropy"), ("CrossEntropyLoss", "cross_entropy"),
     ("mean_squared_error", "mse"), ("MSE", "mse")],
)  # fmt: skip
def test_losses_and_optimizers_by_other_names(loss, name):
    labels = LABELS if name == "cross_entropy" else np.eye(2)[LABELS]
    history = network().fit(IMAGES, labels, epochs=1, loss=loss, optimizer="AdamW", progress=False)
    assert history.settings["loss"]["name"] == name
    assert history.settings["optimizer"]["name"] == "adamw"
    with pytest.raises(fp.ArgumentError, match=r"Make one: Adam\(\)"):
        network().fit(IMAGES, LABELS, optimizer=fp.training.Adam)


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda: fp.ReLU().weight, 'Here: net.parameters["0.weight"]'),
        (lambda: fp.Conv2d(2, 3).get_weights(), 'Here: net.parameters["0.weight"]'),
        (lambda: network().evaluate(IMAGES, LABELS).acc, "Here: evaluation.accuracy."),
        (lambda: fp.manual_seed, "Here: the seed= of fp.Network"),
        (lambda: fp.Sequential, "Here: fp.Network(input_shape, layers)."),
        (lambda: fp.plots.show, "fp.plots.save"),
        (lambda: fp.MaxPool2D, "attribute 'MaxPool2D'. Did you mean \"MaxPool2d\"?"),
        (lambda: fp.maxpooling2d, "Here: fp.MaxPool2d(kernel_size)."),
        (lambda: fp.conv2, "Here: fp.convolve(f, g)"),
        (lambda: fp.imfilter, "Here: fp.filter_image(image, kernel)."),
        (lambda: fp.medianBlur, "which this is not. SciPy has scipy.ndimage.median_filter"),
        (lambda: fp.datasets.digits, 'Here: images, labels = fp.datasets.mnist("train")'),
        (lambda: fp.datasets.MNIST, 'Here: images, labels = fp.datasets.mnist("train")'),
        (lambda: network().fine_tune, "Here: net.fit(images, labels, epochs=5)"),
        (lambda: fp.datasets.mnist("test").labels, "Here: dataset.targets."),
        (lambda: fp.plan((4,), "Linear(2)").layerz, 'Did you mean "layers"'),
    ],
)
def test_names_elsewhere(ask, answer):
    with pytest.raises(AttributeError) as error:
        ask()
    assert answer in str(error.value)


SIGNAL, KERNEL = [1.0, 2.0, 3.0], [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda: fp.convolve(SIGNAL, KERNEL, bounday="wrap"), 'Did you mean "boundary"?'),
        (lambda: fp.convolve(SIGNAL, KERNEL, boundry="wrap"), 'Did you mean "boundary"?'),
        (lambda: fp.correlate(SIGNAL, KERNEL, mod="full"), 'Did you mean "mode" or "method"?'),
        (lambda: fp.convolve(in1=SIGNAL, in2=KERNEL), '"in2". Did you mean "g"?'),
        (lambda: fp.convolve(SIGNAL, kernel=KERNEL), 'Did you mean "g"?'),
        (lambda: fp.convolve(SIGNAL, KERNEL, padding="same"), 'Here: mode="same".'),
        (lambda: fp.convolve(SIGNAL, KERNEL, stride=2), "[::2]"),
        (lambda: fp.convolve(SIGNAL, KERNEL, "same", "symm"), "by name, such as boundary="),
        (lambda: fp.convolve(SIGNAL), 'convolve needs "g".'),
        (lambda: fp.correlate(SIGNAL, KERNEL, dtype="f4"), "f.astype"),
        (lambda: fp.filter_image(IMAGES[0, 0], "mean", borderType=4), 'boundary="mirror"'),
        (lambda: fp.filter_image(IMAGES[0, 0], ksize=3), "belongs to the kernel"),
        (lambda: fp.filter_image(IMAGES[0, 0], "gaussian", sigmaX=2), "gaussian:sigma=2"),
        (lambda: fp.filter_image(src=IMAGES[0, 0], kernel="mean"), 'Did you mean "image"?'),
        (lambda: fp.datasets.mnist(root="data", train=True), "part of the package"),
        (lambda: fp.datasets.mnist(return_X_y=True), "images, labels = fp.datasets.mnist()"),
        (fp.datasets.mnist.load_data, "(x, y), (x2, y2) = map(fp.datasets.mnist"),
    ],
)
def test_arguments_of_filters_and_data_elsewhere(call, answer):
    with pytest.raises(fp.errors.CallError) as error:
        call()
    assert answer in str(error.value)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda: fp.convolve(SIGNAL, KERNEL, boundary="symm"), 'Here: boundary="reflect".'),
        (lambda: fp.convolve(SIGNAL, KERNEL, boundary="circular"), 'Here: boundary="wrap".'),
        (lambda: fp.convolve(SIGNAL, KERNEL, boundary="replicate"), 'Here: boundary="nearest".'),
        (lambda: fp.convolve(SIGNAL, KERNEL, mode="constant"), 'mode="same" and boundary="zero"'),
        (lambda: network().fit(IMAGES, LABELS, loss="bce"), "two outputs for two classes"),
        (lambda: network().fit(IMAGES, LABELS, optimizer="rmsprop"), 'Here: optimizer="adam".'),
        (lambda: fp.Upsample(2, mode="reflect"), "Received: mode='reflect'."),
    ],
)
def test_values_elsewhere(call, answer):
    with pytest.raises(fp.ArgumentError) as error:
        call()
    assert answer in str(error.value)


def test_what_is_missing_is_said():
    data = fp.datasets.Dataset(IMAGES, LABELS)
    with pytest.raises(TypeError, match=r"A data set is unpacked: \(\*dataset\)"):
        network().fit(data)
    with pytest.raises(TypeError, match="A data set is unpacked"):
        network().evaluate(data)
    with pytest.raises(TypeError, match="The shape of one image comes first"):
        fp.Network([fp.Flatten(), fp.Linear(2)])
    network().fit(*data, epochs=1, progress=False)


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 40, 3)])
def test_a_shape_with_channels_last_is_recognised_where_layers_do_not_fit(shape):
    with pytest.raises(fp.SizeError) as error:
        fp.Network(shape, [fp.Conv2d(6, 5), fp.Flatten(), fp.Linear(10)])
    first = (shape[2], *shape[:2])
    said = " ".join(str(error.value).split())
    fits = f"It fits with an input of {' × '.join(map(str, first))}: put the channels first."
    assert fits in said
    assert said.lower().count("put the channels first") == 1
    with pytest.raises(fp.SizeError) as error:
        fp.Network(first, [fp.Conv2d(6, 50), fp.Flatten(), fp.Linear(10)])
    assert "put the channels first" not in str(error.value)


@pytest.mark.parametrize(
    ("column", "meant"),
    [("val_loss", "validation_loss"), ("val_accuracy", "validation_accuracy"), ("acc", "accuracy")],
)
def test_columns_of_a_history_elsewhere(column, meant):
    with pytest.raises(fp.ArgumentError, match=f'Did you mean "{meant}"'):
        fp.training.History()[column]


def test_an_evaluation_is_no_pair():
    with pytest.raises(TypeError, match="cannot be unpacked into loss and accuracy"):
        _loss, _accuracy = network().evaluate(IMAGES, LABELS)
    for item in (0, "accuracy"):
        with pytest.raises(TypeError, match=r"use evaluation.loss and evaluation.accuracy"):
            network().evaluate(IMAGES, LABELS)[item]


def test_a_data_set_is_unpacked_once():
    data = fp.datasets.Dataset(IMAGES[:2], LABELS[:2])  # two images: Python would unpack them
    with pytest.raises(TypeError, match="Of MNIST: "):
        (_x, _y), (_x2, _y2) = data
    with pytest.raises(TypeError, match=r"for image, label in zip\(\*dataset\)"):
        for _image, _label in data:
            pass
    with pytest.raises(TypeError, match=r"Here: images, labels = dataset"):
        data[0]
    images, labels = data
    assert images.shape == (2, 1, 6, 6) and labels.shape == (2,)
    assert [part.shape for part in data] == [(2, 1, 6, 6), (2,)]
    assert [(image.shape, int(label)) for image, label in zip(*data, strict=True)] == [
        ((1, 6, 6), 0), ((1, 6, 6), 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        (lambda: fp.Conv2d(1, 6, 5), "write Conv2d(6, 5)"),
        (lambda: fp.Conv2d(3, 16, 3, 1, 1), "write Conv2d(16, 3, stride=1, padding=1)"),
        (lambda: fp.Conv2d(1, 6, kernel_size=5), "write Conv2d(6, 5)"),
        (lambda: fp.Conv1d(1, 6, 5, padding=2), "write Conv1d(6, 5, padding=2)"),
        (lambda: fp.ConvTranspose2d(16, 8, 2, 2), "write ConvTranspose2d(8, 2, stride=2)"),
        (lambda: fp.Linear(784, 10), "write Linear(10)"),
        (lambda: fp.Linear(784, 10, bias=False), "write Linear(10, bias=False)"),
        (lambda: fp.BatchNorm2d(16), "write BatchNorm2d()"),
        (lambda: fp.GroupNorm(2, 16), "write GroupNorm(2)"),
        (lambda: fp.LayerNorm((6, 28, 28)), "write LayerNorm()"),
    ],
)
def test_layers_in_the_order_of_pytorch_are_refused_as_the_command_does(layer, written):
    with pytest.raises(fp.ArgumentError) as error:
        layer()
    assert "PyTorch" in str(error.value)
    assert written in str(error.value)


def test_layers_in_our_order_are_made():
    made = [fp.Conv2d(6, 5, stride=2), fp.Conv2d(6, 5, padding="same"), fp.Linear(10, False)]
    made += [fp.BatchNorm2d(1e-3), fp.GroupNorm(2, 1e-3), fp.MaxPool2d(2, 2), fp.Dropout(0.5)]
    assert [layer.describe() for layer in made][:3] == [
        "Conv2d(6, 5, stride=2)", 'Conv2d(6, 5, padding="same")', "Linear(10, bias=False)",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(objects.ATTRIBUTES["Network"]))
def test_what_a_network_is_asked_elsewhere_is_answered(name):
    net = network()
    if name in ("history",) or hasattr(net, name):
        assert not callable(getattr(type(net), name, None)), name
    with pytest.raises(AttributeError, match=r"has no attribute .* Here: "):
        getattr(net, name)


def test_parameters_are_a_mapping_and_may_be_called():
    net = network()
    assert list(net.parameters) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert sum(p.size for p in net.parameters()) == net.parameter_count
    assert "0.weight (2, 1, 3, 3)" in repr(net.parameters)
    with pytest.raises(TypeError):
        net.parameters["0.weight"] = 0


def through_torch(net):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize(
    "copied",
    [
        lambda net: pickle.loads(pickle.dumps(net)),
        copy.deepcopy,
        copy.copy,
        lambda net: net.copy(),
        through_torch,
    ],
)
def test_copies_are_networks_of_their_own(copied):
    net = network()
    other = copied(net)
    assert np.array_equal(other(IMAGES), net(IMAGES))
    other.parameter_vector[:] = 0
    assert net.parameter_vector.any()
