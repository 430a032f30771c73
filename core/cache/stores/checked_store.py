# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores that hand out only what fits: the form that a stage gives, and what its caller knows besides."""

import threading
from collections.abc import Callable, Mapping

from ..base.key import Key, key_line_value
from ..base.schema import Schema, StageSchema, schema_for
from ..base.store import Arrays, MultiCopyStore, Store

_MAX_COPIES = 16  # of one result that are looked at


class CheckedStore:
    """A store over another that takes for a miss what has not the form that its stage gives.

    Such a copy is passed over for good, so that a good one is found, or what is computed anew takes its place. Safe
    to use from several threads where the store below is.
    """

    def __init__(self, backing_store: Store, stage_schemas: Mapping[str, StageSchema]) -> None:
        """Check what `backing_store` has by `stage_schemas`, by the stage's name; the others stay unchecked."""
        self._backing_store = backing_store
        self._stage_schemas = stage_schemas
        self._lock = threading.Lock()
        self._rejections: dict[bytes, str] = {}

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` if they have the form of their stage, or None."""
        arrays = self._backing_store.get(key)
        if arrays is None:
            return None
        schema = schema_for(key.text, self._stage_schemas)
        return arrays if schema is None or not schema.fault(arrays) else self._next_valid_copy(key, schema)

    def _next_valid_copy(self, key: Key, schema: Schema) -> Arrays | None:
        for _ in range(_MAX_COPIES):
            if not self.skip_copy(key):
                return None
            arrays = self._backing_store.get(key)
            if arrays is None or not schema.fault(arrays):
                return arrays
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`."""
        self._backing_store.put(key, arrays)

    def skip_copy(self, key: Key) -> bool:
        """Leave out the copy that `get` returns, which does not fit; True if there may be another."""
        with self._lock:
            self._rejections.setdefault(key.digest, key_line_value(key.text, "stage") or "unknown")
        return isinstance(self._backing_store, MultiCopyStore) and self._backing_store.skip_copy(key)

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a result under `key`; it may prove not to fit."""
        return key in self._backing_store

    @property
    def rejection_count(self) -> int:
        """How many results were met in a copy that did not fit."""
        with self._lock:
            return len(self._rejections)

    @property
    def rejection_stages(self) -> tuple[str, ...]:
        """The stages of these results, by name."""
        with self._lock:
            return tuple(sorted(set(self._rejections.values())))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The one warning, if there was reason for it."""
        stages, count = self.rejection_stages, self.rejection_count
        if not count:
            return ()
        some, were = ("result", "was") if count == 1 else ("results", "were")
        line = (
            f"{count} {some} in the cache did not fit ({', '.join(stages)}) and {were} not used: purge the cache with "
            f"`understudy cache purge --all`; if others write to it, set UNDERSTUDY_SIGNING_KEY"
        )
        return (line,)

    def close(self) -> None:
        """Close the store below."""
        self._backing_store.close()


class FilteringStore:
    """A store over another that takes for a miss what does not fit to what its caller knows.

    A key's text does not say how many faces a frame has or how large a region is: who asks does know.
    """

    def __init__(self, backing_store: Store, accepts: Callable[[Arrays], bool]) -> None:
        """Hand out what `accepts`, which is asked about arrays that have the form of their stage."""
        self._backing_store = backing_store
        self._accepts = accepts

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` if they fit, or None."""
        for _ in range(_MAX_COPIES):
            arrays = self._backing_store.get(key)
            if arrays is None or self._accepts(arrays):
                return arrays
            if not isinstance(self._backing_store, MultiCopyStore) or not self._backing_store.skip_copy(key):
                return None
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`."""
        self._backing_store.put(key, arrays)

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a result under `key`; it may prove not to fit."""
        return key in self._backing_store

    def close(self) -> None:
        """Nothing is open here: the store below is its owner's."""
