# SPDX-License-Identifier: GPL-3.0-or-later
"""A lease on what others may just have computed: who asks for it sees their results."""

from collections.abc import Callable

from ..base.key import Key
from .lease import NO_LEASE, Lease


class RefreshingLease:
    """Another lease; whoever got it, results are looked for anew."""

    def __init__(self, lease: Lease, refresh: Callable[[], None]) -> None:
        """`refresh` has the place of the results look at what others wrote."""
        self._lease = lease
        self._refresh = refresh

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        token = self._lease.try_acquire(key, seconds)
        if token != NO_LEASE:
            self._refresh()
        return token

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        self._lease.release(key, token)
