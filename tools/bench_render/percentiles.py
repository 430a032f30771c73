# SPDX-License-Identifier: GPL-3.0-or-later
"""Many measurements as few numbers."""

from collections.abc import Sequence
from statistics import median

import numpy as np


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Return the median, least and most of at least one measurement, and how many there are."""
    return {
        "median": round(median(values), digits),
        "low": round(min(values), digits),
        "high": round(max(values), digits),
        "count": len(values),
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return the 50th and 95th percentile."""
    return {f"p{share}": round(float(np.percentile(values, share)), 2) for share in (50, 95)}
