# SPDX-License-Identifier: GPL-3.0-or-later
"""Read every byte of a cache folder's packs and tell what is sound. That does not count as use."""

from dataclasses import dataclass
from pathlib import Path

from .layout import prepare
from .pack import OpenPack, list_packs, scan
from .payload import decode
from .record import verified


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
    sound = damaged = 0
    for path in list_packs(prepare(root)):
        try:
            file = OpenPack(path)
            size = file.size()
        except FileNotFoundError:  # tidied away meanwhile
            continue
        found = scan(file, 0, size)
        damaged += len(found.damaged) + (found.resume < size and not found.damaged)
        for record in found.records:
            raw = file.read(record.offset, record.size)
            known = verified(raw)
            if known is not None and decode(raw, known[0].payload_start) is not None:
                sound += 1
            else:
                damaged += 1
    return Verified(sound, damaged)
