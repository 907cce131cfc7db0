"""`fencepost train`: data in; a model file, and a picture of what it learned, out."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError
from ..text import plural
from .shared import options
from .shared.console import Console, Interrupted, noun, percent
from .shared.loading import Source, TrainingData
from .shared.outputs import check_others, check_picture, check_writable

if TYPE_CHECKING:
    from ..network import Network
    from ..training import Epoch, History

EXAMPLE = """[bold]Examples[/bold]

fencepost train

fencepost train --data photos/ --size 32x32 --out photos.safetensors

fencepost train --data signals.csv --epochs 30 --checkpoint run.ckpt --json"""

NO_PICTURE = Path("none")


def train(
    data: Annotated[str, options.DATA] = "mnist",
    model: Annotated[
        str | None,
        typer.Option(
            help="lenet5, lenet5_1998, small_cnn, resnet9, resnet18 or mobilenet; or layers "
            "between commas, or a file of them, as fencepost size takes them: the last, Linear "
            "with an output for each class, may be left out.",
            show_default="lenet5 for MNIST, else small_cnn",
        ),
    ] = None,
    epochs: Annotated[int | None, options.from_recipe("Passes over the data.", min=1)] = None,
    batch_size: Annotated[int | None, options.from_recipe("Images per step.", min=1)] = None,
    lr: Annotated[float | None, options.from_recipe("Peak learning rate.")] = None,
    optimizer: Annotated[str | None, options.from_recipe("sgd, adam or adamw.")] = None,
    weight_decay: Annotated[
        float | None, options.from_recipe("Weight decay (an L2 penalty).")
    ] = None,
    schedule: Annotated[
        str | None,
        options.from_recipe("Of the learning rate: constant, step, cosine or one_cycle."),
    ] = None,
    augment: Annotated[
        str | None,
        options.from_recipe(
            "Random changes of each image, such as shift=2,rotate=10,scale=0.1,flip; or none."
        ),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(
            help="Fraction of the training data by which the best epoch is chosen.",
            show_default="the data's own validation split, else none",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is random.")] = 0,
    threads: Annotated[int | None, options.THREADS] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Model file; one that is there is replaced.",
            show_default="DATA-MODEL.safetensors",
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            help="PNG or SVG of what was learned; or none.", show_default="beside the model"
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="File that keeps the training, to go on from it.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")
    ] = False,
    size: Annotated[str | None, options.SIZE] = None,
    label: Annotated[str, options.LABEL] = "label",
    channels: Annotated[int | None, options.CHANNELS] = None,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Train a network on MNIST, on a folder of images, or on a file of images or signals.

    From data without a test split, 15 % of each class are held out and tested with.
    """
    started = time.perf_counter()
    console = Console(as_json)
    source = Source(data, options.parse_size(size), label, channels)

    from .shared import loading, recipes

    name = recipes.model_name(model, source.is_mnist)
    given = {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "lr": lr,
        "weight_decay": weight_decay,
        "schedule": schedule,
        "augmentation": augment,
    }
    recipes.check(given)
    if validation is not None and not 0 < validation < 1:
        raise ArgumentError(f"--validation must be between 0 and 1. Received: {validation}.")
    if resume and checkpoint is None:
        raise ArgumentError("--resume needs to know what to go on from: give --checkpoint FILE.")
    out = out or Path(f"{source.short_name}-{name}.safetensors")
    check_writable("--out", out)
    picture = None if picture == NO_PICTURE else picture or out.with_suffix(".png")
    if picture is not None:
        check_picture("--picture", picture)
    check_others(out, {"--picture": picture, "--checkpoint": checkpoint})

    loaded = loading.for_training(source, seed)
    console.say(loaded.description)
    network = recipes.build(name, loaded.train, seed, model)
    if name not in recipes.RECIPES and recipes.is_completed(network, model):
        console.say(f"Added {network.layers[-1].describe()}: an output for each class.")
    recipe = recipes.changed(recipes.recipe_for(name, loaded.train, source.is_mnist), given)
    console.say("", f"{name}:", str(network), "", str(recipe))

    replaced = out.exists()
    settings: dict[str, Any] = {
        **recipe.arguments(),
        "validation": validation or (loaded.validation and tuple(loaded.validation)),
        "seed": seed,
        "threads": threads,
        "checkpoint": checkpoint,
        "resume": resume,
    }
    training_started = time.perf_counter()
    history = _fit(network, loaded, settings)
    train_seconds = time.perf_counter() - training_started
    loading.remember(network, source, loaded, seed, name)
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
        "data": data,
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
    from ..training.progress import format_epoch

    print(format_epoch(epoch), file=sys.stderr, flush=True)


def _rate(history: History) -> float:
    """Return images per second over all epochs."""
    images = sum(epoch.images_per_second * epoch.seconds for epoch in history)
    return images / history.seconds if history.seconds else 0.0
