# SPDX-License-Identifier: GPL-3.0-or-later
"""Sidecars: what a scan of a pack would find, so that a large cache opens without one.

`X.idx` lies beside `X.pack`:

    offset  size
         0     8  magic
         8     2  sidecar version
        10     2  1: the pack's writer has finished it, 0: it may still grow
        12     4  number of records, n
        16     8  how many bytes of the pack, from its start, are covered
        24     4  CRC-32 of the pack's name without its ending and all that follows the header
        28     4  CRC-32 of the header so far
        32        n digest prefixes of 8 bytes, ascending; n offsets of 8 bytes; n sizes of 4 bytes

All numbers are little-endian. A sidecar is only ever a hint: one that is missing, damaged, of another pack or
of another version is passed over and the pack is scanned; one that lies leads to a record that is not what
was asked for, which is noticed, and then the pack is scanned too.
"""

import os
import struct
import zlib
from array import array
from typing import NamedTuple

import numpy as np

from ...filesystem import Folder
from .names import sidecar_name
from .record import HEADER_BYTES, MAX_RECORD_BYTES
from .table import PREFIX_BYTES, Columns, UInt32s, UInt64s, build_columns

MAGIC = b"\xf5USTIDX\n"
VERSION = 1
MIN_RECORDS = 8
"""Scanning fewer takes no longer than reading a sidecar."""
_FIELDS = struct.Struct("<8sHHIQI")
_CRC = struct.Struct("<I")
_SIDECAR_HEADER_BYTES = _FIELDS.size + _CRC.size
_ROW_BYTES = 20
_MAX_RECORDS = (1 << 28) // _ROW_BYTES


class Sidecar(NamedTuple):
    """The records in the first `covered_bytes` bytes of a pack, and whether the pack is finished."""

    columns: Columns
    covered_bytes: int
    finished: bool


class SidecarBuilder:
    """Notes the records of a pack as they are appended or scanned, for the pack's sidecar."""

    def __init__(self) -> None:
        self._prefixes = bytearray()
        self._offsets = array("Q")
        self._sizes = array("I")

    def add(self, digest: bytes, offset: int, size: int) -> None:
        """Note one record."""
        self._prefixes += digest[:PREFIX_BYTES]
        self._offsets.append(offset)
        self._sizes.append(size)

    def __len__(self) -> int:
        return len(self._sizes)

    def write(
        self, folder: Folder, pack: str, covered_bytes: int, *, finished: bool, mode: int = 0o600
    ) -> None:
        """Write the sidecar of `pack`, a name in `folder`, unless it is not worth a file. Raises OSError."""
        if len(self) >= MIN_RECORDS:
            columns, _ = build_columns(bytes(self._prefixes), self._offsets, self._sizes)
            write(folder, pack, Sidecar(columns, covered_bytes, finished), mode)


def file_size(records: int) -> int:
    """Return how long a sidecar of so many records is, 0 where none is written."""
    return _SIDECAR_HEADER_BYTES + _ROW_BYTES * records if records >= MIN_RECORDS else 0


def write(folder: Folder, pack: str, sidecar: Sidecar, mode: int = 0o600) -> None:
    """Write the sidecar of a pack in `folder` whole or not at all. Raises OSError."""
    columns = sidecar.columns
    body = b"".join(
        [
            columns.prefixes.astype("<u8").tobytes(),
            columns.offsets.astype("<u8").tobytes(),
            columns.sizes.astype("<u4").tobytes(),
        ]
    )
    crc = zlib.crc32(body, _name_crc(pack))
    head = _FIELDS.pack(MAGIC, VERSION, sidecar.finished, len(columns.sizes), sidecar.covered_bytes, crc)
    folder.write_file(sidecar_name(pack), head + _CRC.pack(zlib.crc32(head)), body, mode=mode)


def read(folder: Folder, pack: str, pack_bytes: int) -> Sidecar | None:
    """Read the sidecar of a pack of that size in `folder`, or None where there is none that can be used."""
    try:
        with os.fdopen(folder.open_file(sidecar_name(pack), os.O_RDONLY), "rb", buffering=0) as file:
            raw = file.read(_SIDECAR_HEADER_BYTES) or b""
            head = parse_sidecar_header(raw, pack_bytes)
            # A length that does not fit is a lie: the file takes no more memory than its pack is due.
            if (
                head is None
                or os.fstat(file.fileno()).st_size != _SIDECAR_HEADER_BYTES + _ROW_BYTES * head.rows
            ):
                return None
            body = memoryview(file.read(_ROW_BYTES * head.rows) or b"")
    except OSError:
        return None
    rows = head.rows
    if len(body) != _ROW_BYTES * rows or zlib.crc32(body, _name_crc(pack)) != head.body_crc:
        return None
    prefixes = np.frombuffer(body, "<u8", rows).astype(np.uint64)
    offsets = np.frombuffer(body, "<u8", rows, 8 * rows).astype(np.uint64)
    sizes = np.frombuffer(body, "<u4", rows, 16 * rows).astype(np.uint32)
    if not _is_plausible(prefixes, offsets, sizes, head.covered_bytes):
        return None
    return Sidecar(Columns(prefixes, offsets, sizes), head.covered_bytes, head.finished)


def is_finished(folder: Folder, pack: str, pack_bytes: int) -> bool:
    """Tell whether there is a sidecar that says the pack is finished and has this size."""
    try:
        with os.fdopen(folder.open_file(sidecar_name(pack), os.O_RDONLY), "rb", buffering=0) as file:
            head = parse_sidecar_header(file.read(_SIDECAR_HEADER_BYTES) or b"", pack_bytes)
    except OSError:
        return False
    return head is not None and head.finished and head.covered_bytes == pack_bytes


class SidecarHeader(NamedTuple):
    """A sidecar's header, once it passed its own checksum."""

    finished: bool
    rows: int
    covered_bytes: int
    body_crc: int


def parse_sidecar_header(raw: bytes, pack_bytes: int) -> SidecarHeader | None:
    """Read a sidecar's header, or None where it can't belong to a pack of that size."""
    if len(raw) < _SIDECAR_HEADER_BYTES:
        return None
    magic, version, flags, rows, covers, body_crc = _FIELDS.unpack_from(raw)
    (crc,) = _CRC.unpack_from(raw, _FIELDS.size)
    if magic != MAGIC or version != VERSION or crc != zlib.crc32(raw[: _FIELDS.size]):
        return None
    if covers > pack_bytes or rows > min(covers // HEADER_BYTES, _MAX_RECORDS) or flags > 1:
        return None
    return SidecarHeader(flags == 1, rows, covers, body_crc)


def _is_plausible(prefixes: UInt64s, offsets: UInt64s, sizes: UInt32s, covered_bytes: int) -> bool:
    if not len(prefixes):
        return True
    ascending = bool((prefixes[1:] >= prefixes[:-1]).all())
    # Compared so that no sum can wrap around.
    inside = bool((offsets <= covered_bytes).all()) and bool(
        (sizes <= np.uint64(covered_bytes) - offsets).all()
    )
    possible = bool((sizes >= HEADER_BYTES).all()) and bool((sizes <= MAX_RECORD_BYTES).all())
    return ascending and inside and possible


def _name_crc(pack: str) -> int:
    return zlib.crc32(pack.removesuffix(".pack").encode())
