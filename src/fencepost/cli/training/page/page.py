"""What the report says of a training, section by section."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np

from .... import charts
from ....files.atomic import atomic_write
from ....text import format_shape, percent, plural
from ...shared.console import noun
from .style import STYLE

if TYPE_CHECKING:
    from ....datasets import Dataset
    from ....network import Evaluation
    from ..session import Trained

MISTAKES_SHOWN, CLASSES_CROSSED, PAIRS_SHOWN = 24, 20, 12
ROWS_SHOWN = 24  # of a table, without scrolling
UNBROKEN = 10  # characters of a word above a column, however narrow the screen
_PICTURE = 112  # pixels of a mistake, at least


@dataclass(frozen=True)
class Facts:
    """What a report is made of: what was trained on what, how, and what came out."""

    title: str
    model_file: Path
    trained: Trained
    all_trained: Sequence[Trained]
    train: Dataset
    validation_images: int
    test: Dataset
    data: str
    recipe: str
    remarks: Sequence[str]
    left_out: Sequence[str]


def write(path: Path, facts: Facts) -> None:
    """Write the page, atomically."""
    atomic_write(path, page(facts).encode())


def page(facts: Facts) -> str:
    """Return the page: HTML with style, curves and pictures inside, and no request to anywhere."""
    sections = [
        _headline(facts),
        _section("Data", _data(facts)),
        _section("Training", _training(facts)),
        _section("Classes", _classes(facts.trained.evaluation)),
        _section(*_confusion(facts.trained.evaluation)),
        _section("The most confident errors", _mistakes(facts)),
        _section("Network", _network(facts)),
        _section("How to use the file", _usage(facts)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(facts.title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def _headline(facts: Facts) -> str:
    trained, evaluation = facts.trained, facts.trained.evaluation
    things = noun(facts.test.input_shape)
    figures = {
        "test accuracy": percent(evaluation.accuracy),
        "macro-F1": percent(evaluation.macro_f1),
        "test " + things: f"{evaluation.count:,}",
        "parameters": f"{trained.network.parameter_count:,}",
        "training": _duration(trained.seconds),
    }
    boxes = "".join(
        f"<div><b>{value}</b><span>{name}</span></div>" for name, value in figures.items()
    )
    return (
        f"<h1>{escape(facts.title)}</h1>"
        f'<p class="soft">{escape(facts.model_file.name)}</p><div class="figures">{boxes}</div>'
    )


def _data(facts: Facts) -> str:
    labels = facts.train.targets
    counts = np.bincount(labels, minlength=len(facts.train.class_names))
    rows = [
        (escape(name), f"{count:,}", _bar(count / max(counts.max(), 1)))
        for name, count in zip(facts.train.class_names, counts, strict=True)
    ]
    parts = [_paragraphs(facts.data.splitlines()), _paragraphs(facts.remarks)]
    if facts.validation_images:
        parts.append(
            _paragraphs([f"{facts.validation_images:,} are used for validation after each epoch."])
        )
    parts.append(_table(("class", "training " + noun(facts.train.input_shape), ""), rows))
    if facts.left_out:
        files = "\n".join(map(escape, facts.left_out))
        parts.append(f"<p>Skipped, as they cannot be read:</p><pre class='files'>{files}</pre>")
    return "".join(parts)


def _training(facts: Facts) -> str:
    history = facts.trained.history
    kept = history.best_epoch

    def series(name: str, of: Any) -> dict[str, list[float]]:
        columns = {"training": history[name], "validation": history[f"validation_{name}"]}
        return {
            key: [of(v) for v in values] for key, values in columns.items() if None not in values
        }

    drawn = charts.curves("Loss", series("loss", float), kept)
    drawn += charts.curves(
        "Error rate, %", series("accuracy", lambda share: 100 * (1 - share)), kept
    )
    ended = {
        "finished": "Finished",
        "stopped early": "Stopped early",
        "reached the target": "Reached the target accuracy",
    }.get(history.outcome, history.outcome)
    said = f"{ended}, after {plural(len(history), 'epoch')}, {facts.trained.seconds:.1f} s."
    if kept is not None:
        said += f" The weights saved are those of epoch {kept}, the best on validation."
    parts = [_paragraphs([facts.recipe, said]), f'<div class="charts">{drawn}</div>']
    if len(facts.all_trained) > 1:
        from ..seeds import spread

        parts.append(_paragraphs([spread(facts.all_trained)]))
        rows = [
            (str(one.seed), percent(one.evaluation.accuracy), percent(one.evaluation.macro_f1))
            for one in facts.all_trained
        ]
        parts.append(_table(("seed", "test accuracy", "macro-F1"), rows))
    return "".join(parts)


def _classes(evaluation: Evaluation) -> str:
    rows = [
        (
            escape(score.name),
            f"{score.count:,}",
            _share(score.recall),
            _share(score.precision),
            _share(score.f1),
            _bar(0.0 if math.isnan(score.f1) else score.f1),
        )
        for score in evaluation.per_class
    ]
    return _paragraphs(
        [
            "Recall is the fraction of a class that is predicted correctly, precision the fraction "
            "of predictions of a class that are correct, F1 their harmonic mean; macro-F1 is the "
            "mean over the classes."
        ]
    ) + _table(("class", "tested", "recall", "precision", "F1", ""), rows)


def _confusion(evaluation: Evaluation) -> tuple[str, str]:
    """Return a title and the matrix, or of many classes the most frequent errors."""
    names, confusion = evaluation.class_names, evaluation.confusion
    if len(names) > CLASSES_CROSSED:
        return "The most frequent errors", _pairs(evaluation)
    head = "".join(map(_class_head, names))
    rows = ""
    for name, row in zip(names, confusion, strict=True):
        total = max(int(row.sum()), 1)
        cells = "".join(
            f'<td style="background: rgba(var(--fill), {0.75 * count / total:.2f})">'
            f"{count if count else '·'}</td>"
            for count in row
        )
        rows += f"<tr>{_class_head(name)}{cells}</tr>"
    table = f'<table class="confusion"><tr><th></th>{head}</tr>{rows}</table>'
    return "Confusion matrix", (
        _paragraphs(["Rows are true classes, columns predicted classes."])
        + f'<div class="scroll" tabindex="0">{table}</div>'
    )


def _class_head(name: str) -> str:
    """Write the head of a row or column, wide enough for words of usual length in one piece."""
    longest = min(max(map(len, name.split()), default=1), UNBROKEN)
    return f'<th style="min-width: calc({longest}ch + 1.4rem)">{escape(name)}</th>'


def _pairs(evaluation: Evaluation) -> str:
    mistakes = evaluation.confusion - np.diag(np.diag(evaluation.confusion))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:PAIRS_SHOWN]
    rows = []
    for index in order:
        true, predicted = np.unravel_index(index, mistakes.shape)
        if mistakes[true, predicted]:
            names = evaluation.class_names
            rows.append(
                (escape(names[true]), escape(names[predicted]), f"{mistakes[true, predicted]:,}")
            )
    head = ("true class", "predicted class", "count")
    return _table(head, rows, "text") if rows else "<p>No errors.</p>"


def _mistakes(facts: Facts) -> str:
    from ....plots.networks.misclassified import most_confident

    evaluation = facts.trained.evaluation
    names = evaluation.class_names
    figures = [
        f"<figure>{_drawn(mistake.image)}<figcaption>{escape(names[mistake.truth])}, predicted "
        f"<b>{escape(names[mistake.prediction])}</b> ({100 * mistake.probability:.0f}\u00a0%)"
        "</figcaption></figure>"
        for mistake in most_confident(facts.test.images, evaluation, MISTAKES_SHOWN)
    ]
    wrong = evaluation.count - int(np.trace(evaluation.confusion))
    said = f"{wrong:,} of {evaluation.count:,} are misclassified."
    return _paragraphs([said]) + f'<div class="mistakes">{"".join(figures)}</div>'


def _drawn(image: np.ndarray[Any, Any]) -> str:
    if image.ndim == 2:
        return charts.signal([float(value) for value in image[0]])
    from PIL import Image

    from ....plots.networks.tiles import to_pixels

    pixels = Image.fromarray(np.rint(255 * to_pixels(image)).astype(np.uint8))
    times = max(1, -(-_PICTURE // max(pixels.size)))
    if max(pixels.size) > 2 * _PICTURE:
        pixels.thumbnail((2 * _PICTURE, 2 * _PICTURE))
    elif times > 1:
        pixels = pixels.resize(
            (pixels.width * times, pixels.height * times), Image.Resampling.NEAREST
        )
    content = io.BytesIO()
    pixels.save(content, "PNG", optimize=True)
    return (
        f'<img alt="" src="data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}">'
    )


def _network(facts: Facts) -> str:
    network = facts.trained.network
    said = (
        f"{plural(network.parameter_count, 'parameter')}, "
        f"{network.multiply_adds:,} multiply-adds for one input of "
        f"{format_shape(network.input_shape)}."
    )
    return _paragraphs([said]) + f"<pre>{escape(str(network))}</pre>"


_COMMANDS = """fencepost predict {name} image.jpg
fencepost evaluate {name} --data folder/
fencepost explain {name} image.jpg -o why.png"""
_PYTHON = """import fencepost as fp

