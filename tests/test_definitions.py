"""The definitions against the article, by hand, NumPy, SciPy and PyTorch, all in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.signal

from fencepost import definitions as d
from shape_lists import Case, conv_cases, pool_cases

# float64 throughout: what is left is rounding, in sums of up to a few thousand terms.
CLOSE = {"rtol": 1e-11, "atol": 1e-12}


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def random():
    return np.random.default_rng(11)


def tensor(torch, array):
    return torch.from_numpy(np.array(array, np.float64))


# --- convolution -----------------------------------------------------------------------------

F = [10, 9, 10, 9, 10, 1, 10, 9, 10, 8]
G = [1 / 3, 1 / 3, 1 / 3]
FULL = [10, 19, 29, 28, 29, 20, 21, 20, 29, 27, 18, 8]


def test_the_smoothing_of_the_article():
    np.testing.assert_allclose(3 * d.convolve_1d_full(F, G), FULL, rtol=1e-15)
    np.testing.assert_allclose(3 * d.convolve_1d(F, G), FULL[:10], rtol=1e-15)
    valid = [3 * d.convolution_1d_at(F, G, x) for x in range(2, 10)]
    np.testing.assert_allclose(valid, FULL[2:10], rtol=1e-15)
    assert d.convolution_1d_at(F, G, 0) == pytest.approx(10 / 3)


def test_the_same_sums_in_whole_numbers():
    assert d.convolve_1d_full(F, [1, 1, 1]).tolist() == FULL


def test_the_sizes_of_the_article():
    image = np.arange(50.0).reshape(1, 1, 10, 5)
    kernel = np.ones((1, 1, 3, 3))
    assert d.conv_layer(image, kernel).shape == (1, 1, 8, 3)
    assert d.conv_layer(image, kernel, padding=1).shape == (1, 1, 10, 5)
    assert d.conv_layer(np.ones((1, 1, 13)), np.ones((1, 1, 3)), stride=2).shape == (1, 1, 6)


def test_laplace_of_an_edge_by_hand():
    laplace = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    step = np.array([[0, 0, 5, 5, 5]] * 5)
    inside = d.convolve_2d(step, laplace, origin=(1, 1))[1:-1, 1:-1]
    assert inside.tolist() == [[-15, 15, 0]] * 3


def test_origins_by_hand():
    impulse = [0, 0, 1, 0, 0]
    assert d.convolve_1d(impulse, [1, 2, 3]).tolist() == [0, 0, 1, 2, 3]
    assert d.convolve_1d(impulse, [1, 2, 3], origin=1).tolist() == [0, 1, 2, 3, 0]
    assert d.correlate_1d(impulse, [1, 2, 3]).tolist() == [3, 2, 1, 0, 0]
    assert d.correlate_1d(impulse, [1, 2, 3], origin=1).tolist() == [0, 3, 2, 1, 0]


@pytest.mark.parametrize("sizes", [(1, 1), (7, 1), (7, 3), (7, 4), (9, 7), (4, 4), (30, 11)])
def test_1d_against_numpy(random, sizes):
    f, g = (random.normal(size=size) for size in sizes)
    np.testing.assert_allclose(d.convolve_1d_full(f, g), np.convolve(f, g), **CLOSE)
    # "same" of NumPy and SciPy has its origin in the middle, of an even g in the left of two.
    middle = (len(g) - 1) // 2
    np.testing.assert_allclose(d.convolve_1d(f, g, middle), np.convolve(f, g, "same"), **CLOSE)
    # Correlation turns g round, and with it which of the two middles that is.
    np.testing.assert_allclose(
        d.correlate_1d(f, g, len(g) // 2), scipy.signal.correlate(f, g, "same"), **CLOSE
    )


@pytest.mark.parametrize(
    "shapes", [((5, 6), (3, 3)), ((6, 5), (2, 4)), ((7, 4), (1, 3)), ((1, 9), (1, 4))]
)
def test_2d_against_scipy(random, shapes):
    f, g = (random.normal(size=shape) for shape in shapes)
    full = scipy.signal.convolve2d(f, g)
    np.testing.assert_allclose(d.convolve_2d_full(f, g), full, **CLOSE)
    rows, columns = f.shape
    np.testing.assert_allclose(d.convolve_2d(f, g), full[:rows, :columns], **CLOSE)
    middle = tuple((size - 1) // 2 for size in g.shape)
    same = scipy.signal.convolve(f, g, "same", method="direct")
    np.testing.assert_allclose(d.convolve_2d(f, g, middle), same, **CLOSE)
    middle = tuple(size // 2 for size in g.shape)
    same = scipy.signal.correlate(f, g, "same", method="direct")
    np.testing.assert_allclose(d.correlate_2d(f, g, middle), same, **CLOSE)


def test_correlation_is_convolution_with_the_flipped_kernel(random):
    f, g = random.normal(size=(6, 7)), random.normal(size=(3, 4))
    flipped = g[::-1, ::-1]
    for origin in np.ndindex(g.shape):
        mirrored = tuple(size - 1 - o for size, o in zip(g.shape, origin, strict=True))
        np.testing.assert_allclose(
            d.correlate_2d(f, g, origin), d.convolve_2d(f, flipped, mirrored), **CLOSE
        )


def test_a_layer_is_a_correlation_and_not_a_convolution(random):
    f, g = random.normal(size=(6, 7)), random.normal(size=(3, 2))
    layer = d.conv_layer(f[None, None], g[None, None])[0, 0]
    np.testing.assert_allclose(layer, d.correlate_2d(f, g)[:4, :6], **CLOSE)
    assert np.abs(layer - d.convolve_2d_full(f, g)[2:6, 1:7]).max() > 0.1


# --- layers ----------------------------------------------------------------------------------


def values_of(case: Case, random):
    """A batch and parameters for a case: random and asymmetric, one or two images."""
    x = random.normal(size=(min(case.images, 2), *case.input))
    bias = random.normal(size=case.out) if case.bias else None
    return x, random.normal(size=case.weight_shape), bias


def pairs(case: Case):
    top, bottom, left, right = case.padding
    return (top, bottom), (left, right)


def torch_padded(torch, case: Case, x, value=0.0):
    top, bottom, left, right = case.padding
    return torch.nn.functional.pad(tensor(torch, x), (left, right, top, bottom), value=value)


@pytest.mark.parametrize("case", conv_cases(), ids=lambda case: case.name)
def test_conv_layer_against_pytorch(torch, random, case):
    x, weight, bias = values_of(case, random)
    y = d.conv_layer(
        x,
        weight,
        bias,
        stride=case.stride,
        padding=pairs(case),
        dilation=case.dilation,
        groups=case.groups,
        connections=case.connections,
    )
    kernels = weight
    if case.connections:  # PyTorch has no tables: a missing connection is a kernel of zeros
        table = np.array(case.connections, bool)
        kernels = np.zeros((*table.shape, *case.kernel))
        kernels[table] = weight
    expected = torch.nn.functional.conv2d(
        torch_padded(torch, case, x),
        tensor(torch, kernels),
        None if bias is None else tensor(torch, bias),
        case.stride,
        0,
        case.dilation,
        case.groups,
    )
    assert y.shape == (len(x), *case.output)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_conv_layer_of_signals_against_pytorch(torch, random):
    x, weight, bias = (random.normal(size=shape) for shape in ((3, 4, 21), (6, 2, 3), (6,)))
    y = d.conv_layer(x, weight, bias, stride=2, padding=((3, 1),), dilation=2, groups=2)
    padded = torch.nn.functional.pad(tensor(torch, x), (3, 1))
    expected = torch.nn.functional.conv1d(
        padded, tensor(torch, weight), tensor(torch, bias), 2, 0, 2, 2
    )
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_connections_in_full_are_a_full_layer(random):
    x, weight = random.normal(size=(2, 3, 5, 5)), random.normal(size=(4, 3, 2, 2))
    table = np.ones((4, 3), int)
    together = d.conv_layer(x, weight.reshape(12, 2, 2), connections=table)
    np.testing.assert_array_equal(together, d.conv_layer(x, weight))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_an_even_kernel_with_same_padding_against_pytorch(torch, random):
    x, weight = random.normal(size=(2, 3, 6, 7)), random.normal(size=(4, 3, 4, 2))
    expected = torch.nn.functional.conv2d(tensor(torch, x), tensor(torch, weight), padding="same")
    y = d.conv_layer(x, weight, padding=((1, 2), (0, 1)))
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


@pytest.mark.parametrize("case", pool_cases(), ids=lambda case: case.name)
def test_pools_against_pytorch(torch, random, case):
    x = random.normal(size=(2, *case.input)) - 3.0  # below 0, so that padding with 0 would show
    functional = torch.nn.functional
    options = {"stride": case.stride, "padding": pairs(case)}
    area = math.prod(case.kernel)
    if case.kind == "max":
        y = d.max_pool(x, case.kernel, **options)
        padded = torch_padded(torch, case, x, -math.inf)
        expected = functional.max_pool2d(padded, case.kernel, case.stride)
    else:
        padded = torch_padded(torch, case, x)
        mean = functional.avg_pool2d(padded, case.kernel, case.stride)
        if case.kind == "sum":
            y, expected = d.sum_pool(x, case.kernel, **options), mean * area
        else:
            y = d.avg_pool(x, case.kernel, **options, count_include_pad=case.count_include_pad)
            inside = torch_padded(torch, case, np.ones_like(x))
            share = functional.avg_pool2d(inside, case.kernel, case.stride)
            expected = mean if case.count_include_pad else mean / share
    assert y.shape == (2, *case.output)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


@pytest.mark.parametrize("include", [True, False])
def test_pools_with_padding_of_pytorchs_own(torch, random, include):
    x = random.normal(size=(2, 3, 9, 11)) - 3.0
    functional = torch.nn.functional
    options = {"stride": (2, 3), "padding": ((1, 1), (0, 0))}
    expected = functional.max_pool2d(tensor(torch, x), (3, 4), (2, 3), (1, 0))
    np.testing.assert_array_equal(d.max_pool(x, (3, 4), **options), expected.numpy())
    expected = functional.avg_pool2d(
        tensor(torch, x), (3, 4), (2, 3), (1, 0), count_include_pad=include
    )
    y = d.avg_pool(x, (3, 4), **options, count_include_pad=include)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)
    expected = functional.avg_pool1d(tensor(torch, x[:, 0]), 3, 2, 1, count_include_pad=include)
    y = d.avg_pool(x[:, 0], 3, stride=2, padding=1, count_include_pad=include)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_linear_against_pytorch(torch, random):
    x, weight, bias = (random.normal(size=shape) for shape in ((5, 7), (3, 7), (3,)))
    for given in (bias, None):
        expected = torch.nn.functional.linear(
            tensor(torch, x),
            tensor(torch, weight),
            None if given is None else tensor(torch, given),
        )
        np.testing.assert_allclose(d.linear(x, weight, given), expected.numpy(), **CLOSE)


def test_flatten_is_channel_by_channel(random):
    x = random.normal(size=(2, 3, 4, 5))
    flat = d.flatten(x)
    assert flat.shape == (2, 60)
    assert flat[1, 2 * 20 + 3 * 5 + 4] == x[1, 2, 3, 4]


def test_affine_by_hand():
    y = d.affine([[[[1.0, 2.0]], [[3.0, 4.0]]]], [10, 100], [0.5, -0.5])
    assert y.tolist() == [[[[10.5, 20.5]], [[299.5, 399.5]]]]
    assert d.affine([[[1.0], [3.0]]], [10, 100], [0.5, -0.5]).tolist() == [[[10.5], [299.5]]]


def test_rbf_against_pytorch(torch, random):
    x, centres = random.normal(size=(4, 6)), random.choice([-1.0, 1.0], (3, 6))
    expected = -(torch.cdist(tensor(torch, x), tensor(torch, centres)) ** 2)
    np.testing.assert_allclose(d.rbf(x, centres), expected.numpy(), rtol=1e-10)
    assert d.rbf(centres, centres).argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 7), (2, 3, 4, 5)])
@pytest.mark.parametrize("given", [True, False], ids=["affine", "plain"])
def test_batch_norm_against_pytorch(torch, random, shape, given):
    mean, variance = random.normal(size=3), random.uniform(0.5, 2, 3)
    weight, bias = (random.normal(size=3), random.normal(size=3)) if given else (None, None)
    parameters = [None if item is None else tensor(torch, item) for item in (weight, bias)]
    running = [tensor(torch, mean), tensor(torch, variance)]
    for _ in range(3):  # the running statistics of a batch enter the next
        x = random.normal(2.0, 3.0, size=shape)
        expected = torch.nn.functional.batch_norm(
            tensor(torch, x), *running, *parameters, training=True, momentum=0.3, eps=1e-3
        )
        y = d.batch_norm_training(x, weight, bias, eps=1e-3)
        np.testing.assert_allclose(y, expected.numpy(), **CLOSE)
        mean, variance = d.batch_norm_running(x, mean, variance, momentum=0.3)
        np.testing.assert_allclose(mean, running[0].numpy(), **CLOSE)
        np.testing.assert_allclose(variance, running[1].numpy(), **CLOSE)
    expected = torch.nn.functional.batch_norm(tensor(torch, x), *running, *parameters, eps=1e-3)
    y = d.batch_norm_inference(x, mean, variance, weight, bias, eps=1e-3)
    np.testing.assert_allclose(y, expected.numpy(), **CLOSE)


def test_dropout_by_hand():
    x, mask = [[1.0, 2.0, 3.0, 4.0]], [[1, 0, 0, 1]]
    assert d.dropout(x, mask, 0.75).tolist() == [[4.0, 0.0, 0.0, 16.0]]
    assert d.dropout(x, [[1, 1, 1, 1]], 0.0).tolist() == x
    assert d.dropout(x, [[0, 0, 0, 0]], 1.0).tolist() == [[0.0] * 4]


def test_dropout_keeps_the_mean(random):
    mask = random.random(200_000) >= 0.3
    assert d.dropout(np.ones(200_000), mask, 0.3).mean() == pytest.approx(1, abs=0.01)


def test_add(random):
    x, other = random.normal(size=(2, 2, 3)), random.normal(size=(2, 2, 3))
    np.testing.assert_array_equal(d.add(x, other), x + other)


# --- activations -----------------------------------------------------------------------------

X = np.concatenate([np.linspace(-9, 9, 181), [-700.0, -40.0, -0.0, 1e-300, 40.0, 700.0]])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("relu", {}),
        ("leaky_relu", {}),
        ("leaky_relu", {"slope": 0.2}),
        ("tanh", {}),
        ("sigmoid", {}),
        ("gelu", {}),
        ("silu", {}),
    ],
)
def test_activations_against_pytorch(torch, name, options):
    theirs = {"slope": "negative_slope"}
    expected = getattr(torch.nn.functional, name)(
        tensor(torch, X), **{theirs[key]: value for key, value in options.items()}
    )
    # PyTorch loses digits of gelu where erf is near −1; those are below 1e-13 and not compared.
    np.testing.assert_allclose(
        getattr(d, name)(X, **options), expected.numpy(), rtol=1e-12, atol=1e-14
    )


def test_scaled_tanh_has_the_constants_of_1998(torch):
    expected = 1.7159 * torch.tanh(tensor(torch, X) * 2 / 3)
    np.testing.assert_allclose(d.scaled_tanh(X), expected.numpy(), **CLOSE)
    # "such that f(1) = 1 and f(-1) = -1": to four digits.
    np.testing.assert_allclose(d.scaled_tanh([1, -1]), [1, -1], atol=1e-4)


def test_gelu_keeps_its_digits_far_below_zero():
    # x · Φ(x) at −10 is −10 · 7.619853024160526e-24.
    assert d.gelu([-10.0])[0] == pytest.approx(-7.619853024160526e-23, rel=1e-12, abs=0)


def test_activations_do_not_overflow():
    for name in ("sigmoid", "silu", "gelu", "tanh", "scaled_tanh"):
        with np.errstate(over="raise", invalid="raise"):
            assert np.isfinite(getattr(d, name)([-1e4, 1e4])).all()


# --- losses ----------------------------------------------------------------------------------


def test_softmax_against_pytorch(torch, random):
    scores = random.normal(0, 30, size=(6, 5))
    expected = torch.softmax(tensor(torch, scores), -1).numpy()
    np.testing.assert_allclose(d.softmax(scores), expected, **CLOSE)
    np.testing.assert_allclose(d.softmax(scores + 1e4), expected, rtol=1e-9)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_against_pytorch(torch, random, smoothing, weighted):
    scores, targets = random.normal(0, 5, size=(9, 4)), random.integers(0, 4, 9)
    weights = random.uniform(0.1, 3, 4) if weighted else None
    expected = torch.nn.functional.cross_entropy(
        tensor(torch, scores),
        torch.from_numpy(targets),
        tensor(torch, weights) if weighted else None,
        label_smoothing=smoothing,
    )
    found = d.cross_entropy(scores, targets, label_smoothing=smoothing, class_weights=weights)
    assert found == pytest.approx(float(expected), rel=1e-12)


def test_mean_squared_error_against_pytorch(torch, random):
    values, targets = random.normal(size=(5, 3)), random.normal(size=(5, 3))
    expected = torch.nn.functional.mse_loss(tensor(torch, values), tensor(torch, targets))
    assert d.mean_squared_error(values, targets) == pytest.approx(float(expected), rel=1e-12)


# --- optimizers ------------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 0.03])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd_against_pytorch(torch, random, decay, momentum, nesterov):
    options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    parameter, velocity = random.normal(size=7), np.zeros(7)
    theirs = torch.nn.Parameter(tensor(torch, parameter))
    optimizer = torch.optim.SGD([theirs], lr=1.0, **options)
    for rate in (0.1, 0.05, 0.2, 0.01):  # schedules change the rate between steps
        gradient = random.normal(size=7)
        theirs.grad = tensor(torch, gradient)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        parameter, velocity = d.sgd_step(parameter, gradient, velocity, rate=rate, **options)
        np.testing.assert_allclose(parameter, theirs.detach().numpy(), **CLOSE)


@pytest.mark.parametrize("decay", [0.0, 0.03])
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_adam_against_pytorch(torch, random, name, decay):
    options = {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": decay}
    step_by_definition = {"Adam": d.adam_step, "AdamW": d.adamw_step}[name]
    parameter, mean, square = random.normal(size=7), np.zeros(7), np.zeros(7)
    theirs = torch.nn.Parameter(tensor(torch, parameter))
    optimizer = getattr(torch.optim, name)([theirs], lr=1.0, **options)
    for step, rate in enumerate((0.1, 0.05, 0.2, 0.01), 1):
        gradient = random.normal(size=7)
        theirs.grad = tensor(torch, gradient)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        parameter, mean, square = step_by_definition(
            parameter, gradient, mean, square, step=step, rate=rate, **options
        )
        np.testing.assert_allclose(parameter, theirs.detach().numpy(), **CLOSE)


def test_defaults_are_pytorchs(torch, random):
    x, scores = random.normal(size=(4, 3)), random.normal(size=5)
    ours = d.batch_norm_training(x)
    np.testing.assert_allclose(
        ours, torch.nn.BatchNorm1d(3).double()(tensor(torch, x)).detach().numpy(), **CLOSE
    )
    for name, step_by_definition in (("Adam", d.adam_step), ("AdamW", d.adamw_step)):
        theirs = torch.nn.Parameter(tensor(torch, scores))
        theirs.grad = tensor(torch, scores**2)
        getattr(torch.optim, name)([theirs]).step()
        parameter, _, _ = step_by_definition(
            scores, scores**2, np.zeros(5), np.zeros(5), step=1, rate=1e-3
        )
        np.testing.assert_allclose(parameter, theirs.detach().numpy(), **CLOSE)
