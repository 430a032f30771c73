# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases on a Redis server: a value that its creator alone may delete, and that the server lets expire.

The way is the one that Redis documents for a lock on one server (`SET … NX PX`, and a script that compares
before it deletes): https://redis.io/docs/latest/commands/set/
"""

import secrets
from contextlib import suppress

from ..base.key import Key
from .lease import NO_LEASE
from .redis_client import RedisServer, RedisServerError
from .redis_reply import expect_count, expect_set_reply
from .redis_store import KEY_PREFIX

_RELEASE_SCRIPT = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)
_MAX_REPLY_BYTES = 1 << 16


class RedisLease:
    """Leases under "understudy-lease:" + the key's hex digest. Safe to use from several threads."""

    def __init__(self, url: str, prefix: str = KEY_PREFIX) -> None:
        """Take the server at `url`; nothing is sent yet. Raises CacheError."""
        self._server = RedisServer(url)
        # Beside the results, not among them: those are listed by their prefix.
        self._prefix = f"{prefix.rstrip(':')}-lease:"

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        token, name = secrets.token_hex(16), self._prefix + key.hex
        milliseconds = max(int(seconds * 1000), 1)
        try:
            ours = self._server.execute(
                lambda client: client.set(name, token, nx=True, px=milliseconds),
                expect_set_reply,
                max_bytes=_MAX_REPLY_BYTES,
            )
        except RedisServerError:
            return NO_LEASE
        return token if ours else None

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        name = self._prefix + key.hex
        with suppress(RedisServerError):  # it expires by itself
            self._server.execute(
                lambda client: client.eval(_RELEASE_SCRIPT, 1, name, token),
                expect_count,
                max_bytes=_MAX_REPLY_BYTES,
            )

    def set_timeout(self, seconds: float) -> None:
        """Let the server take no longer than this to answer."""
        self._server.set_timeout(seconds)
