# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers of an OpenEXR file: how large its parts are, and what is in them.

The format is that of https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

import struct
from dataclasses import dataclass
from functools import cached_property

VERSION_AT, MULTIPART_FLAG, TILED_FLAG = 4, 0x1000, 0x200
WHOLE, HALF, FLOAT = range(3)
"""The numbers of channels' types: 32-bit whole numbers, 16-bit and 32-bit floats."""
_FIRST_ATTRIBUTE = 8
_MAX_ATTRIBUTES, _MAX_PARTS, _MAX_CHANNELS = 10_000, 1000, 1000
_MAX_NAME_BYTES = 256
_CHANNEL_BYTES = 16
_LINE_HEAD_BYTES, _TILE_HEAD_BYTES = 8, 20


@dataclass(frozen=True)
class ExrAttribute:
    """An attribute of a part: where it begins, where its value does, and where it ends, in bytes."""

    start: int
    value: int
    end: int


@dataclass(frozen=True)
class ExrChannel:
    """A channel: its name, where that begins and where what follows it does, and the number of its type."""

    name: str
    start: int
    end: int
    type_number: int


@dataclass(frozen=True)
class ExrPart:
    """One part of a file.

    Attributes
    ----------
    data : bytes
        The file's bytes.
    attributes : dict of str to ExrAttribute
        By their names.
    """

    data: bytes
    attributes: dict[str, ExrAttribute]

    @cached_property
    def channel_entries(self) -> "tuple[ExrChannel, ...]":
        """Its channels, in the file's order. Raises ValueError and struct.error."""
        return _channels(self.data, self.value_place("channels"))

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of its channels, in the file's order. Raises ValueError and struct.error."""
        return tuple(channel.name for channel in self.channel_entries)

    @property
    def name(self) -> str:
        """Its name, without that of its view; empty where it has none."""
        name, view = self.text("name"), self.text("view")
        for sign in ".-" if view else "":
            name = name.removesuffix(f"{sign}{view}")
        return name

    @cached_property
    def is_tiled(self) -> bool:
        """Whether its chunks are tiles, not lines."""
        (flags,) = struct.unpack_from("<I", self.data, VERSION_AT)
        return bool(flags & TILED_FLAG) or self.text("type").startswith("tiled")

    @property
    def chunk_head_bytes(self) -> int:
        """How much of a chunk comes before its content: its line or the place of its tile, and the content's size."""
        return _TILE_HEAD_BYTES if self.is_tiled else _LINE_HEAD_BYTES

    def text(self, name: str) -> str:
        """Return an attribute's value as text; empty where it has none."""
        attribute = self.attributes.get(name)
        if attribute is None:
            return ""
        return self.data[attribute.value : attribute.end].decode("utf-8", "replace")

    def value_place(self, name: str) -> int:
        """Return where an attribute's value begins. Raises ValueError where there is none, or not in the file."""
        attribute = self.attributes.get(name)
        if attribute is None or not attribute.value < attribute.end <= len(self.data):
            raise ValueError(f"its header has no {name}")
        return attribute.value

    def window(self, name: str) -> tuple[int, int]:
        """Return a window's width and height in pixels, at least 1 each. Raises ValueError."""
        left, top, right, bottom = struct.unpack_from("<4i", self.data, self.value_place(name))
        if right < left or bottom < top:
            raise ValueError(f"its {name} is empty")
        return right - left + 1, bottom - top + 1


def read_exr_parts(data: bytes) -> tuple[tuple[ExrPart, ...], int]:
    """Return the parts of an OpenEXR file, and where its headers end.

    Raises
    ------
    ValueError
        A header is cut off or damaged.
    """
    try:
        (flags,) = struct.unpack_from("<I", data, VERSION_AT)
        part, at = _read_part(data, _FIRST_ATTRIBUTE)
        parts = [part]
        while flags & MULTIPART_FLAG and data[at : at + 1] != b"\0":
            if len(parts) >= _MAX_PARTS:
                raise ValueError("its header has too many parts")
            part, at = _read_part(data, at)
            parts.append(part)
    except struct.error as fault:
        raise ValueError("its header is cut off") from fault
    return tuple(parts), at + bool(flags & MULTIPART_FLAG)


def _read_part(data: bytes, at: int) -> tuple[ExrPart, int]:
    """Return a part, and where what follows its header begins."""
    attributes: dict[str, ExrAttribute] = {}
    for _ in range(_MAX_ATTRIBUTES):
        start = at
        name, at = _text(data, at)
        if not name:
            return ExrPart(data, attributes), at
        _, at = _text(data, at)
        (length,) = struct.unpack_from("<i", data, at)
        at += 4
        attributes[name.decode("utf-8", "replace")] = ExrAttribute(start, at, at + max(length, 0))
        at += max(length, 0)
    raise ValueError("its header has too many attributes")


def _channels(data: bytes, at: int) -> tuple[ExrChannel, ...]:
    entries: list[ExrChannel] = []
    for _ in range(_MAX_CHANNELS):
        start = at
        name, at = _text(data, at)
        if not name:
            return tuple(entries)
        (number,) = struct.unpack_from("<i", data, at)
        entries.append(ExrChannel(name.decode("utf-8", "replace"), start, at, number))
        at += _CHANNEL_BYTES
    raise ValueError("its header has too many channels")


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.index(b"\0", at, at + _MAX_NAME_BYTES)
    return data[at:end], end + 1
