# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the tiles of a layer image lie and how large they are, by what its directory says of its samples.

Layers of 8-bit clips have samples of 8 bits. Deeper clips have layers of 16-bit whole numbers, or of half floats where
the clip holds light. Everything else in the file is the same.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TILE_PIXELS = 64
CHANNELS = 4
LayerPixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float16]
"""What a layer image holds: (h, w, 4) RGBA with straight alpha."""
_ENTRIES, _ENTRIES_WITH_FORMAT = 13, 14
_UNSIGNED, _FLOATING = 1, 3
_ENTRY_BYTES, _SAMPLE_LIST_BYTES = 12, 8
_KINDS = {(8, _UNSIGNED): "uint8", (16, _UNSIGNED): "uint16", (16, _FLOATING): "float16"}


@dataclass(frozen=True)
class TileLayout:
    """How a layer image is laid out.

    Attributes
    ----------
    dtype : str
        The name of its samples' type: uint8, uint16 or float16.
    """

    dtype: str = "uint8"

    @property
    def bits(self) -> int:
        """Of a sample."""
        return 8 * np.dtype(self.dtype).itemsize

    @property
    def sample_format(self) -> int:
        """The value of TIFF's tag of that name."""
        return _FLOATING if self.dtype == "float16" else _UNSIGNED

    @property
    def has_format_tag(self) -> bool:
        """Whether the directory names the format: whole numbers are what it is without."""
        return self.sample_format != _UNSIGNED

    @property
    def entry_count(self) -> int:
        """Entries of the directory."""
        return _ENTRIES_WITH_FORMAT if self.has_format_tag else _ENTRIES

    @property
    def sample_bits_position(self) -> int:
        """Where the bits of each sample are listed, behind the directory."""
        return _sample_bits_position(self.entry_count)

    @property
    def offsets_position(self) -> int:
        """Where the offsets of the tiles begin."""
        return self.sample_bits_position + _SAMPLE_LIST_BYTES * (2 if self.has_format_tag else 1)

    @property
    def tile_bytes(self) -> int:
        """Of one tile."""
        return TILE_PIXELS * TILE_PIXELS * CHANNELS * self.bits // 8


def read_tile_layout(head: bytes | memoryview) -> TileLayout:
    """Return how a layer image is laid out.

    Parameters
    ----------
    head : bytes-like
        Its beginning, up to the label or more.

    Returns
    -------
    TileLayout
        That of 8 bits where the beginning is damaged, or no layer's: its checksum is wrong then anyway.
    """
    try:
        (entries,) = struct.unpack_from("<H", head, 8)
        at = _sample_bits_position(entries)
        (bits,) = struct.unpack_from("<H", head, at)
        sample_format = (
            struct.unpack_from("<H", head, at + _SAMPLE_LIST_BYTES)[0]
            if entries == _ENTRIES_WITH_FORMAT
            else _UNSIGNED
        )
    except struct.error:
        return TileLayout()
    return TileLayout(_KINDS.get((bits, sample_format), "uint8"))


def _sample_bits_position(entries: int) -> int:
    return 8 + 2 + _ENTRY_BYTES * entries + 4
