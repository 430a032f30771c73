# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where a clip cuts: a frame that differs from the one before it far more than its neighbours do from theirs."""

from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels

LOOK_SIZE = (32, 18)
"""Width and height of what a frame looks like from afar."""
_LEAST = 0.075
_ABOVE_NEIGHBOURS = 2.6
_BINS = 8


def look_of(frame: "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]") -> Pixels:
    """Reduce an (H, W, 3) RGB frame to (18, 32, 3) uint8: what it looks like from afar."""
    # Taking every n-th pixel first makes this cheap; what aliases is alike in frames that are alike.
    step = max(min(frame.shape[0] // (4 * LOOK_SIZE[1]), frame.shape[1] // (4 * LOOK_SIZE[0])), 1)
    thin = np.ascontiguousarray(frame[::step, ::step])
    small = cv2.resize(thin, LOOK_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small if small.dtype == np.uint8 else small // 257, np.uint8)


def difference(look: Pixels, other: Pixels) -> float:
    """Return how much two frames differ by their looks, 0 to 1: by place, and by how much there is of each colour.

    Both count: a camera that pans changes every place and keeps its colours, a light that is switched changes the
    colours and keeps the places' order.
    """
    return _difference(look.tobytes(), other.tobytes())


@lru_cache(maxsize=256)
def _difference(look: bytes, other: bytes) -> float:
    """Two neighbours are compared for every frame near them: remembered, that costs nothing after the first time."""
    first, second = (
        np.frombuffer(one, np.uint8).reshape(LOOK_SIZE[1], LOOK_SIZE[0], 3) for one in (look, other)
    )
    by_place = float(np.abs(_evened(first) - _evened(second)).mean())
    by_colour = float(np.abs(_histogram(first) - _histogram(second)).sum()) / 2
    return float(np.sqrt(by_place * by_colour))


def is_cut(number: int, looks: Mapping[int, Pixels]) -> bool:
    """Tell whether a new shot begins at frame `number`; `looks` holds those from two before to one after it.

    Those that are missing, at a clip's ends, are not needed. The result depends on these frames alone.
    """
    here, before = looks.get(number), looks.get(number - 1)
    if here is None or before is None:
        return False
    jump = difference(before, here)
    others = [
        difference(looks[first], looks[first + 1])
        for first in (number - 2, number)
        if first in looks and first + 1 in looks
    ]
    return jump > _LEAST and jump > _ABOVE_NEIGHBOURS * max(others, default=0.0)


def _evened(look: Pixels) -> Floats:
    """Take the frame's mean brightness out: a fade or a flash is no cut."""
    values = look.astype(np.float32) / 255
    return np.asarray(values - values.mean((0, 1)), np.float32)


def _histogram(look: Pixels) -> Floats:
    """Count a look's colours in 8 steps a channel: (8, 8, 8), sum 1, spread a little into the steps beside."""
    steps = look.reshape(-1, 3).astype(np.int32) * _BINS // 256
    counts = np.bincount(steps @ np.array([_BINS * _BINS, _BINS, 1]), minlength=_BINS**3)
    soft = counts.reshape(_BINS, _BINS, _BINS).astype(np.float32)
    below, above = np.maximum(np.arange(_BINS) - 1, 0), np.minimum(np.arange(_BINS) + 1, _BINS - 1)
    for axis in range(3):
        soft = (np.take(soft, below, axis) + 2 * soft + np.take(soft, above, axis)) / 4
    return np.asarray(soft / soft.sum(), np.float32)
