# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that list, look at and remove values on a Redis server."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import redis

HEAD_BYTES = 1024  # a record's header and most key texts
PAGE_ENTRIES = 1000


def delete_value(name: bytes, client: "redis.Redis") -> object:
    """Remove a value; the answer is how many there were."""
    return client.delete(name)


def scan_names(cursor: int, pattern: str, client: "redis.Redis") -> object:
    """Ask for a page of the names that match, from `cursor` on; the answer is the next cursor and the names."""
    return client.scan(cursor, pattern, PAGE_ENTRIES)


def read_part(name: bytes, offset: int, size: int, client: "redis.Redis") -> object:
    """Ask for `size` bytes of a value from `offset` on."""
    return client.getrange(name, offset, offset + size - 1)


def read_heads(names: list[bytes], client: "redis.Redis") -> object:
    """Ask for the first `HEAD_BYTES` and the size in bytes of each value, in one go; faults are among the answers."""
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.getrange(name, 0, HEAD_BYTES - 1)
            pipe.strlen(name)
        return pipe.execute(raise_on_error=False)
