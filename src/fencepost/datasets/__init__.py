"""Training and test data: MNIST (bundled), IDX, npz, folders and lists of images, signals in CSV.

Every loader returns a `Dataset`, which unpacks into ``images, labels``. Bad files give a
`DataError` that names the file, the rule and the remedy.
"""

from ..names import public
from . import prepare
from .bundled import mnist, write_samples
from .checks import check_images, check_targets
from .dataset import ChannelStatistics, Dataset, channel_statistics
from .folders import Loading, image_folder
from .idx_files import idx, read_idx
from .items import from_items, from_paths
from .lazy_images import LazyImages
from .npz_files import npz
from .sources import DataSource, open, open_test  # noqa: A004 (datasets.open reads well)
from .tables.signals import signals_csv

__all__ = [
    "ChannelStatistics",
    "DataSource",
    "Dataset",
    "LazyImages",
    "Loading",
    "channel_statistics",
    "check_images",
    "check_targets",
    "from_items",
    "from_paths",
    "idx",
    "image_folder",
    "mnist",
    "npz",
    "open",
    "open_test",
    "prepare",
    "read_idx",
    "signals_csv",
    "write_samples",
]

public(globals())
