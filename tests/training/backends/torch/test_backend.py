"""Training by PyTorch: the same steps as the engine's."""

import numpy as np
import pytest

import fencepost as fp
from engine_networks import LAYERS, MODELS, disturbed, network, random_images
from fencepost.training import SGD, Adam, AdamW, Constant, CrossEntropy, fit
from training.small import bars, conv_net, dense_net

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

IMAGES, LABELS = bars(150)
VALIDATION = bars(60, seed=9)
TORCH = {"backend": "torch", "device": "cpu", "threads": 1}
WEIGHTS = np.linspace(0, 2, 150)
WEIGHTED = CrossEntropy(label_smoothing=0.1, class_weights=(1.0, 3.0, 0.5))
DESCENT = {"optimizer": SGD(lr=1.0, momentum=0.0, nesterov=False), "schedule": Constant()}


def norm_net(seed=1):
    """A network for `bars` with running statistics, and without dropout, which draws anew.

    Without bias before the normalisation: its gradient is rounding alone, which Adam scales up.
    """
    block = [fp.Conv2d(6, 3, padding=1, bias=False), fp.BatchNorm2d(), fp.ReLU()]
    return fp.Network((1, 8, 8), [*block, fp.Flatten(), fp.Linear(3)], seed=seed)


def both(make, images, targets, **settings):
    """Train on the engine and on PyTorch; return networks and histories."""
    nets = make(), make()
    histories = [
        fit(net, images, targets, **settings, **where)
        for net, where in zip(nets, ({"threads": 1}, TORCH), strict=True)
    ]
    return nets, histories


def without_draws(layer):
    """Tell whether a layer draws nothing, inside neither."""
    return "Drop" not in repr(layer)


NAMES = [
    name
    for name in [*LAYERS, *MODELS]
    if all(map(without_draws, (network(name) if name in LAYERS else MODELS[name]()).layers))
]


@pytest.mark.parametrize("name", NAMES)
def test_first_step(name):
    """One step of plain descent: w changes by -g, and running statistics move."""

    def make():
        net = network(name) if name in LAYERS else disturbed(MODELS[name]())
        net.normalization = (0.5, 2.0)
        return net

    start = make()
    if not start.parameter_vector.size:
        pytest.skip("nothing to learn")
    images = random_images(start, 8, seed=3)
    targets = np.random.default_rng(4).normal(size=(8, int(np.prod(start.output_shape))))
    nets, histories = both(make, images, targets, epochs=1, batch_size=8, loss="mse", **DESCENT)
    assert histories[1]["loss"][0] == pytest.approx(histories[0]["loss"][0], rel=2e-5)
    gradient, other = (start.parameter_vector - net.parameter_vector for net in nets)
    limit = 2e-4 * max(np.abs(gradient).max(), 1e-2)
    np.testing.assert_allclose(other, gradient, rtol=0, atol=limit)
    np.testing.assert_allclose(nets[1].state_vector, nets[0].state_vector, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd"},
        {"optimizer": SGD(lr=0.1, momentum=0.5, nesterov=False, weight_decay=0.01)},
        {"optimizer": SGD(lr=0.1, momentum=0.0, nesterov=False)},
        {"optimizer": Adam(weight_decay=0.1), "schedule": "cosine"},
        {"optimizer": AdamW(lr=0.01, betas=(0.8, 0.9), weight_decay=0.3), "schedule": "step"},
        {"loss": WEIGHTED},
        {"augmentation": "shift=1,rotate=10,noise=5"},
        {"augmentation": "mixup=0.5", "sample_weight": WEIGHTS, "loss": WEIGHTED},
        {"augmentation": "cutmix=1", "loss": WEIGHTED},
        {"augmentation": "strong"},
        {"sample_weight": WEIGHTS},
        {"balance": "weights"},
        {"balance": "oversample"},
        {"clip_norm": 0.1},
        {"ema": 0.9},
    ],
    ids=",".join,
)
def test_whole_trainings(settings):
    settings = {"optimizer": "sgd", "validation": VALIDATION, **settings}
    nets, histories = both(norm_net, IMAGES, LABELS, epochs=3, batch_size=32, **settings)
    for column in ("loss", "accuracy", "validation_loss", "validation_accuracy", "lr"):
        np.testing.assert_allclose(histories[1][column], histories[0][column], atol=2e-4)
    for mine, theirs in zip(*((n.parameter_vector, n.state_vector) for n in nets), strict=True):
        np.testing.assert_allclose(theirs, mine, atol=2e-3)
    assert histories[1].best_epoch == histories[0].best_epoch


