# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on this machine that speak Redis's protocol up to a point, and then what a test wants."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Reply = Callable[[socket.socket, list[bytes]], None]
"""Answers a command on a connection; OSError ends the connection."""
_GREETING = (b"CLIENT", b"SELECT", b"AUTH")


class GarbageServer:
    """A server that greets as Redis does and answers every other command by `reply`."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.asked = threading.Event()
        """Set once a command came that is no greeting."""
        self.command_count = 0
        """How many of those came."""
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "GarbageServer":
        return self

    def __exit__(self, *_: object) -> None:
        for connection in [self._listener, *self._open]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError, IndexError), connection.makefile("rb") as lines:
            while line := lines.readline():
                command = [lines.read(int(lines.readline()[1:]) + 2)[:-2] for _ in range(int(line[1:]))]
                if command[0] in _GREETING:
                    connection.sendall(b"+OK\r\n")
                    continue
                self.command_count += 1
                self.asked.set()
                self._reply(connection, command)


def constant_reply(reply: bytes) -> Reply:
    """Answer everything alike."""
    return lambda connection, _command: connection.sendall(reply)


def drip_reply(beginning: bytes, seconds: float) -> Reply:
    """Begin an answer and go on for ever, a byte at a time."""

    def reply(connection: socket.socket, _command: list[bytes]) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(b"1")
            time.sleep(seconds)

    return reply


def endless_reply(beginning: bytes, piece: bytes) -> Reply:
    """Begin an answer and go on for ever, as fast as it is taken."""

    def reply(connection: socket.socket, _command: list[bytes]) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(piece)

    return reply


def empty_reply(seconds: float = 0.0, leased: bool = False) -> Reply:
    """Have nothing, keep nothing, and take so long to say it; where `leased` every lease is somebody's."""

    def reply(connection: socket.socket, command: list[bytes]) -> None:
        time.sleep(seconds)
        said = {b"GET": b"$-1\r\n", b"SET": b"$-1\r\n" if leased else b"+OK\r\n", b"MSET": b"+OK\r\n"}
        connection.sendall(said.get(command[0].upper(), b":0\r\n"))

    return reply
