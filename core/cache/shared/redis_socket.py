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

_TIMEOUT_TOLERANCE_SECONDS = (
    0.05  # setting a socket's limit costs a system call: it is set anew where it is off by more
)


class _SocketLike(Protocol):
    """What is used of a socket, of one with TLS too."""

    def fileno(self) -> int: ...

    def recv(self, size: int, /) -> bytes: ...

    def send(self, data: bytes | memoryview, /) -> int: ...

    def settimeout(self, seconds: float | None, /) -> None: ...


class CallBounds(threading.local):
    """What the question that this thread is at may still take. Each thread has its own."""

    deadline = 0.0
    remaining_bytes = 0

    def begin(self, seconds: float, max_bytes: int) -> None:
        """Begin a question."""
        self.deadline = time.monotonic() + seconds
        self.remaining_bytes = max_bytes

    @property
    def remaining_seconds(self) -> float:
        """How long it may still take. Raises TimeoutError where its time is over."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return left


class BoundedSocket:
    """A socket that keeps to the bounds of the question at hand, and is itself in all else."""

    def __init__(self, raw_socket: _SocketLike, bounds: CallBounds, call_seconds: float) -> None:
        """`call_seconds` is how long a single call may take, where the whole question has more time."""
        import ssl  # here: loading it takes 10 ms or more, and most runs connect to no server

        self.uses_tls = isinstance(raw_socket, ssl.SSLSocket)
        self._raw_socket = raw_socket
        self._bounds = bounds
        self._call_seconds = call_seconds
        self._timeout_seconds: float | None = None
        self._poll = select.poll() if hasattr(select, "poll") else None  # not on Windows
        if self._poll is not None:
            self._poll.register(raw_socket.fileno(), select.POLLIN)

    def recv(self, size: int) -> bytes:
        """Receive what there is. TimeoutError where time is over, OSError where too much came."""
        if self._timeout_seconds != 0:
            self._apply_timeout()
        data = self._raw_socket.recv(size)
        bounds = self._bounds
        bounds.remaining_bytes -= len(data)
        if bounds.remaining_bytes < 0:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        return data

    def sendall(self, data: bytes) -> None:
        """Send everything, or raise TimeoutError."""
        self._apply_timeout()
        sent = self._raw_socket.send(data)
        if sent < len(data):
            rest = memoryview(data)[sent:]
            while rest:
                self._apply_timeout()
                rest = rest[self._raw_socket.send(rest) :]

    def has_data(self) -> bool:
        """Tell whether anything came, or the end did: by one system call, where trying to receive takes three."""
        if self._poll is None:
            return bool(select.select((self._raw_socket,), (), (), 0)[0])
        return bool(self._poll.poll(0))

    def settimeout(self, seconds: float | None) -> None:
        """Limit a single call. With 0 it takes what is there, whatever the time."""
        self._timeout_seconds = seconds
        self._raw_socket.settimeout(seconds)

    def _apply_timeout(self) -> None:
        left = self._bounds.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        wanted = left if left < self._call_seconds else self._call_seconds
        if (
            self._timeout_seconds is None
            or not -_TIMEOUT_TOLERANCE_SECONDS < self._timeout_seconds - wanted < _TIMEOUT_TOLERANCE_SECONDS
        ):
            self.settimeout(wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw_socket, name)


def bounded_connection_class(
    base_class: "type[AbstractConnection]", bounds: CallBounds, call_seconds: float
) -> "type[AbstractConnection]":
    """Return a kind of connection of the client library that keeps to `bounds`, and in each call to `call_seconds`.

    The name of a server may take longer to look up than any limit for a socket: another thread connects, and ends.
    """
    thread = TimedThread("understudy connects to Redis")

    class BoundedConnection(base_class):  # type: ignore[misc, valid-type]
        def _connect(self) -> BoundedSocket:
            connect: Callable[[], _SocketLike] = super()._connect
            try:
                return BoundedSocket(thread.call(connect, bounds.remaining_seconds), bounds, call_seconds)
            finally:
                thread.close()

        def can_read(self, timeout: float = 0) -> bool:
            # Asked before every question, since what is left of an answer would be taken for the next one's.
            unread = getattr(getattr(self._parser, "_buffer", None), "unread_bytes", None)
            known = self._sock
            if timeout or unread is None or known is None or known.uses_tls:
                return bool(super().can_read(timeout))
            return bool(unread()) or known.has_data()

    return BoundedConnection
