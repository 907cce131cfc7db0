"""How each model is built and trained unless the user says otherwise: one table of settings."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...arguments import choice
from ...errors import ArgumentError, DataError
from ...text import plural

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ...network import Network
    from ...training.optimizers import Optimizer

NO_AUGMENTATION = "none"
HEAD = "head"
# A training of few images makes more passes, so that it takes at least so many steps.
LEAST_STEPS = 1200
MOST_EPOCHS = 40
SMALL_DATA, SMALL_BATCH = 2000, 16


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; the augmentation is text as `--augment` takes it."""

    epochs: int | None  # None: as many as there is time for
    batch_size: int
    optimizer: str
    lr: float
    schedule: str
    augmentation: str = NO_AUGMENTATION
    weight_decay: float | None = None  # None: the optimizer's own
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    ema: float | None = None
    balance: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return all settings as `fit` takes them."""
        from ...training.losses import CrossEntropy

        settings = asdict(self)
        del settings["lr"], settings["weight_decay"]
        settings["loss"] = CrossEntropy(settings.pop("label_smoothing"))
        settings["optimizer"] = _optimizer(self.optimizer, self.lr, self.weight_decay)
        if self.augmentation == NO_AUGMENTATION:
            settings["augmentation"] = None
        return settings

    def __str__(self) -> str:
        """All settings in a sentence."""
        decay = self.arguments()["optimizer"].weight_decay
        epochs = "as many epochs as fit" if self.epochs is None else plural(self.epochs, "epoch")
        return (
            f"Training: {epochs} in batches of {self.batch_size}, "
            f"{self.optimizer}, learning rate {self.lr:g} ({self.schedule}), "
            f"weight decay {decay:g}, augmentation {self.augmentation}{self._more()}."
        )

    def _more(self) -> str:
        """What is not as it is in most trainings."""
        parts = {
            "label smoothing": f"{self.label_smoothing:g}" if self.label_smoothing else None,
            "gradient norm at most": None if self.clip_norm is None else f"{self.clip_norm:g}",
            "weights averaged with decay": None if self.ema is None else f"{self.ema:g}",
            "classes balanced by": self.balance,
        }
        return "".join(f", {name} {value}" for name, value in parts.items() if value)


# Tuned on MNIST: 60,000 images of 28 × 28 pixels.
RECIPES = {
    "lenet5": Recipe(5, 64, "adam", 0.003, "one_cycle", "shift=1,rotate=8,scale=0.08"),
    "lenet5_1998": Recipe(20, 32, "sgd", 0.03, "one_cycle", weight_decay=1e-3),
    "small_cnn": Recipe(8, 64, "adamw", 0.003, "one_cycle", "shift=2,rotate=10,scale=0.1"),
    "resnet9": Recipe(8, 64, "adamw", 0.003, "one_cycle", "shift=2,rotate=10,scale=0.1"),
    "resnet18": Recipe(8, 64, "adamw", 0.002, "one_cycle", "shift=2,rotate=10,scale=0.1"),
    # Of a dense layer on the features of a backbone.
    "head": Recipe(20, 64, "adamw", 0.01, "one_cycle", weight_decay=0.05),
    "mobilenet": Recipe(12, 64, "adamw", 0.003, "one_cycle", "shift=2,rotate=10,scale=0.1"),
}
# Of layers that are given as text.
_ANY = RECIPES["small_cnn"]


def by_model(setting: str) -> str:
    """Say which default a setting has: that of most models, then the others.

    >>> by_model("lr")
    '0.003; lenet5_1998 0.03, resnet18 0.002, with --backbone 0.01'
    """
    values = {name: str(getattr(recipe, setting)) for name, recipe in RECIPES.items()}
    usual = values["small_cnn"]
    others = [
        f"{'with --backbone' if name == HEAD else name} {value}"
        for name, value in values.items()
        if value != usual
    ]
    return "; ".join([usual, *([", ".join(others)] if others else [])])


def model_name(given: str | None, mnist: bool, features: bool = False) -> str:
    """Return the name of the model: the one given, or the default for the data."""
    if given is None:
        return HEAD if features else "lenet5" if mnist else "small_cnn"
    if features and given in RECIPES:
        raise ArgumentError(
            f"--model with --backbone must be layers on its features, such as "
            f'"Linear(64), ReLU". Received: {given}, which takes images. Leave out one of the two.'
        )
    if given in RECIPES and given != HEAD:
        return given
    if os.path.isfile(given):
        return Path(given).stem
    if re.search(r"[(,\n]", given) or _is_a_layer(given):
        return "layers"
    models = tuple(name for name in RECIPES if name != HEAD)
    name: str = choice("--model", given, (*models, "layers between commas", "a file of them"))
    return name


def _is_a_layer(word: str) -> bool:
    """Whether a word alone is a layer, as ReLU and Flatten are."""
    from ...planning import parse_layers

    try:
        return bool(parse_layers(word))
    except ArgumentError:
        return False


def build(name: str, data: Dataset, seed: int, given: str | None = None) -> Network:
    """Build the model for the data, with fresh weights; `given` is what --model was given."""
    from ... import models

    shape, classes = data.input_shape, len(data.class_names)
    if name == HEAD:
        network = _of_layers("Dropout(0.2)", shape, classes, seed)
    elif name not in RECIPES:
        network = _of_layers(given or name, shape, classes, seed)
    elif name in ("small_cnn", "resnet9", "resnet18", "mobilenet"):
        network = getattr(models, name)(shape, classes, seed=seed)
    elif name == "lenet5":
        network = models.lenet5(classes, shape, seed=seed)
    elif shape == (1, 28, 28) and classes == 10:
        network = models.lenet5_1998(seed=seed)
    else:
        raise DataError(
            "lenet5_1998 is for 10 classes of images of 28 × 28 pixels with 1 channel: its output "
            f"compares with drawn figures. Received: {classes} classes, images of shape {shape}. "
            "Use --model lenet5 or --model small_cnn."
        )
    network.class_names = data.class_names
    return network


def _of_layers(text: str, shape: tuple[int, ...], classes: int, seed: int) -> Network:
    """Build the network of a text of layers; a last layer that is left out is added."""
    from ...models.completed import completed
    from .layer_text import read_layers

    network = completed(read_layers(text), shape, classes, seed)
    if network.output_shape != (classes,):
        raise ArgumentError(
            "the last layer of --model must have an output for each class, or be left out. "
            f"Received: {network.layers[-1].describe()}, and data of "
            f"{plural(classes, 'class', 'classes')}."
        )
    return network


def is_completed(network: Network, given: str | None) -> bool:
    """Tell whether `build` added the last layer."""
    from .layer_text import read_layers

    return given is not None and len(network.layers) > len(read_layers(given))


def recipe_for(name: str, data: Dataset, mnist: bool) -> Recipe:
    """Return the recipe for a model and its training data.

    Data of which nothing is known are changed only a little: shifted by a thirtieth of their size,
    rotated by 5 degrees. Images in colour are changed more, their colours as well, but are not
    mirrored: not everything may be. Signals are not changed at all.
    """
    recipe = RECIPES.get(name, _ANY)
    if mnist:
        return recipe
    batch_size = SMALL_BATCH if len(data) < SMALL_DATA else recipe.batch_size
    steps = math.ceil(len(data) / batch_size)
    epochs = min(MOST_EPOCHS, max(recipe.epochs or 1, math.ceil(LEAST_STEPS / steps)))
    augmentation = NO_AUGMENTATION
    if len(data.input_shape) == 3:
        shift = max(1, round(min(data.input_shape[1:]) / 30))
        # A row of pixels is shifted along it, and a side of 2 pixels by 1.
        most = min((side for side in data.input_shape[1:] if side > 1), default=1) - 1
        augmentation = f"shift={min(shift, most)},rotate=5,scale=0.05"
        if data.input_shape[0] in (3, 4) and data.images.dtype == "uint8":
            augmentation = f"shift={min(2 * shift, most)},rotate=10,scale=0.15,jitter=0.2"
    return replace(recipe, epochs=epochs, batch_size=batch_size, augmentation=augmentation)


def changed(recipe: Recipe, given: Mapping[str, int | float | str | None]) -> Recipe:
    """Return the recipe with what the user gave in place of its own."""
    settings = {name: value for name, value in given.items() if value is not None}
    if settings.get("optimizer", recipe.optimizer) != recipe.optimizer:
        # The recipe's rate and decay belong to its optimizer: another one has its own.
        rate = _optimizer(str(settings["optimizer"])).lr
        recipe = replace(recipe, lr=rate, weight_decay=None)
    return replace(recipe, **settings)  # type: ignore[arg-type]  # names and types are the same


def spelled_out(recipe: Recipe, input_shape: tuple[int, ...]) -> Recipe:
    """Return the recipe with every change of its augmentation by name: light is several."""
    from ...training.augmentation import as_augmentation

    augmentation = as_augmentation(recipe.augmentation, input_shape)
    return replace(recipe, augmentation=str(augmentation))


def check(given: Mapping[str, int | float | str | None]) -> None:
    """Raise `ArgumentError` for settings that cannot be, before any data are read."""
    from ...training.augmentation import as_augmentation
    from ...training.schedules import as_schedule

    augmentation, schedule = given["augmentation"], given["schedule"]
    if augmentation != NO_AUGMENTATION:
        as_augmentation(None if augmentation is None else str(augmentation))
    as_schedule(None if schedule is None else str(schedule))
    _optimizer(str(given["optimizer"] or "adam"), given["lr"], given["weight_decay"])


def _optimizer(name: str, lr: Any = None, weight_decay: Any = None) -> Optimizer:
    from ...training.optimizers import as_optimizer

    return as_optimizer(name, lr=lr, weight_decay=weight_decay)
