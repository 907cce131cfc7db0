"""`fencepost train`: data in; a model file, and a picture of what it learned, out."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ..text import plural
from .shared.console import Console, noun, percent
from .shared.groups import grouped
from .training.options import (
    BackendOptions,
    DataOptions,
    ModelOptions,
    OutputOptions,
    RecipeOptions,
    RunOptions,
    ValidationOptions,
)

EXAMPLE = """[bold]Examples[/bold]

fencepost train

fencepost train --data photos/ --size 32x32 --out photos.safetensors

fencepost train --data signals.csv --epochs 30 --checkpoint run.ckpt --json

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
    """Train a network on MNIST, on a folder of images, or on a file of images or signals.

    From data without a test split, 15 % of each class are held out and tested with.
    """
    started = time.perf_counter()
    first = backend.is_first()
    console = Console(output.as_json, silent=not first)
    source = data.source()

    from .shared import backbones, loading, recipes, report
    from .training import preview, seeds, session

    name = recipes.model_name(model.model, source.is_mnist, model.backbone is not None)
    recipe.check()
    recipes.check(recipe.given())
    validation.check()
    run.check()
    preview.check(output.show_augmentation, recipe.epochs)
    out, picture = output.files(f"{source.short_name}-{name}", run.checkpoint)

    backbone = model.open_backbone(source)
    if backbone is not None:
        console.say(f"Backbone {backbone}")
        source = backbones.resized(source, backbone)
    loaded = pictures = loading.for_training(source, run.seed)
    console.say(loaded.description)
    if backbone is not None:
        loaded = backbones.with_features(backbone, loaded, console)
    network = recipes.build(name, loaded.train, run.seed, model.model)
    if name not in recipes.RECIPES and recipes.is_completed(network, model.model):
        console.say(f"Added {network.layers[-1].describe()}: an output for each class.")
    chosen = recipes.changed(
        recipes.recipe_for(name, loaded.train, source.is_mnist), recipe.given()
    )
    chosen = recipes.spelled_out(chosen, network.input_shape)
    limit = validation.seconds()
    if limit is not None and recipe.epochs is None:
        chosen = replace(chosen, epochs=None)
    console.say("", f"{name}:", str(network), "", str(chosen))
    remarks = report.before_training(loaded.train, chosen.balance)
    if remarks:
        console.say(*remarks)

    if output.show_augmentation is not None:
        if first:
            preview.draw(output.show_augmentation, loaded.train, chosen.augmentation, run.seed)
        console.say(f"Drawn {output.show_augmentation}: what training sees.")
        if recipe.epochs == 0:
            drawn = {"picture": str(output.show_augmentation)}
            console.result({"augmentation": chosen.augmentation, **drawn})
            return
    if output.find_lr is not None:
        if first:
            console.result(session.find_lr(console, network, loaded.train, chosen, output.find_lr))
        return

    replaced = out.exists()
    share = validation.share(loaded.validation is not None)
    if share is not None and validation.validation is None:
        console.say(f"{100 * share:g} % of them are held out of the training as validation.")
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
        left = session.time_for_training(limit, spent, network, loaded.test, picture is not None)
        left /= run.seeds
    trainings = session.Session(loaded.train, loaded.test, settings, not first, run.seeds > 1)
    all_trained = [trainings.run(network, run.seed, left)]
    for seed in range(run.seed + 1, run.seed + run.seeds):
        console.say(f"Seed {seed}.")
        other = recipes.build(name, loaded.train, seed, model.model)
        all_trained.append(trainings.run(other, seed, left))
    if not first:
        return
    trained = session.best_of(all_trained)
    network = trained.network
    loading.remember(network, source, loaded, run.seed, name)
    if backbone is not None:
        network.metadata["training"]["backbone"] = backbone.config()
    network.save(out)
    if run.seeds > 1:
        console.say(seeds.choice(trained, all_trained))
    console.say(f"Saved {out}{' (replaced)' if replaced else ''}.")

    evaluation, history = trained.evaluation, trained.history
    console.say(report.summary(evaluation))
    if run.seeds > 1:
        console.say(seeds.spread(all_trained))
    rate, things = trained.images_per_second, noun(pictures.train.input_shape)
    if picture is not None:
        report.draw_picture(
            picture,
            f"{name} on {source.short_name}: {percent(evaluation.accuracy)} of "
            f"{len(loaded.test):,} test {things} right",
            f"{network.parameter_count:,} parameters, {plural(len(history), 'epoch')} in "
            f"{trained.seconds:.1f} s ({rate:,.0f} {things} per second)",
            network,
            history,
            pictures.test,
            evaluation,
        )
        console.say(f"Drawn {picture}.")
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
                test=pictures.test,
                data=pictures.description,
                recipe=str(chosen),
                remarks=remarks,
                left_out=loaded.left_out,
            ),
        )
        console.say(f"Written {output.report}.")
    seconds = time.perf_counter() - started
    console.say(
        f"{plural(len(history), 'epoch')} in {trained.seconds:.1f} s, {rate:,.0f} {things} per "
        f"second; {seconds:.1f} s in all."
    )
    if loaded.left_out:
        console.say(*loading.bad_files(loaded.left_out))
    console.result(
        {
            "model": name,
            "data": data.data,
            "parameters": network.parameter_count,
            "epochs": len(history),
            "outcome": history.outcome,
            "best_epoch": history.best_epoch,
            "train_images": len(loaded.train),
            "test_images": len(loaded.test),
            "train_seconds": round(trained.seconds, 3),
            "seconds": round(seconds, 3),
            "images_per_second": round(rate),
            "test_accuracy": evaluation.accuracy,
            "macro_f1": evaluation.macro_f1,
            "per_class": report.per_class(evaluation),
            "held_out": loaded.held_out,
            "left_out": list(loaded.left_out),
            "classes": list(loaded.train.class_names),
            "saved": str(out),
            "picture": None if picture is None else str(picture),
            "report": None if output.report is None else str(output.report),
            **seeds.figures(all_trained),
            "backbone": None if backbone is None else backbone.config(),
        }
    )
