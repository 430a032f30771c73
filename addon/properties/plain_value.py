# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of Blender's properties as a recipe has them."""

from functools import lru_cache
from typing import Any


def plain_value(value: Any) -> Any:
    """Return a number with the digits that Blender keeps of it; any other value as it is."""
    return _shortest_float(value) if isinstance(value, float) else value


@lru_cache(1024)
def _shortest_float(value: float) -> float:
    # Blender keeps floats in 32 bits. Written with the digits that these hold, 0.9 has the key it has elsewhere.
    return float(f"{value:.6g}")
