# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers of an OpenEXR file: how large it is, and which of its parts and layers a strip shows.

The format is that of https://openexr.com/en/latest/OpenEXRFileLayout.html. Which layer is shown was tried in Blender
4.5 and 5.0: plain R, G and B of the first part that has them, else the first layer, in the order of the alphabet, of
the first part that has one.
"""

import struct
from dataclasses import dataclass

_FIRST_ATTRIBUTE = 8
_MULTIPART_FLAG = 0x1000
_MAX_ATTRIBUTES, _MAX_PARTS, _MAX_CHANNELS = 10_000, 1000, 1000
_MAX_NAME_BYTES = 256
_CHANNEL_BYTES = 16
_WINDOWS = (b"dataWindow", b"displayWindow")


@dataclass(frozen=True)
class ExrPart:
    """One part of a file.

    Attributes
    ----------
    windows : tuple of (int, int)
        Width and height of its data and of its display window, in pixels, in the file's order.
    channels : tuple of str
        The names of its channels, in the file's order.
    """

    windows: tuple[tuple[int, int], ...]
    channels: tuple[str, ...]

    @property
    def layer(self) -> str | None:
        """The name of the layer that is shown of it; empty for plain channels, None where it has no colours."""
        if "R" in self.channels:
            return ""
        layers = sorted(name.rpartition(".")[0] for name in self.channels if name.endswith(".R"))
        return layers[0] if layers else None


def read_exr_parts(data: bytes) -> tuple[ExrPart, ...]:
    """Return the parts of an OpenEXR file. Raises ValueError where its header is cut off or damaged."""
    try:
        (flags,) = struct.unpack_from("<I", data, 4)
        part, at = _read_part(data, _FIRST_ATTRIBUTE)
        parts = [part]
        while flags & _MULTIPART_FLAG and data[at : at + 1] != b"\0":
            if len(parts) >= _MAX_PARTS:
                raise ValueError("too many parts")
            part, at = _read_part(data, at)
            parts.append(part)
    except struct.error as fault:
        raise ValueError("the header is cut off") from fault
    return tuple(parts)


def shown_part(parts: tuple[ExrPart, ...]) -> tuple[int, str] | None:
    """Return the number of the part that a strip shows, and the name of its layer; None where none has colours."""
    layers = [(number, part.layer) for number, part in enumerate(parts)]
    plain = [(number, layer) for number, layer in layers if layer == ""]
    named = [(number, layer) for number, layer in layers if layer]
    return next(iter((*plain, *named)), None)


def _read_part(data: bytes, at: int) -> tuple[ExrPart, int]:
    """Return a part, and where what follows its header begins."""
    windows: list[tuple[int, int]] = []
    channels: tuple[str, ...] = ()
    for _ in range(_MAX_ATTRIBUTES):
        name, at = _text(data, at)
        if not name:
            return ExrPart(tuple(windows), channels), at
        _, at = _text(data, at)
        (length,) = struct.unpack_from("<i", data, at)
        if name in _WINDOWS:
            left, top, right, bottom = struct.unpack_from("<4i", data, at + 4)
            windows.append((right - left + 1, bottom - top + 1))
        elif name == b"channels":
            channels = _channels(data, at + 4)
        at += 4 + max(length, 0)
    raise ValueError("too many attributes")


def _channels(data: bytes, at: int) -> tuple[str, ...]:
    names: list[str] = []
    for _ in range(_MAX_CHANNELS):
        name, at = _text(data, at)
        if not name:
            return tuple(names)
        names.append(name.decode("utf-8", "replace"))
        at += _CHANNEL_BYTES
    raise ValueError("too many channels")


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.index(b"\0", at, at + _MAX_NAME_BYTES)
    return data[at:end], end + 1
