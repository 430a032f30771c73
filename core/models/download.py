# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of a file on a server, which may answer anything, as slowly as it likes.

Whatever phase it is in (handshake, headers, body), a connection that brings too little for too long is ended.
"""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from ..errors import ModelError
from ..reporting.quoting import quote

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30.0
_MIN_BYTES_PER_SPAN = 1 << 16
"""Bytes that have to arrive in every SPAN_SECONDS: a fiftieth of what a modem brought."""
SPAN_SECONDS = 60.0
"""Seconds."""
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
_MAX_REASON_CHARACTERS = 300
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-")
_HTTPException = http.client.HTTPException


class Download:
    """A file on a server, from a byte on. Close it, or use it with `closing`."""

    def __init__(self, url: str, start: int, span_seconds: float = SPAN_SECONDS) -> None:
        """Ask for a file. Raises DownloadError; ModelError for an address that is not safe.

        Where the server does not go on from `start`, `start` is 0 afterwards.
        """
        require_safe_url(url)
        self.start = start
        self._watchdog = _SpeedWatchdog(span_seconds)
        opener = build_opener(
            _SafeRedirects, _WatchedHttpHandler(self._watchdog), _WatchedHttpsHandler(self._watchdog)
        )
        headers = {"Range": f"bytes={start}-"} if start else {}
        try:
            with self._translate_errors():
                request = Request(url, headers=headers)  # noqa: S310 - checked
                self._response = opener.open(request, timeout=_TIMEOUT_SECONDS)  # gate: no local file
        except BaseException:
            self._watchdog.close()
            raise
        range_ = _CONTENT_RANGE.match(str(self._response.headers.get("Content-Range", "")))
        if not (self._response.status == 206 and range_ is not None and int(range_[1]) == start):
            self.start = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they come. Raises DownloadError."""
        while True:
            with self._translate_errors():
                piece = self._response.read1(_CHUNK_BYTES)
            if not piece:
                self._watchdog.require_speed()
                return
            self._watchdog.count(len(piece))
            yield piece

    def close(self) -> None:
        """End the connection."""
        self._watchdog.close()
        self._response.close()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except ModelError:
            raise
        except HTTPError as error:
            with closing(error):
                reason = quote(error.reason, _MAX_REASON_CHARACTERS)
                raise DownloadError(f"the server says {error.code} {reason}", error.code) from error
        except (
            URLError,
            _HTTPException,
            OSError,
            ValueError,
        ) as error:  # ValueError: no address, or in no charset
            self._watchdog.require_speed()
            said = str(getattr(error, "reason", "") or error) or type(error).__name__
            raise DownloadError(quote(said, _MAX_REASON_CHARACTERS)) from error


class DownloadError(Exception):
    """A server did not give what it was asked for; `code` is what HTTP calls that, or 0."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


def require_safe_url(url: str) -> None:
    """Raise ModelError for an address that can be read or changed on the way. ValueError for what is none."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS):
        place = quote(f"{parts.scheme}://{parts.hostname}", _MAX_REASON_CHARACTERS)
        raise ModelError(f"{place} is refused: models are fetched by https only")


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but never to an address that can be read or changed on the way."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        require_safe_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _SpeedWatchdog:
    """Ends the connections of a download that brings less than _MIN_BYTES_PER_SPAN in a span."""

    def __init__(self, span_seconds: float) -> None:
        self._span_seconds = span_seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._byte_count = 0
        self._slow = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="understudy download", daemon=True)
        self._thread.start()

    def add(self, connection: socket.socket) -> None:
        """Watch a connection: by a descriptor of its own, as what is wrapped for encryption leaves its old one."""
        with self._lock:
            self._sockets.append(connection.dup())
            if self._slow:
                self._disconnect()

    def count(self, size: int) -> None:
        """Note that bytes came."""
        self._byte_count += size

    def require_speed(self) -> None:
        """Raise DownloadError if the connections were ended for their slowness."""
        if self._slow:
            raise DownloadError(
                f"the server sent less than {_MIN_BYTES_PER_SPAN >> 10} KB in {self._span_seconds:.0f} s"
            )

    def close(self) -> None:
        """Watch no longer."""
        self._closed.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def _run(self) -> None:
        before = self._byte_count
        while not self._closed.wait(self._span_seconds):
            now = self._byte_count
            if now - before < _MIN_BYTES_PER_SPAN:
                with self._lock:
                    self._slow = True
                    self._disconnect()
                return
            before = now

    def _disconnect(self) -> None:
        for one in self._sockets:
            with suppress(OSError):  # the server ended it
                one.shutdown(socket.SHUT_RDWR)


class _WatchedConnection(http.client.HTTPConnection):
    """A connection that is watched from its first byte on."""

    watchdog: _SpeedWatchdog
    """Set by whoever makes it."""

    def connect(self) -> None:
        """Connect; what encrypts does its handshake after that."""
        super().connect()
        self.watchdog.add(self.sock)


class _WatchedTlsConnection(http.client.HTTPSConnection, _WatchedConnection):
    """The same, encrypted: in the order of these classes `_WatchedConnection.connect` runs before the handshake."""


class _WatchedHttpHandler(HTTPHandler):
    def __init__(self, watchdog: _SpeedWatchdog) -> None:
        super().__init__()
        self._watchdog = watchdog

    def http_open(self, req: Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        connection = _WatchedConnection(host, **options)
        connection.watchdog = self._watchdog
        return connection


class _WatchedHttpsHandler(HTTPSHandler):
    def __init__(self, watchdog: _SpeedWatchdog) -> None:
        super().__init__()
        self._watchdog = watchdog

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **options: Any) -> http.client.HTTPConnection:
        connection = _WatchedTlsConnection(host, context=ssl.create_default_context(), **options)
        connection.watchdog = self._watchdog
        return connection
