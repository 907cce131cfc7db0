"""What a shape may be meant as: only what fits is said."""

import pytest

import fencepost as fp
from fencepost.sizing.readings import fitting_reading, likeliest_reading, readings

LAYERS = "Conv2d(16, 3, padding=1), ReLU, MaxPool2d(2), Flatten, Linear(10)"


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        ((1, 3, 32, 32), (3, 32, 32)),
        ((8, 3, 32, 40), (3, 32, 40)),
        ((1, 32, 40, 3), (3, 32, 40)),
        ((32, 40, 3), (3, 32, 40)),
        ((1, 1, 128), (1, 128)),
        ((28, 28), (1, 28, 28)),
        ((128, 2), (2, 128)),
        ((128,), (1, 128)),
    ],
)
def test_the_likeliest_comes_first(shape, first):
    assert next(readings(shape)).shape == first


def test_only_what_fits_is_said():
    assert fitting_reading((32, 32), lambda shape: shape == (3, 32, 32)) == (
        "It fits with an input of 3 × 32 × 32: add the channels."
    )
    assert fitting_reading((32, 32), lambda shape: False) == ""
    assert likeliest_reading((1, 32, 32, 3)).endswith("and put the channels first.")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((33, 32, 3), ""),  # which would leave a row over either way
        ((32, 32, 3), "It fits with an input of 3 × 32 × 32: put the channels first."),
        ((32, 32), "It fits with an input of 1 × 32 × 32: add the channels."),
    ],
)
def test_a_plan_says_which_reading_fits(shape, words):
    (problem,) = fp.plan(shape, LAYERS).problems
    text = " ".join(str(problem).split())
    assert text.count("It fits with an input of") == bool(words) and words in text
    if words:
        with pytest.raises(fp.SizeError, match=r"It fits with an input\s+of"):
            fp.Network(shape, fp.plan((3, 32, 32), LAYERS).layers)


@pytest.mark.parametrize("make", [fp.plan, lambda shape, text: fp.Network(shape, [fp.ReLU()])])
def test_a_batch_in_front_is_recognised(make):
    with pytest.raises(
        fp.ArgumentError, match="That is 3 × 32 × 32: leave out the batch dimension"
    ):
        make((1, 3, 32, 32), LAYERS)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 3, 32, 32), "3 × 32 × 32: leave out the batch dimension"),
        ((1, 32, 32, 3), "3 × 32 × 32: leave out the batch dimension, and put the channels first"),
        ((32, 32, 3), "3 × 32 × 32: put the channels first"),
        ((32, 32), "3 × 32 × 32: add the channels"),
    ],
)
def test_check_says_which_reading_fits(shape, words):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 30 * 30, 10))
    report = fp.check.check(model, shape)
    (finding,) = report.of("error")
    assert finding.repair == f"It fits with an input of {words}."
    assert report.graph.reading == finding.repair
    assert not fp.check.check(model, (3, 31, 31)).graph.reading


@pytest.mark.parametrize("layer", ["InstanceNorm3d(1, affine=True)", "Conv3d(1, 2, 3)"])
def test_a_reading_in_which_the_batch_would_be_the_channels(layer):
    """PyTorch takes 1 × 3 × 9 × 5 for an image of one channel, without a batch."""
    torch = pytest.importorskip("torch")
    model = eval(layer, vars(torch.nn))
    assert model(torch.zeros(1, 3, 9, 5)).ndim == 4
    (finding,) = fp.check.check(model, (4, 9, 5, 3)).of("error")
    assert "3 × 9 × 5" not in finding.repair
