"""One training of the command after the other: each a network of its own, trained and tested."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..shared.console import Console, Interrupted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...datasets import Dataset
    from ...datasets.content import TrainedOn
    from ...network import Evaluation, Network
    from ...training import History
    from ..shared.loading import TrainingData
    from ..shared.recipes import Recipe

# Of what a training takes, besides its steps: writing the model and drawing the picture.
_SAVING, _DRAWING = 0.1, 1.0
_MEASURED = 2000  # images by which confidence is calibrated, where there is no validation
_TRIAL = 64  # images by which the time of the evaluation is estimated


@dataclass(frozen=True)
class Trained:
    """A network that was trained, and how good it is on the test images."""

    seed: int
    network: Network
    history: History
    evaluation: Evaluation
    seconds: float
    repeated: int = 0  # how many test images are training images as well
    tested: NDArray[np.int64] | None = None  # the others, if there are any of both kinds

    @property
    def images_per_second(self) -> float:
        """Over all epochs."""
        images = sum(epoch.images_per_second * epoch.seconds for epoch in self.history)
        return images / self.history.seconds if self.history.seconds else 0.0

    @property
    def validation_accuracy(self) -> float | None:
        """That of the best epoch; None without validation."""
        best = self.history.best_epoch
        return None if best is None else self.history["validation_accuracy"][best - 1]


@dataclass(frozen=True)
class Session:
    """What the trainings of one command have in common: data, and settings of `fit`."""

    train: Dataset
    test: Dataset
    settings: dict[str, Any]
    silent: bool = False  # beside another process that says the same
    one_of_many: bool = False  # then each training has a checkpoint of its own
    pictures: TrainingData | None = None  # what the features of a backbone are computed from

    def run(self, network: Network, seed: int, time_limit: float | None = None) -> Trained:
        """Train a network, and test it with images that it was not trained on."""
        import numpy as np

        from ...network import Evaluation

        begin = time.perf_counter()
        limit = {} if time_limit is None else {"time_limit": time_limit}
        settings = {**self.settings, **limit, "seed": seed}
        if self.one_of_many and settings.get("checkpoint") is not None:
            settings["checkpoint"] = checkpoint_of(settings["checkpoint"], seed)
        history = self._fit(network, settings)
        seconds = time.perf_counter() - begin
        if self.pictures is not None:
            network.trained_on = self._trained_on
        repeated = self._repeated(network)
        tested = np.flatnonzero(~repeated) if 0 < repeated.sum() < len(repeated) else None
        test = self.test if tested is None else self.test.subset(tested)
        evaluation = network.evaluate(test.images, test.targets)
        assert isinstance(evaluation, Evaluation)  # the command trains classifiers
        if network.calibration is None:  # there was no validation, which would have done it
            _calibrate(network, self.train, test)
        return Trained(seed, network, history, evaluation, seconds, int(repeated.sum()), tested)

    @functools.cached_property
    def _trained_on(self) -> TrainedOn:
        from ...datasets.content import TrainedOn, content_hashes

        assert self.pictures is not None
        used = (self.pictures.train, self.pictures.validation)
        return TrainedOn().with_hashes(content_hashes(data.images) for data in used if data)

    def _repeated(self, network: Network) -> NDArray[np.bool_]:
        """Tell of each test image whether it was trained on as well."""
        test = self.test if self.pictures is None else self.pictures.test
        return network.trained_on.contains(test.images)

    def _fit(self, network: Network, settings: dict[str, Any]) -> History:
        """Train, with a bar at a terminal, else with a line per epoch."""
        from ...training import fit

        try:
            return fit(network, self.train.images, self.train.targets, **settings)
        except KeyboardInterrupt:
            if self.silent:
                raise Interrupted from None
            raise _interrupted(settings.get("checkpoint")) from None


def _calibrate(network: Network, train: Dataset, test: Dataset) -> None:
    """Calibrate on test images, which are held out as well; predicted classes stay the same."""
    known, few, labels = (
        values[:: -(-len(values) // _MEASURED)]
        for values in (train.images, test.images, test.targets)
    )
    network.calibrate(few, labels, training_images=known)


def find_lr(
    console: Console, network: Network, train: Dataset, recipe: Recipe, path: Path
) -> dict[str, Any]:
    """Find a good learning rate, say and plot it; return what goes into JSON."""
    from ... import plots, training

    settings = recipe.arguments()
    names = ("batch_size", "optimizer", "loss", "augmentation")
    found = training.find_lr(
        network, train.images, train.targets, **{name: settings[name] for name in names}
    )
    plots.save(plots.learning_rates(found), path)
    console.say(str(found), f"To train with it: --lr {found.suggestion:.2g}")
    console.note(f"Saved {path}.")
    return {"suggested_lr": found.suggestion, "recipe_lr": recipe.lr, "plot": str(path)}


def time_for_training(
    limit: float, spent: float, network: Network, test: Dataset, draws: bool
) -> float:
    """Return the seconds of `limit` that are left for training, beside what comes after it.

    That are the test, whose time is measured with a few images, the model file and the picture.
    """
    few = test.images[:_TRIAL]
    network(few)  # which plans
    begin = time.perf_counter()
    network(few)
    testing = (time.perf_counter() - begin) / len(few) * len(test)
    return max(limit - spent - testing - _SAVING - _DRAWING * draws, 0.01)


def validation_images(history: History) -> int:
    """Return how many images a training was validated with."""
    return int(history.settings.get("validation images", 0))


def best_of(trained: list[Trained]) -> Trained:
    """Return the network with the best validation; without, the first: a test must not choose."""
    return max(trained, key=lambda one: one.validation_accuracy or 0.0)


def checkpoint_of(path: Path, seed: int) -> Path:
    """Return the checkpoint file of a seed.

    >>> checkpoint_of(Path("run.ckpt"), 2).name
    'run-seed2.ckpt'
    """
    return path.with_name(f"{path.stem}-seed{seed}{path.suffix}")


def _interrupted(checkpoint: Path | None) -> Interrupted:
    if checkpoint is None:
        return Interrupted(
            "Stopped; nothing was saved. With --checkpoint FILE, training can be resumed."
        )
    return Interrupted(
        f"Stopped; {checkpoint} has the last epoch. The same command with --resume resumes it."
    )
