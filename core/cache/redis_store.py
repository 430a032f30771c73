# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared tier on a Redis server: the same records as in packs, one value each.

The server bounds its own memory: give it `maxmemory` and `maxmemory-policy allkeys-lru`. Nothing of ours
expires by time. Purging removes values from the server's memory; a server that also saves them to its disk
(RDB, AOF) must save once more to forget them there, so a server for this use should save nothing.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from .counts import StoreCounts, Tally
from .key import Key
from .payload import decode, encode
from .record import KeyText, build, find_payload, read_key_text
from .redis_client import ANSWER_SECONDS, CONNECT_SECONDS, address, connected
from .store import Arrays

if TYPE_CHECKING:
    import redis

PREFIX = "understudy:"
_GLANCE = 1024  # a record's header and most key texts
_BATCH = 500
_T = TypeVar("_T")


class RedisStore:
    """Results under `prefix` + the key's hex digest. Safe to use from several threads.

    A server that is away, full, slow or says no is a miss or a dropped put, counted in `faults`.
    """

    def __init__(
        self,
        url: str,
        prefix: str = PREFIX,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Take the server at `url`, such as redis://HOST:6379/0; nothing is sent yet. Raises CacheError."""
        self._client: redis.Redis = connected(
            url, connect_seconds=connect_seconds, answer_seconds=answer_seconds
        )
        self._address = address(url)
        self._prefix = prefix
        self._tally = Tally()
        self._lock = threading.Lock()
        self._faults = 0
        self._warnings: dict[str, None] = {}
        self._passed_over: set[bytes] = set()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, read-only and bit for bit as put, or None."""
        if key.digest in self._passed_over:
            return None
        return self._checked(key, self._asked(lambda: self._client.get(self._name(key)), None))

    def pass_over(self, key: Key) -> bool:
        """Make `get` miss `key`, in this process, until it is put again; True unless it did already."""
        known = key.digest in self._passed_over
        self._passed_over.add(key.digest)
        return not known

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Arrays]:
        """Return what is there of `keys`, asked for in one go."""
        if not keys:
            return {}
        nothing: list[Any] = [None] * len(keys)
        values = self._asked(lambda: self._client.mget([self._name(key) for key in keys]), nothing)
        found = ((key, self._checked(key, raw)) for key, raw in zip(keys, values, strict=True))
        return {key: arrays for key, arrays in found if arrays is not None}

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`. Raises TypeError and ValueError as PackFolder.put does."""
        self.put_many([(key, arrays)])

    def put_many(self, items: Iterable[tuple[Key, Arrays]]) -> None:
        """Keep several results, sent in one go."""
        values = {}
        for key, arrays in items:
            values[self._name(key)] = _record(key, arrays)
            self._passed_over.discard(key.digest)
        if not values:
            return
        # Overwritten even if there: that heals a damaged value, and a good one is the same bytes.
        if self._asked(lambda: self._client.mset(values), None):
            self._tally.add(puts=len(values), bytes_written=sum(map(len, values.values())))
        else:
            self._tally.add(dropped=len(values))

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a value under `key`; it may still prove damaged when read."""
        if key.digest in self._passed_over:
            return False
        return bool(self._asked(lambda: self._client.exists(self._name(key)), 0))

    def entries(self) -> Iterator[KeyText]:
        """List what is kept: each entry's key text and size. What can't be read is left out."""
        for _, entry, _ in self._listed():
            if entry is not None:
                yield entry

    def purge(self, matches: Callable[[str], bool] | None = None) -> int:
        """Remove every entry whose key text `matches`, or all; return the bytes freed.

        A value whose key text can't be read could be anybody's, and goes too.
        """
        doomed = {
            name: size
            for name, entry, size in self._listed()
            if matches is None or entry is None or matches(entry.text)
        }
        return sum(
            size for name, size in doomed.items() if self._asked(partial(self._client.delete, name), 0)
        )

    @property
    def faults(self) -> int:
        """How many questions the server did not answer as it should have."""
        return self._faults

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every distinct trouble met so far, one line each, oldest first."""
        with self._lock:
            return tuple(self._warnings)

    @property
    def counts(self) -> StoreCounts:
        """Counters since this store was made here."""
        return self._tally.snapshot()

    def close(self) -> None:
        """Close the connections. What was put stays."""
        self._asked(self._client.close, None)

    def _name(self, key: Key) -> str:
        return self._prefix + key.hex

    def _checked(self, key: Key, raw: Any) -> Arrays | None:
        start = find_payload(raw, key) if raw is not None else None
        arrays = decode(raw, start) if start is not None else None
        if arrays is None:
            self._tally.add(misses=1, corrupt=int(raw is not None))
        else:
            self._tally.add(hits=1, bytes_read=len(raw))
        return arrays

    def _listed(self) -> Iterator[tuple[bytes, KeyText | None, int]]:
        """List name, key text and size in bytes of every value under the prefix."""
        pattern = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in self._prefix) + "*"
        listed: list[bytes] = self._asked(lambda: list(set(self._client.scan_iter(pattern, 1000))), [])
        names = iter(listed)
        while batch := list(islice(names, _BATCH)):
            for name, head, size in zip(batch, *self._heads(batch), strict=True):
                yield name, self._key_text(name, head), size

    def _heads(self, names: list[bytes]) -> tuple[list[bytes], list[int]]:
        def ask() -> list[Any]:
            with self._client.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.getrange(name, 0, _GLANCE - 1)
                    pipe.strlen(name)
                answers: list[Any] = pipe.execute(raise_on_error=False)
                return answers

        answers = self._asked(ask, [b"", 0] * len(names))
        heads = [head if isinstance(head, bytes) else b"" for head in answers[::2]]
        return heads, [size if isinstance(size, int) else 0 for size in answers[1::2]]

    def _key_text(self, name: bytes, head: bytes) -> KeyText | None:
        def read(offset: int, size: int) -> bytes:
            if offset + size <= max(len(head), _GLANCE):
                return head[offset : offset + size]
            more: bytes = self._asked(lambda: self._client.getrange(name, offset, offset + size - 1), b"")
            return more

        return read_key_text(read, 0)

    def _asked(self, ask: Callable[[], Any], otherwise: _T) -> Any | _T:
        """Return the server's answer, or `otherwise` where there is none."""
        import redis

        try:
            return ask()
        except (redis.RedisError, OSError) as error:
            with self._lock:
                self._faults += 1
                # Only the kind of fault: a server's own words may repeat what it was sent.
                self._warnings[
                    f"Redis at {self._address} fails ({type(error).__name__}): check the server"
                ] = None
            return otherwise


def _record(key: Key, arrays: Arrays) -> bytes:
    payload, payload_bytes = encode(arrays)
    chunks, _ = build(key, payload, payload_bytes, int(time.time()))
    return b"".join(bytes(chunk) for chunk in chunks)
