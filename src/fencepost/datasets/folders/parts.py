"""Folders and tables that are parts of the data (train, validation, test) by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ...errors import DataError
from ...remedies import remedy
from .listing import sample

__all__ = [
    "PARTS",
    "PART_COLUMNS",
    "ambiguous",
    "beside_parts",
    "called_like_parts",
    "divided",
    "find_parts",
    "may_be_parts",
    "part_of",
    "words_of",
]

PARTS = {
    "train": {"train", "training", "trn"},
    "validation": {"val", "valid", "validation", "validate", "dev", "eval", "evaluation"},
    "test": {"test", "testing", "tst", "holdout"},
}
# Words by which some call parts, and others classes: te and tr are languages too.
_LIKE_PARTS = {
    "tr", "te", "va", "fit", "learn", "query", "gallery", "entrenamiento", "prueba", "treino",
    "teste", "apprentissage", "lernen",
}  # fmt: skip
# Words that say nothing of the part, alone or grown together with it: train_set, TrainingData.
_NEUTRAL = {
    "set", "data", "dataset", "seg", "images", "image", "imgs", "img", "pictures", "photos",
    "split", "part", "folder", "files", "list", "labels", "label", "annotations", "annotation",
    "metadata", "meta", "classes", "new", "final",
}  # fmt: skip
# Columns of a table that name the part of each row; and of yes and no, as fastai's is_valid: the
# part of a yes, and of a no.
_FLAGS = {
    "istrain": ("train", "test"), "istraining": ("train", "test"),
    "isvalid": ("validation", "train"), "isval": ("validation", "train"),
    "isvalidation": ("validation", "train"), "istest": ("test", "train"),
}  # fmt: skip
PART_COLUMNS = (
    "split", "part", "set", "subset", "partition", "usage", "phase", "dataset", "fold", *_FLAGS,
)  # fmt: skip
_YES, _NO = {"true", "1", "1.0", "yes", "t", "y"}, {"false", "0", "0.0", "no", "f", "n", ""}
_GROWN = ("set", "sets", "data", "images", "imgs", "labels")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case, without numbers.

    >>> words_of("seg_train"), words_of("TestSet 2"), words_of("train2017")
    (['seg', 'train'], ['testset'], ['train'])
    """
    return [word for word in re.split(r"[^a-z]+", name.lower()) if word]


def part_of(name: str, ignored: Iterable[str] = ()) -> str | None:
    """Return the part that a name means, or None; `ignored` are further words to pass over.

    >>> part_of("Training"), part_of("test_set"), part_of("seg_train"), part_of("valid")
    ('train', 'test', 'train', 'validation')
    >>> part_of("trainset"), part_of("test tube"), part_of("pets_test", ["pets"]), part_of("set")
    ('train', None, 'test', None)
    """
    found = set()
    for word in words_of(name):
        part = _meaning(word)
        if part is not None:
            found.add(part)
        elif word not in _NEUTRAL and word not in ignored:
            return None
    return found.pop() if len(found) == 1 else None


def divided(name: str, cells: Sequence[str]) -> tuple[list[str | None], bool]:
    """Return the part of each row, by a column of a table, and whether it is one of yes and no.

    `name`: Of the column, one of `PART_COLUMNS` without its punctuation.

    >>> divided("split", ["train", "val", "?"]), divided("is_valid", ["False", "True"])
    ((['train', 'validation', None], False), (['train', 'validation'], True))
    """
    flag = _FLAGS.get("".join(words_of(name)))
    if flag is None:
        return [part_of(cell) for cell in cells], False
    answers = [cell.strip().lower() for cell in cells]
    if not (_YES | _NO).issuperset(answers):
        return [None] * len(cells), True
    return [flag[0] if answer in _YES else flag[1] for answer in answers], True


