# SPDX-License-Identifier: GPL-3.0-or-later
"""Read structs of a .blend file by the description of them that every .blend file holds (its DNA).

For what Blender keeps but no property tells. The layout is that of Blender 2.5 to 4.5, with a header of 12 bytes and
32-bit block lengths, and that of 5.0 and later (`BLENDER17-01v`): blender.org, "The .blend file format". Files of
64-bit little-endian machines alone are read: every machine that Blender 4.5 runs on.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_NUMBER_FORMATS = {
    "char": "b",
    "short": "h",
    "int": "i",
    "float": "f",
    "double": "d",
    "int64_t": "q",
    "ListBase": "QQ",
}
_POINTER_BYTES = 8


@dataclass(frozen=True)
class Field:
    """A field of a struct: where it lies and what it is."""

    offset: int
    kind: str
    """The name of its type; of a pointer that of what it points to."""
    is_pointer: bool
    count: int


@dataclass(frozen=True)
class Block:
    """A run of structs of one kind in a file."""

    struct: str
    address: int
    count: int
    start: int
    """Where its data begins in the file."""


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Turn what goes wrong with a file whose structs are not as it describes them into a ValueError."""
    try:
        yield
    except (struct.error, LookupError) as error:
        raise ValueError(f"a .blend file that is damaged ({error})") from error


class BlendFile:
    """The content of a .blend file that is not compressed. Every method raises ValueError where it can't be read."""

    def __init__(self, data: bytes) -> None:
        with _translate_errors():
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        if data[:7] != b"BLENDER":
            raise ValueError("not an uncompressed .blend file")
        self._data = data
        blocks = list(self._iterate_blocks(is_large=data[7:9].isdigit()))
        description = next((start for code, _, _, _, start in blocks if code == b"DNA1"), None)
        if description is None:
            raise ValueError("a .blend file without a description of its structs")
        dna = _read_dna(data[description:])
        self._sizes, self._fields = dna.sizes, dna.fields
        self.blocks = [
            Block(dna.names[index], address, count, start)
            for code, index, address, count, start in blocks
            if code not in (b"DNA1", b"ENDB")
        ]
        self._by_address = {block.address: block for block in self.blocks}

    def block_at(self, address: int) -> Block | None:
        """Return the block that a pointer points to, or None."""
        return self._by_address.get(address)

    def blocks_of(self, name: str) -> list[Block]:
        """List the blocks of structs of this name."""
        return [block for block in self.blocks if block.struct == name]

    def floats(self, block: Block, count: int) -> list[float]:
        """Return so many 32-bit floats from the beginning of a block that is no struct."""
        with _translate_errors():
            return list(struct.unpack_from(f"<{count}f", self._data, block.start))

    def blocks_with_field(self, names: tuple[str, ...]) -> list[Block]:
        """List the blocks whose struct has a field of one of these names."""
        return [block for block in self.blocks if any(name in self._fields[block.struct] for name in names)]

    def value(self, block: Block, names: tuple[str, ...], item: int = 0) -> Any:
        """Return a field of a block's struct, under the first of its names: a number, an address, text or a list.

        Of a list of structs it is the address of the first.
        """
        with _translate_errors():
            return self._read_value(block, names, item)

    def _read_value(self, block: Block, names: tuple[str, ...], item: int) -> Any:
        fields = self._fields[block.struct]
        field = fields[next((name for name in names if name in fields), names[0])]
        start = block.start + item * self._sizes[block.struct] + field.offset
        if field.is_pointer:
            return struct.unpack_from("<Q", self._data, start)[0]
        if field.kind == "char" and field.count > 1:
            return self._data[start : start + field.count].split(b"\0", 1)[0].decode("utf-8", "replace")
        numbers = struct.unpack_from(f"<{field.count}{_NUMBER_FORMATS[field.kind]}", self._data, start)
        return numbers[0] if field.count == 1 else list(numbers)

    def _iterate_blocks(self, *, is_large: bool) -> Iterator[tuple[bytes, int, int, int, int]]:
        """Yield code, struct, address, count and start of each block."""
        head = struct.Struct("<4siQqq" if is_large else "<4siQii")
        at = 17 if is_large else 12
        while at + head.size <= len(self._data):
            if is_large:
                code, index, address, length, count = head.unpack_from(self._data, at)
            else:
                code, length, address, index, count = head.unpack_from(self._data, at)
            if length < 0:
                raise ValueError("a .blend file with a block of no size")
            yield code, index, address, count, at + head.size
            at += head.size + length


@dataclass(frozen=True)
class _Dna:
    """The structs of a file: their names in the order in which blocks count them, their sizes, their fields."""

    names: tuple[str, ...]
    sizes: Mapping[str, int]
    fields: Mapping[str, Mapping[str, Field]]


@lru_cache(maxsize=2)
def _read_dna(data: bytes) -> _Dna:
    """Learn the structs from a file's description of them. One Blender writes the same one into every file."""
    at = 4  # "SDNA"

    def expect_word(word: bytes) -> int:
        nonlocal at
        at = (at + 3) // 4 * 4
        if data[at : at + 4] != word:
            raise ValueError("a .blend file whose description of structs can't be read")
        at += 4
        return at

    def read_number() -> int:
        nonlocal at
        at += 4
        return int(struct.unpack_from("<i", data, at - 4)[0])

    def read_texts() -> list[str]:
        nonlocal at
        count, texts = read_number(), []
        for _ in range(count):
            end = data.index(b"\0", at)
            texts.append(data[at:end].decode())
            at = end + 1
        return texts

    expect_word(b"NAME")
    names = read_texts()
    expect_word(b"TYPE")
    types = read_texts()
    expect_word(b"TLEN")
    sizes = dict(zip(types, struct.unpack_from(f"<{len(types)}H", data, at), strict=True))
    at += 2 * len(types)
    expect_word(b"STRC")
    order, fields = [], {}
    for _ in range(read_number()):
        kind, count = struct.unpack_from("<hh", data, at)
        listed = struct.iter_unpack("<hh", data[at + 4 : at + 4 + 4 * count])
        at += 4 + 4 * count
        order.append(types[kind])
        fields[types[kind]] = _lay_out_fields([(types[a], names[b]) for a, b in listed], sizes)
    return _Dna(tuple(order), sizes, fields)


def _lay_out_fields(entries: list[tuple[str, str]], sizes: dict[str, int]) -> dict[str, Field]:
    """Place a struct's fields one after the other; DNA holds what fills the gaps as fields too."""
    fields, offset = {}, 0
    for kind, text in entries:
        pointer = text.startswith(("*", "(*"))
        count = 1
        for length in re.findall(r"\[(\d+)\]", text):
            count *= int(length)
        fields[re.sub(r"\[.*|[*()]", "", text)] = Field(offset, kind, pointer, count)
        offset += count * (_POINTER_BYTES if pointer else sizes[kind])
    return fields
