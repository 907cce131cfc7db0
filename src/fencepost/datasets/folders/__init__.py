"""Folders of pictures: parts, classes and labels found, pictures decoded and kept in a cache."""

from ...names import public
from .loading import Loading, image_folder, load, open_folder

__all__ = ["Loading", "image_folder", "load", "open_folder"]

public(globals(), answers=False)
