# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer image says of itself: its key, a checksum of everything else in it, and what it was asked to be.

A layer's key takes the analysis of its frame to know. What is asked for takes only values: so a question that is
the same as the last needs no more than the image's own label to be answered.
"""

import mmap
import os
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from ..cache.packs.checksum import ROW_BYTES, checksum, checksum_of_parts
from ..filesystem import Folder
from .tile_layout import TileLayout, read_tile_layout

TILE_BYTES = TileLayout().tile_bytes
"""Of one tile of 8 bits. The first is the transparent one."""
TILE_OFFSETS_POSITION = TileLayout().offsets_position
"""Where in a layer image of 8 bits the offsets of its tiles begin."""
_LABEL_PATTERN = re.compile(
    rb"understudy layer ([0-9a-f]{64}) ([0-9a-f]{8}) composite for ([0-9a-f]{64}) (\d{4}) (\d{4}) (\d{4})"
)
HEAD_BYTES = 1 << 22
"""A label ends before that: in a frame of 46,000 by 46,000 pixels it would."""
_FIRST_BYTES = 1 << 16
# What is read at a time. 99 % of layers are smaller; a larger one must not be all memory.
_PART_BYTES = (1 << 26) // ROW_BYTES * ROW_BYTES
_MAX_RELABEL_BYTES = 1 << 28
MAX_LAYER_BYTES = 1 << 31
"""Of a layer. One of 16384 by 16384 pixels that is a face all over has half of that."""
_LAYOUT_BYTES = 256
"""So many of a file's first bytes say how it is laid out."""
_NO_DIGEST = "0" * 64
INCOMPLETE_DIGEST = "f" * 64
"""In place of a request's digest: the image lacks a face that it was asked for, so it is never current."""
_MAX_FACES = 9999


class ReadBuffer:
    """Memory that files are read into, one after the other; it grows as needed.

    It begins with a page. Into memory that does not even begin at a multiple of 32 some processors copy ten times
    slower: a layer of 1 MB took 500 us instead of 50 into a bytearray, measured under Linux 6.18 on an AMD EPYC.
    """

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, _FIRST_BYTES)

    def grow(self, size: int, preserved_bytes: int) -> None:
        """Have `size` bytes, of which the first `preserved_bytes` stay."""
        if len(self.memory) < size:
            memory = mmap.mmap(-1, size)
            memory[:preserved_bytes] = self.memory[:preserved_bytes]
            self.memory = memory


@dataclass(frozen=True)
class RequestSummary:
    """What a layer image was asked to be, as a hex digest of every value that decides it; and what that took."""

    digest: str
    face_count: int = 0
    """Faces that are replaced, and how many of them have an occlusion mask and an enhanced crop."""
    masked_count: int = 0
    enhanced_count: int = 0


@dataclass(frozen=True)
class Label:
    """What a layer image says of itself."""

    key: str
    summary: RequestSummary | None
    """None where that was not known when it was written."""

    @property
    def is_incomplete(self) -> bool:
        """Whether the image lacks a face that it was asked for."""
        return self.summary is not None and self.summary.digest == INCOMPLETE_DIGEST


def label_text(key: str, checksum32: int, summary: RequestSummary | None) -> bytes:
    """Return the label of an image with a `layer_checksum`. It always has `LABEL_BYTES`."""
    return f"understudy layer {key} {checksum32:08x} composite".encode() + _summary_text(summary)


def layer_checksum(head: bytes | memoryview, clear: bytes | memoryview, tiles: bytes | memoryview) -> int:
    """Return the 32-bit checksum of what lies before an image's label, of its transparent tile and its other tiles."""
    return zlib.crc32(checksum(tiles, 0).to_bytes(4, "little"), zlib.crc32(clear, zlib.crc32(head)))


