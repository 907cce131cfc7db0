"""The ten figures as 7 × 12 bitmaps: the target codes of LeNet-5's output layer.

LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition,
Proceedings of the IEEE 86 (1998), section II-B and figure 3: each output's centre is a stylised
image of its character, 7 wide and 12 high, of +1 and -1, so that characters which look alike have
codes that are near. The pictures here are drawn anew in that manner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PICTURES = """
..###.. ...#... .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
.#...#. ..##... ##...## ##...## ...###. ##..... .##.... .....## ##...## ##...##
##...## .###... .....## .....## ..#.##. ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ...##.. ....##. ....##. ##..##. ######. ##.###. ....##. .##.##. ##...##
##...## ...##.. ...##.. ..###.. ##..##. .....## ###..## ...##.. ..###.. .######
##...## ...##.. ..##... ....##. ####### .....## ##...## ...##.. .##.##. ..##.##
##...## ...##.. .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...##.. ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...##.. ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
.#...#. ...##.. ##..... ##...## ....##. ##...## .##.##. ..##... ##...## ....##.
..###.. ..####. ####### .#####. ....##. .#####. ..###.. ..##... .#####. .####..
"""


def _bitmaps() -> NDArray[np.float32]:
    rows = [line.split() for line in _PICTURES.split("\n") if line]
    ink = np.array([[list(figure) for figure in row] for row in rows]) == "#"
    return np.where(ink, 1, -1).astype(np.float32).transpose(1, 0, 2).reshape(10, 84)


#: Shape (10, 84), read-only: the rows of each picture one after the other.
BITMAPS = _bitmaps()
BITMAPS.flags.writeable = False
