"""Whole trainings, weights and draws beside the functions of PyTorch, torchvision and scikit-learn.

What `definitions` says is compared with them elsewhere, and the engine with that; here nothing of
ours stands between.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import fencepost as fp
from fencepost import _engine, definitions
from fencepost.training import SGD, AdamW, Augmentation, CrossEntropy, fit
from fencepost.training.balance import oversampled
from training.small import bars

IMAGES, LABELS = bars(60)
UNEQUAL = np.repeat([0, 1, 2], [41, 7, 12])
STEPS = 12


def network():
    # Without a bias before BatchNorm, whose gradient is rounding, and all of it for Adam.
    layers = [fp.Conv2d(4, 3, bias=False), fp.BatchNorm2d(), fp.ReLU(), fp.Flatten(), fp.Linear(3)]
    net = fp.Network((1, 8, 8), layers, seed=2)
    net.normalization = (50, 80)
    return net


def young(decay):
    """The same decay as PyTorch's average, but less at first, as that of TensorFlow."""

    def average(old, new, count):
        share = min(decay, float(1 + count) / float(10 + count))
        return share * old + (1 - share) * new

    return average


@pytest.mark.parametrize("optimizer", [SGD(lr=0.1), AdamW(lr=0.01, weight_decay=0.1)], ids=str)
@pytest.mark.parametrize("clip_norm", [None, 0.3])
@pytest.mark.parametrize("decay", [0.15, 0.9])
def test_a_training_is_one_of_pytorch(optimizer, clip_norm, decay):
    """Label smoothing, class weights, clipping, and the average of weights and of statistics.

    The average begins with the first weights, and BatchNorm's statistics are averaged as the
    weights are: AveragedModel(use_buffers=True). A decay of 0.15 is never a young one.
    """
    torch = pytest.importorskip("torch")
    swa = torch.optim.swa_utils
    weights = (0.5, 2.0, 1.0)
    ours, theirs = network(), network().to_torch().train()
    average = swa.get_ema_avg_fn(decay) if decay < 2 / 11 else young(decay)
    averaged = swa.AveragedModel(theirs, avg_fn=average, use_buffers=True)
    averaged.n_averaged += 1  # else the first update is a copy
    if isinstance(optimizer, SGD):
        steps = torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9, nesterov=True)
    else:
        steps = torch.optim.AdamW(theirs.parameters(), 0.01, weight_decay=0.1)
    loss_of = torch.nn.CrossEntropyLoss(torch.tensor(weights), label_smoothing=0.2)
    for _ in range(STEPS):
        steps.zero_grad()
        loss_of(theirs(torch.tensor(IMAGES)), torch.tensor(LABELS)).backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
        steps.step()
        averaged.update_parameters(theirs)
    fit(
        ours, IMAGES, LABELS, epochs=STEPS, batch_size=len(IMAGES), optimizer=optimizer,
        schedule="constant", loss=CrossEntropy(0.2, weights), clip_norm=clip_norm, ema=decay,
    )  # fmt: skip
    found = ours.to_torch().state_dict()
    for name, expected in averaged.module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        np.testing.assert_allclose(found[name], expected, rtol=1e-3, atol=3e-5, err_msg=name)
    moved = averaged.module.state_dict()["1.running_mean"]
    assert np.abs(moved - theirs.state_dict()["1.running_mean"]).max() > 2e-4


def test_balanced_weights_are_scikit_learns():
    utils = pytest.importorskip("sklearn.utils.class_weight")
    expected = utils.compute_class_weight("balanced", classes=np.arange(3), y=UNEQUAL)
    np.testing.assert_allclose(CrossEntropy.balanced(UNEQUAL, 3).class_weights, expected)


