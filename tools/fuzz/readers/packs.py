# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache folder with a spoilt pack: looked into, listed, counted, checked, evicted and purged."""

import os
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from understudy.core.cache.maintenance.statistics import statistics
from understudy.core.cache.maintenance.verify import verify_folder
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError

from ..guard import WrongError
from ..sample import Sample
from .results import COUNT, arrays, is_right, key, repair_checksums

PACK = "0123456789abcdef-1-01234567.pack"


def folder_of_results(root: Path) -> bytes:
    """Make a cache folder with one pack, and return the pack."""
    with closing(PackStore(root)) as store:
        for number in range(COUNT):
            store.put(key(number), arrays(number))
    (pack,) = root.glob("*.pack")
    return pack.read_bytes()


def mark(root: Path) -> None:
    """Make a folder one of ours, where the input doesn't say what lies there."""
    tag = (
        "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache made by Understudy. "
        "It can be deleted at any time.\n# About this file: https://bford.info/cachedir/\n"
    )
    for name, text in (("format", "2\n"), ("CACHEDIR.TAG", tag)):
        if not os.path.lexists(root / name):
            (root / name).write_text(text)


class Packs:
    """See the module."""

    name = "packs"

    def samples(self) -> list[Sample]:
        """Return a pack, and one of two records."""
        with tempfile.TemporaryDirectory() as made:
            pack = folder_of_results(Path(made) / "cache")
        return [Sample({PACK: pack}), Sample({PACK: pack[: pack.index(b"\xf5USTUDY", 600)]})]

    def mend(self, sample: Sample) -> Sample:
        """Make the records' checksums right."""
        return Sample(
            {name: repair_checksums(data) for name, data in sample.files.items()},
            sample.links,
            sample.pipes,
            sample.sparse,
        )

    def read(self, place: Path) -> None:
        """Do with the folder whatever is done with caches."""
        mark(place)
        with suppress(CacheError, OSError):
            with closing(PackStore(place)) as store:
                for number in range(COUNT):
                    kept = store.get(key(number))
                    if kept is not None:
                        sum(array.nbytes for array in kept.values())
                list(store.entries())
                statistics(store)
                store.put(key(COUNT), arrays(COUNT))
                if not is_right(store.get(key(COUNT)) or {}, COUNT):
                    raise WrongError("what was put just now is not there")
            verify_folder(place)
            with closing(PackStore(place)) as store:
                store.evict(100)
                store.purge(lambda text: "score" in text)


READER = Packs()
