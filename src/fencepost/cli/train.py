"""`fencepost train`: data in; a model file, and a picture of what it learned, out."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..text import format_rate, join_words, percent, plural
from .parsing.groups import grouped
from .shared.console import Console, noun
from .training.options import (
    BackendOptions,
    DataOptions,
    ModelOptions,
    OutputOptions,
    RunOptions,
    ValidationOptions,
)
from .training.recipe_options import RecipeOptions

if TYPE_CHECKING:
    from ..network import Network

EXAMPLES = """\
fencepost train
fencepost train --data photos/ --size 32x32 --out photos.safetensors
fencepost train --data signals.csv --epochs 30 --checkpoint run.ckpt --json
fencepost train --from photos.safetensors --data more_photos/ --out more.safetensors
torchrun --nproc-per-node 2 -m fencepost train --model resnet9 --backend torch"""


@grouped
def train(
    data: DataOptions,
    model: ModelOptions,
    recipe: RecipeOptions,
    validation: ValidationOptions,
    run: RunOptions,
    backend: BackendOptions,
    output: OutputOptions,
) -> None:
    """Train a classifier on MNIST, a folder of images, or a file of images or signals.

    Of data without a test split, 15 % of each class are held out for testing.
    """
    started = time.perf_counter()
    first = backend.is_first()
    console = Console(output.as_json, silent=not first)
    source = data.source()

    from .shared import backbones, loading, recipes, report
    from .training import preview, seeds, session, starting

    start = starting.opened(model.start)
    if start is not None:
        source, name = start.source(source, data.fit, model.other_layers()), start.name
    else:
        name = recipes.model_name(model.model, source.is_mnist, model.backbone is not None)
    recipe.check()
    recipes.check(recipe.given())
    validation.check()
    run.check()
    preview.check(output.show_augmentation, recipe.epochs)
    out, plot = output.files(f"{source.short_name}-{name}", run.checkpoint, run.resume)

    backbone = model.open_backbone(source) if start is None else start.backbone
    if backbone is not None:
        preview.check_features(output.show_augmentation, recipe.augmentation)
        console.note(f"Backbone {backbone}")
        source = backbones.resized(source, backbone)
    levels = None if start is None else loading.levels_of(start.network)
    loaded = pictures = loading.for_training(source, run.seed, levels)
    console.note(loaded.description)
    if backbone is not None:
        loaded = backbones.with_features(backbone, loaded, console)

    def built(seed: int) -> Network:
        if start is not None:
            return start.build(loaded.train, seed)
        return recipes.build(name, loaded.train, seed, model.model)

    if start is not None:
        start.check(loaded.train, source)
        console.note(start.sentence(loaded.train))
    network = built(run.seed)
    if name not in recipes.RECIPES and recipes.is_completed(network, model.model):
        console.note(f"Added {network.layers[-1].describe()}: an output for each class.")
    chosen = recipes.changed(
        recipes.recipe_for(name, loaded.train, source.is_mnist), recipe.given()
    )
    chosen = recipes.spelled_out(chosen, network.input_shape)
    limit = validation.seconds()
    if limit is not None and recipe.epochs is None:
        chosen = replace(chosen, epochs=None)
    console.note("", f"{name}:", str(network), "", str(chosen))
    remarks = report.before_training(loaded.train, chosen.balance)
    if remarks:
        console.note(*remarks)

    if output.show_augmentation is not None:
        if first:
            preview.draw(output.show_augmentation, loaded.train, chosen.augmentation, run.seed)
        console.note(f"Saved {output.show_augmentation}: images as they are augmented.")
        if recipe.epochs == 0 and output.find_lr is None:
            shown = {"plot": str(output.show_augmentation)}
            console.result({"augmentation": chosen.augmentation, **shown})
            return
    if output.find_lr is not None:
        if first:
            console.result(session.find_lr(console, network, loaded.train, chosen, output.find_lr))
        return

    if absent := run.absent():
        missing = join_words([str(path) for path in absent])
        console.note(f"There is no {missing} to resume from: training starts afresh.")
    share = validation.share(loaded.validation is not None)
    if share is not None and validation.validation is None:
        console.note(f"{percent(share, 0)} of the training data are held out for validation.")
    settings: dict[str, Any] = {
        **chosen.arguments(),
        "validation": share or (loaded.validation and tuple(loaded.validation)),
        **validation.stopping(),
        **run.settings(),
        **vars(backend),
    }
    left = None
    if limit is not None:
        spent = time.perf_counter() - started
        left = session.time_for_training(limit, spent, network, loaded.test, plot is not None)
        left /= run.seeds
    behind = None if backbone is None else pictures
    several = run.seeds > 1
    trainings = session.Session(loaded.train, loaded.test, settings, not first, several, behind)
    all_trained = [trainings.run(network, run.seed, left)]
    for seed in range(run.seed + 1, run.seed + run.seeds):
        console.note(f"Seed {seed}.")
        other = built(seed)
        all_trained.append(trainings.run(other, seed, left))
    if not first:
        return
    trained = session.best_of(all_trained)
    network = trained.network
    loading.remember(network, source, loaded, run.seed, name)
    if start is not None:
        network.metadata["training"]["from"] = str(start.path)
    if backbone is not None:
        network.metadata["training"]["backbone"] = backbone.config()
    network.save(out)
    if run.seeds > 1:
        console.note(seeds.choice(trained, all_trained))
    console.note(f"Saved {out}.")

    evaluation, history = trained.evaluation, trained.history
    test = pictures.test if trained.tested is None else pictures.test.subset(trained.tested)
    repeated = loading.repeated(trained.repeated, len(pictures.test))
    console.say(*repeated, report.summary(evaluation))
    if run.seeds > 1:
        console.say(seeds.spread(all_trained))
    rate, things = trained.images_per_second, noun(pictures.train.input_shape)
    if plot is not None:
        report.draw_picture(
            plot,
            f"{name} on {source.short_name}: test accuracy {percent(evaluation.accuracy)} "
            f"({evaluation.count:,} {things})",
            f"{network.parameter_count:,} parameters, {plural(len(history), 'epoch')} in "
            f"{trained.seconds:.1f} s ({format_rate(rate)} {things} per second)",
            network,
            history,
            test,
            evaluation,
        )
        console.note(f"Saved {plot}.")
    if output.report is not None:
        from .training.page import page

        page.write(
            output.report,
            page.Facts(
                title=f"{name} on {source.short_name}",
                model_file=out,
                trained=trained,
                all_trained=all_trained,
                train=pictures.train,
                validation_images=session.validation_images(history),
                test=test,
                data=pictures.description,
                recipe=str(chosen),
                remarks=remarks + repeated,
                left_out=loaded.left_out,
            ),
        )
        console.note(f"Saved {output.report}.")
    seconds = time.perf_counter() - started
    console.note(
        f"{plural(len(history), 'epoch')} in {trained.seconds:.1f} s, {format_rate(rate)} {things} "
        f"per second; {seconds:.1f} s in total."
    )
    if loaded.left_out:
        console.note(*loading.bad_files(loaded.left_out))
    console.result(
        {
            "model": name,
            "from": None if start is None else str(start.path),
            "data": data.data,
            "parameters": network.parameter_count,
            "epochs": len(history),
            "outcome": history.outcome,
            "best_epoch": history.best_epoch,
            "train_images": len(loaded.train),
            "test_images": evaluation.count,
            "test_images_in_training": trained.repeated,
            "train_seconds": round(trained.seconds, 3),
            "seconds": round(seconds, 3),
            "images_per_second": round(rate),
            "test_accuracy": evaluation.accuracy,
            "macro_f1": evaluation.macro_f1,
            "per_class": report.per_class(evaluation),
            "held_out": loaded.held_out,
            "left_out": list(loaded.left_out),
            "classes": list(loaded.train.class_names),
            "output": str(out),
            "plot": None if plot is None else str(plot),
            "report": None if output.report is None else str(output.report),
            **seeds.figures(all_trained),
            "backbone": None if backbone is None else backbone.config(),
        }
    )
