"""`fencepost.check`: a model of anyone's, layer by layer: its sizes, and what is wrong with them.

May call planning, sizing, arguments and errors; PyTorch only to trace one of its modules.
"""

from __future__ import annotations
