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
from typing import TYPE_CHECKING, TypeVar

from ..base.counts import StoreCounts, Tally
from ..base.key import Key
from ..base.payload import decode, encode
from ..base.store import Arrays
from ..packs.record import KeyText, build, find_payload, read_key_text
from .redis_client import ANSWER_SECONDS, MOST_BYTES, Server, ServerError
from .redis_reply import a_count, a_page, a_value, heads_and_sizes, is_done, values

if TYPE_CHECKING:
    import redis

PREFIX = "understudy:"
WRITE_SECONDS = 5.0
"""How long a put may take: nobody waits for it."""
LIST_SECONDS = 300.0
MOST_LISTED = 2_000_000
_MOST_NAME_BYTES = 1 << 28
_GLANCE = 1024  # a record's header and most key texts
_BATCH = 500
_PAGE = 1000
_SMALL = 1 << 22  # what a page of names or a batch of glances may take, several times over
_T = TypeVar("_T")


class RedisStore:
    """Results under `prefix` + the key's hex digest. Safe to use from several threads.

    A server that is away, full, slow, says no or talks nonsense is a miss or a dropped put, counted in `faults`.
    """

    def __init__(
        self,
        url: str,
        prefix: str = PREFIX,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        write_seconds: float = WRITE_SECONDS,
        list_seconds: float = LIST_SECONDS,
        most_listed: int = MOST_LISTED,
    ) -> None:
        """Take the server at `url`, such as redis://HOST:6379/0; nothing is sent yet. Raises CacheError.

        `list_seconds` and `most_listed` bound what `entries` and `purge` look through.
        """
        self._server = Server(url, answer_seconds)
        self._prefix = prefix
        self._write_seconds = write_seconds
        self._list_seconds = list_seconds
        self._most_listed = most_listed
        self._tally = Tally()
        self._lock = threading.Lock()
        self._faults = 0
        self._warnings: dict[str, None] = {}
        self._passed_over: set[bytes] = set()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, read-only and bit for bit as put, or None."""
        if key.digest in self._passed_over:
            return None
        return self._checked(key, self._asked(lambda client: client.get(self._name(key)), a_value, None))

    def pass_over(self, key: Key) -> bool:
        """Make `get` miss `key`, in this process, until it is put again; True unless it did already."""
        known = key.digest in self._passed_over
        self._passed_over.add(key.digest)
        return not known

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Arrays]:
        """Return what is there of `keys`, asked for in one go."""
        if not keys:
            return {}
        nothing: list[bytes | None] = [None] * len(keys)
        names = [self._name(key) for key in keys]
        raws = self._asked(lambda client: client.mget(names), partial(values, len(keys)), nothing)
        found = ((key, self._checked(key, raw)) for key, raw in zip(keys, raws, strict=True))
        return {key: arrays for key, arrays in found if arrays is not None}

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`. Raises TypeError and ValueError as PackFolder.put does."""
        self.put_many([(key, arrays)])

    def put_many(self, items: Iterable[tuple[Key, Arrays]]) -> None:
        """Keep several results, sent in one go."""
        records: dict[str, bytes] = {}
        for key, arrays in items:
            record = _record(key, arrays)
            if len(record) > MOST_BYTES:  # it could not be had again
                self._tally.add(dropped=1)
                continue
            records[self._name(key)] = record
            self._passed_over.discard(key.digest)
        if not records:
            return
        # Overwritten even if there: that heals a damaged value, and a good one is the same bytes.
        if self._asked(lambda client: client.mset(records), is_done, False, self._write_seconds):
            self._tally.add(puts=len(records), bytes_written=sum(map(len, records.values())))
        else:
            self._tally.add(dropped=len(records))

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a value under `key`; it may still prove damaged when read."""
        if key.digest in self._passed_over:
            return False
        return bool(self._asked(lambda client: client.exists(self._name(key)), a_count, 0))

    def entries(self) -> Iterator[KeyText]:
        """List what is kept: each entry's key text and size. What can't be read is left out.

        A server that can't be looked through is a fault in `warnings`; the list is not whole then.
        """
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
        freed, before = 0, self._faults
        for name, size in doomed.items():
            freed += size if self._asked(partial(_delete, name), a_count, 0) else 0
            if self._faults != before:  # each of many would be waited for
                break
        return freed

    def limit(self, seconds: float) -> None:
        """Let the server take no longer than this to answer, but for puts."""
        self._server.limit(seconds)

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
        self._server.disconnect()

    def _name(self, key: Key) -> str:
        return self._prefix + key.hex

    def _checked(self, key: Key, raw: bytes | None) -> Arrays | None:
        start = find_payload(raw, key) if raw is not None else None
        arrays = decode(raw, start) if raw is not None and start is not None else None
        if raw is None or arrays is None:
            self._tally.add(misses=1, corrupt=int(raw is not None))
            if raw is not None:
                self._server.disconnect()  # it may have been the answer to another question
        else:
            self._tally.add(hits=1, bytes_read=len(raw))
        return arrays

    def _listed(self) -> Iterator[tuple[bytes, KeyText | None, int]]:
        """List name, key text and size in bytes of every value under the prefix, up to a first fault."""
        end = time.monotonic() + self._list_seconds
        before = self._faults
        names = iter(self._names(end))
        if self._faults != before:
            return
        while batch := list(islice(names, _BATCH)):
            known = self._asked(
                partial(_look, batch), partial(heads_and_sizes, len(batch), _GLANCE), None, most_bytes=_SMALL
            )
            if known is None:
                return
            for name, (head, size) in zip(batch, known, strict=True):
                yield name, self._key_text(name, head), size
            if self._faults != before:
                return
            if time.monotonic() > end:
                self._fault("it takes too long to list what is there")
                return

    def _names(self, end: float) -> list[bytes]:
        """Return the names under the prefix, as many as may be and up to a moment of time."""
        pattern = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in self._prefix) + "*"
        prefix = self._prefix.encode()
        names: dict[bytes, None] = {}
        held, cursor = 0, 0
        while True:
            page = self._asked(partial(_scan, cursor, pattern), a_page, None, most_bytes=_SMALL)
            if page is None:
                break
            cursor, more = page
            for name in more:
                # Whatever it says, what is not ours is not looked at and not deleted.
                if name.startswith(prefix) and name not in names:
                    names[name] = None
                    held += len(name)
            if len(names) > self._most_listed or held > _MOST_NAME_BYTES or time.monotonic() > end:
                self._fault("there is no end to what it lists")
                break
            if not cursor:
                break
        return list(names)

    def _key_text(self, name: bytes, head: bytes) -> KeyText | None:
        def read(offset: int, size: int) -> bytes:
            if offset + size <= max(len(head), _GLANCE):
                return head[offset : offset + size]
            more = self._asked(partial(_part, name, offset, size), a_value, None, most_bytes=_SMALL)
            return (more or b"")[:size]

        return read_key_text(read, 0)

    def _asked(
        self,
        ask: "Callable[[redis.Redis], object]",
        answer: Callable[[object], _T],
        otherwise: _T,
        seconds: float | None = None,
        most_bytes: int = MOST_BYTES + _SMALL,
    ) -> _T:
        """Return the server's answer, or `otherwise` where there is none."""
        try:
            return self._server.ask(ask, answer, seconds=seconds, most_bytes=most_bytes)
        except ServerError as fault:
            self._fault(str(fault))
            return otherwise

    def _fault(self, kind: str) -> None:
        """Count a fault. Only its kind is told: a server's own words may repeat what it was sent."""
        with self._lock:
            self._faults += 1
            self._warnings[f"Redis at {self._server.address} fails ({kind}): check the server"] = None


def _delete(name: bytes, client: "redis.Redis") -> object:
    return client.delete(name)


def _scan(cursor: int, pattern: str, client: "redis.Redis") -> object:
    return client.scan(cursor, pattern, _PAGE)


def _part(name: bytes, offset: int, size: int, client: "redis.Redis") -> object:
    return client.getrange(name, offset, offset + size - 1)


def _look(names: list[bytes], client: "redis.Redis") -> object:
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.getrange(name, 0, _GLANCE - 1)
            pipe.strlen(name)
        return pipe.execute(raise_on_error=False)


def _record(key: Key, arrays: Arrays) -> bytes:
    payload, payload_bytes = encode(arrays)
    chunks, _ = build(key, payload, payload_bytes, int(time.time()))
    return b"".join(bytes(chunk) for chunk in chunks)