def body_offset(label_end: int) -> int:
    """Return where the tiles begin: at the next multiple of 16 after the label and its closing zero."""
    return -(-(label_end + 1) // 16) * 16


def layer_key(path: Path) -> str | None:
    """Return the key a layer image was written for, or None if it is missing, damaged or not one of ours."""
    label = layer_label(path)
    return None if label is None else label.key


def layer_label(path: Path, buffer: ReadBuffer | None = None) -> Label | None:
    """Return what a layer image says of itself; see `read_label`."""
    try:
        with Folder(path.parent) as folder:
            return read_label(folder, path.name, buffer)
    except OSError:
        return None


def read_label(
    folder: Folder, name: str, buffer: ReadBuffer | None = None, mode: int | None = None
) -> Label | None:
    """Return what a layer image says of itself, or None if it is damaged or not one of ours.

    `buffer` is memory to read it into, which grows as needed: who looks at many images need not find it for each.
    Only what bears a label is read whole, and never all of a large one at once. If it is a layer and this user's
    it gets the permissions `mode`. Raises OSError where there is no such file.
    """
    fd = folder.open_file(name, os.O_RDONLY)
    with FileIO(fd) as file:
        status = os.fstat(fd)
        if status.st_size > MAX_LAYER_BYTES:
            return None
        label = _read_checked_label(file, status.st_size, ReadBuffer() if buffer is None else buffer)
        if label is not None and mode is not None:
            _set_mode(fd, status, mode)
        return label


@dataclass(frozen=True)
class LabelPeek:
    """What a layer image says of itself, and whether it shows any pixels; those were not read."""

    label: Label
    has_pixels: bool


def peek_label(folder: Folder, name: str) -> LabelPeek | None:
    """Return what a layer image says of itself if it is as long as it should be, else None.

    For who counts layers; who shows one takes `read_label`. Raises OSError where there is no such file.
    """
    fd = folder.open_file(name, os.O_RDONLY)
    with FileIO(fd) as file:
        size, buffer = os.fstat(fd).st_size, ReadBuffer()
        for limit in (_FIRST_BYTES, HEAD_BYTES):
            filled = _read_into(file, buffer, 0, min(size, limit))
            match = _find_label(buffer, filled)
            if match is not None:
                head = memoryview(buffer.memory)[: match.start]
                # A layer of one tile has no list of their places.
                tile_bytes, end = read_tile_layout(head).tile_bytes, _end_of_tiles(head)
                has_pixels = size > body_offset(match.end) + tile_bytes
                return LabelPeek(match.label, has_pixels) if end in (size, tile_bytes) else None
            if filled < limit:
                return None
            file.seek(0)
    return None


def pieces_with_label(
    folder: Folder, name: str, label: Label, summary: RequestSummary
) -> tuple[bytes | memoryview, ...]:
    """Return, in pieces, a layer image that says that it is what is asked for now, the pixels being the same.

    `label` is what it says so far. Empty where that can't be: it was changed since, made by an older version, or is
    so large that it is not worth it. Raises OSError where it can't be read.
    """
    data = memoryview(folder.read_file(name, _MAX_RELABEL_BYTES))
    match = _LABEL_PATTERN.search(data, 0, min(len(data), HEAD_BYTES))
    before, after = _summary_text(label.summary), _summary_text(summary)
    if match is None or match[1] != label.key.encode() or not bytes(match[0]).endswith(before):
        return ()
    return data[: match.end() - len(before)], after, data[match.end() :]


class _LabelMatch(NamedTuple):
    """A label and where it begins and ends in its file, and the checksum it was written with."""

    start: int
    end: int
    checksum32: int
    label: Label


def _read_checked_label(file: FileIO, size: int, buffer: ReadBuffer) -> Label | None:
    """Return the label in an open file of `size` bytes if all that is in it is what it was written with."""
    filled, match = 0, None
    for limit in (_FIRST_BYTES, HEAD_BYTES):
        filled = _read_into(file, buffer, filled, min(size, limit))
        match = _find_label(buffer, filled)
        if match is not None or filled < limit:
            break
    if match is None or size < match.end + 8:
        return None
    body = body_offset(match.end)
    tiles = body + read_tile_layout(buffer.memory[:_LAYOUT_BYTES]).tile_bytes
    if size <= _PART_BYTES:
        filled = _read_into(file, buffer, filled, size)
        whole = memoryview(buffer.memory)[:filled]
        summed = layer_checksum(whole[: match.start], whole[body:tiles], whole[tiles:])
    else:
        filled = _read_into(file, buffer, filled, tiles)
        whole = memoryview(buffer.memory)[:filled]
        if size != _end_of_tiles(whole[: match.start]):
            return None
        before = zlib.crc32(whole[body:tiles], zlib.crc32(whole[: match.start]))
        whole.release()
        file.seek(tiles)
        rest = checksum_of_parts(_read_parts(file, buffer), size - tiles)
        summed = zlib.crc32(rest.to_bytes(4, "little"), before)
    return match.label if summed == match.checksum32 else None


def _end_of_tiles(head: memoryview) -> int:
    """Return where the last tile ends by what lies before the label: each tile's offset, then each one's length."""
    layout = read_tile_layout(head)
    count = max(len(head) - layout.offsets_position, 0) // 8
    offsets = head[layout.offsets_position : layout.offsets_position + 4 * count].cast("I")
    return max(offsets, default=0) + layout.tile_bytes


def _find_label(buffer: ReadBuffer, length: int) -> _LabelMatch | None:
    """Look for a label in what is filled of `buffer`. A match would hold on to that, which then can't grow."""
    match = _LABEL_PATTERN.search(buffer.memory, 0, length)
    if match is None:
        return None
    key, summed, digest, *counts = (text.decode() for text in match.groups())
    asked = None if digest == _NO_DIGEST else RequestSummary(digest, *map(int, counts))
    return _LabelMatch(match.start(), match.end(), int(summed, 16), Label(key, asked))


def _read_parts(file: FileIO, buffer: ReadBuffer) -> Iterator[memoryview]:
    """Yield the rest of a file, part by part."""
    while filled := _read_into(file, buffer, 0, _PART_BYTES):
        yield memoryview(buffer.memory)[:filled]


def _read_into(file: FileIO, buffer: ReadBuffer, start: int, end: int) -> int:
    """Read what comes next in a file into `buffer` from `start` to `end`; return where that ends if the file does."""
    buffer.grow(end, start)
    whole = memoryview(buffer.memory)
    while start < end and (count := file.readinto(whole[start:end])):
        start += count
    return start


def _set_mode(fd: int, status: os.stat_result, mode: int) -> None:
    """Give an open file of ours the permissions `mode` if it has others: versions before left that to the umask."""
    if sys.platform != "win32" and status.st_mode & 0o777 != mode and status.st_uid == os.geteuid():
        with suppress(OSError):  # not every file system has permissions, nor can be written to
            os.fchmod(fd, mode)  # gate: a file that it opened


def _summary_text(summary: RequestSummary | None) -> bytes:
    summary = summary or RequestSummary(_NO_DIGEST)
    counts = (
        min(count, _MAX_FACES) for count in (summary.face_count, summary.masked_count, summary.enhanced_count)
    )
    return f" for {summary.digest} {' '.join(f'{count:04d}' for count in counts)}".encode()


LABEL_BYTES = len(label_text(_NO_DIGEST, 0, None))
