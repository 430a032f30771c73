# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to Redis with bounds on a whole question: how long it may take and how much may be answered.

A socket's own time limit begins anew with every byte that comes; a server that lets them drip would hold a
render for ever. Nor does the client library bound the length that a reply may claim.
"""

import errno
import os
import select
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ...concurrency.timeouts import TimedThread

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

_LATE_SECONDS = 0.05  # setting a socket's limit costs a system call: it is set anew where it is off by more


class _Plain(Protocol):
    """What is used of a socket, of one with TLS too."""

    def fileno(self) -> int: ...

    def recv(self, size: int, /) -> bytes: ...

    def send(self, data: bytes | memoryview, /) -> int: ...

    def settimeout(self, seconds: float | None, /) -> None: ...


class Bounds(threading.local):
    """What the question that this thread is at may still take. Each thread has its own."""

    deadline = 0.0
    bytes_left = 0

    def begin(self, seconds: float, most_bytes: int) -> None:
        """Begin a question."""
        self.deadline = time.monotonic() + seconds
        self.bytes_left = most_bytes

    @property
    def seconds_left(self) -> float:
        """How long it may still take. Raises TimeoutError where its time is over."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return left


class BoundedSocket:
    """A socket that keeps to the bounds of the question at hand, and is itself in all else."""

    def __init__(self, plain: _Plain, bounds: Bounds, usual_seconds: float) -> None:
        """`usual_seconds` is how long a single call may take, where the whole question has more time."""
        import ssl  # here: loading it takes 10 ms or more, and most runs connect to no server

        self.is_encrypted = isinstance(plain, ssl.SSLSocket)
        self._plain = plain
        self._bounds = bounds
        self._usual = usual_seconds
        self._seconds: float | None = None
        self._poll = select.poll() if hasattr(select, "poll") else None  # not on Windows
        if self._poll is not None:
            self._poll.register(plain.fileno(), select.POLLIN)

    def recv(self, size: int) -> bytes:
        """Receive what there is. TimeoutError where time is over, OSError where too much came."""
        if self._seconds != 0:
            self._keep_time()
        data = self._plain.recv(size)
        bounds = self._bounds
        bounds.bytes_left -= len(data)
        if bounds.bytes_left < 0:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        return data

    def sendall(self, data: bytes) -> None:
        """Send everything, or raise TimeoutError."""
        self._keep_time()
        sent = self._plain.send(data)
        if sent < len(data):
            rest = memoryview(data)[sent:]
            while rest:
                self._keep_time()
                rest = rest[self._plain.send(rest) :]

    def has_data(self) -> bool:
        """Tell whether anything came, or the end did: by one system call, where trying to receive takes three."""
        if self._poll is None:
            return bool(select.select((self._plain,), (), (), 0)[0])
        return bool(self._poll.poll(0))

    def settimeout(self, seconds: float | None) -> None:
        """Limit a single call. With 0 it takes what is there, whatever the time."""
        self._seconds = seconds
        self._plain.settimeout(seconds)

    def _keep_time(self) -> None:
        left = self._bounds.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        wanted = left if left < self._usual else self._usual
        if self._seconds is None or not -_LATE_SECONDS < self._seconds - wanted < _LATE_SECONDS:
            self.settimeout(wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


def bounded(kind: "type[AbstractConnection]", bounds: Bounds, seconds: float) -> "type[AbstractConnection]":
    """Return a kind of connection of the client library that keeps to `bounds`, and in each call to `seconds`.

    The name of a server may take longer to look up than any limit for a socket: another thread connects.
    """
    thread = TimedThread("understudy connects to Redis")

    class BoundedConnection(kind):  # type: ignore[misc, valid-type]
        def _connect(self) -> BoundedSocket:
            connect: Callable[[], _Plain] = super()._connect
            return BoundedSocket(thread.call(connect, bounds.seconds_left), bounds, seconds)

        def can_read(self, timeout: float = 0) -> bool:
            # Asked before every question, since what is left of an answer would be taken for the next one's.
            unread = getattr(getattr(self._parser, "_buffer", None), "unread_bytes", None)
            known = self._sock
            if timeout or unread is None or known is None or known.is_encrypted:
                return bool(super().can_read(timeout))
            return bool(unread()) or known.has_data()

    return BoundedConnection
