# SPDX-License-Identifier: GPL-3.0-or-later
"""Bands of an image's rows: what is done to one after the other stays in the processor's cache."""

from collections.abc import Iterator

_BAND_ROWS = 32


def row_bands(height: int) -> Iterator[slice]:
    """Yield the rows of an image of so many rows, a few at a time."""
    return (slice(first, min(first + _BAND_ROWS, height)) for first in range(0, height, _BAND_ROWS))
