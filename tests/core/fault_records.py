# SPDX-License-Identifier: GPL-3.0-or-later
"""Known records, and whether what is read is one of them."""

import numpy as np
from understudy.core.cache.base.key import Key, stage_key


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {
        "a": np.arange(number, number + 9, dtype=np.uint16),
        "m": np.array([True, False, number % 2 == 0]),
    }


def arrays_equal(got, number: int) -> bool:
    wanted = arrays(number)
    return (
        got is not None
        and set(got) == set(wanted)
        and all(
            (got[name].dtype, got[name].shape, got[name].tobytes())
            == (array.dtype, array.shape, array.tobytes())
            for name, array in wanted.items()
        )
    )
