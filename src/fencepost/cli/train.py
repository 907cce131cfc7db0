"""`fencepost train`: data in; a model file, and a picture of what it learned, out."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from ..text import plural
from .shared.console import Console, Interrupted, noun, percent
from .shared.groups import grouped
from .shared.loading import TrainingData
from .training.options import (
    DataOptions,
    ModelOptions,
    OutputOptions,
    RecipeOptions,
    RunOptions,
    ValidationOptions,
)

if TYPE_CHECKING:
    from ..network import Network
    from ..training import Epoch, History

EXAMPLE = """[bold]Examples[/bold]

fencepost train

fencepost train --data photos/ --size 32x32 --out photos.safetensors

fencepost train --data signals.csv --epochs 30 --checkpoint run.ckpt --json"""


@grouped
def train(
    data: DataOptions,
    model: ModelOptions,
    recipe: RecipeOptions,
    validation: ValidationOptions,
    run: RunOptions,
    output: OutputOptions,
) -> None:
    """Train a network on MNIST, on a folder of images, or on a file of images or signals.

    From data without a test split, 15 % of each class are held out and tested with.
    """
    started = time.perf_counter()
    console = Console(output.as_json)
    source = data.source()

    from .shared import loading, recipes

    name = recipes.model_name(model.model, source.is_mnist)
    given = recipe.given()
    recipes.check(given)
    validation.check()
    run.check()
    out, picture = output.files(f"{source.short_name}-{name}", run.checkpoint)

    loaded = loading.for_training(source, run.seed)
    console.say(loaded.description)
    network = recipes.build(name, loaded.train, run.seed, model.model)
    if name not in recipes.RECIPES and recipes.is_completed(network, model.model):
        console.say(f"Added {network.layers[-1].describe()}: an output for each class.")
    chosen = recipes.changed(recipes.recipe_for(name, loaded.train, source.is_mnist), given)
    console.say("", f"{name}:", str(network), "", str(chosen))

    replaced = out.exists()
    settings: dict[str, Any] = {
        **chosen.arguments(),
        "validation": validation.validation or (loaded.validation and tuple(loaded.validation)),
        **vars(run),
    }
    training_started = time.perf_counter()
    history = _fit(network, loaded, settings)
    train_seconds = time.perf_counter() - training_started
    loading.remember(network, source, loaded, run.seed, name)
    network.save(out)
    console.say(f"Saved {out}{' (replaced)' if replaced else ''}.")

    from ..network import Evaluation
    from .shared import report

    evaluation = network.evaluate(loaded.test.images, loaded.test.targets)
    assert isinstance(evaluation, Evaluation)  # the command trains classifiers
    console.say(report.summary(evaluation))
    rate, things = _rate(history), noun(network.input_shape)
    result = {
        "model": name,
        "data": data.data,
        "parameters": network.parameter_count,
        "epochs": len(history),
        "train_images": len(loaded.train),
        "test_images": len(loaded.test),
        "train_seconds": round(train_seconds, 3),
        "seconds": 0.0,
        "images_per_second": round(rate),
        "test_accuracy": evaluation.accuracy,
        "held_out": loaded.held_out,
        "classes": list(loaded.train.class_names),
        "saved": str(out),
        "picture": None if picture is None else str(picture),
    }
    if picture is not None:
        report.draw_picture(
            picture,
            f"{name} on {source.short_name}: {percent(evaluation.accuracy)} of "
            f"{len(loaded.test):,} test {things} right",
            f"{network.parameter_count:,} parameters, {plural(len(history), 'epoch')} in "
            f"{train_seconds:.1f} s ({rate:,.0f} {things} per second)",
            network,
            history,
            loaded.test,
            evaluation,
        )
        console.say(f"Drawn {picture}.")
    seconds = time.perf_counter() - started
    console.say(
        f"{plural(len(history), 'epoch')} in {train_seconds:.1f} s, {rate:,.0f} {things} per "
        f"second; {seconds:.1f} s in all."
    )
    console.result(result | {"seconds": round(seconds, 3)})


def _fit(network: Network, loaded: TrainingData, settings: dict[str, Any]) -> History:
    """Train, with a bar on a terminal, else with a line per epoch."""
    from ..training import fit

    checkpoint = settings["checkpoint"]
    terminal = sys.stderr.isatty()
    try:
        return fit(
            network,
            loaded.train.images,
            loaded.train.targets,
            progress=terminal,
            on_epoch=None if terminal else _print_epoch,
            **settings,
        )
    except KeyboardInterrupt:
        if checkpoint is None:
            raise Interrupted(
                "Stopped; nothing is saved. With --checkpoint FILE a training can go on later."
            ) from None
        raise Interrupted(
            f"Stopped; the training is kept in {checkpoint}. "
            "The same command with --resume goes on from there."
        ) from None


def _print_epoch(epoch: Epoch) -> None:
    from ..training.loop.progress import format_epoch

    print(format_epoch(epoch), file=sys.stderr, flush=True)


def _rate(history: History) -> float:
    """Return images per second over all epochs."""
    images = sum(epoch.images_per_second * epoch.seconds for epoch in history)
    return images / history.seconds if history.seconds else 0.0
