# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server answers, spoilt, through the real client: each is a miss or a result, and soon."""

import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from understudy.core.cache.shared.redis_store import RedisStore

from ..guard import WrongError
from ..sample import Sample, is_small
from .packs import folder_of_results
from .results import arrays, key, repair_checksums

_REPLY = "reply.bin"
_DRIP = "drip.bin"
_MOST_SECONDS = 30.0
"""A question takes 5 s at most, but a busy machine may be slow; what drips goes on for longer than this."""


class Redis:
    """See the module."""

    name = "redis"

    def samples(self) -> list[Sample]:
        """Return replies to GET, MGET, MSET, EXISTS, SCAN, and words of a server that says no."""
        with tempfile.TemporaryDirectory() as made:
            pack = folder_of_results(Path(made) / "cache")
        record = pack[: pack.index(b"\xf5USTUDY", 1)]
        bulk = b"$%d\r\n%s\r\n" % (len(record), record)
        replies = (
            bulk,
            b"*2\r\n" + bulk + b"$-1\r\n",
            b"+OK\r\n",
            b":1\r\n",
            b"*2\r\n$1\r\n0\r\n*1\r\n$15\r\nunderstudy:1234\r\n",
            b"-LOADING Redis is loading the dataset in memory\r\n",
            b"$-1\r\n",
        )
        return [Sample({_REPLY: reply}) for reply in replies]

    def mend(self, sample: Sample) -> Sample:
        """Make a record's checksums right."""
        return sample.with_file(_REPLY, repair_checksums(sample.files.get(_REPLY, b"")))

    def read(self, place: Path) -> None:
        """Ask everything that a render and the commands ask."""
        drips = (place / _DRIP).is_file()
        path = place / (_DRIP if drips else _REPLY)
        reply = path.read_bytes() if is_small(path) else b""
        for ask in ("get", "many", "put", "has", "list", "purge"):
            with _Server(reply, 0.2 if drips else 0.0) as server:
                began = time.monotonic()
                store = RedisStore(f"redis://127.0.0.1:{server.port}/0")
                _ask(store, ask)
                store.close()
                if time.monotonic() - began > _MOST_SECONDS:
                    raise WrongError("a server that answers nonsense makes us wait")
            if drips:
                break  # one question is enough to see whether it ends


def _ask(store: RedisStore, what: str) -> None:
    if what == "get":
        kept = store.get(key(0))
        if kept is not None:
            sum(array.nbytes for array in kept.values())
    elif what == "many":
        store.get_many([key(0), key(1)])
    elif what == "put":
        store.put(key(0), arrays(0))
    elif what == "has":
        _ = key(0) in store
    elif what == "list":
        list(store.entries())
    else:
        store.purge(lambda text: "score" in text)


class _Server:
    """Answers whatever comes with the same bytes, at once or one by one, and hangs up after a few times."""

    _ANSWERS = 4

    def __init__(self, reply: bytes, between: float) -> None:
        self._reply, self._between = reply, between
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "_Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # what waits for a caller waits no longer
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError):
                caller, _ = self._socket.accept()
                caller.settimeout(0.2)
                with caller:
                    self._answer(caller)

    def _answer(self, caller: socket.socket) -> None:
        if not caller.recv(1 << 16):
            return
        # A client says who it is before it asks: it reads several answers.
        whole = self._reply * self._ANSWERS
        if not self._between:
            caller.sendall(whole)
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(1 << 16):
                pass
        for place in range(len(whole) if self._between else 0):
            if self._ended.wait(self._between):
                return
            caller.sendall(whole[place : place + 1])


READER = Redis()
