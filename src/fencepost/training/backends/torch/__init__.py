"""PyTorch as a backend: the same steps on a GPU, or on many, by torchrun.

PyTorch is imported with the modules of this package, and they only when they are used.
"""
