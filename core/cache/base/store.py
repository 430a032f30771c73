# SPDX-License-Identifier: GPL-3.0-or-later
"""What every tier of the stage cache can do."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .key import Key

Arrays = Mapping[str, npt.NDArray[np.generic]]
"""Named arrays: one stage's result for one key. Read-only once stored: treat as frozen."""


class Store(Protocol):
    """A place that keeps the results of stages by key.

    It may be used from several threads. No method raises for trouble with the place itself (missing, full, corrupt,
    read-only, gone): a `get` that can't be answered is a miss, a `put` that can't be kept is dropped, and both are
    counted.
    """

    def get(self, key: Key) -> Arrays | None:
        """Return what is kept under a key.

        Parameters
        ----------
        key : Key
            The key it was put under.

        Returns
        -------
        mapping of str to numpy.ndarray, or None
            The arrays, bit for bit as they were put, or None on a miss. Treat them as read-only.
        """
        ...

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep a result. Where the key is there already this changes nothing.

        Parameters
        ----------
        key : Key
            The fingerprint of what the result was computed from.
        arrays : mapping of str to numpy.ndarray
            The result. Numbers and bools of up to 64 bits, little-endian, at most 32 dimensions each.

        Raises
        ------
        TypeError
            An array has another dtype.
        ValueError
            The result is too large, or an array's name can't be kept.
        """
        ...

    def __contains__(self, key: Key) -> bool:
        """Tell whether `get` would most likely hit, without reading the arrays."""
        ...

    def close(self) -> None:
        """Let go of files and memory. What was put stays."""
        ...


@runtime_checkable
class MultiCopyStore(Protocol):
    """A store that may hold several copies of a result, of which one can be left out."""

    def skip_copy(self, key: Key) -> bool:
        """Leave out the copy that `get` returns; True if there was one. The next `put` adds another."""
        ...
