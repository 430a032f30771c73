# SPDX-License-Identifier: GPL-3.0-or-later
"""Records for the tests of the folder store, and the packs of a folder."""

from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key, stage_key


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number, "model": bytes(32)})


def arrays(number: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    return {
        "embedding": random.random(64, dtype=np.float32),
        "crop": random.integers(0, 255, (number % 7, 5, 3), np.uint8),
    }


def arrays_equal(arrays, expected) -> bool:
    return (
        arrays is not None
        and set(arrays) == set(expected)
        and all(
            (arrays[name].dtype, arrays[name].shape, arrays[name].tobytes())
            == (array.dtype, array.shape, array.tobytes())
            for name, array in expected.items()
        )
    )


def packs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.pack"))
