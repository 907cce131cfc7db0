"""Channels in lanes, a few images and many, against all outputs with images in lanes."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from shape_lists import conv_cases, pool_cases
from tolerances import FORWARD, assert_close

CASES = {case.name: case for case in (*conv_cases(), *pool_cases())}
NETWORKS = (*nets.LAYERS, *nets.MODELS)

#: name -> (input shape, layers): channels that do not fill, just fill or overfill vecs.
CHANNELS = {
    **{
        f"{before} to {after} channels": (
            (before, 6, 7),
            [fp.Conv2d(after, 3, padding=1), fp.ReLU(), fp.MaxPool2d((3, 2), remainder="crop"),
             fp.Conv2d(before, 2), fp.SiLU(), fp.Flatten(), fp.Linear(after)],
        )
        for before, after in ((1, 17), (3, 8), (8, 4), (9, 16), (16, 33), (40, 7))
    },
    # A first layer of few channels has the pixels of a row in its lanes.
    **{
        f"rows: {channels} channels, {height} x {width}": (
            (2, height, width),
            [fp.Conv2d(channels, (3, 2), padding=((2, 0), (1, 3)), dilation=(1, 2),
             stride=(stride, 1), remainder="crop"), *then, fp.Flatten()],
        )
        for channels, height, width, stride, then in (
            (1, 8, 33, 1, []),
            (2, 7, 16, 2, [fp.ReLU()]),
            (3, 9, 17, 1, [fp.ReLU(), fp.MaxPool2d(2, remainder="crop")]),
            (5, 8, 30, 1, [fp.MaxPool2d(2, remainder="crop"), fp.ReLU()]),
            (9, 11, 64, 2, [fp.MaxPool2d(2, remainder="crop")]),
            (4, 5, 31, 1, [fp.MaxPool2d((1, 3), remainder="crop")]),
        )
    },
    "rows, but the input is read as vecs too": (
        (3, 6, 32), [fp.Residual(fp.Conv2d(3, 3, padding=1), fp.ReLU()), fp.Flatten()],
    ),
    "kernel of the whole input": (
        (5, 4, 3), [fp.Conv2d(18, (4, 3)), fp.ReLU(), fp.Conv2d(7, 3, padding=1), fp.Flatten()],
    ),
    "depthwise": (
        (3, 9, 8),
        [fp.Conv2d(19, 1), fp.Conv2d(19, 3, padding=1, groups=19), fp.ReLU(),
         fp.Conv2d(19, (2, 3), stride=(1, 2), dilation=(2, 1), groups=19, bias=False,
         remainder="crop"), fp.Flatten()],
    ),
    "depthwise, then 1 x 1": (
        (4, 9, 11),
        [fp.Conv2d(20, 1), fp.Conv2d(20, 3, padding=1, groups=20), fp.BatchNorm2d(), fp.ReLU(),
         fp.Conv2d(37, 1), fp.BatchNorm2d(), fp.ReLU(), fp.MaxPool2d(2, remainder="crop"),
         fp.Conv2d(37, 5, padding=2, groups=37), fp.Conv2d(9, 1, bias=False), fp.Flatten()],
    ),
    "inverted residuals": (
        (3, 12, 9),
        [fp.Conv2d(18, 1), fp.Residual(fp.Conv2d(40, 1), fp.ReLU(),
         fp.Conv2d(40, 3, padding=1, groups=40, bias=False), fp.BatchNorm2d(), fp.ReLU(),
         fp.Conv2d(18, 1), fp.BatchNorm2d()), fp.ReLU(),
         fp.Residual(fp.Conv2d(18, 3, padding=1, groups=18), fp.Conv2d(18, 1)), fp.Flatten()],
    ),
    "depthwise rows read twice, with a stride, and of a few rows": (
        (3, 11, 8),
        [fp.Conv2d(17, 1),
         fp.Conv2d(17, 3, stride=2, padding=1, groups=17, remainder="crop"),
         fp.Residual(fp.Conv2d(17, 1)), fp.Conv2d(17, (4, 3), groups=17), fp.Conv2d(40, 1),
         fp.Flatten()],
    ),
    **{
        f"planes, stride {stride}": (
            (3, 17, 19),
            [fp.Conv2d(35, (5, 3), padding=(2, 1), stride=stride, dilation=(1, 2),
             remainder="crop"), fp.ReLU(), fp.Flatten()],
        )
        for stride in (1, 2, 3, 4)
    },
    # One vec of output channels, whose pixels stay in registers: of planes and of vecs.
    **{
        f"windows of {kernel} columns, {width} wide": (
            (3, 9, width),
            [fp.Conv2d(14, (2, kernel), padding=(1, 1), stride=(stride, 1), remainder="crop"),
             fp.ReLU(), fp.Conv2d(16, (3, kernel)), fp.ReLU(), fp.MaxPool2d((1, 2),
             remainder="crop"), fp.Residual(fp.Conv2d(16, (1, kernel), padding=(0, kernel // 2)),
             fp.ReLU()), fp.ReLU(), fp.Flatten()],
        )
        for kernel, width, stride in ((3, 27, 1), (5, 18, 1), (5, 35, 2), (3, 12, 1), (5, 26, 1))
    },
    # The same of stride 2, in a first layer.
    **{
        f"every second window of 3 columns, {width} wide": (
            (channels, 9, width),
            [fp.Conv2d(16, (rows, 3), stride=2, padding=padding, remainder="crop"), fp.ReLU(),
             fp.Flatten()],
        )
        for channels, width, rows, padding in ((3, 24, 3, 1), (1, 17, 3, (1, 0)), (4, 43, 2, 1),
                                               (3, 51, 5, (2, 1)))
    },
    "depthwise of the input": (
        (18, 6, 6), [fp.Conv2d(18, 3, groups=18), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten()],
    ),
    "groups within and across vecs": (
        (6, 7, 6),
        [fp.Conv2d(48, 3, groups=3, padding=1), fp.Tanh(), fp.Conv2d(36, 2, groups=12),
         fp.Conv2d(20, 1, groups=2), fp.Flatten()],
    ),
    "table": (
        (3, 7, 7),
        [fp.Conv2d(18, 3, connections=[[1, 0, 0]] * 9 + [[0, 1, 1]] * 9), fp.Flatten()],
    ),
    "input read twice": (
        (2, 6, 6), [fp.Residual(fp.Conv2d(9, 3, padding=1), fp.Conv2d(2, 1)), fp.Flatten()],
    ),
    "concat within and across vecs": (
        (3, 5, 4),
        [fp.Conv2d(17, 1), fp.Concat([], fp.Conv2d(16, 1), [fp.Conv2d(5, 3, padding=1), fp.Tanh()]),
         fp.Concat(fp.Conv2d(32, 1), []), fp.Flatten()],
    ),
    "gates": (
        (2, 5, 4),
        [fp.Conv2d(35, 1), fp.Gate(fp.GlobalAvgPool(), fp.Linear(35)), fp.Gate(fp.Conv2d(1, 1)),
         fp.Gate(fp.Conv2d(35, 1), fp.Sigmoid()), fp.Gate(fp.AvgPool2d((5, 1))), fp.Flatten()],
    ),
    "batch norm": ((20, 4, 3), [fp.BatchNorm2d(), fp.GELU(), fp.Flatten(), fp.BatchNorm1d()]),
    "dropout": ((5, 4, 3), [fp.Dropout(0.4), fp.Conv2d(9, 2), fp.Dropout(0.9), fp.Flatten()]),
    "rbf": ((37,), [fp.RBF(np.random.default_rng(4).standard_normal((21, 37)))]),
    "linear": ((1, 5, 5), [fp.Flatten(), fp.Linear(31), fp.ReLU(), fp.Linear(64), fp.Linear(1)]),
    # Behind each method: rows, direct sums of vecs, depthwise sums of known and of any kernels,
    # Winograd, groups within vecs, a kernel of the whole input, linear.
    **{
        f"{activation!r} behind each method": (
            (3, 12, 33),
            [fp.Conv2d(5, 3, padding=1), fp.BatchNorm2d(), activation,
             fp.Conv2d(20, 1), activation, fp.Conv2d(20, 3, padding=1, groups=20), activation,
             fp.Conv2d(33, 1), fp.BatchNorm2d(), activation,
             fp.Conv2d(33, (3, 2), padding=(1, 0), groups=33), activation,
             fp.MaxPool2d(2), fp.Conv2d(34, 3, padding=1), activation,
             fp.Residual(fp.Conv2d(34, 3, padding=1, groups=17), activation), activation,
             fp.Conv2d(18, (6, 16)), activation, fp.Flatten(), fp.Linear(19), activation],
        )
        for activation in nets.ACTIVATIONS
    },
    "activations of planes": (
        (3, 9, 19), [fp.Conv2d(18, 5, stride=2, padding=2), fp.HardSwish(), fp.Flatten()],
    ),
    "activations where rows are read as vecs too": (
        (3, 6, 32), [fp.Residual(fp.Conv2d(3, 3, padding=1), fp.HardSwish()), fp.Flatten()],
    ),
    "activations before pooling and sums": (
        (3, 8, 8),
        [fp.Conv2d(20, 3, padding=1), fp.SiLU(), fp.MaxPool2d(2),
         fp.Residual(fp.Conv2d(20, 3, padding=1), fp.HardSwish()), fp.ReLU6(), fp.Flatten()],
    ),
    "planes out": ((3, 8, 6), [fp.Conv2d(10, 3), fp.AvgPool2d(2)]),
}  # fmt: skip


def make(name):
    """Make a network of this file or of engine_networks."""
    if name in CHANNELS:
        return nets.disturbed(fp.Network(*CHANNELS[name], normalization=(0.3, 1.7)))
    return nets.MODELS[name]() if name in nets.MODELS else nets.network(name)


def alone_and_in_a_block(engine, net, image):
    """Return the outputs of an image by itself, and as images in lanes make them."""
    plan = nets.plan(engine, net)
    alone = plan.forward(*nets.arguments(net, image), 1)
    block = plan.features(*nets.arguments(net, image), 1)[-1]
    return alone, block.reshape(1, -1)


@pytest.mark.parametrize("name", CASES)
def test_one_layer(engine, name):
    net = nets.network_of(CASES[name])
    alone, block = alone_and_in_a_block(engine, net, nets.random_images(net, 1))
    assert_close(alone, block, FORWARD)


@pytest.mark.parametrize("name", CHANNELS)
def test_many_images(engine, name):
    net = make(name)
    images = nets.random_images(net, 37)
    plan = nets.plan(engine, net)
    batch = plan.forward(*nets.arguments(net, images), 2)
    each = [plan.forward(*nets.arguments(net, image[None]), 1)[0] for image in images]
    assert_close(batch, np.stack(each), FORWARD)


#: (height, width): of rows enough to be shared by threads, and of so few that channels are.
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(48, 40), (3, 700)])
def test_threads_share_images_whose_layers_take_long(engine, height, width, count, dtype):
    layers = [
        fp.Conv2d(40, 3, padding=1), fp.ReLU(),
        fp.Conv2d(40, 3, padding=1, groups=40), fp.ReLU(), fp.Conv2d(64, 1),
        fp.Conv2d(64, 3, padding=1, groups=64), fp.MaxPool2d(3, remainder="crop"), fp.Flatten(),
    ]  # fmt: skip
    net = nets.disturbed(fp.Network((3, height, width), layers, normalization=(9.0, 40.0)))
    images = nets.random_images(net, count, dtype)
    plan = nets.plan(engine, net)
    alone = plan.forward(*nets.arguments(net, images), 1)
    for threads in (2, 5):
        shared = plan.forward(*nets.arguments(net, images), threads)
        np.testing.assert_array_equal(shared, alone)


#: Each layer of the first takes long enough for all threads, none of the second: there those share
#: it that happen to be awake.
DENSE = {
    "large": (61, 6, 300, 90),
    "small": (28, 6, 120, 84),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", DENSE)
def test_threads_share_rows_of_pixels_and_of_weights(engine, name, count):
    side, channels, wide, narrow = DENSE[name]
    layers = [
        fp.Conv2d(channels, 5, padding=2), fp.ReLU(), fp.MaxPool2d(2, remainder="crop"),
        fp.Conv2d(16, 5), fp.Tanh(), fp.MaxPool2d(2, remainder="crop"), fp.Flatten(),
        fp.Linear(wide), fp.Sigmoid(), fp.Linear(narrow, bias=False), fp.ReLU(), fp.Linear(10),
    ]  # fmt: skip
    net = nets.disturbed(fp.Network((1, side, side), layers))
    images = nets.random_images(net, count, np.float32)
    plan = nets.plan(engine, net)
    alone = plan.forward(*nets.arguments(net, images), 1)
    for threads in (2, 5):
        for _ in range(200):  # in a loop they stay awake
            shared = plan.forward(*nets.arguments(net, images), threads)
            np.testing.assert_array_equal(shared, alone)


#: Layers, channels, side: many that are small, but not together, at one instruction set or
#: another; few that are large.
SHARED = {"many small": (16, 16, 14), "many smaller": (40, 16, 8), "large": (4, 64, 24)}


@pytest.mark.parametrize("name", SHARED)
def test_threads_that_are_awake_see_what_is_written_into_parameters(engine, name):
    count, channels, side = SHARED[name]
    layers = [
        layer for _ in range(count) for layer in (fp.Conv2d(channels, 3, padding=1), fp.SiLU())
    ]
    net = nets.disturbed(fp.Network((channels, side, side), [*layers, fp.Flatten(), fp.Linear(5)]))
    image = nets.random_images(net, 1, np.float32)
    plan, fresh = nets.plan(engine, net), nets.plan(engine, net)
    for k in range(12):
        for _ in range(20):  # in a loop they stay awake
            found = plan.forward(*nets.arguments(net, image), 2)
        np.testing.assert_array_equal(found, fresh.forward(*nets.arguments(net, image), 1))
        values = list(net.parameters.values())[7 * k % len(net.parameters)]
        values.ravel()[-1] += 0.5
        changed = plan.forward(*nets.arguments(net, image), 2)
        assert not np.array_equal(changed, found)
        np.testing.assert_array_equal(changed, fresh.forward(*nets.arguments(net, image), 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("name", (*NETWORKS, *CHANNELS))
def test_networks(engine, name, dtype):
    net = make(name)
    alone, block = alone_and_in_a_block(engine, net, nets.random_images(net, 1, dtype))
    assert_close(alone, block, FORWARD)


@pytest.mark.parametrize("name", CHANNELS)
def test_against_definitions(engine, name):
    net = make(name)
    images = nets.random_images(net, 2)
    expected = reference.features(net, images)[-1].reshape(2, -1)
    plan = nets.plan(engine, net)
    for image, outputs in zip(images, expected, strict=True):
        assert_close(plan.forward(*nets.arguments(net, image[None]), 1)[0], outputs, FORWARD)


@pytest.mark.parametrize("name", ["lenet5", "residual with batch norm", "rbf", "depthwise"])
def test_what_is_written_into_parameters_and_state_counts_at_once(engine, name):
    net = make(name)
    image = nets.random_images(net, 1)
    plan = nets.plan(engine, net)
    generator = np.random.default_rng(8)
    for array in (*net.parameters.values(), *net.state.values()):
        before = plan.forward(*nets.arguments(net, image), 1)
        array[...] += generator.uniform(0.1, 0.5, array.shape)
        after = plan.forward(*nets.arguments(net, image), 1)
        fresh = nets.plan(engine, net).forward(*nets.arguments(net, image), 1)
        np.testing.assert_array_equal(after, fresh)
        assert not np.array_equal(before, after)


@pytest.mark.parametrize("name", ["lenet5", "batch norm", "depthwise", "1 to 17 channels"])
def test_nan_and_infinity_pass(engine, name):
    net = make(name)
    image = nets.random_images(net, 1)
    image[0, 0, 2, 2] = np.nan
    alone, block = alone_and_in_a_block(engine, net, image)
    np.testing.assert_array_equal(np.isnan(alone), np.isnan(block))


def test_outputs_are_arrays_of_their_own(engine):
    net = make("lenet5")
    image = nets.random_images(net, 1)
    plan = nets.plan(engine, net)
    first = plan.forward(*nets.arguments(net, image), 1)
    kept = first.copy()
    plan.forward(*nets.arguments(net, 2 * image), 1)
    np.testing.assert_array_equal(first, kept)


def test_a_network_sees_what_changed_between_two_calls():
    net = make("lenet5")
    image = nets.random_images(net, 1, np.uint8)
    changes = [
        lambda: net.parameters["0.weight"].__setitem__(..., 0.1),
        lambda: net.parameters["7.bias"].__setitem__(3, 2.0),
        lambda: setattr(net, "normalization", (20.0, 50.0)),
        lambda: net.parameter_vector.__imul__(0.9),
        lambda: setattr(net, "normalization", None),
    ]
    outputs = [net(image)]
    for change in changes:
        change()
        outputs.append(net(image))
        fresh = fp.Network(net.input_shape, net.layers, normalization=net.normalization)
        fresh.parameter_vector[:] = net.parameter_vector
        np.testing.assert_array_equal(outputs[-1], fresh(image))
        assert not np.array_equal(outputs[-1], outputs[-2])


@pytest.mark.parametrize("channels", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("change", [-1, 2, -0.25], ids=["signs", "twice", "quarters"])
def test_a_change_of_all_weights_alike_is_seen(engine, channels, change):
    # Changes of the same few bits everywhere, which a sum of products carries to where they cancel.
    net = fp.Network((channels, 3, 3), [fp.Conv2d(channels, 1, bias=False)])
    plan, image = nets.plan(engine, net), nets.random_images(net, 1)
    before = plan.forward(*nets.arguments(net, image), 1).copy()
    net.parameter_vector *= change
    after = plan.forward(*nets.arguments(net, image), 1)
    np.testing.assert_array_equal(after, change * before)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, ">f4", np.int16])
def test_one_image_in_every_form_that_is_taken(dtype):
    net = make("lenet5")
    image = nets.random_images(net, 1, np.uint8).astype(dtype)
    expected = net(image.astype(np.float32))
    strided = np.empty((1, 1, 28, 56), dtype)[..., ::2]
    strided[...] = image
    for form in (image, image[0], image[0, 0], image[:, 0], image.tolist(), strided, strided[0]):
        np.testing.assert_array_equal(net(form), expected)


def test_a_bound_plan_takes_what_the_plan_takes(engine):
    net = make("lenet5")
    plan = nets.plan(engine, net)
    arrays = net.parameter_vector, net.state_vector, *net.engine_normalization
    bound = plan.bind(*arrays)
    images = nets.random_images(net, 3)
    constant = images.copy()
    constant.flags.writeable = False
    wide = np.zeros((3, 1, 28, 56), np.float32)
    wide[..., ::2] = images
    expected = plan.forward(*nets.arguments(net, images), 1)
    for form in (images, constant, wide[..., ::2], np.asfortranarray(images)):
        made = bound.forward(form, 1)
        assert made.dtype == np.float32
        assert made.flags.writeable
        np.testing.assert_array_equal(made, expected)
    assert bound.forward(images[:0]).shape == (0, 10)
    with pytest.raises(ValueError, match="do not have the network's input shape"):
        bound.forward(images[..., :27].copy())
    for other in (images[0], images.astype(np.float64)[:, :, :, :27], "images", None):
        with pytest.raises((TypeError, ValueError)):
            bound.forward(other)
