# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that keeps what is known of clips and of people apart from the many crops, which would push it out."""

from ..cache.base.key import Key, key_line_value
from ..cache.base.store import Arrays, MultiCopyStore, Store
from ..cache.stores.memory import MemoryStore

ANALYSIS_BYTES = 1 << 30
"""A frame with one face takes 17 KB, measured: room for 40 minutes at 25 frames per second. It is used as it fills."""
_STAGES = frozenset(
    (
        "clip",
        "frame",
        "detect",
        "landmark",
        "embed",
        "look",
        "attribute",
        "shape",
        "texture",
        "source",
        "source_vector",
    )
)


class AnalysisMemory:
    """Keeps results of the analysis in memory, before another store that has all results; see `Store`.

    For a batch that keeps nothing on the disk: the memory for all results is too small for the crops of a long clip,
    and what each further face of the clip needs is its analysis.
    """

    def __init__(self, store: Store, capacity_bytes: int = ANALYSIS_BYTES) -> None:
        self._store = store
        self._memory = MemoryStore(capacity_bytes)

    def get(self, key: Key) -> Arrays | None:
        """See `Store.get`."""
        if not _is_analysis(key):
            return self._store.get(key)
        kept = self._memory.get(key)
        if kept is None:
            kept = self._store.get(key)
            if kept is not None:
                self._memory.put(key, kept)
        return kept

    def put(self, key: Key, arrays: Arrays) -> None:
        """See `Store.put`."""
        self._store.put(key, arrays)
        if _is_analysis(key):
            self._memory.put(key, arrays)

    def skip_copy(self, key: Key) -> bool:
        """See `MultiCopyStore.skip_copy`."""
        was_here = self._memory.skip_copy(key)
        return (isinstance(self._store, MultiCopyStore) and self._store.skip_copy(key)) or was_here

    def __contains__(self, key: Key) -> bool:
        return key in self._memory or key in self._store

    def close(self) -> None:
        """Forget what is in memory. The other store is the caller's."""
        self._memory.close()


def _is_analysis(key: Key) -> bool:
    return key_line_value(key.text, "stage") in _STAGES