def test_oversampling_draws_as_often_as_pytorchs_sampler():
    """Each image, over 400 epochs: as WeightedRandomSampler with weights 1 / count of its class."""
    torch = pytest.importorskip("torch")
    weights = 1 / np.bincount(UNEQUAL)[UNEQUAL]
    epochs, count = 400, len(UNEQUAL)
    generator = torch.Generator().manual_seed(0)
    sampler = torch.utils.data.WeightedRandomSampler(
        torch.tensor(weights), epochs * count, generator=generator
    )
    theirs = np.bincount(list(sampler), minlength=count) / epochs
    ours = sum(np.bincount(oversampled(UNEQUAL, 0, k), minlength=count) for k in range(epochs))
    expected = weights / weights.sum() * count
    np.testing.assert_allclose(ours / epochs, expected, atol=5 * np.sqrt(expected.max() / epochs))
    np.testing.assert_allclose(theirs, expected, atol=5 * np.sqrt(expected.max() / epochs))
    # Ours spreads the repetitions evenly, so it is nearer to what is meant than chance is.
    assert np.abs(ours / epochs - expected).max() < np.abs(theirs - expected).max()


def test_losses_of_mixed_targets_are_pytorchs():
    """Of images by mixup or CutMix, whose targets are shares of two classes, and smoothed."""
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(4)
    scores, share = random.normal(0, 3, (30, 5)), random.uniform(size=30)
    one, two = random.integers(0, 5, (2, 30))
    for smoothing in (0.0, 0.1):
        loss = torch.nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")
        mixed = sum(
            torch.tensor(part) * loss(torch.tensor(scores), torch.tensor(labels))
            for part, labels in ((share, one), (1 - share, two))
        )
        targets = share[:, None] * np.eye(5)[one] + (1 - share)[:, None] * np.eye(5)[two]
        found = definitions.cross_entropy(scores, targets, label_smoothing=smoothing)
        assert found == pytest.approx(float(mixed.mean()), rel=1e-12)


# --- torchvision ---------------------------------------------------------------------------------

SHAPE = (3, 24, 32)
PICTURES = np.random.default_rng(6).integers(0, 256, (40, *SHAPE), dtype=np.uint8)
PICTURES[::2] = PICTURES[::2] // 8 + np.linspace(0, 200, SHAPE[-1]).astype(np.uint8)


def drawn(text, count=40, shape=SHAPE):
    settings = Augmentation.parse(text).engine()
    return [list(_engine.changes(shape, settings, 1, 0, i)) for i in range(count)]


def applied(text, images):
    return _engine.augment(images, Augmentation.parse(text).engine(), 1, 0)


@pytest.mark.parametrize("text", ["jitter=0.4", "contrast=1.5,saturation=2,hue=0.5"])
def test_colours_are_changed_as_torchvision_changes_them(text):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchvision.transforms.v2.functional")
    images = (PICTURES / np.float32(255)).astype(np.float32)
    result = applied(text, images)
    for image, ours, changes in zip(images, result, drawn(text), strict=True):
        expected = torch.tensor(image)
        for name, (value,) in changes:
            expected = getattr(functional, f"adjust_{name}")(expected, value)
        np.testing.assert_allclose(ours, expected.numpy(), atol=1e-4, err_msg=str(changes))


def test_crops_and_flips_are_torchvisions_inside():
    """Its outermost pixels show what is beyond the crop here, and the crop's own edge there."""
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchvision.transforms.v2.functional")
    text = "crop=0.3,flip,vflip"
    inner = 0
    every = [dict(changes) for changes in drawn(text)]
    for image, ours, changes in zip(PICTURES, applied(text, PICTURES), every, strict=True):
        top, left, rows, columns = map(int, changes.get("crop", (0, 0, *SHAPE[1:])))
        given = torch.tensor(image.astype(np.float32))
        given = functional.resized_crop(
            given, top, left, rows, columns, SHAPE[1:], antialias=False
        ).numpy()
        given = given[:, :, ::-1] if "flip" in changes else given
        given = given[:, ::-1] if "vflip" in changes else given
        y, x = (SHAPE[1] + rows) // (2 * rows), (SHAPE[2] + columns) // (2 * columns)
        cut = np.s_[:, y:-y, x:-x]
        np.testing.assert_allclose(ours[cut], given[cut], atol=2e-2, err_msg=str(changes))
        inner += "crop" in changes
    assert inner > 30


