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

_PIECE = 1 << 18
_PATIENCE = 30.0
_PACE = 1 << 16
"""Bytes that have to arrive in each SPAN: a fiftieth of what a modem brought."""
SPAN = 60.0
"""Seconds."""
_LOCAL = ("127.0.0.1", "localhost", "::1")
_LONGEST_REASON = 300
_GONE_ON_FROM = re.compile(r"bytes (\d{1,18})-")
_HTTPException = http.client.HTTPException


class Download:
    """A file on a server, from a byte on. Close it, or use it with `closing`."""

    def __init__(self, url: str, start: int, span: float = SPAN) -> None:
        """Ask for a file. Raises DownloadError; ModelError for an address that is not safe.

        Where the server does not go on from `start`, `start` is 0 afterwards.
        """
        require_safe(url)
        self.start = start
        self._watch = _Watch(span)
        opener = build_opener(_SafeRedirects, _Plain(self._watch), _Encrypted(self._watch))
        headers = {"Range": f"bytes={start}-"} if start else {}
        try:
            with self._errors():
                request = Request(url, headers=headers)  # noqa: S310 - checked
                self._answer = opener.open(request, timeout=_PATIENCE)  # gate: no file of this machine
        except BaseException:
            self._watch.close()
            raise
        range_ = _GONE_ON_FROM.match(str(self._answer.headers.get("Content-Range", "")))
        if not (self._answer.status == 206 and range_ is not None and int(range_[1]) == start):
            self.start = 0

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes as they come. Raises DownloadError."""
        while True:
            with self._errors():
                piece = self._answer.read1(_PIECE)
            if not piece:
                self._watch.require_pace()
                return
            self._watch.count(len(piece))
            yield piece

    def close(self) -> None:
        """End the connection."""
        self._watch.close()
        self._answer.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ModelError:
            raise
        except HTTPError as error:
            with closing(error):
                reason = quote(error.reason, _LONGEST_REASON)
                raise DownloadError(f"the server says {error.code} {reason}", error.code) from error
        except (
            URLError,
            _HTTPException,
            OSError,
            ValueError,
        ) as error:  # ValueError: no address, or in no charset
            self._watch.require_pace()
            said = str(getattr(error, "reason", "") or error) or type(error).__name__
            raise DownloadError(quote(said, _LONGEST_REASON)) from error


class DownloadError(Exception):
    """A server did not give what it was asked for; `code` is what HTTP calls that, or 0."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


def require_safe(url: str) -> None:
    """Raise ModelError for an address that can be read or changed on the way. ValueError for what is none."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        place = quote(f"{parts.scheme}://{parts.hostname}", _LONGEST_REASON)
        raise ModelError(f"{place} is refused: models are fetched by https only")


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but never to an address that can be read or changed on the way."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Watch:
    """Ends the connections of a download that brings less than _PACE in a span."""

    def __init__(self, span: float) -> None:
        self._span = span
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._came = 0
        self._slow = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="understudy download", daemon=True)
        self._thread.start()

    def add(self, connection: socket.socket) -> None:
        """Watch a connection: by a descriptor of its own, as what is wrapped for encryption leaves its old one."""
        with self._lock:
            self._sockets.append(connection.dup())
            if self._slow:
                self._end()

    def count(self, came: int) -> None:
        """Note that bytes came."""
        self._came += came

    def require_pace(self) -> None:
        """Raise DownloadError if the connections were ended for their slowness."""
        if self._slow:
            raise DownloadError(f"the server sent less than {_PACE >> 10} KB in {self._span:.0f} s")

    def close(self) -> None:
        """Watch no longer."""
        self._closed.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def _run(self) -> None:
        before = self._came
        while not self._closed.wait(self._span):
            now = self._came
            if now - before < _PACE:
                with self._lock:
                    self._slow = True
                    self._end()
                return
            before = now

    def _end(self) -> None:
        for one in self._sockets:
            with suppress(OSError):  # the server ended it
                one.shutdown(socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    """A connection that is watched from its first byte on."""

    watch: _Watch
    """Set by whoever makes it."""

    def connect(self) -> None:
        """Connect; what encrypts does its handshake after that."""
        super().connect()
        self.watch.add(self.sock)


class _EncryptedConnection(http.client.HTTPSConnection, _Connection):
    """The same, encrypted: in the order of these classes `_Connection.connect` runs before the handshake."""


class _Plain(HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **more: Any) -> http.client.HTTPConnection:
        connection = _Connection(host, **more)
        connection.watch = self._watch
        return connection


class _Encrypted(HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(self._connection, req)

    def _connection(self, host: str, **more: Any) -> http.client.HTTPConnection:
        connection = _EncryptedConnection(host, context=ssl.create_default_context(), **more)
        connection.watch = self._watch
        return connection
