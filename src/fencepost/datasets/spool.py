"""Images that come one by one, kept in memory while they are few and in a file when they are many.

Size and channels are chosen from all images that were in memory: if all are, from all of them.
"""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files.levels import Levels
from ..remedies import in_python
from ..text import plural
from . import image_files
from .folders import Loading
from .folders.messages import no_cache
from .folders.options import NONE
from .folders.sizes import choose_size
from .folders.store import DONE, cache_folder
from .lazy_images import LazyImages, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

__all__ = ["Spool"]

IN_MEMORY = 256 << 20  # bytes of images that are kept before a file is begun


class Spool:
    """Takes upright pictures or arrays of floats, and gives all of them as one array.

    Pictures are L or RGB of Pillow's, or of more than 8 bits: these are brought to 8 by the values
    that all use that were in memory.
    """

    def __init__(self, how: Loading) -> None:
        self._how = how
        self._waiting: list[Any] = []
        self._bytes = self._count = 0
        self._size: tuple[int, int] | None = None
        self._mode = ""
        self._file: IO[bytes] | None = None
        self._hash = blake2b(digest_size=12)
        self.said: list[str] = []
        self.levels: Levels | None = None
        self.resized = how.pair is not None

    def add(self, image: Any) -> None:
        """Take the next picture of Pillow, or array (C, H, W)."""
        self._count += 1
        if self._file is not None:
            self._write(image)
            return
        if isinstance(image, np.ndarray):
            self._waiting.append(image)
            return
        if hasattr(image, "pixels"):
            self._waiting.append(image)
            self._bytes += image.pixels.nbytes
        else:
            if self._how.pair is not None:
                image = image_files.fitted(image, self._how.pair, self._how.fit)
            self._waiting.append(image)
            self._bytes += image.width * image.height * len(image.getbands())
        floats = any(isinstance(waiting, np.ndarray) for waiting in self._waiting[:1])
        if self._bytes > IN_MEMORY and self._how.cache != NONE and not floats:
            self._begin_file()

    def finish(self) -> Any:
        """Return all images as an array, or as `LazyImages` on the file."""
        if self._file is not None:
            return self._lazy(self._file)
        if any(isinstance(image, np.ndarray) for image in self._waiting):
            return self._floats()
        self._choose()
        return np.stack([self._array(image) for image in self._waiting])

    def _floats(self) -> NDArray[Any]:
        shapes = {getattr(image, "shape", None) for image in self._waiting}
        if len(shapes) > 1 or self._how.pair is not None:
            raise DataError(
                "images of floats must have one shape, and are not resized. Received: "
                f"{plural(len(shapes), 'shape')}. Use uint8 or image files, which are."
            )
        return np.stack(self._waiting)

    def _choose(self) -> None:
        """Choose size and channels from the pictures that wait."""
        self._find_levels()
        self._waiting = list(map(self._shallow, self._waiting))
        sizes = np.array([(image.height, image.width) for image in self._waiting])
        size, why = (self._how.pair, "") if self._how.pair is not None else choose_size(sizes)
        colour = any(image.mode != "L" for image in self._waiting)
        self._size = size
        self._mode = "RGB" if (self._how.channels or (3 if colour else 1)) == 3 else "L"
        if why:
            self.said.append(why)
        self.resized |= bool((sizes != size).any())

    def _find_levels(self) -> None:
        """Choose which values become black and white in the deep pictures that wait."""
        infos = [image_files.info_of(i) for i in self._waiting if hasattr(i, "pixels")]
        found = Levels.of(
            [info.integers for info in infos if info.integers is not None],
            [info.floats for info in infos if info.floats is not None],
        )
        if found != Levels():
            self.levels = found
            self.said.append(found.sentence)

    def _shallow(self, image: Any) -> Image:
        if not hasattr(image, "pixels"):
            picture: Image = image
            return picture
        picture = image_files.as_image(image, self.levels)
        return image_files.flatten(picture, image_files.channels_of(picture))

    def _array(self, image: Any) -> NDArray[np.uint8]:
        assert self._size is not None
        image = self._shallow(image)
        self.resized |= (image.height, image.width) != self._size
        fitted = image_files.fitted(image.convert(self._mode), self._size, self._how.fit)
        return image_files.to_array(fitted)

    def _begin_file(self) -> None:
        self._choose()
        cache = self._how.cache
        folder = cache_folder() if cache == "auto" else Path(cache).expanduser()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder, prefix=".items-")  # noqa: SIM115
        except OSError as error:
            raise no_cache(folder, self._bytes, error) from error
        self.said.append(
            f"Size and channels are those of the first {self._count:,}; all are kept in a file "
            f"in {folder}, as long as they are used{in_python(' (cache=None for memory)')}."
        )
        for image in self._waiting:
            self._write(image)
        self._waiting = []

    def _write(self, image: Any) -> None:
        assert self._file is not None
        if isinstance(image, np.ndarray):
            raise DataError("images must all be image files or uint8, or all be floats.")
        try:
            content = self._array(image).tobytes()
            self._hash.update(content)
            self._file.write(content)
        except OSError as error:
            raise DataError(
                f"the file of the images must have room for all. Received: {error.strerror} after "
                f"{self._count:,}. Use a folder with more room"
                f"{in_python(', cache=FOLDER')}, or a smaller size."
            ) from error

    def _lazy(self, file: IO[bytes]) -> LazyImages:
        assert self._size is not None
        with contextlib.suppress(OSError):
            file.flush()
        shape = (self._count, 1 if self._mode == "L" else 3, *self._size)
        store = _FileStore(file, shape)
        filling, name = _Complete(self._count, file), self._hash.hexdigest()
        source = Source(store, filling, _no_problems, _no_room, name)
        return LazyImages(source, np.arange(self._count))


class _FileStore:
    """A file that is mapped into memory, and disappears when nobody has it open."""

    def __init__(self, file: IO[bytes], shape: tuple[int, ...]) -> None:
        self._map = np.memmap(file, np.uint8, "r", shape=shape)
        self.pixels: NDArray[np.uint8] = self._map.view(np.ndarray)

    def release(self) -> None:
        """Give the pages that were read back to the system."""
        mapping: Any = self._map._mmap  # type: ignore[attr-defined]
        if hasattr(mmap, "MADV_DONTNEED"):
            mapping.madvise(mmap.MADV_DONTNEED)

    def prefetch(self, indices: NDArray[np.int64]) -> None:
        """Leave it to the system."""

    def check(self) -> None:
        """Do nothing: nobody else can reach the file."""


class _Complete:
    """All is decoded."""

    def __init__(self, count: int, file: IO[bytes]) -> None:
        self.state: NDArray[np.uint8] = np.full(count, DONE, np.uint8)
        self.problems: dict[int, str] = {}
        self._file = file

    def expect(self, indices: NDArray[np.int64]) -> None:
        """Do nothing."""

    def wait(
        self,
        indices: NDArray[np.int64] | None,
        progress: Callable[[int, int], None] | None,
        interrupted: Callable[[], bool] | None,
    ) -> bool:
        """Return at once: all are there."""
        return True

    def stop(self) -> None:
        """Close the file, which removes it; what is mapped stays."""
        self._file.close()


def _no_problems(problems: dict[int, str]) -> DataError:
    return DataError(f"{plural(len(problems), 'image')} cannot be used.")  # none ever has any


def _no_room(error: OSError) -> DataError:
    return DataError(f"the file of the images cannot be read: {error.strerror or error}.")
