"""The article's claims, measured: `fencepost.experiments`, one module each.

Every experiment is a function that computes and returns a result with its numbers: `str` of it is a
text, `to_dict()` plain data, `plot()` a figure. `fencepost experiment NAME` runs one. No module
here may have the name of a public function: its import would hide the function.
"""

from ..names import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
