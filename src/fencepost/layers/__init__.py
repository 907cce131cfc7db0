"""The layers of a network: frozen specifications, named as PyTorch names them."""

from ..names import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
for _name in __all__:  # at once: a layer makes itself known to `Layer.types` when it is imported
    __getattr__(_name)