def test_factors_are_distributed_as_color_jitters():
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    torch.manual_seed(0)
    jitter = v2.ColorJitter(0.4, 0.4, 0.4, 0.1)
    theirs = [jitter.make_params([]) for _ in range(2000)]
    ours = [dict(changes) for changes in drawn("jitter=0.4", count=2000)]
    for name in ("brightness", "contrast", "saturation", "hue"):
        factors = [float(params[f"{name}_factor"]) for params in theirs]
        assert stats.ks_2samp([each[name][0] for each in ours], factors).pvalue > 1e-3, name
    first = [next(iter(each)) for each in ours]
    for name in set(first):  # in random order
        assert first.count(name) == pytest.approx(500, abs=100)


def test_erased_rectangles_are_distributed_as_torchvisions():
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    torch.manual_seed(0)
    shape = (3, 64, 64)
    erasing = v2.RandomErasing(p=1, scale=(0.02, 0.33), ratio=(0.3, 3.3))
    theirs = [erasing.make_params([torch.zeros(shape)]) for _ in range(2000)]
    ours = [dict(changes)["erase"] for changes in drawn("erase=1", count=2000, shape=shape)]
    top, left, height, width = np.array([each[:4] for each in ours], float).T
    sides = np.array([[each["h"], each["w"], each["i"], each["j"]] for each in theirs], float).T
    for one, two in zip((height, width, top, left), sides, strict=True):
        assert stats.ks_2samp(one, two).statistic < 0.06
    assert stats.ks_2samp(height * width, sides[0] * sides[1]).statistic < 0.06


@pytest.mark.parametrize(("name", "alpha"), [("mixup", 0.3), ("cutmix", 1.0), ("cutmix", 0.4)])
def test_shares_are_distributed_as_mixups_and_cutmixs(name, alpha):
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    torch.manual_seed(0)
    mix = (v2.MixUp if name == "mixup" else v2.CutMix)(alpha=alpha, num_classes=3)
    images = torch.zeros(2, 3, 64, 64)
    theirs = [mix.make_params([images]) for _ in range(2000)]
    lam = [each["lam" if name == "mixup" else "lam_adjusted"] for each in theirs]
    ours = drawn(f"{name}={alpha}", count=2000, shape=(3, 64, 64))
    values = np.array([dict(changes)[name] for changes in ours])
    shares = values[:, 0] if name == "mixup" else 1 - values[:, 2] * values[:, 3] / 64**2
    assert stats.ks_2samp(shares, lam).statistic < 0.06


def test_randaugments_list_and_magnitudes_are_torchvisions():
    """Each of the fourteen, with the strength of its magnitude, of one sign or the other."""
    pytest.importorskip("torch")
    autoaugment = pytest.importorskip("torchvision.transforms.autoaugment")
    names = {
        "Identity": "identity", "ShearX": "shear_x", "ShearY": "shear_y",
        "TranslateX": "translate_x", "TranslateY": "translate_y", "Rotate": "rotate",
        "Brightness": "brightness", "Color": "saturation", "Contrast": "contrast",
        "Sharpness": "sharpness", "Posterize": "posterize", "Solarize": "solarize",
        "AutoContrast": "autocontrast", "Equalize": "equalize",
    }  # fmt: skip
    space = autoaugment.RandAugment()._augmentation_space(31, (64, 64))
    assert set(space) == set(names)
    for magnitude in (0, 9, 30):
        ours = drawn(f"randaugment=1,{magnitude}", count=600, shape=(3, 64, 64))
        seen = {name: values for changes in ours for name, values in changes}
        assert set(seen) == set(names.values())
        for name, (strengths, _) in space.items():
            if strengths.ndim == 0:
                continue
            expected = float(strengths[magnitude])
            expected = int(expected) if name.startswith("Translate") else expected  # as it does
            found = seen[names[name]][0]
            if name in ("Brightness", "Color", "Contrast", "Sharpness"):
                found = abs(found - 1)
            elif name == "Solarize":
                found *= 255  # a share of the brightest value here
            assert abs(found) == pytest.approx(expected, rel=1e-5, abs=1e-6), (name, magnitude)
