# SPDX-License-Identifier: GPL-3.0-or-later
"""Read every byte of a cache folder's packs and tell what is sound. That does not count as use."""

from dataclasses import dataclass
from pathlib import Path

from ...filesystem import Folder
from ..base.payload import decode
from ..packs.layout import prepare_cache_folder
from ..packs.pack import OpenPack, list_packs, scan
from ..packs.record import parse_record


@dataclass(frozen=True)
class VerificationReport:
    """How many records are sound, and how many places are not: damaged records, torn or foreign bytes."""

    sound: int
    damaged: int


def verify_folder(root: Path) -> VerificationReport:
    """Check each record of this version's packs in the cache folder `root`: lengths, checksums, key, arrays.

    What another process writes meanwhile may be counted as damaged. Raises CacheError or OSError where the
    folder can't be read.
    """
    with prepare_cache_folder(root, read_only=True).location.open() as folder:
        parts = [_verify_pack(folder, entry.name) for entry in list_packs(folder)]
    return VerificationReport(sum(part.sound for part in parts), sum(part.damaged for part in parts))


def _verify_pack(folder: Folder, name: str) -> VerificationReport:
    try:
        file = OpenPack(folder, name)
    except FileNotFoundError:  # removed meanwhile
        return VerificationReport(0, 0)
    size = file.size()
    scan_result = scan(file, 0, size)
    sound = sum(_is_sound(file.read(record.offset, record.size)) for record in scan_result.records)
    torn = scan_result.resume_offset < size and not scan_result.damaged_offsets
    return VerificationReport(
        sound, len(scan_result.records) - sound + len(scan_result.damaged_offsets) + torn
    )


def _is_sound(raw: bytes) -> bool:
    known = parse_record(raw)
    return known is not None and decode(raw, known[0].payload_start) is not None
