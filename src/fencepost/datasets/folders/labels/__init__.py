"""Labels that stand elsewhere than in folders of classes: in tables, JSON, and names of files."""

from .label_files import LabelFiles, Labelled

__all__ = ["LabelFiles", "Labelled"]
