# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases on a Redis server: a value that its creator alone may delete, and that the server lets expire.

The way is the one that Redis documents for a lock on one server (`SET … NX PX`, and a script that compares
before it deletes): https://redis.io/docs/latest/commands/set/
"""

import secrets
from contextlib import suppress

from ..base.key import Key
from .lease import ALONE
from .redis_client import Server, ServerError
from .redis_reply import a_count, is_ours
from .redis_store import PREFIX

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_MOST_BYTES = 1 << 16


class RedisLease:
    """Leases under "understudy-lease:" + the key's hex digest. Safe to use from several threads."""

    def __init__(self, url: str, prefix: str = PREFIX) -> None:
        """Take the server at `url`; nothing is sent yet. Raises CacheError."""
        self._server = Server(url)
        # Beside the results, not among them: those are listed by their prefix.
        self._prefix = f"{prefix.rstrip(':')}-lease:"

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        token, name = secrets.token_hex(16), self._prefix + key.hex
        milliseconds = max(int(seconds * 1000), 1)
        try:
            ours = self._server.ask(
                lambda client: client.set(name, token, nx=True, px=milliseconds),
                is_ours,
                most_bytes=_MOST_BYTES,
            )
        except ServerError:
            return ALONE
        return token if ours else None

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        name = self._prefix + key.hex
        with suppress(ServerError):  # it expires by itself
            self._server.ask(
                lambda client: client.eval(_RELEASE, 1, name, token), a_count, most_bytes=_MOST_BYTES
            )

    def limit(self, seconds: float) -> None:
        """Let the server take no longer than this to answer."""
        self._server.limit(seconds)
