# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer picture says of itself: its key, a checksum of everything else in it, and what it was asked to be.

A layer's key takes the analysis of its frame to know. What is asked for takes only values: so a question that is
the same as the last needs no more than the picture's own label to be answered.
"""

import ctypes
import os
import re
import sys
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from ..cache.checksum import checksum
from ..errors import OutputError

TILE = 64
TILE_BYTES = TILE * TILE * 4
"""Of one tile. The first is the transparent one."""
_LABEL = re.compile(
    rb"understudy layer ([0-9a-f]{64}) ([0-9a-f]{8}) composite for ([0-9a-f]{64}) (\d{4}) (\d{4}) (\d{4})"
)
_HEAD_LIMIT = 1 << 22
MOST_BYTES = 1 << 31
"""Of a layer. One of 16384 by 16384 pixels that is a face all over has half of that."""
_NOBODY = "0" * 64
_MOST_FACES = 9999


@dataclass(frozen=True)
class Asked:
    """What a layer picture was asked to be, as a hex digest of every value that decides it; and what that took."""

    digest: str
    faces: int = 0
    """Faces that are replaced, and how many of them have an occlusion mask and an enhanced crop."""
    occluded: int = 0
    enhanced: int = 0


@dataclass(frozen=True)
class Label:
    """What a layer picture says of itself."""

    key: str
    asked: Asked | None
    """None where that was not known when it was written."""


def label_text(key: str, summed: int, asked: Asked | None) -> bytes:
    """Return the label of a picture with a `picture_checksum`. It always has `LABEL_BYTES`."""
    return f"understudy layer {key} {summed:08x} composite".encode() + _asked_text(asked)


def picture_checksum(head: bytes | memoryview, clear: bytes | memoryview, tiles: bytes | memoryview) -> int:
    """Return the 32-bit checksum of what lies before a picture's label, of its transparent tile and its other tiles."""
    return zlib.crc32(checksum(tiles, 0).to_bytes(4, "little"), zlib.crc32(clear, zlib.crc32(head)))


def body_offset(label_end: int) -> int:
    """Return where the tiles begin: at the next multiple of 16 after the label and its closing zero."""
    return -(-(label_end + 1) // 16) * 16


def layer_key(path: Path) -> str | None:
    """Return the key a layer picture was written for, or None if it is missing, damaged or not one of ours."""
    label = layer_label(path)
    return None if label is None else label.key


def layer_label(path: Path, room: bytearray | None = None) -> Label | None:
    """Return what a layer picture says of itself, or None if it is missing, damaged or not one of ours.

    `room` is memory to read it into, which grows as needed: who looks at many pictures need not find it for each.
    """
    try:
        whole = _content(path, bytearray() if room is None else room)
    except OSError:
        return None
    label = _LABEL.search(whole, 0, min(len(whole), _HEAD_LIMIT))
    if label is None or len(whole) < label.end() + 8:
        return None
    body = body_offset(label.end())
    parts = whole[: label.start()], whole[body : body + TILE_BYTES], whole[body + TILE_BYTES :]
    if picture_checksum(*parts) != int(label[2], 16):
        return None
    asked = None
    if label[3].decode() != _NOBODY:
        asked = Asked(label[3].decode(), *(int(label[index]) for index in (4, 5, 6)))
    return Label(label[1].decode(), asked)


def relabel(path: Path, label: Label, asked: Asked) -> bool:
    """Say in a layer picture that it is what is asked for now, the pixels being the same.

    `label` is what it says so far. False where that can't be: it was changed since, or made by an older version.
    Raises OutputError where it can't be written.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return False
    found = _LABEL.search(data, 0, min(len(data), _HEAD_LIMIT))
    before, after = _asked_text(label.asked), _asked_text(asked)
    if found is None or found[1].decode() != label.key or not found[0].endswith(before):
        return False
    put_file(path, data[: found.end() - len(before)], after, data[found.end() :])
    return True


def _content(path: Path, room: bytearray) -> memoryview:
    """Read a file into `room` and return what of that it fills. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if len(room) < size:
            room.extend(bytes(size - len(room)))
        whole = memoryview(room)
        filled = 0
        while filled < size and (count := file.readinto(whole[filled:size])):
            filled += count
    return whole[:filled]


def put_file(path: Path, *pieces: bytes | memoryview) -> None:
    """Write a file of pieces that follow each other: it appears whole or not at all. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as file:
            _reserve(file.fileno(), sum(memoryview(piece).nbytes for piece in pieces))
            file.writelines(pieces)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written, nothing can be removed
            temporary.unlink()
        raise OutputError(f"can't write the layer {path}: {error.strerror or error}") from error


def _reserve(file: int, size: int) -> None:
    """Give a new, open file its place on the disk before it is written, where the system can.

    Else ext4 does so while the file takes another's place, and the writer waits: that takes longer than the
    writing. After a power cut there may be zeros in it: its checksum shows that, and it is made again.
    """
    reserve = _fallocate()
    if reserve is not None and size:
        reserve(file, 0, 0, size)  # where there is no room, writing says so


@cache
def _fallocate() -> Callable[[int, int, int, int], int] | None:
    """Return Linux's fallocate(2), or None where there is none.

    Not `os.posix_fallocate`: where a file system can't, as over a network, that writes into block after block.
    """
    if sys.platform != "linux":
        return None
    function = getattr(ctypes.CDLL(None), "fallocate64", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return cast("Callable[[int, int, int, int], int] | None", function)


def _asked_text(asked: Asked | None) -> bytes:
    asked = asked or Asked(_NOBODY)
    counts = (min(count, _MOST_FACES) for count in (asked.faces, asked.occluded, asked.enhanced))
    return f" for {asked.digest} {' '.join(f'{count:04d}' for count in counts)}".encode()


LABEL_BYTES = len(label_text(_NOBODY, 0, None))
