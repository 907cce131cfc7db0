"""How each model is built and trained unless the user gives other settings."""

import numpy as np
import pytest

from fencepost.cli.shared import recipes
from fencepost.datasets import Dataset
from fencepost.errors import ArgumentError, DataError
from fencepost.training import Augmentation

NOTHING = dict.fromkeys(
    ("epochs", "batch_size", "optimizer", "lr", "weight_decay", "schedule", "augmentation")
)


def images(count, *shape, classes=3):
    return Dataset(np.zeros((count, *shape), np.uint8), np.arange(count) % classes)


def test_the_model_follows_from_the_data_unless_given():
    assert recipes.model_name(None, mnist=True) == "lenet5"
    assert recipes.model_name(None, mnist=False) == "small_cnn"
    assert recipes.model_name("lenet5_1998", mnist=False) == "lenet5_1998"
    with pytest.raises(ArgumentError, match=r'--model must be one of .* Did you mean "lenet5'):
        recipes.model_name("lenet", mnist=False)


def test_the_model_fits_the_data():
    network = recipes.build("small_cnn", images(6, 3, 20, 24), seed=1)
    assert (network.input_shape, network.output_shape) == ((3, 20, 24), (3,))
    assert network.class_names == ("0", "1", "2")
    with pytest.raises(DataError, match="lenet5_1998 is for 10 classes"):
        recipes.build("lenet5_1998", images(6, 1, 28, 28), seed=1)


def test_few_images_are_trained_on_for_as_many_steps():
    recipe = recipes.recipe_for("small_cnn", images(300, 1, 30, 60), mnist=False)
    assert (recipe.batch_size, recipe.epochs) == (16, 40)
    assert recipe.augmentation == "shift=1,rotate=5,scale=0.05"
    colour = recipes.recipe_for("small_cnn", images(300, 3, 30, 60), mnist=False)
    assert colour.augmentation == "shift=2,rotate=10,scale=0.15,jitter=0.2"
    signals = recipes.recipe_for("small_cnn", images(300, 1, 64), mnist=False)
    assert signals.augmentation == recipes.NO_AUGMENTATION
    assert recipes.recipe_for("lenet5", images(30, 1, 28, 28), mnist=True).epochs == 5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (2, 40), (1, 300), (3, 3), (64, 64)])
def test_the_smallest_images_are_augmented_as_far_as_they_can_be(channels, size):
    recipe = recipes.recipe_for("small_cnn", images(30, channels, *size), mnist=False)
    spelled = recipes.spelled_out(recipe, (channels, *size)).augmentation
    Augmentation.parse(spelled).check_input((channels, *size))
    assert ("shift=" in spelled) == (max(size) > 1)


def test_another_optimizer_brings_its_own_rate_and_decay():
    recipe = recipes.RECIPES["lenet5_1998"]
    changed = recipes.changed(recipe, NOTHING | {"optimizer": "adam", "epochs": 2})
    assert (changed.lr, changed.weight_decay, changed.epochs) == (0.002, None, 2)
    assert recipes.changed(recipe, NOTHING | {"lr": 0.5}).lr == 0.5
    assert recipes.changed(recipe, NOTHING) == recipe


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"augmentation": "shft=2"}, "shft"),
        ({"schedule": "cosin"}, "cosine"),
        ({"optimizer": "adm"}, "adam"),
        ({"lr": -1.0}, "lr must be"),
    ],
)
def test_settings_are_checked_before_data_are_read(given, words):
    with pytest.raises(ArgumentError, match=words):
        recipes.check(NOTHING | given)
    recipes.check(NOTHING | {"augmentation": "none"})


@pytest.mark.parametrize("word", ["Flatten", "ReLU", "Flatten()", "GlobalAvgPool"])
def test_one_layer_alone_is_a_text_of_layers(word):
    assert recipes.model_name(word, mnist=False) == "layers"


@pytest.mark.parametrize("word", ["Flaten", "lenet", "Linear", "head", "résumé", "a b"])
def test_a_word_that_is_no_layer_is_a_model_that_is_unknown(word):
    with pytest.raises(ArgumentError, match="--model must be one of"):
        recipes.model_name(word, mnist=False)
