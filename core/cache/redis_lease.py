# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases on a Redis server: a value that its creator alone may delete, and that the server lets expire.

The way is the one that Redis documents for a lock on one server (`SET … NX PX`, and a script that compares
before it deletes): https://redis.io/docs/latest/commands/set/
"""

import secrets
from typing import TYPE_CHECKING

from .key import Key
from .lease import ALONE
from .redis_client import ANSWER_SECONDS, CONNECT_SECONDS, connected
from .redis_store import PREFIX

if TYPE_CHECKING:
    import redis

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisLease:
    """Leases under "understudy-lease:" + the key's hex digest. Safe to use from several threads."""

    def __init__(self, url: str, prefix: str = PREFIX) -> None:
        """Take the server at `url`; nothing is sent yet. Raises CacheError."""
        self._client: redis.Redis = connected(
            url, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS
        )
        # Beside the results, not among them: those are listed by their prefix.
        self._prefix = f"{prefix.rstrip(':')}-lease:"

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        import redis

        token = secrets.token_hex(16)
        try:
            ours = self._client.set(self._prefix + key.hex, token, nx=True, px=max(int(seconds * 1000), 1))
        except (redis.RedisError, OSError):
            return ALONE
        return token if ours else None

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        import redis

        try:
            self._client.eval(_RELEASE, 1, self._prefix + key.hex, token)
        except (redis.RedisError, OSError):
            return  # it expires by itself
