# SPDX-License-Identifier: GPL-3.0-or-later
"""How a result that may be missing is come by: what every stage asks for it."""

import logging
from collections.abc import Callable
from typing import Protocol

from ...reporting.log import room_logger
from .key import Key, key_line_value
from .store import Arrays, Store

_LOGGER = room_logger("cache")


def log_result(key: Key, *, hit: bool) -> None:
    """Log that a stage's result was in the cache, or was computed."""
    if _LOGGER.isEnabledFor(logging.DEBUG):
        stage = key_line_value(key.text, "stage")
        _LOGGER.debug("%s %s %s", "hit" if hit else "computed", stage, key.hex[:12])


class Flight(Protocol):
    """How a result that may be missing is computed: alone, or in turn with other machines."""

    def get_or_compute(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """Return the result of a key, from the store where that has it; see `OpenCache.get_or_compute`.

        Parameters
        ----------
        store : Store
            Where the result is looked up, and put if it is computed.
        key : Key
            The fingerprint of the stage's inputs.
        compute : callable
            Computes the arrays; called at most once.

        Returns
        -------
        arrays : mapping of str to numpy.ndarray
            The result. Treat it as read-only.
        hit : bool
            Whether it was in the store already.

        Raises
        ------
        Exception
            What `compute` raises.
        """
        ...


class Uncoordinated:
    """Computes what is missing without asking anybody."""

    def get_or_compute(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """See `Flight.get_or_compute`."""
        arrays = store.get(key)
        if arrays is not None:
            log_result(key, hit=True)
            return arrays, True
        arrays = compute()
        store.put(key, arrays)
        log_result(key, hit=False)
        return arrays, False
