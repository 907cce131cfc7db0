"""Photographs, mainly of digits, converted to the form that a model was trained on.

`detect` looks at the training images and says how they were made; its result goes into the model
file. `photograph` prepares a picture accordingly.
"""

from ...names import public
from .photographs import Prepared, photograph
from .preparation import Preparation, detect

__all__ = ["Preparation", "Prepared", "detect", "photograph"]

public(globals())
