"""Classes that stand in the names of the files: cat.0.jpg, dog_17.png, Maine_Coon (3).jpg."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..parts import part_of, words_of

__all__ = ["classes_of_names"]

# A class, something that separates, a number; or the other way round.
_FORMS = (
    re.compile(r"(?P<name>[^\W\d_].*?)(?:[\s._-]*\(|[\s._-]+)(?P<number>\d+)\)?"),
    re.compile(r"(?P<name>[^\W\d_]+)(?P<number>\d+)"),
    re.compile(r"(?P<number>\d+)[\s._-]+(?P<name>[^\W\d_].*?)"),
)
LEAST = 2  # pictures of each class
# What cameras, telephones and programs call pictures.
_OF_NOTHING = {
    "img", "image", "images", "imgs", "dsc", "dscn", "dscf", "dcim", "pxl", "mvimg", "photo",
    "photos", "pic", "pics", "picture", "scan", "screenshot", "screen", "shot", "wa", "whatsapp",
    "vid", "video", "frame", "frames", "file", "untitled", "unnamed", "capture", "snap", "cam",
    "camera", "page", "figure", "fig", "sample", "samples", "data", "crop", "tile", "patch",
    "download", "copy", "gopr", "gh", "dji", "p", "im", "i", "n", "x", "id", "item", "at", "und",
    "foto", "bild", "edited", "hdr", "pano", "portrait", "night", "mp",
}  # fmt: skip


def classes_of_names(names: Sequence[str]) -> list[str] | None:
    """Return the class in the name of each file; None unless all names are of one form.

    >>> classes_of_names(["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"])
    ['cat', 'cat', 'dog', 'dog']
    >>> classes_of_names(["IMG_1.jpg", "IMG_2.jpg", "DSC_1.jpg", "DSC_2.jpg"]) is None
    True
    """
    stems = [name.rpartition("/")[2].rpartition(".")[0] for name in names]
    for form in _FORMS:
        matches = [form.fullmatch(stem) for stem in stems]
        if not all(matches):
            continue
        classes = [match["name"].rstrip(" ._-") for match in matches if match]
        counts = Counter(classes)
        if len(counts) < 2 or min(counts.values()) < LEAST:
            return None
        return None if any(map(_says_nothing, counts)) else classes
    return None


def _says_nothing(name: str) -> bool:
    return _OF_NOTHING.issuperset(words_of(name)) or part_of(name) is not None
