"""What other libraries call it: words of Keras, scikit-learn, PyTorch and SciPy, and ours.

Where a word has a natural meaning here, it works and is not in these tables. All else is answered
with what to write instead, when somebody writes it.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable, Sequence

from ..remedies import remedy
from .arguments import ARGUMENTS
from .modules import NAMES
from .objects import ATTRIBUTES
from .spelling import in_another_case, nearest, plain
from .values import SETTINGS, VALUES

__all__ = ["ARGUMENTS", "SETTINGS", "nearest", "of_argument", "of_missing", "of_name", "of_value"]

_ROOT = __package__.partition(".")[0]
_PACKAGES = ("kernels", "training", "datasets", "models", "plots", "estimation", "experiments",
             "filtering", "check")  # fmt: skip


def of_argument(name: str, known: Sequence[str]) -> str:
    """Say what an argument is called in a function that takes those `known`; nothing if unclear.

    >>> of_argument("validation_split", ["images", "validation"])
    'Here: validation=0.1.'
    >>> of_argument("epoch", ["images", "epochs"])
    'Did you mean "epochs"?'
    """
    for argument, text in ARGUMENTS.get(name, ()):
        if argument in known or not argument:
            return f'Did you mean "{text}"?' if text == argument else _sentence(text)
    return nearest(name, known)


def of_value(name: str, value: object, known: Iterable[str]) -> str:
    """Say what a value of an argument is called where it takes those `known`; nothing if unclear.

    >>> of_value("boundary", "symm", ["zero", "reflect"])
    'Here: boundary="reflect".'
    """
    if not isinstance(value, str):
        return ""
    known = tuple(known)
    text, settings = VALUES.get(name, {}).get(value.lower(), ("", {}))
    hint = remedy(f"Here: {text}.", **settings) if settings.get(name) in known else ""
    return hint or nearest(value, known)


def of_missing(lacking: Sequence[str], values: Sequence[object]) -> str:
    """Say what stands in another's place, where some arguments are missing; nothing if unclear."""
    if {"labels", "targets"} & {*lacking} and any(type(v).__name__ == "Dataset" for v in values):
        return "A data set is unpacked: (*dataset)."
    if "layers" in lacking:
        return "The shape of one image comes first: fp.Network((1, 28, 28), [layer, layer, …])."
    return ""


def of_name(owner: str, name: str, known: Sequence[str], bases: Sequence[str] = ()) -> str:
    """Say what a name is called in a class or module that has those `known`; nothing if unclear.

    >>> of_name("Network", "score", ["fit"])
    'Here: net.evaluate(images, labels).accuracy.'
    >>> of_name("fencepost", "Adam", ["Network"])
    'Here: fp.training.Adam.'
    """
    is_root = owner == _ROOT
    owners = (owner, *bases, *(f"{_ROOT}.{one}" for one in _PACKAGES if is_root))
    tables = [table.get(one, {}) for one in owners for table in (ATTRIBUTES, NAMES)]
    texts = [table[name] for table in tables if name in table]
    elsewhere = _elsewhere() if is_root and not texts else {}
    if not texts and name in elsewhere:
        return f"Here: {elsewhere[name]}."
    if not texts and not any(plain(word) == plain(name) for word in known):
        texts = [text for table in tables if (text := in_another_case(name, table))]
    if texts:
        return _sentence(texts[0])
    if is_root and importlib.util.find_spec(f"{_ROOT}.{name}") is not None:
        return f"It is imported by itself: import {_ROOT}.{name}"
    if hint := nearest(name, known):
        return hint
    words = difflib.get_close_matches(name, elsewhere, n=1, cutoff=0.75)
    return "".join(f'Did you mean "{elsewhere[word]}"?' for word in words)


def _elsewhere() -> dict[str, str]:
    """Return where the names of the packages are, as they are typed."""
    return {
        word: f"fp.{package}.{word}"
        for package in _PACKAGES
        for word in importlib.import_module(f"{_ROOT}.{package}").__all__
    }


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"Here: {text}."
