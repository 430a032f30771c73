# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server's replies must be, since a server, or what stands in its place, may answer anything.

Each function returns a reply as it was asked for, or raises TypeError or ValueError.
"""

from ..packs.record import MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES

_MAX_VALUE_BYTES = MAX_PAYLOAD_BYTES + 2 * MAX_TEXT_BYTES
_MAX_CURSOR = 1 << 64


def expect_value(reply: object) -> bytes | None:
    """A value, or None where there is none."""
    if reply is not None and type(reply) is not bytes:
        raise TypeError
    return reply


def expect_values(count: int, reply: object) -> list[bytes | None]:
    """As many values as were asked for."""
    if not isinstance(reply, list) or len(reply) != count:
        raise TypeError
    return [expect_value(part) for part in reply]


def expect_count(reply: object) -> int:
    """How many there are, or were."""
    if type(reply) is not int:
        raise TypeError
    if reply < 0:
        raise ValueError
    return reply


def expect_ok(reply: object) -> bool:
    """That it was done. A server that says anything else did something else."""
    if reply is not True:
        raise TypeError
    return True


def expect_set_reply(reply: object) -> bool:
    """Whether a value was set: nothing says that another's is there."""
    if reply is not None and reply is not True:
        raise TypeError
    return reply is True


def expect_page(reply: object) -> tuple[int, list[bytes]]:
    """A page of names, and where the next one begins; 0 after the last."""
    if not isinstance(reply, tuple) or len(reply) != 2:
        raise TypeError
    cursor, names = reply
    if type(cursor) is not int or not isinstance(names, list):
        raise TypeError
    if not 0 <= cursor < _MAX_CURSOR:
        raise ValueError
    if not all(type(name) is bytes for name in names):
        raise TypeError
    return cursor, names


def expect_heads_and_sizes(count: int, max_head_bytes: int, reply: object) -> list[tuple[bytes, int]]:
    """The beginning of each value, and its size in bytes; nothing of what is no value, such as a list."""
    if not isinstance(reply, list) or len(reply) != 2 * count:
        raise TypeError
    return [
        (_expect_head(head, max_head_bytes), _expect_size(size))
        for head, size in zip(reply[::2], reply[1::2], strict=True)
    ]


def _expect_head(reply: object, max_bytes: int) -> bytes:
    if isinstance(reply, Exception):  # the server's own: what has that name is of another type
        return b""
    if type(reply) is not bytes:
        raise TypeError
    if len(reply) > max_bytes:
        raise ValueError
    return reply


def _expect_size(reply: object) -> int:
    if isinstance(reply, Exception):
        return 0
    size = expect_count(reply)
    if size > _MAX_VALUE_BYTES:
        raise ValueError
    return size
