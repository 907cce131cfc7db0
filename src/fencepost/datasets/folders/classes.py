"""What a tree of files means: its parts, and the class of each picture by the folder it lies in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...errors import DataError
from ...files.folders import ARCHIVES
from ...remedies import remedy
from ...text import plural
from .beside import masks_of, parts_beside, shared_folders
from .foreign import foreign
from .labels import LabelFiles, Labelled
from .labels.annotations import NEUTRAL, find_annotations
from .labels.class_lists import names_of_integers
from .labels.file_names import classes_of_names
from .listing import Contents, Listing, sample, sorted_names
from .parts import (
    PARTS,
    ambiguous,
    beside_parts,
    called_like_parts,
    find_parts,
    may_be_parts,
    part_of,
    words_of,
)  # fmt: skip
from .tree import File, Tree

__all__ = ["read_contents"]

# What folders are called that divide a data set, but for its parts.
_GROUPS = {
    "fold", "split", "kfold", "day", "session", "batch", "part", "chunk", "user", "subject",
    "camera", "cam", "site", "run", "group", "round", "series", "sequence", "volume", "week",
}  # fmt: skip
_REMEDY = (
    "Make a subfolder for each class and put its images there, or add a labels.csv that names each "
    "file and its class."
)


def read_contents(
    tree: Tree,
    label: str | None = None,
    nested: bool | None = None,
    table: str | None = None,
    skip_bad: bool = False,
) -> Contents:
    """Find the parts of the data and the class of each picture, and say what was guessed.

    Parameters
    ----------
    tree : Tree
    label : str, optional
        The column of a label file that holds the classes.
    nested : bool, optional
        Whether classes lie in folders of folders (animals/cat); None: detected.
    table : str, optional
        Path of the label file, if it was given.
    skip_bad : bool
        Leave out what a label file names and is not there.

    Raises
    ------
    DataError
        No pictures, or no classes; label files that do not fit.
    """
    remarks: list[str] = []
    prefix, parts = _find_level(tree, nested, remarks)
    by_folder = _by_folders(tree, prefix, parts, nested, remarks)
    folders = {part: f"{prefix}{folder}/" for part, folder in parts.items()}
    tables = LabelFiles(tree, prefix, label, table)
    labelled = tables.read(folders, bool(by_folder))
    if labelled is not None:
        return Contents(_in_order(labelled.parts), _without_unusable(tree, labelled, skip_bad))
    remarks += [f"Ignored: {passed}." for passed in tables.passed_over]
    if label is not None:
        remarks.append(f"There is no label file, so the column {label!r} is not used.")
    if not by_folder or _say_nothing(by_folder):
        by_name = _by_names(tree, prefix, parts)
        if by_name:
            return Contents(_in_order(by_name), remarks)
        annotations = find_annotations(tree)
        if annotations:
            raise DataError(
                f"{tree.root}: there must be a class for each image. Received: {annotations}. "
                "A classifier predicts one class per image: crop the objects, or sort the images "
                "into a subfolder per class."
            )
        if not by_folder or tables.passed_over:
            raise _no_classes(tree, prefix, tables.passed_over)
    return Contents(_in_order(by_folder), remarks)


_SKIP = " Or skip those rows: {skip_bad}."


def _in_order(parts: dict[str, Listing]) -> dict[str, Listing]:
    for listing in parts.values():
        listing.others = tuple(other for other in parts.values() if other is not listing)
    return {part: parts[part] for part in PARTS if part in parts}


def _without_unusable(tree: Tree, labelled: Labelled, skip_bad: bool) -> list[str]:
    """Refuse rows that name what is not there, or no class; or say that they are left out."""
    missing, unlabelled = labelled.missing, labelled.unlabelled
    if not skip_bad and missing:
        raise DataError(
            f"{labelled.path}: every image that it names must exist. Received: "
            f"{len(missing):,} that are not below {tree.root}: {sample(missing, 20)}. Copy them "
            "there, or correct the names." + remedy(_SKIP, skip_bad=True)
        )
    if not skip_bad and unlabelled:
        raise DataError(
            f"{labelled.path}: each row must name a class. Received: no class for "
            f"{sample(unlabelled, 20)}. Write it there." + remedy(_SKIP, skip_bad=True)
        )
    remarks = []
    if missing:
        remarks.append(f"Left out, because they do not exist: {sample(missing, 20)}.")
    if unlabelled:
        remarks.append(f"Left out, because they have no class: {sample(unlabelled, 20)}.")
    return remarks


def _say_nothing(by_folder: dict[str, Listing]) -> bool:
    """Whether what looks like classes is one folder, or all are called images, masks, train."""
    names = by_folder["train"].names if "train" in by_folder else ()
    plain = ["".join(words_of(name)) for name in names]
    return len(names) < 2 or all(name in NEUTRAL or part_of(name) for name in plain)


def _by_names(tree: Tree, prefix: str, parts: dict[str, str]) -> dict[str, Listing]:
    """Return the parts whose pictures have their classes in their names (cat.0.jpg)."""
    found: dict[str, Listing] = {}
    if parts and "train" not in parts:
        return {}
    for part in [part for part in PARTS if part in (parts or {"train": ""})]:
        at = f"{prefix}{parts[part]}/" if parts else prefix
        files = [tree.pictures[at + name] for name in tree.below(at)]
        labels = classes_of_names([file.name for file in files])
        if labels is None or not set(labels) <= set(found["train"].names if found else labels):
            if part == "train":
                return {}
            continue
        found[part] = Listing(tree, files, labels, sorted_names(labels))
    first = found["train"]
    first.remarks.append(
        f"Classes are the words in the file names, without the number, such as "
        f"{first.labels[0]} of {first.files[0].name.rpartition('/')[2]}."
    )
    return found


def _find_level(tree: Tree, nested: bool | None, remarks: list[str]) -> tuple[str, dict[str, str]]:
    """Return the folder in which parts or classes lie side by side, and the parts there are."""
    prefix, parts = "", dict[str, str]()
    while True:
        inner = tree.subfolders(prefix)
        where = f"{tree.root}/{prefix}".rstrip("/")
        parts = find_parts(inner, where)
        within = {each: tree.filled_subfolders(f"{prefix}{each}/") for each in inner}
        loose = [name for name in tree.below(prefix) if "/" not in name]
        if may_be_parts(within, parts):
            if nested is None:
                raise ambiguous(within, where)
            parts = {}
            break
        if _are_parts(tree, prefix, inner, parts):
            remarks += beside_parts([*inner, *loose], parts)
            break
        parts = {}
        filled = tree.filled_subfolders(prefix)
        if len(filled) != 1 or loose:
            break
        (alone,) = filled
        if not tree.subfolders(f"{prefix}{alone}/"):
            break
        prefix += f"{alone}/"
    if prefix:
        remarks.insert(0, f"All files are in the folder {prefix.rstrip('/')}.")
    return prefix, parts


def _are_parts(tree: Tree, prefix: str, inner: list[str], parts: dict[str, str]) -> bool:
    """Whether folders with the names of parts are such, and not classes of that name."""
    if not parts:
        return False
    divided = any(tree.subfolders(f"{prefix}{folder}/") for folder in parts.values())
    if len(parts) == len(inner):
        return divided or "train" in parts
    return "train" in parts and bool(tree.subfolders(f"{prefix}{parts['train']}/"))


def _by_folders(
    tree: Tree,
    prefix: str,
    parts: dict[str, str],
    nested: bool | None,
    remarks: list[str],
) -> dict[str, Listing]:
    """Return the parts whose pictures lie in folders of their classes."""
    if not parts:
        within = _classes_within(tree, prefix)
        if within:
            return _parts_within(tree, prefix, within)
        parts, said = parts_beside(tree, prefix) if nested is None else ({}, [])
        classes = tree.without([f"{prefix}{folder}/" for folder in parts.values()])
        listing = _classes(classes, prefix, nested, "training")
        if listing is None:
            return {}
        remarks += [*said, *called_like_parts(listing.names)]
        found = {"train": listing}
    else:
        found = {}
    for part in [part for part in PARTS if part in parts]:  # training decides the classes
        folder = parts[part]
        at = f"{prefix}{folder}/"
        count = len(tree.below(at))
        if count == 0:
            remarks.append(f"The folder {folder} holds no images, so it is ignored.")
            continue
        at = tree.unwrapped(at, found["train"].names if "train" in found else ())
        listing = _classes(tree, at, nested, folder)
        if part == "train" and listing is not None and nested is None:
            nested = listing.nesting(at)
        if listing is not None:
            found[part] = listing
        elif part != "train":
            remarks.append(_without_labels(folder, count))
    return _without_unknown(found, remarks)


def _without_labels(folder: str, count: int) -> str:
    return (
        f"{folder}/ holds {plural(count, 'image')} without labels: left out; `fencepost predict` "
        "takes them."
    )


def _without_unknown(found: dict[str, Listing], remarks: list[str]) -> dict[str, Listing]:
    """Return the parts without those whose only folder is no class, as test/unknown is."""
    known = {name.casefold() for name in found["train"].names} if "train" in found else set()
    kept = {}
    for part, listing in found.items():
        if len(known) > 1 and len(listing.names) == 1 and listing.names[0].casefold() not in known:
            only = listing.files[0].name.partition(f"/{listing.names[0]}/")[0]
            where = f"{only.rpartition('/')[2]}/{listing.names[0]}"
            remarks.append(_without_labels(where, len(listing.files)))
        else:
            kept[part] = listing
    return kept


def _classes(tree: Tree, prefix: str, nested: bool | None, where: str) -> Listing | None:
    """Return the pictures below a folder with their classes, or None if it has no subfolders."""
    names = tree.below(prefix)
    folders = tree.subfolders(prefix)
    if not folders:
        return None
    inside = [name for name in names if "/" in name]
    remarks: list[str] = []
    masks = masks_of(inside)
    if masks:
        inside = [name for name in inside if name not in masks]
        remarks.append(
            f"Left out: {plural(len(masks), 'image')} called like masks of others, "
            f"{sample(sorted(masks), 3)}."
        )
    grouped = nested is None and _are_groups(folders, inside)
    if grouped:
        remarks.append(f"The same classes are in {sample(folders)}, which were combined.")
    elif nested is None:
        nested = _looks_nested(inside)
        if nested:
            remarks.append(
                "The classes are folders of folders (nested); those of the first level, "
                f"{sample(folders)}, would be the classes otherwise"
                f"{remedy(' ({nested})', nested=False)}."
            )
        else:
            remarks += shared_folders(tree, [f"{prefix}{folder}/" for folder in folders], folders)
    depth = None if nested else 1
    labels = [name.split("/")[1] if grouped else _class_of(name, depth) for name in inside]
    empty = sorted(set(folders) - {name.partition("/")[0] for name in inside})
    if empty:
        which = "class" if len(empty) == 1 else "classes"
        remarks.append(
            f"Left out: {plural(len(empty), which, which)} without images, {sample(empty)}."
        )
    loose = [name for name in names if "/" not in name]
    if loose:
        remarks.append(
            f"Left out: {plural(len(loose), 'image')} beside the folders of the classes, "
            f"{sample(loose)}."
        )
    if not inside:
        raise DataError(
            f"{tree.root}/{prefix}".rstrip("/")
            + f": every class must have images. Received: none in {len(folders)} of "
            f"{len(folders)} subfolders: {sample(folders)}. Add images to them."
        )
    skipped = sum(1 for name in tree.others if name.startswith(prefix))
    files = [tree.pictures[prefix + name] for name in inside]
    named = names_of_integers(tree, labels)
    if named is not None:
        remarks.append(f"{named[0]} names the classes.")
        labels = [named[1][label] for label in labels]
    return Listing(tree, files, labels, sorted_names(labels), remarks, skipped)


def _class_of(name: str, depth: int | None) -> str:
    folders = name.split("/")[:-1]
    return "/".join(folders[:depth])


def _are_groups(folders: Sequence[str], inside: Sequence[str]) -> bool:
    """Whether folders are called fold_1, fold_2 or the like and hold the same classes."""
    words = {"".join(words_of(folder)) for folder in folders}
    classes: dict[str, set[str]] = {}
    for name in inside:
        top, *between, _ = name.split("/")
        classes.setdefault(top, set()).add(between[0] if between else "")
    shared = set.intersection(*classes.values()) if len(classes) > 1 else set()
    return len(words) == 1 and words <= _GROUPS and len(shared) > 1 and "" not in shared


def _looks_nested(inside: Sequence[str]) -> bool:
    """Whether folders of the first level hold only folders, each with a name of its own.

    cat/old and dog/old, or cat/1 and cat/2, are pieces of a class.
    """
    paths = {tuple(name.split("/")[:-1]) for name in inside}
    if not paths or min(map(len, paths)) < 2:
        return False
    second = Counter(path[1] for path in {path[:2] for path in paths})
    tops = Counter(path[0] for path in {path[:2] for path in paths})
    named = all(any(letter.isalpha() for letter in name) for name in second)
    return named and max(second.values()) == 1 and max(tops.values()) > 1


def _classes_within(tree: Tree, prefix: str) -> dict[str, dict[str, str]]:
    """Return the parts within each class (cat/train, cat/test), if all classes have them."""
    within: dict[str, dict[str, str]] = {}
    for folder in tree.subfolders(prefix):
        inner = tree.subfolders(f"{prefix}{folder}/")
        parts = find_parts(inner, f"{tree.root}/{prefix}{folder}")
        if "train" not in parts or len(parts) < len(inner):
            return {}
        within[folder] = parts
    return within


def _parts_within(tree: Tree, prefix: str, within: dict[str, dict[str, str]]) -> dict[str, Listing]:
    found: dict[str, tuple[list[File], list[str]]] = {}
    for name, parts in within.items():
        for part, folder in parts.items():
            at = f"{prefix}{name}/{folder}/"
            files, labels = found.setdefault(part, ([], []))
            inner = [tree.pictures[at + inside] for inside in tree.below(at)]
            files += inner
            labels += [name] * len(inner)
    remarks = ["Each class has its parts within it."]
    trains = [f"{prefix}{name}/{parts['train']}/" for name, parts in within.items()]
    remarks += shared_folders(tree, trains, list(within))
    return {
        part: Listing(tree, files, labels, sorted_names(labels), [*remarks])
        for part, (files, labels) in found.items()
        if files
    }


def _no_classes(tree: Tree, prefix: str, passed_over: Sequence[str]) -> DataError:
    where = f"{tree.root}/{prefix}".rstrip("/")
    folders = tree.subfolders(prefix)
    if folders:
        received = f"{sample([f'{name}/' for name in folders])}, without classes in them"
    else:
        received = f"no subfolder, {plural(len(tree.pictures), 'image')}"
        others = [name for name in tree.others if name.startswith(prefix)]
        received += f" and {sample(others, 3)}" if others else ""
    remedy = _REMEDY
    archives = [name for name in tree.others if name.lower().endswith(ARCHIVES)]
    if archives and not tree.pictures:
        first = next((name for name in archives if "train" in name.lower()), archives[0])
        use = "" if tree.is_archive else f", or use one as the data: {first}"
        remedy = f"Unpack {'it' if len(archives) == 1 else 'them'}{use}."
    elif (said := foreign(tree.others)) and not tree.pictures:
        remedy = f"{said}."
    elif passed_over:
        remedy = f"Ignored: {'; '.join(passed_over)}. {_REMEDY}"
    return DataError(
        f"{where}: must contain a subfolder for each class. Received: {received}. {remedy}"
    )
