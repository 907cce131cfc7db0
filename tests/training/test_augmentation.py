"""The specification of random changes, and its text form."""

import numpy as np
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
        ("randaugment=2,9,flip", Augmentation(randaugment=(2, 9), flip=True)),
        ("vflip,randaugment", Augmentation(randaugment=(2, 9), vflip=True)),
        ("jitter=0.2", Augmentation(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05)),
        (
            "crop=0.6,erase=0.25,mixup=0.2,cutmix=1",
            Augmentation(crop=0.6, erase=0.25, mixup=0.2, cutmix=1),
        ),
    ],
)
def test_text(text, expected):
    assert Augmentation.parse(text) == expected
    assert as_augmentation(text) == expected


def test_repr_can_be_evaluated():
    spec = Augmentation(shift=2, flip=True, elastic=(8, 4), fill=3)
    assert eval(repr(spec)) == spec


def test_the_settings_of_the_engine():
    settings = Augmentation(shift=1, elastic=(8, 4), randaugment=(2, 9)).engine(fill=7)
    some = {"shift": 1.0, "elastic_alpha": 8.0, "elastic_sigma": 4.0, "operations": 2}
    assert some.items() <= settings.items()
    assert (settings["magnitude"], settings["fill"]) == (9, 7.0)
    assert settings["crop"] is None
    assert settings["erased"] is None
    assert Augmentation(fill=2).engine(fill=7)["fill"] == 2.0
    assert Augmentation().engine()["elastic_alpha"] == 0.0
    assert Augmentation().engine(mean=[1, 2])["erased"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "crop=0.6,flip,randaugment=2:9",
        "shift=2,vflip,elastic=8:4,hue=0.05,erase=0.25,mixup=0.2,cutmix=1,fill=3",
    ],
)
def test_text_there_and_back(text):
    assert str(Augmentation.parse(text)) == text


@pytest.mark.parametrize(
    ("preset", "shape", "expected"),
    [
        ("light", (3, 64, 64), {"crop": 0.6, "flip": True, "hue": 0.05}),
        ("light", (2, 64, 64), {"crop": 0.6, "flip": True, "hue": 0.0}),
        ("light", (1, 120), {"shift": 4.0, "crop": None, "flip": False}),
        ("strong", (3, 64, 64), {"randaugment": (2, 9), "cutmix": 1.0}),
        ("strong", (9,), {"mixup": 0.2, "cutmix": 0.0}),
        ("none", (3, 8, 8), {"crop": None}),
        ("strong,cutmix=0,vflip", (3, 8, 8), {"cutmix": 0.0, "vflip": True, "mixup": 0.2}),
        ("light,flip=no", (3, 8, 8), {"flip": False, "crop": 0.6}),
    ],
)
def test_presets_suit_the_inputs(preset, shape, expected):
    made = as_augmentation(preset, shape)
    assert {name: getattr(made, name) for name in expected} == expected
    made.check_input(shape)


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("crop=0.5", (1, 100), r"^crop is for images \(C, H, W\); signals .* shape \(1, 100\)\.$"),
        ("erase=0.5,cutmix=1,flip", (9,), r"^erase and cutmix are for images"),
        ("randaugment", (2, 8, 8), r"^randaugment needs .* 3 .* Received: images of 2 channels\.$"),
        ("jitter=0.1", (5, 8, 8), r"^brightness, contrast, saturation and hue need images of 1"),
    ],
)
def test_changes_that_do_not_suit_the_inputs(text, shape, message):
    with pytest.raises(fp.ArgumentError, match=message):
        Augmentation.parse(text).check_input(shape)


def test_colours_need_black_and_white():
    images = np.linspace(-1, 2, 3 * 64, dtype=np.float32).reshape(1, 3, 8, 8)
    jitter = Augmentation(hue=0.1)
    with pytest.raises(fp.ArgumentError, match=r"^hue needs .* Received: floats from -1 to 2\."):
        jitter.check_input((3, 8, 8), images)
    jitter.check_input((3, 8, 8), images.clip(0, 1))
    Augmentation(flip=True).check_input((3, 8, 8), images)


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("shift=2,rotat=10", 8, r'is not one of crop, .* Did you mean "rotate"'),
        ("ligth", 0, r'is not one of .*, or light, strong or none. Did you mean "light"\?'),
        ("flip,strong", 5, r"strong has no value and comes first"),
        ("light=2", 0, r"light has no value and comes first"),
        ("flip,randaugment=9", 17, r"randaugment has no value, or takes changes,magnitude"),
        ("randaugment=2,31", 12, r"randaugment's magnitude must be an integer, at most 30"),
        ("crop=0", 5, r"crop must be a number, more than 0 and at most 1"),
        ("hue=0.7", 4, r"hue must be a number, at least 0 and at most 0.5"),
        ("brightness=20", 11, r"brightness must be a number, at least 0 and at most 2"),
        ("flip,jitter=2.5", 12, r"jitter takes a fraction, such as jitter=0.2, up to 2, not '2.5'"),
        ("jitter=nan", 7, r"jitter takes a fraction, such as jitter=0.2, up to 2, not 'nan'"),
        ("cutmix=101", 7, r"cutmix must be a number, at least 0 and at most 100"),
        ("erase=1.5", 6, r"erase must be a number, at least 0 and at most 1"),
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
        ("flip=maybe", 5, r"flip has no value, or takes yes or no, not 'maybe'"),
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
        (lambda: Augmentation(randaugment=2), r"randaugment must be \(changes, magnitude\)"),
        (lambda: Augmentation(randaugment=(2, 9.5)), r"randaugment's magnitude must be an integer"),
        (lambda: Augmentation(mixup=-1), r"mixup must be a number, at least 0 and at most 100"),
        (lambda: Augmentation(fill=float("inf")), r"fill must be"),
        (lambda: as_augmentation(3), r"augmentation must be Augmentation\(...\) or text"),
    ],
)
def test_errors(make, message):
    with pytest.raises(fp.ArgumentError, match=message):
        make()
