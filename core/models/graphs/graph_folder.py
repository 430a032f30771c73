# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in the user's own cache that optimized graphs are kept in, each in a folder named by its key.

A graph is code and weights that the processor runs as they are: the folder is used only if all in it is the user's.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ...cache.base.key import SHA256_HEX
from ...cache.removal.remove_contents import empty_folder
from ...filesystem import Folder, Location, temporary_name
from ...system.user_cache import user_cache
from ..engine_folder import make_engine_folder
from .record import RECORD_FILE, GraphRecord, read_record

MAX_BYTES = 4_000_000_000
"""What all graphs together may take, unless the user says otherwise. A swapper of 554 MB has a graph of 553."""
_MIN_MODEL_BYTES = 50_000_000
"""A smaller model opens within 0.2 s."""
_FOLDER_NAME = "graphs"
_TEMPORARY_NAME = re.compile(r"\.[0-9a-f]{64}\.[0-9a-f]{8}\.tmp")
_MISS_NAME = re.compile(r"[0-9a-f]{64}\.miss")
_MAX_WRITING_SECONDS = 3600
"""A folder that was not finished after this long is a killed process's."""


@dataclass(frozen=True)
class GraphEntry:
    """One optimized graph that is kept."""

    key: str
    record: GraphRecord | None
    """None where the folder holds no whole graph."""
    size_bytes: int
    used_ns: int
    """When it was last opened."""


class GraphFolder:
    """Optimized graphs by key. Several threads and processes may use it at once."""

    def __init__(
        self, place: Location, max_bytes: int = MAX_BYTES, min_model_bytes: int = _MIN_MODEL_BYTES
    ) -> None:
        """`max_bytes` is what all graphs together may take; models smaller than `min_model_bytes` have none."""
        self.place = place
        self.max_bytes = max_bytes
        self.min_model_bytes = min_model_bytes

    def fault(self) -> str:
        """Say why the folder must not be used, which is made if need be; empty if it may be."""
        return make_engine_folder(self.place)

    def entries(self) -> list[GraphEntry]:
        """Return what is kept, unused longest first. Raises OSError where the folder can't be read."""
        try:
            with self.place.open() as folder:
                names = [one.name for one in folder.entries() if one.is_folder]
                kept = [_read_entry(folder, name) for name in names if SHA256_HEX.fullmatch(name)]
        except FileNotFoundError:
            return []
        return sorted(kept, key=lambda entry: entry.used_ns)

    def has_claim(self, key: str) -> bool:
        """Tell whether there is a graph of this key, or it is being made now, perhaps by another process."""
        with suppress(OSError), self.place.open() as folder:
            names = folder.names()
            return key in names or any(
                name.startswith(f".{key}.") and _TEMPORARY_NAME.fullmatch(name) for name in names
            )
        return False

    def mark_used(self, key: str) -> None:
        """Remember that a graph was opened now."""
        with suppress(OSError), (self.place / key).open() as folder:
            folder.set_times(RECORD_FILE)

    def record_miss(self, key: str) -> bool:
        """Remember that there was no graph of this key; tell whether that was so before. Raises OSError."""
        with self.place.open() as folder:
            try:
                folder.write_new_file(f"{key}.miss", b"", 0o600)
            except FileExistsError:
                return True
        return False

    @contextmanager
    def new_entry(self, key: str) -> Iterator[Folder]:
        """Yield a new folder, which is the graph of this key from the end of the block on, but not after an exception.

        Raises OSError, also where another process was first.
        """
        temporary = temporary_name(key)
        try:
            with self.place.open() as folder:
                with folder.make_child(temporary, 0o700) as entry:
                    yield entry
                folder.rename(temporary, key)
                folder.discard_file(f"{key}.miss")
        except BaseException:
            self.remove(temporary)
            raise

    def remove(self, key: str) -> int:
        """Remove a graph, and return the bytes freed. Who has it open keeps it. What can't be removed stays."""
        freed = empty_folder(self.place / key, [])
        with suppress(OSError), self.place.open() as folder:
            folder.remove_child(key)
        return freed

    def remove_all(self) -> int:
        """Remove every graph, and what killed processes left; return the bytes freed. Raises OSError."""
        freed = sum(self.remove(name) for name in [*(one.key for one in self.entries()), *self._temporary()])
        with suppress(FileNotFoundError), self.place.open() as folder:
            for name in filter(_MISS_NAME.fullmatch, folder.names()):
                folder.discard_file(name)
        return freed

    def remove_unused(self) -> None:
        """Remove what has no model any more where it was made from, is not whole, or was never finished."""
        for entry in self.entries():
            if entry.record is None or not entry.record.has_model():
                self.remove(entry.key)
        for name in self._temporary(_MAX_WRITING_SECONDS):
            self.remove(name)

    def make_room(self, size_bytes: int) -> bool:
        """Remove what was unused longest until so much more may be kept. False where that is more than all may take."""
        if size_bytes > self.max_bytes:
            return False
        kept = self.entries()
        total = sum(entry.size_bytes for entry in kept)
        for entry in kept:
            if total + size_bytes <= self.max_bytes:
                break
            self.remove(entry.key)
            total -= entry.size_bytes
        return True

    def _temporary(self, min_age_seconds: float = 0) -> list[str]:
        try:
            with self.place.open() as folder:
                return [
                    one.name
                    for one in folder.entries()
                    if _TEMPORARY_NAME.fullmatch(one.name)
                    and time.time() - one.status.st_mtime >= min_age_seconds
                ]
        except FileNotFoundError:
            return []


def user_graph_folder(
    max_bytes: int = MAX_BYTES, environment: Mapping[str, str] = os.environ
) -> GraphFolder | None:
    """Return the user's own folder of optimized graphs; None where the system names no place for it."""
    cache = user_cache(environment)
    return None if cache is None else GraphFolder(cache / _FOLDER_NAME, max_bytes)


def _read_entry(folder: Folder, name: str) -> GraphEntry:
    record, size, used_ns = None, 0, 0
    with suppress(OSError), folder.open_child(name) as inner:
        size = sum(one.status.st_size for one in inner.entries())
        used_ns = inner.status(RECORD_FILE).st_mtime_ns
        record = read_record(inner)
    return GraphEntry(name, record, size, used_ns)
