# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of models that answers what a test says, at the pace that it says."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Answer = Callable[[socket.socket], object]
CONTENT = bytes(range(256)) * 4000

WHOLE_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(CONTENT) + CONTENT


class Server:
    """Gives each connection to `answer`, once the request has come."""

    def __init__(self) -> None:
        self.answer: Answer = lambda connection: connection.sendall(WHOLE_ANSWER)
        self.requests: list[bytes] = []
        self.context: ssl.SSLContext | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/net.onnx"
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._socket.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), self._wrap_tls(connection) as connection:
            self.requests.append(connection.recv(1 << 16))
            self.answer(connection)

    def _wrap_tls(self, connection: socket.socket) -> socket.socket:
        return connection if self.context is None else self.context.wrap_socket(connection, server_side=True)


def ignore_progress(_have: int, _whole: int) -> None:
    pass


def drip(connection: socket.socket, piece: bytes) -> None:
    """Send a byte now and then, for ever."""
    while True:
        for byte in piece:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)


HEADERS = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEADERS + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS: dict[str, tuple[bytes, bytes]] = {
    "a status line": (b"HTTP/1.1 200 ", b"x"),
    "a header": (HEADERS + b"X: ", b"x"),
    "headers": (HEADERS, b"X: y\r\n"),
    "a body": (HEADERS + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "a body without a size": (HEADERS + b"\r\n", b"x"),
    "a chunk's size": (CHUNKED, b"0"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "nothing": (b"", b""),
}