def find_parts(folders: list[str], where: str) -> dict[str, str]:
    """Return which of the folders that lie side by side are parts: {part: folder}.

    Names of the data set, which all of them share (asl_train, asl_test), are passed over. Beside
    dev or val, eval is the test.

    Raises DataError: Two folders for one part.
    """
    shared = _shared_words(folders)
    parts: dict[str, str] = {}
    for folder in folders:
        part = part_of(folder, shared)
        if part is None:
            continue
        if part == "validation" and part in parts and "test" not in map(part_of, folders):
            evaluated = [each for each in (parts[part], folder) if _is_evaluation(each)]
            if len(evaluated) == 1:
                parts["test"] = evaluated[0]
                parts[part] = folder if parts[part] == evaluated[0] else parts[part]
                continue
        if part in parts:
            raise DataError(
                f"{where}: each part of the data must be one folder. Received: {parts[part]} and "
                f"{folder}, which both mean {part}. Put their images together, or rename one."
            )
        parts[part] = folder
    return parts


def may_be_parts(within: Mapping[str, set[str]], parts: Mapping[str, str]) -> bool:
    """Whether folders may be parts or classes: `within` each lie the same folders, two or more.

    They are parts where all are called so, or a train and a test are; classes where none is.

    >>> views = {"front", "side"}
    >>> may_be_parts({"train": views, "bus": views}, {"train": "train"})
    True
    >>> may_be_parts({"trainA": views, "testA": views}, {})
    True
    >>> may_be_parts({"tr": views, "te": views}, {})
    True
    >>> may_be_parts({"bus": views, "car": views}, {})
    False
    """
    if len(within) < 2 or len(parts) == len(within) or ("train" in parts and len(parts) > 1):
        return False
    alike = len(set.intersection(*within.values())) > 1
    return alike and any(map(_is_like_a_part, within))


def _is_like_a_part(name: str) -> bool:
    """Whether a word of the name means a part, with or without a letter at its end (testA)."""
    words = words_of(name)
    return not _LIKE_PARTS.isdisjoint(words) or any(
        _meaning(form) for word in words for form in (word, word[:-1])
    )


def ambiguous(within: Mapping[str, set[str]], where: str) -> DataError:
    """Say that folders may be parts or classes, and what to do in either case."""
    names = list(within)
    shared = sorted(set.intersection(*within.values()))
    return DataError(
        f"{where}: it must be clear which folders are classes. Received: {sample(names)}, each "
        f"with the subfolders {sample(shared)}. If {sample(shared)} are the classes, keep only "
        "folders called train, val and test here"
        + remedy(f"; if {sample(names)} are, say so: {{nested}}", nested=False)
        + "."
    )


def beside_parts(inner: Sequence[str], parts: Mapping[str, str]) -> list[str]:
    """Say which folders and images are left out, for they lie beside the parts."""
    beside = [name for name in inner if name not in parts.values()]
    if not beside:
        return []
    known = next(parts[part] for part in PARTS if part in parts)
    which = "which is" if len(beside) == 1 else "which are"
    return [f"Left out: {sample(beside)}, {which} beside {known} and no part of the data by name."]


def called_like_parts(classes: Sequence[str]) -> list[str]:
    """Say which classes have the names of splits.

    >>> called_like_parts(["cat", "test"])[0][:40]
    'The class test has the name of a split: '
    """
    alike = [name for name in classes if _is_like_a_part(name)]
    if not alike:
        return []
    if len(alike) == 1:
        return [
            f"The class {alike[0]} has the name of a split: if it is not a class, move its "
            "images elsewhere."
        ]
    return [
        f"The classes {sample(alike)} have the names of splits: if they are not classes, move "
        "their images elsewhere."
    ]


def _is_evaluation(folder: str) -> bool:
    return any(word.startswith("eval") for word in words_of(folder))


def _shared_words(folders: list[str]) -> set[str]:
    """Return the words that all names with a part's word share."""
    words = [set(words_of(folder)) for folder in folders]
    named = [each for each in words if any(_meaning(word) for word in each)]
    return set.intersection(*named) if len(named) > 1 else set()


def _meaning(word: str) -> str | None:
    stems = {word, *(word.removesuffix(ending) for ending in _GROWN)}
    return next((part for part, names in PARTS.items() if stems & names), None)
