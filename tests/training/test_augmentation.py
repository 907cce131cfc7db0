"""The specification of random changes, and its text form."""

import pytest

import fencepost as fp
from fencepost.training import Augmentation
from fencepost.training.augmentation import as_augmentation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shift=2,rotate=10,elastic=8:4", Augmentation(shift=2, rotate=10, elastic=(8, 4))),
        ("flip", Augmentation(flip=True)),
        ("flip=no, noise = 3.5", Augmentation(noise=3.5)),
        ("scale=0.1,shear=5,fill=-1", Augmentation(scale=0.1, shear=5, fill=-1)),
    ],
)
def test_text(text, expected):
    assert Augmentation.parse(text) == expected
    assert as_augmentation(text) == expected


def test_repr_can_be_evaluated():
    spec = Augmentation(shift=2, flip=True, elastic=(8, 4), fill=3)
    assert eval(repr(spec)) == spec


def test_the_settings_of_the_engine():
    assert Augmentation(shift=1, elastic=(8, 4)).engine(fill=7) == {
        "shift": 1.0,
        "rotate": 0.0,
        "scale": 0.0,
        "shear": 0.0,
        "flip": False,
        "elastic_alpha": 8.0,
        "elastic_sigma": 4.0,
        "noise": 0.0,
        "fill": 7.0,
    }
    assert Augmentation(fill=2).engine(fill=7)["fill"] == 2.0
    assert Augmentation().engine()["elastic_alpha"] == 0.0


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("shift=2,rotat=10", 8, r'is not one of shift, .* Did you mean "rotate"\?'),
        ("shift=2,,flip", 8, r"a name such as shift is missing"),
        ("", 0, r"a name such as shift is missing"),
        ("shift=two", 6, r"shift takes pixels, such as shift=2, not 'two'"),
        ("flip, shift", 6, r"shift takes pixels, such as shift=2, not ''"),
        ("noise=5,elastic=8", 16, r"elastic takes alpha:sigma in pixels"),
        (
            "elastic=8:0",
            8,
            r"elastic's sigma must be a finite number, more than 0. Received: elastic's sigma=0.0",
        ),
        (
            "shift=1,scale=1.5",
            14,
            r"scale must be a number, at least 0 and less than 1. Received: scale=1.5",
        ),
        ("flip=maybe", 5, r"flip stands alone, or takes yes or no, not 'maybe'"),
        ("shift=1,shift=2", 8, r"'shift' is given twice"),
        ("rotate=nan", 7, r"rotate must be a number, at least 0 and at most 180"),
    ],
)
def test_errors_point_at_the_column(text, column, reason):
    with pytest.raises(fp.ArgumentError, match=reason) as caught:
        Augmentation.parse(text)
    line, pointer = str(caught.value).splitlines()[-2:]
    assert line == f"    {text}"
    assert pointer == f"    {' ' * column}^ column {column + 1}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Augmentation(shift=-1),
            r"shift must be a finite number, at least 0. Received: shift=-1",
        ),
        (lambda: Augmentation(shear=90), r"shear must be a number, at least 0 and less than 90"),
        (lambda: Augmentation(flip=1), r"flip must be True or False. Received: flip=1"),
        (lambda: Augmentation(elastic=8), r"elastic must be \(alpha, sigma\) in pixels"),
        (lambda: Augmentation(fill=float("inf")), r"fill must be"),
        (lambda: as_augmentation(3), r"augmentation must be Augmentation\(...\) or text"),
    ],
)
def test_errors(make, message):
    with pytest.raises(fp.ArgumentError, match=message):
        make()
