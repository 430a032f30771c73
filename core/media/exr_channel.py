# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR layers whose colours FFmpeg does not read at once: of several types, whole numbers, or named by whole words.

Blender reads them (tried in 4.5 and 5.0), whole numbers as what they are. Each colour is then a file of its own: the
same bytes, but for the names of channels.
"""

import struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .exr_header import FLOAT, HALF, WHOLE, ExrChannel, ExrPart, read_exr_parts
from .exr_layer import channel_letter

_LUMA, _OTHER = b"Y", b"q"
_EXACT_COMPRESSIONS = (0, 1, 2, 3, 4, 6, 7)
"""Those in which whole numbers lie as floats do: without, RLE, ZIPS, ZIP, PIZ, B44 and B44A."""


class SingleLayer(NamedTuple):
    """A layer that FFmpeg is to decode: its file, its name there, and the channel that it is made of if it is one."""

    data: bytes
    name: str
    channel: ExrChannel | None = None


def single_layers(data: bytes, prefix: str) -> tuple[SingleLayer, ...]:
    """Return a layer, or each of its red, green and blue as one.

    Parameters
    ----------
    data : bytes
        A file with one part.
    prefix : str
        What the names of the layer's channels begin with, without the last dot.

    Returns
    -------
    tuple of SingleLayer
        One, or three.

    Raises
    ------
    ValueError, struct.error
        It is damaged, or has whole numbers in a compression of which they can't be read.
    """
    ((part, *_), _) = read_exr_parts(data)
    colours: dict[str, ExrChannel] = {}
    for channel in part.channel_entries:
        before, _, last = channel.name.rpartition(".")
        if before == prefix and channel_letter(last) in "RGBA":
            colours.setdefault(channel_letter(last), channel)
    types = {channel.type_number for channel in colours.values()}
    is_plain = all(channel.name.rpartition(".")[2] == letter for letter, channel in colours.items())
    if not set("RGB") <= colours.keys() or (is_plain and types in ({HALF}, {FLOAT})):
        return (SingleLayer(data, prefix),)
    return tuple(_isolate(data, part, colours[letter]) for letter in "RGB")


def channel_plane(channel: ExrChannel, plane: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return the numbers of a channel by what was decoded of its `SingleLayer`, (H, W)."""
    if channel.type_number != WHOLE:
        return plane
    return np.ascontiguousarray(plane).view(np.uint32).astype(np.float32)


def _isolate(data: bytes, part: ExrPart, channel: ExrChannel) -> SingleLayer:
    """Return a file in which a channel is the luma of a layer, and no other a channel of it."""
    result, length = bytearray(data), channel.end - 1 - channel.start
    for other in part.channel_entries:
        if other.end - 1 - other.start == 1:
            result[other.start : other.start + 1] = _OTHER
    layer = "q" * (length - 2)
    result[channel.start : channel.end - 1] = f"{layer}.".encode() + _LUMA if length > 1 else _LUMA
    if channel.type_number == WHOLE:
        if part.data[part.value_place("compression")] not in _EXACT_COMPRESSIONS:
            raise ValueError("it holds whole numbers in a compression for floats")
        result[channel.end : channel.end + 4] = struct.pack("<i", FLOAT)
    return SingleLayer(bytes(result), layer, channel)
