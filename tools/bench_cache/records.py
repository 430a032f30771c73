# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that every store keeps: what the pipeline keeps of a face in a frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from understudy.core.cache.base.key import Key, stage_key

Arrays = dict[str, npt.NDArray[np.generic]]
_DIFFERENT = 64


@dataclass(frozen=True)
class Kind:
    """A kind of record and the bytes of its arrays."""

    name: str
    payload_bytes: int


ANALYSIS = Kind("analysis", 2600)
SMALL_CROP = Kind("128 x 128 crop", 128 * 128 * 3)
CROP = Kind("256 x 256 crop", 256 * 256 * 3)


def keys(count: int) -> list[Key]:
    """Return so many keys like a stage's, their digests computed."""
    made = [
        stage_key("embed", 1, {"landmark": number.to_bytes(32, "big"), "model": bytes(32), "size": 112})
        for number in range(count)
    ]
    for key in made:
        key.digest  # noqa: B018 (computed and kept)
    return made


def values(kind: Kind) -> list[Arrays]:
    """Return some different values of a kind; they are put in turn."""
    random = np.random.default_rng(1)
    return [_analysis(random) if kind is ANALYSIS else _crop(random, kind) for _ in range(_DIFFERENT)]


def _analysis(random: np.random.Generator) -> Arrays:
    return {
        "embedding": random.random(512, dtype=np.float32),
        "box": random.random(4, dtype=np.float32),
        "points": random.random((68, 2), dtype=np.float32)[:65],
        "score": random.random(1, dtype=np.float32),
        "pose": random.random(3, dtype=np.float32),
    }


def _crop(random: np.random.Generator, kind: Kind) -> Arrays:
    side = round((kind.payload_bytes / 3) ** 0.5)
    return {"crop": random.integers(0, 255, (side, side, 3), np.uint8)}
