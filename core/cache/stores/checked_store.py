# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores that hand out only what fits: the form that a stage gives, and what its caller knows besides."""

import threading
from collections.abc import Callable, Mapping

from ..base.key import Key
from ..base.schema import Form, Schema, line_of, schema_of
from ..base.store import Arrays, PassingOver, Store

_COPIES = 16  # of one result that are looked at


class CheckedStore:
    """A store over another that takes for a miss what has not the form that its stage gives.

    Such a copy is passed over for good, so that a good one is found, or what is computed anew takes its place. Safe
    to use from several threads where the store below is.
    """

    def __init__(self, below: Store, forms: Mapping[str, Form]) -> None:
        """Check what `below` has by `forms`, by the stage's name; what has no form there is not checked."""
        self._below = below
        self._forms = forms
        self._lock = threading.Lock()
        self._faults: dict[bytes, str] = {}

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` if they have the form of their stage, or None."""
        arrays = self._below.get(key)
        if arrays is None:
            return None
        schema = schema_of(key.text, self._forms)
        return arrays if schema is None or not schema.fault(arrays) else self._another(key, schema)

    def _another(self, key: Key, schema: Schema) -> Arrays | None:
        for _ in range(_COPIES):
            if not self.pass_over(key):
                return None
            arrays = self._below.get(key)
            if arrays is None or not schema.fault(arrays):
                return arrays
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`."""
        self._below.put(key, arrays)

    def pass_over(self, key: Key) -> bool:
        """Leave out the copy that `get` returns, which does not fit; True if there may be another."""
        with self._lock:
            self._faults.setdefault(key.digest, line_of(key.text, "stage") or "unknown")
        return isinstance(self._below, PassingOver) and self._below.pass_over(key)

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a result under `key`; it may prove not to fit."""
        return key in self._below

    @property
    def refused(self) -> int:
        """How many results were met in a copy that did not fit."""
        with self._lock:
            return len(self._faults)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of these results, by name."""
        with self._lock:
            return tuple(sorted(set(self._faults.values())))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The one warning, if there was reason for it."""
        stages, count = self.stages, self.refused
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
        self._below.close()


class FittingStore:
    """A store over another that takes for a miss what does not fit to what its caller knows.

    A key's text does not say how many faces a frame has or how large a region is: who asks does know.
    """

    def __init__(self, below: Store, fits: Callable[[Arrays], bool]) -> None:
        """Hand out what `fits`, which is asked about arrays that have the form of their stage."""
        self._below = below
        self._fits = fits

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` if they fit, or None."""
        for _ in range(_COPIES):
            arrays = self._below.get(key)
            if arrays is None or self._fits(arrays):
                return arrays
            if not isinstance(self._below, PassingOver) or not self._below.pass_over(key):
                return None
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`."""
        self._below.put(key, arrays)

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a result under `key`; it may prove not to fit."""
        return key in self._below

    def close(self) -> None:
        """Nothing is open here: the store below is its owner's."""
