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

from ..base.counts import StoreCounter, StoreCounts
from ..base.key import Key
from ..base.payload import decode, encode
from ..base.store import Arrays
from ..packs.record import EntryInfo, build_record, find_payload, read_entry_info
from .redis_client import MAX_REPLY_BYTES, REPLY_TIMEOUT_SECONDS, RedisServer, RedisServerError
from .redis_commands import HEAD_BYTES, delete_value, read_heads, read_part, scan_names
from .redis_reply import (
    expect_count,
    expect_heads_and_sizes,
    expect_ok,
    expect_page,
    expect_value,
    expect_values,
)

if TYPE_CHECKING:
    import redis

KEY_PREFIX = "understudy:"
WRITE_TIMEOUT_SECONDS = 5.0
"""How long a put may take: nobody waits for it."""
LIST_TIMEOUT_SECONDS = 300.0
MAX_LISTED_ENTRIES = 2_000_000
_MAX_TOTAL_NAME_BYTES = 1 << 28
_BATCH_ENTRIES = 500
_MAX_PAGE_BYTES = 1 << 22  # what a page of names or a batch of glances may take, several times over
_T = TypeVar("_T")


class RedisStore:
    """Results under `prefix` + the key's hex digest. Safe to use from several threads.

    A server that is away, full, slow, says no or talks nonsense is a miss or a dropped put, counted in `fault_count`.
    """

    def __init__(
        self,
        url: str,
        prefix: str = KEY_PREFIX,
        *,
        reply_timeout_seconds: float = REPLY_TIMEOUT_SECONDS,
        write_timeout_seconds: float = WRITE_TIMEOUT_SECONDS,
        list_timeout_seconds: float = LIST_TIMEOUT_SECONDS,
        max_listed_entries: int = MAX_LISTED_ENTRIES,
    ) -> None:
        """Take the server at `url`, such as redis://HOST:6379/0; nothing is sent yet. Raises CacheError.

        `list_timeout_seconds` and `max_listed_entries` bound what `entries` and `purge` look through.
        """
        self._server = RedisServer(url, reply_timeout_seconds)
        self._prefix = prefix
        self._write_timeout_seconds = write_timeout_seconds
        self._list_timeout_seconds = list_timeout_seconds
        self._max_listed_entries = max_listed_entries
        self._counter = StoreCounter()
        self._lock = threading.Lock()
        self._fault_count = 0
        self._warnings: dict[str, None] = {}
        self._skipped_digests: set[bytes] = set()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, read-only and bit for bit as put, or None."""
        if key.digest in self._skipped_digests:
            return None
        return self._decode(
            key, self._query(lambda client: client.get(self._value_name(key)), expect_value, None)
        )

    def skip_copy(self, key: Key) -> bool:
        """Make `get` miss `key`, in this process, until it is put again; True unless it did already."""
        known = key.digest in self._skipped_digests
        self._skipped_digests.add(key.digest)
        return not known

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Arrays]:
        """Return what is there of `keys`, asked for in one go."""
        if not keys:
            return {}
        nothing: list[bytes | None] = [None] * len(keys)
        names = [self._value_name(key) for key in keys]
        raws = self._query(lambda client: client.mget(names), partial(expect_values, len(keys)), nothing)
        pairs = ((key, self._decode(key, raw)) for key, raw in zip(keys, raws, strict=True))
        return {key: arrays for key, arrays in pairs if arrays is not None}

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`. Raises TypeError and ValueError as PackStore.put does."""
        self.put_many([(key, arrays)])

    def put_many(self, items: Iterable[tuple[Key, Arrays]]) -> None:
        """Keep several results, sent in one go."""
        records: dict[str, bytes] = {}
        for key, arrays in items:
            record = _encode_record(key, arrays)
            if len(record) > MAX_REPLY_BYTES:  # it could not be had again
                self._counter.add(dropped=1)
                continue
            records[self._value_name(key)] = record
            self._skipped_digests.discard(key.digest)
        if not records:
            return
        # Overwritten even if there: that heals a damaged value, and a good one is the same bytes.
        if self._query(lambda client: client.mset(records), expect_ok, False, self._write_timeout_seconds):
            self._counter.add(puts=len(records), bytes_written=sum(map(len, records.values())))
        else:
            self._counter.add(dropped=len(records))

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a value under `key`; it may still prove damaged when read."""
        if key.digest in self._skipped_digests:
            return False
        return bool(self._query(lambda client: client.exists(self._value_name(key)), expect_count, 0))

    def entries(self) -> Iterator[EntryInfo]:
        """List what is kept: each entry's key text and size. What can't be read is left out.

        A server that can't be looked through is a fault in `warnings`; the list is not whole then.
        """
        for _, entry, _ in self._list_values():
            if entry is not None:
                yield entry

    def purge(self, matches: Callable[[str], bool] | None = None) -> int:
        """Remove every entry whose key text `matches`, or all; return the bytes freed.

        A value whose key text can't be read could be anybody's, and goes too.
        """
        doomed = {
            name: size
            for name, entry, size in self._list_values()
            if matches is None or entry is None or matches(entry.text)
        }
        freed, before = 0, self._fault_count
        for name, size in doomed.items():
            freed += size if self._query(partial(delete_value, name), expect_count, 0) else 0
            if self._fault_count != before:  # each of many would be waited for
                break
        return freed

    def set_timeout(self, seconds: float) -> None:
        """Let the server take no longer than this to answer, but for puts."""
        self._server.set_timeout(seconds)

    @property
    def fault_count(self) -> int:
        """How many questions the server did not answer as it should have."""
        return self._fault_count

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every distinct trouble met so far, one line each, oldest first."""
        with self._lock:
            return tuple(self._warnings)

    @property
    def counts(self) -> StoreCounts:
        """Counters since this store was made here."""
        return self._counter.snapshot()

    def close(self) -> None:
        """Close the connections. What was put stays."""
        self._server.disconnect()

    def _value_name(self, key: Key) -> str:
        return self._prefix + key.hex

    def _decode(self, key: Key, raw: bytes | None) -> Arrays | None:
        start = find_payload(raw, key) if raw is not None else None
        arrays = decode(raw, start) if raw is not None and start is not None else None
        if raw is None or arrays is None:
            self._counter.add(misses=1, corrupt=int(raw is not None))
            if raw is not None:
                self._server.disconnect()  # it may have been the answer to another question
        else:
            self._counter.add(hits=1, bytes_read=len(raw))
        return arrays

    def _list_values(self) -> Iterator[tuple[bytes, EntryInfo | None, int]]:
        """List name, key text and size in bytes of every value under the prefix, up to a first fault."""
        end = time.monotonic() + self._list_timeout_seconds
        before = self._fault_count
        names = iter(self._names(end))
        if self._fault_count != before:
            return
        while batch := list(islice(names, _BATCH_ENTRIES)):
            known = self._query(
                partial(read_heads, batch),
                partial(expect_heads_and_sizes, len(batch), HEAD_BYTES),
                None,
                max_bytes=_MAX_PAGE_BYTES,
            )
            if known is None:
                return
            for name, (head, size) in zip(batch, known, strict=True):
                yield name, self._read_info(name, head), size
            if self._fault_count != before:
                return
            if time.monotonic() > end:
                self._record_fault("it takes too long to list what is there")
                return

    def _names(self, deadline: float) -> list[bytes]:
        """Return the names under the prefix, as many as may be and up to a moment of time."""
        pattern = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in self._prefix) + "*"
        prefix = self._prefix.encode()
        names: dict[bytes, None] = {}
        held, cursor = 0, 0
        while True:
            page = self._query(
                partial(scan_names, cursor, pattern), expect_page, None, max_bytes=_MAX_PAGE_BYTES
            )
            if page is None:
                break
            cursor, more = page
            for name in more:
                # Whatever it says, what is not ours is not looked at and not deleted.
                if name.startswith(prefix) and name not in names:
                    names[name] = None
                    held += len(name)
            if (
                len(names) > self._max_listed_entries
                or held > _MAX_TOTAL_NAME_BYTES
                or time.monotonic() > deadline
            ):
                self._record_fault("its list does not end")
                break
            if not cursor:
                break
        return list(names)

    def _read_info(self, name: bytes, head: bytes) -> EntryInfo | None:
        def read(offset: int, size: int) -> bytes:
            if offset + size <= max(len(head), HEAD_BYTES):
                return head[offset : offset + size]
            more = self._query(
                partial(read_part, name, offset, size), expect_value, None, max_bytes=_MAX_PAGE_BYTES
            )
            return (more or b"")[:size]

        return read_entry_info(read, 0)

    def _query(
        self,
        command: "Callable[[redis.Redis], object]",
        parse: Callable[[object], _T],
        default: _T,
        timeout_seconds: float | None = None,
        max_bytes: int = MAX_REPLY_BYTES + _MAX_PAGE_BYTES,
    ) -> _T:
        """Return the server's answer, or `default` where there is none."""
        try:
            return self._server.execute(command, parse, timeout_seconds=timeout_seconds, max_bytes=max_bytes)
        except RedisServerError as fault:
            self._record_fault(str(fault))
            return default

    def _record_fault(self, kind: str) -> None:
        """Count a fault. Only its kind is told: a server's own words may repeat what it was sent."""
        with self._lock:
            self._fault_count += 1
            self._warnings[f"Redis at {self._server.address} fails ({kind}): check the server"] = None


def _encode_record(key: Key, arrays: Arrays) -> bytes:
    payload, payload_bytes = encode(arrays)
    chunks, _ = build_record(key, payload, payload_bytes, int(time.time()))
    return b"".join(bytes(chunk) for chunk in chunks)
