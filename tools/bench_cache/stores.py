# SPDX-License-Identifier: GPL-3.0-or-later
"""Six stores behind one face. Each keeps named arrays by key; none forces anything to the disk."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import diskcache
import joblib
import lmdb
import numpy as np
from understudy.core.cache.folder import PackFolder
from understudy.core.cache.key import Key
from understudy.core.cache.payload import decode, encode

from .records import Arrays

_MAP_BYTES = 1 << 40


class BenchStore(Protocol):
    """What is measured."""

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep arrays."""

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays as they were put, or None."""

    def evict_half(self) -> None:
        """Remove the older half of the entries."""

    def close(self) -> None:
        """Let go of everything."""


class Understudy:
    """Ours."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = PackFolder(root, pack_bytes=1 << 26)
        self.put, self.get, self.close = self._folder.put, self._folder.get, self._folder.close

    def evict_half(self) -> None:
        """Tidy as a process does that has used none of it."""
        self._folder.close()
        other = PackFolder(self._root, pack_bytes=1 << 26)
        other.tidy(other.size_on_disk() // 2)
        other.close()


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

    def get(self, key: Key) -> Arrays | None:
        """Read two files."""
        try:
            table = json.loads((self._root / f"{key.hex}.json").read_text())["arrays"]
        except FileNotFoundError:
            return None
        joined = np.load(self._root / f"{key.hex}.npy")
        arrays, start = {}, 0
        for name, (dtype, shape) in table.items():
            end = start + int(np.prod(shape)) * np.dtype(dtype).itemsize
            arrays[name] = joined[start:end].view(dtype).reshape(shape)
            start = end
        return arrays

    def evict_half(self) -> None:
        """Remove the files of the entries written first."""
        files = sorted(self._root.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[: len(files) // 2]:
            path.unlink()
            path.with_suffix(".npy").unlink()

    def close(self) -> None:
        """Nothing is open."""


class Joblib:
    """`joblib.Memory`: an entry is the result of a function of the key."""

    def __init__(self, root: Path) -> None:
        self._memory = joblib.Memory(root, verbose=0)
        self._kept = self._memory.cache(_same, ignore=["arrays"])

    def put(self, key: Key, arrays: Arrays) -> None:
        """Call the function for the first time."""
        self._kept(key.text, arrays)

    def get(self, key: Key) -> Arrays | None:
        """Call it again."""
        arrays: Arrays | None = self._kept(key.text, None)
        return arrays

    def evict_half(self) -> None:
        """Keep half the items."""
        items = sum(1 for _ in Path(self._memory.location).rglob("output.pkl"))
        self._memory.reduce_size(items_limit=items // 2)

    def close(self) -> None:
        """Nothing is open."""


def _same(text: str, arrays: Arrays | None) -> Arrays | None:  # noqa: ARG001 (the text is the key)
    return arrays


class DiskCache:
    """`diskcache.Cache` as it comes, without a size limit until the eviction."""

    def __init__(self, root: Path) -> None:
        self._cache = diskcache.Cache(str(root), size_limit=_MAP_BYTES)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Set an item."""
        self._cache[key.digest] = arrays

    def get(self, key: Key) -> Arrays | None:
        """Get an item."""
        arrays: Arrays | None = self._cache.get(key.digest)
        return arrays

    def evict_half(self) -> None:
        """Cull to half the size."""
        self._cache.reset("size_limit", self._cache.volume() // 2)
        self._cache.cull()

    def close(self) -> None:
        """Close the database."""
        self._cache.close()


class Sqlite:
    """SQLite in WAL mode, the payload being ours; one transaction a put, so that others see it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self._data = sqlite3.connect(root / "cache.db", isolation_level=None)
        self._data.execute("PRAGMA journal_mode=WAL")
        self._data.execute("PRAGMA synchronous=OFF")
        self._data.execute("CREATE TABLE IF NOT EXISTS entry (key BLOB UNIQUE, text TEXT, value BLOB)")

    def put(self, key: Key, arrays: Arrays) -> None:
        """Insert a row."""
        payload = b"".join(encode(arrays)[0])
        self._data.execute("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", (key.digest, key.text, payload))

    def get(self, key: Key) -> Arrays | None:
        """Select a row."""
        row = self._data.execute("SELECT value FROM entry WHERE key = ?", (key.digest,)).fetchone()
        return decode(row[0], 0) if row is not None else None

    def evict_half(self) -> None:
        """Delete the older half; the file does not shrink."""
        self._data.execute("DELETE FROM entry WHERE rowid <= (SELECT MAX(rowid) / 2 FROM entry)")

    def close(self) -> None:
        """Close the database."""
        self._data.close()


class Lmdb:
    """LMDB without forcing to the disk, the payload being ours; one transaction a put."""

    def __init__(self, root: Path) -> None:
        self._data = lmdb.open(str(root), map_size=_MAP_BYTES, sync=False, metasync=False)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Put an item."""
        payload = b"".join(encode(arrays)[0])
        with self._data.begin(write=True) as transaction:
            transaction.put(key.digest, payload, overwrite=False)

    def get(self, key: Key) -> Arrays | None:
        """Get an item, copied out of the map: it may change once the transaction is over."""
        with self._data.begin() as transaction:
            raw = transaction.get(key.digest)
        return decode(raw, 0) if raw is not None else None

    def evict_half(self) -> None:
        """Delete every other item; the file does not shrink."""
        with self._data.begin(write=True) as transaction:
            cursor = transaction.cursor()
            here = cursor.first()
            while here:
                here = cursor.delete() and cursor.next()

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