network = fp.load({name})
probabilities = network.predict_proba(images)  # images: (N, {shape})
print(network.class_names)"""
_BACKBONE_COMMANDS = """fencepost predict {name} image.jpg
fencepost evaluate {name} --data folder/"""
_BACKBONE_PYTHON = """import fencepost as fp

network = fp.load({name})
backbone = fp.Backbone.from_config(network.metadata["training"]["backbone"])
probabilities = network.predict_proba(backbone(images))
print(network.class_names)"""
_EXPORT = "fencepost export {name} -o model.onnx"


def _usage(facts: Facts) -> str:
    network = facts.trained.network
    codes = {
        "On the command line:": _COMMANDS,
        "In Python:": _PYTHON,
        "For other programs, as ONNX:": _EXPORT,
    }
    if network.metadata.get("training", {}).get("backbone"):
        codes = {
            "On the command line (the backbone's file must be where it was, or beside the "
            "model):": (_BACKBONE_COMMANDS),
            "In Python:": _BACKBONE_PYTHON,
        }
    shape, name = ", ".join(map(str, network.input_shape)), facts.model_file.name
    parts = []
    for said, code in codes.items():
        typed = json.dumps(name, ensure_ascii=False) if code.startswith("import") else quote(name)
        parts.append(f"<p>{said}</p><pre>{escape(code.format(name=typed, shape=shape))}</pre>")
    return "".join(parts) + (
        '<p class="soft">Made by fencepost: pip install fencepost. This page is self-contained.</p>'
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _paragraphs(lines: Sequence[str]) -> str:
    """Write paragraphs; lines may be broken between settings, such as shift=2,rotate=10."""
    return "".join(
        "<p>" + re.sub(",(?=[a-z])", ",<wbr>", escape(line)) + "</p>" for line in lines if line
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Write a table; cells are HTML. One of many rows is scrolled, but on paper."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    scrolled = "scroll long" if len(rows) > ROWS_SHOWN else "scroll"
    table = f'<table class="{kind}">' if kind else "<table>"
    return f'<div class="{scrolled}" tabindex="0">{table}<tr>{titles}</tr>{body}</table></div>'


def _cells(row: Sequence[str]) -> Iterator[str]:
    for cell in row:
        yield f'<td class="bar">{cell}</td>' if cell.startswith("<i") else f"<td>{cell}</td>"


def _bar(share: float) -> str:
    return f'<i style="width: {100 * share:.1f}%"></i>'


def _share(share: float) -> str:
    return "–" if math.isnan(share) else percent(share)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
