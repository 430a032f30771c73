# SPDX-License-Identifier: GPL-3.0-or-later
"""Six stores behind one face, each used as someone would who knows it well.

All do the same work. They keep named arrays and the key's text under a key; what was put is there for other
processes at once; nothing is forced to the disk (no fsync, in none of them). A get hands over text and arrays that
stay valid whatever happens to the store afterwards: so what LMDB lends from its map until the transaction ends is
copied once, in one piece. The SQLite and LMDB adapters pack arrays as ours does, which is quicker than pickle or
`numpy.save`. Ours alone checks a checksum over every byte that it hands over; the others need not.
"""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import diskcache
import joblib
import lmdb
import numpy as np
from understudy.core.cache.base.key import Key
from understudy.core.cache.base.payload import decode, encode
from understudy.core.cache.stores.local import PackStore

from .records import Arrays

Entry = tuple[str, Arrays]
"""A key's text and what is kept under it."""
_MAP_BYTES = 1 << 40
_PACK_BYTES = 1 << 26  # what a cap of a gigabyte sets


class BenchStore(Protocol):
    """What is measured."""

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep arrays, which are not known yet."""

    def get(self, key: Key) -> Entry | None:
        """Return the key's text and the arrays as they were put, or None."""

    def evict_half(self) -> int:
        """Remove about half of the entries; return how many."""

    def close(self) -> None:
        """Let go of everything."""


