# SPDX-License-Identifier: GPL-3.0-or-later
"""Two secrets and a key."""

import numpy as np
from understudy.core.cache.base.key import Key, stage_key

SECRET, OTHER = bytes(range(32)), bytes(32)
ID = np.arange(32, dtype=np.uint8)


def clip_key(number: int) -> Key:
    return stage_key("clip", 1, {"stamp": number.to_bytes(32, "big")})
