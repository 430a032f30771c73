# SPDX-License-Identifier: GPL-3.0-or-later
"""Read every byte of a cache folder's packs and tell what is sound. That does not count as use."""

from dataclasses import dataclass
from pathlib import Path

from ...filesystem import Folder
from ..base.payload import decode
from ..packs.layout import prepare
from ..packs.pack import OpenPack, list_packs, scan
from ..packs.record import verified


@dataclass(frozen=True)
class Verified:
    """How many records are sound, and how many places are not: damaged records, torn or foreign bytes."""

    sound: int
    damaged: int


def verify_folder(root: Path) -> Verified:
    """Check each record of this version's packs in the cache folder `root`: lengths, checksums, key, arrays.

    What another process writes meanwhile may be counted as damaged. Raises CacheError or OSError where the
    folder can't be read.
    """
    with prepare(root, read_only=True).location.open() as folder:
        parts = [_verify_pack(folder, entry.name) for entry in list_packs(folder)]
    return Verified(sum(part.sound for part in parts), sum(part.damaged for part in parts))


def _verify_pack(folder: Folder, name: str) -> Verified:
    try:
        file = OpenPack(folder, name)
    except FileNotFoundError:  # tidied away meanwhile
        return Verified(0, 0)
    size = file.size()
    found = scan(file, 0, size)
    sound = sum(_is_sound(file.read(record.offset, record.size)) for record in found.records)
    torn = found.resume < size and not found.damaged
    return Verified(sound, len(found.records) - sound + len(found.damaged) + torn)


def _is_sound(raw: bytes) -> bool:
    known = verified(raw)
    return known is not None and decode(raw, known[0].payload_start) is not None
