"""Parts of the data that lie beside the folders of the classes: cat, dog and test."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from ...errors import DataError
from ...remedies import remedy
from .listing import sample
from .parts import find_parts, part_of, words_of
from .tree import Tree

__all__ = ["parts_beside"]

_MASK = re.compile(r"(.+?)[ _-](?:mask|segmentation)(?:[ _-]?\d+)?", re.IGNORECASE)
# What folders of pictures without classes are called.
_NEW = {"new", "unlabeled", "unlabelled", "unsorted", "predict", "prediction", "inference", "more"}
# Words that are as likely a class (valid and invalid) as a part of the data.
_OTHER_MEANINGS = {"valid", "validate", "dev", "eval"}


def parts_beside(tree: Tree, prefix: str) -> tuple[dict[str, str], list[str]]:
    """Return which folders are parts by their names and by what they hold, and what is to be said.

    A folder called test is the test part if it holds folders of the classes beside it, or only
    pictures, whose classes nobody knows then, and two classes are beside it.

    Raises DataError: It may as well be a class.
    """
    where = f"{tree.root}/{prefix}".rstrip("/")
    filled = sorted(tree.filled_subfolders(prefix))
    below = {folder: tree.filled_subfolders(f"{prefix}{folder}/") for folder in filled}
    _check_one_data_set(below, where)
    named = {part: f for part, f in find_parts(filled, where).items() if part != "train"}
    within_each = {f: tree.filled_subfolders(tree.unwrapped(f"{prefix}{f}/")) for f in filled}
    for folder, within in within_each.items():
        if len(within) > 1 and within <= {*filled} - {folder} and folder not in named.values():
            meant = {part_of(word) for word in words_of(folder)}
            free = [part for part in ("validation", "test") if part in meant and part not in named]
            if len(free) != 1:
                raise _ambiguous(where, folder, sorted(within), within)
            named[free[0]] = folder  # pets_test
    classes = [folder for folder in filled if folder not in named.values()]
    known = {name.casefold() for name in classes}
    inner = set().union(*(below[name] for name in classes))
    parts: dict[str, str] = {}
    for part, folder in named.items():
        within = within_each[folder]
        if {name.casefold() for name in within} & known:
            parts[part] = folder
        elif len(classes) > 1 and (len(within) > 1 or within & inner or _has_other_meaning(folder)):
            raise _ambiguous(where, folder, classes, within)
        elif len(classes) != 1:
            parts[part] = folder
    if not parts:
        return {}, []
    taken = sample([f"{folder}/" for folder in parts.values()])
    which = "is a part" if len(parts) == 1 else "are parts"
    return parts, [
        f"{taken} {which} of the data and no class"
        + remedy(" (a class after all: {nested})", nested=False)
        + "."
    ]


def _check_one_data_set(within: Mapping[str, Collection[str]], where: str) -> None:
    """Raise DataError for folders of classes beside a folder of new pictures: leaves and new.

    `within`: The folders that each of them holds.
    """
    sets = [folder for folder, inner in within.items() if len(inner) > 1]
    others = [folder for folder in within if folder not in sets]
    new = all(not within[folder] and _NEW & {*words_of(folder)} for folder in others)
    if not (sets and others and new and len(sets) == 1):
        return
    (found,) = sets
    raise DataError(
        f"{where}: must be one data set. Received: {found}/, which holds folders of its own "
        f"({sample(sorted(within[found]))}), beside {sample([f'{name}/' for name in others])}, "
        f"whose images have no classes. Give {where}/{found}"
        + remedy("; if these are the classes, say so: {nested}", nested=False)
        + "."
    )


def shared_folders(tree: Tree, places: Sequence[str], folders: Sequence[str]) -> list[str]:
    """Say which folders lie in every class: they may be the classes (original, augmented).

    `places`: Where the images of each class in `folders` lie.
    """
    within = [tree.filled_subfolders(place) for place in places]
    shared = set.intersection(*within) if len(within) > 1 else set()
    if len(shared) < 2:
        return []
    return [
        f"All classes have the folders {sample(sorted(shared))}: if those are the classes, put the "
        f"images of {sample(folders)} together."
    ]


def masks_of(names: Sequence[str]) -> set[str]:
    """Return the pictures that are masks of others by their names: a_mask.png, a_mask_1.png.

    >>> masks_of(["a.png", "a_mask.png", "a_mask_1.png", "clown_mask.png"]) == {
    ...     "a_mask.png", "a_mask_1.png"}
    True
    """
    stems = {name.rpartition(".")[0] for name in names}
    found = ((name, _MASK.fullmatch(name.rpartition(".")[0])) for name in names)
    return {name for name, match in found if match is not None and match[1] in stems}


def _has_other_meaning(folder: str) -> bool:
    return not _OTHER_MEANINGS.isdisjoint(words_of(folder))


def _ambiguous(
    where: str, folder: str, classes: Sequence[str], within: Collection[str]
) -> DataError:
    holds = f", which holds {sample([f'{name}/' for name in sorted(within)])}," if within else ""
    return DataError(
        f"{where}: it must be clear which folders are classes. Received: {folder}/{holds} beside "
        f"{sample([f'{name}/' for name in classes])}. If {folder} is a part "
        "of the data, sort its images into folders of the classes, or move it elsewhere"
        + remedy("; if it is a class, say so: {nested}", nested=False)
        + "."
    )
