"""Data of other tasks, which hold no class for each image: boxes around objects, and masks.

They are recognised so that they can be refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from ..tree import Tree

__all__ = ["NEUTRAL", "find_annotations"]

# Folders of such data that are no classes.
NEUTRAL = {
    "images", "image", "imgs", "img", "jpegimages", "labels", "label", "annotations", "annotation",
    "masks", "mask", "gt", "groundtruth", "segmentation", "segmentations", "segmentationclass",
    "segmentationobject", "all", "pictures", "photos", "frames", "files",
}  # fmt: skip
_MASKS = ("mask", "gt", "groundtruth", "segment", "label", "annotation")
_HEAD = 1 << 16  # bytes of a file that are read
_MOST = 50  # files of a kind that are
_BOX = re.compile(r"\d+(?:\s+-?\d+(?:\.\d+)?(?:e-?\d+)?){4,}\s*", re.IGNORECASE)


def find_annotations(tree: Tree) -> str | None:
    """Return in words what a folder holds in place of classes, and where; None if nothing known."""
    for describe in (_json, _xml, _yolo, _masks):
        found = next(describe(tree), None)
        if found:
            return found
    return None


def _texts(tree: Tree, ending: str) -> Iterator[tuple[str, str]]:
    names = (name for name in tree.others if name.lower().endswith(ending))
    for name in islice(names, _MOST):
        try:
            with tree.open(name) as file:
                yield name, file.read(_HEAD).decode("utf-8", "replace")
        except OSError:
            continue


def _json(tree: Tree) -> Iterator[str]:
    for name, text in _texts(tree, ".json"):
        if '"shapes"' in text and '"imagePath"' in text:
            yield f"outlines of objects, as LabelMe writes them ({name})"
        coco = ('"categories"', '"annotations"', '"images"', '"bbox"', '"category_id"')
        if sum(word in text for word in coco) >= 2 or name.endswith(".coco.json"):
            yield f"boxes around objects, in COCO's form ({name})"


def _xml(tree: Tree) -> Iterator[str]:
    for name, text in _texts(tree, ".xml"):
        if "<annotation" in text and "<object" in text:
            yield f"boxes around objects, in Pascal VOC's form ({name})"


def _yolo(tree: Tree) -> Iterator[str]:
    stems = {PurePosixPath(name).stem for name in tree.pictures}
    for name, text in _texts(tree, ".txt"):
        lines = [line for line in text.splitlines() if line.strip()]
        if PurePosixPath(name).stem in stems and lines and all(map(_BOX.fullmatch, lines)):
            yield f"boxes around objects, in YOLO's form ({name})"


def _masks(tree: Tree) -> Iterator[str]:
    """Two folders in which the names of the files are the same, one of them called masks."""
    stems: dict[str, set[str]] = {}
    for name in tree.pictures:
        folder, _, last = name.rpartition("/")
        stems.setdefault(folder, set()).add(last.rpartition(".")[0])
    for folder, names in stems.items():
        plain = "".join(re.findall("[a-z]+", folder.rpartition("/")[2].lower()))
        if not plain.startswith(_MASKS):
            continue
        bare = {re.sub(r"(?i)[_-]?(mask|gt|seg\w*|label\w*|lab)$", "", name) for name in names}
        for other, theirs in stems.items():
            if other != folder and len((names | bare) & theirs) > 0.8 * len(theirs):
                yield f"masks ({folder}/), one for each image of {other}/"
