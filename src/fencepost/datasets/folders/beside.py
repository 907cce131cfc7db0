"""Parts of the data that lie beside the folders of the classes: cat, dog and test."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...errors import DataError
from ...remedies import remedy
from .listing import sample
from .parts import find_parts, part_of, words_of
from .tree import Tree

__all__ = ["parts_beside"]

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
    inner = set().union(*(tree.filled_subfolders(f"{prefix}{name}/") for name in classes))
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