@pytest.mark.parametrize("augmentation", ["mixup=0.4", None])
def test_regressions(augmentation):
    targets = IMAGES.reshape(150, -1)[:, :3] / 255.0
    settings = {"augmentation": augmentation, "sample_weight": WEIGHTS, "optimizer": "sgd"}
    nets, histories = both(norm_net, IMAGES, targets, epochs=2, batch_size=32, **settings)
    np.testing.assert_allclose(histories[1]["loss"], histories[0]["loss"], rtol=1e-4)
    np.testing.assert_allclose(nets[1].parameter_vector, nets[0].parameter_vector, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 40), (12,)], ids=["signals", "features"])
def test_inputs_that_are_no_images(shape):
    layers = [fp.Flatten(), fp.Linear(4)] if len(shape) > 1 else [fp.Linear(4)]
    images = np.random.default_rng(0).normal(size=(50, *shape)).astype(np.float32)
    targets = images.reshape(50, -1)[:, :4]
    nets, _ = both(lambda: fp.Network(shape, layers), images, targets, epochs=2, batch_size=20)
    np.testing.assert_allclose(nets[1].parameter_vector, nets[0].parameter_vector, atol=1e-5)


def test_dropout_follows_the_seed_and_leaves_global_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    nets = [conv_net() for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        history = fit(net, IMAGES, LABELS, epochs=6, optimizer="sgd", seed=seed, **TORCH)
    assert torch.rand(1) == expected and torch.get_num_threads() == threads
    np.testing.assert_array_equal(nets[0].parameter_vector, nets[1].parameter_vector)
    assert (nets[0].parameter_vector != nets[2].parameter_vector).any()
    assert history["accuracy"][-1] > 0.9


def test_a_training_that_was_stopped_goes_on_bit_for_bit(tmp_path):
    settings = {"epochs": 4, "validation": VALIDATION, "checkpoint_seconds": 0.0, **TORCH}
    whole, part = conv_net(), conv_net()
    fit(whole, IMAGES, LABELS, **settings)

    def stop(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(part, IMAGES, LABELS, checkpoint=tmp_path / "run.ckpt", on_epoch=stop, **settings)
    part = conv_net()
    fit(part, IMAGES, LABELS, checkpoint=tmp_path / "run.ckpt", resume=True, **settings)
    np.testing.assert_array_equal(part.parameter_vector, whole.parameter_vector)
    np.testing.assert_array_equal(part.state_vector, whole.state_vector)


def test_the_engine_does_not_go_on_with_it(tmp_path):
    path = tmp_path / "run.ckpt"
    fit(dense_net(), IMAGES, LABELS, epochs=1, checkpoint=path, **TORCH)
    with pytest.raises(fp.ArgumentError, match=r'engine: "PyTorch .*, cpu" in the checkpoint'):
        fit(dense_net(), IMAGES, LABELS, epochs=1, checkpoint=path, resume=True)


def test_divergence_gives_the_good_weights_back():
    net = dense_net()
    fit(net, IMAGES, LABELS, epochs=2, **TORCH)
    good = net.parameter_vector.copy()
    targets = np.random.default_rng(2).normal(size=(150, 3))
    with pytest.raises(fp.DivergedError, match="training diverged: the loss became"):
        fit(net, IMAGES, targets, epochs=50, optimizer=SGD(lr=50.0), **TORCH)
    np.testing.assert_array_equal(net.parameter_vector, good)


def test_a_model_file_is_that_of_the_engine(tmp_path):
    nets, _ = both(norm_net, IMAGES, LABELS, epochs=1, optimizer="sgd")
    for net, name in zip(nets, ("engine", "torch"), strict=True):
        net.save(tmp_path / name)
    mine, theirs = (fp.load(tmp_path / name) for name in ("engine", "torch"))
    assert mine.config() == theirs.config()
    np.testing.assert_allclose(theirs(IMAGES), mine(IMAGES), atol=1e-4)
