# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server's replies must be, since a server, or what stands in its place, may answer anything.

Each function returns a reply as it was asked for, or raises TypeError or ValueError.
"""

from ..packs.record import MAX_PAYLOAD, MAX_TEXT

_MOST_SIZE = MAX_PAYLOAD + 2 * MAX_TEXT
_MOST_CURSOR = 1 << 64


def a_value(reply: object) -> bytes | None:
    """A value, or None where there is none."""
    if reply is not None and type(reply) is not bytes:
        raise TypeError
    return reply


def values(count: int, reply: object) -> list[bytes | None]:
    """As many values as were asked for."""
    if not isinstance(reply, list) or len(reply) != count:
        raise TypeError
    return [a_value(part) for part in reply]


def a_count(reply: object) -> int:
    """How many there are, or were."""
    if type(reply) is not int:
        raise TypeError
    if reply < 0:
        raise ValueError
    return reply


def is_done(reply: object) -> bool:
    """That it was done. A server that says anything else did something else."""
    if reply is not True:
        raise TypeError
    return True


def is_ours(reply: object) -> bool:
    """Whether a value was set: nothing says that another's is there."""
    if reply is not None and reply is not True:
        raise TypeError
    return reply is True


def a_page(reply: object) -> tuple[int, list[bytes]]:
    """A page of names, and where the next one begins; 0 after the last."""
    if not isinstance(reply, tuple) or len(reply) != 2:
        raise TypeError
    cursor, names = reply
    if type(cursor) is not int or not isinstance(names, list):
        raise TypeError
    if not 0 <= cursor < _MOST_CURSOR:
        raise ValueError
    if not all(type(name) is bytes for name in names):
        raise TypeError
    return cursor, names


def heads_and_sizes(count: int, most: int, reply: object) -> list[tuple[bytes, int]]:
    """The beginning of each value, and its size in bytes; nothing of what is no value, such as a list."""
    if not isinstance(reply, list) or len(reply) != 2 * count:
        raise TypeError
    return [(_head(head, most), _size(size)) for head, size in zip(reply[::2], reply[1::2], strict=True)]


def _head(reply: object, most: int) -> bytes:
    if isinstance(reply, Exception):  # the server's own: what has that name is of another type
        return b""
    if type(reply) is not bytes:
        raise TypeError
    if len(reply) > most:
        raise ValueError
    return reply


def _size(reply: object) -> int:
    if isinstance(reply, Exception):
        return 0
    size = a_count(reply)
    if size > _MOST_SIZE:
        raise ValueError
    return size