class Understudy:
    """Ours."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = PackStore(root, pack_bytes=_PACK_BYTES)
        self._get = self._folder.get
        self.put, self.close = self._folder.put, self._folder.close

    def get(self, key: Key) -> Entry | None:
        """Get an entry; that its text is the key's was checked."""
        arrays = self._get(key)
        return (key.text, arrays) if arrays is not None else None  # type: ignore[return-value]

    def evict_half(self) -> int:
        """Tidy as a process does that has used none of it."""
        self._folder.close()
        other = PackStore(self._root, pack_bytes=_PACK_BYTES)
        done = other.evict(other.size_on_disk() // 2)
        other.close()
        return done.evicted_records if done is not None else 0


class JsonNpy:
    """A JSON text that tells what there is and one .npy with it, for each entry."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(exist_ok=True)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Write two files, the one that makes the entry valid last."""
        table = {name: [array.dtype.str, array.shape] for name, array in arrays.items()}
        joined = np.concatenate([array.reshape(-1).view(np.uint8) for array in arrays.values()])
        np.save(self._root / f"{key.hex}.npy", joined)
        (self._root / f"{key.hex}.json").write_text(json.dumps({"key": key.text, "arrays": table}))

    def get(self, key: Key) -> Entry | None:
        """Read two files."""
        try:
            about = json.loads((self._root / f"{key.hex}.json").read_text())
        except FileNotFoundError:
            return None
        joined = np.load(self._root / f"{key.hex}.npy")
        arrays, start = {}, 0
        for name, (dtype, shape) in about["arrays"].items():
            end = start + int(np.prod(shape)) * np.dtype(dtype).itemsize
            arrays[name] = joined[start:end].view(dtype).reshape(shape)
            start = end
        return about["key"], arrays

    def evict_half(self) -> int:
        """Remove the files of the entries written first."""
        files = sorted(self._root.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[: len(files) // 2]:
            path.unlink()
            path.with_suffix(".npy").unlink()
        return len(files) // 2

    def close(self) -> None:
        """Nothing is open."""


class Joblib:
    """`joblib.MemoryStore`: an entry is the result of a function of the key."""

    def __init__(self, root: Path) -> None:
        self._memory = joblib.Memory(root, verbose=0)
        self._kept = self._memory.cache(_entry, ignore=["arrays"])

    def put(self, key: Key, arrays: Arrays) -> None:
        """Call the function for the first time."""
        self._kept(key.text, arrays)

    def get(self, key: Key) -> Entry | None:
        """Call it again."""
        entry: Entry | None = self._kept(key.text, None)
        return entry

    def evict_half(self) -> int:
        """Keep half the items."""
        items = sum(1 for _ in Path(self._memory.location).rglob("output.pkl"))
        self._memory.reduce_size(items_limit=items // 2)
        return items - items // 2

    def close(self) -> None:
        """Nothing is open."""


def _entry(text: str, arrays: Arrays | None) -> Entry | None:
    return (text, arrays) if arrays is not None else None


class DiskCache:
    """`diskcache.Cache` as it comes, but without a size limit until the eviction, and never waiting for the disk."""

    def __init__(self, root: Path) -> None:
        self._cache = diskcache.Cache(str(root), size_limit=_MAP_BYTES, sqlite_synchronous=0)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Set an item."""
        self._cache[key.digest] = (key.text, arrays)

    def get(self, key: Key) -> Entry | None:
        """Get an item."""
        entry: Entry | None = self._cache.get(key.digest)
        return entry

    def evict_half(self) -> int:
        """Cull to half the size."""
        self._cache.reset("size_limit", self._cache.volume() // 2)
        removed: int = self._cache.cull()
        return removed

    def close(self) -> None:
        """Close the database."""
        self._cache.close()


class Sqlite:
    """SQLite in WAL mode, read through a memory map; one transaction a put, so that others see it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self._data = sqlite3.connect(root / "cache.db", isolation_level=None)
        self._data.execute("PRAGMA journal_mode=WAL")
        self._data.execute("PRAGMA synchronous=OFF")
        self._data.execute(f"PRAGMA mmap_size={_MAP_BYTES}")
        self._data.execute("CREATE TABLE IF NOT EXISTS entry (key BLOB UNIQUE, text TEXT, value BLOB)")

    def put(self, key: Key, arrays: Arrays) -> None:
        """Insert a row."""
        payload = b"".join(encode(arrays)[0])
        self._data.execute("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", (key.digest, key.text, payload))

    def get(self, key: Key) -> Entry | None:
        """Select a row."""
        row = self._data.execute("SELECT text, value FROM entry WHERE key = ?", (key.digest,)).fetchone()
        arrays = decode(row[1], 0) if row is not None else None
        return (row[0], arrays) if arrays is not None else None

    def evict_half(self) -> int:
        """Delete the older half; the file does not shrink."""
        done = self._data.execute("DELETE FROM entry WHERE rowid <= (SELECT MAX(rowid) / 2 FROM entry)")
        return done.rowcount

    def close(self) -> None:
        """Close the database."""
        self._data.close()


class Lmdb:
    """LMDB without forcing to the disk; one transaction a put. A value is the text's length, the text, the payload."""

    def __init__(self, root: Path) -> None:
        self._data = lmdb.open(str(root), map_size=_MAP_BYTES, sync=False, metasync=False)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Put an item."""
        text = key.text.encode()
        payload = encode(arrays)[0]
        value = b"".join([len(text).to_bytes(4, "little"), bytes(4), text, bytes(-len(text) % 8), *payload])
        with self._data.begin(write=True) as transaction:
            transaction.put(key.digest, value, overwrite=False)

    def get(self, key: Key) -> Entry | None:
        """Get an item, copied out of the map: it may change once the transaction is over."""
        with self._data.begin() as transaction:
            raw = transaction.get(key.digest)
        if raw is None:
            return None
        end = 8 + int.from_bytes(raw[:4], "little")
        arrays = decode(raw, end + -end % 8)
        return (raw[8:end].decode(), arrays) if arrays is not None else None

    def evict_half(self) -> int:
        """Delete every other item; the file does not shrink."""
        with self._data.begin(write=True) as transaction:
            cursor = transaction.cursor()
            removed = 0
            here = cursor.first()
            while here:
                here = cursor.delete() and cursor.next()
                removed += 1
        return removed

    def close(self) -> None:
        """Close the map."""
        self._data.close()


STORES: dict[str, Callable[[Path], BenchStore]] = {
    "understudy": Understudy,
    "json_npy": JsonNpy,
    "joblib": Joblib,
    "diskcache": DiskCache,
    "sqlite": Sqlite,
    "lmdb": Lmdb,
}
