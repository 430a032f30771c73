# SPDX-License-Identifier: GPL-3.0-or-later
"""Purging: the bytes are in no file of the folder any more, the rest is all there."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.base.payload import encode
from understudy.core.cache.packs.pack import OpenPack
from understudy.core.cache.packs.record import build_record
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Folder


def secret(person: str, number: int) -> bytes:
    """Return bytes that occur nowhere else."""
    return f"<{person}-{number:04d}>".encode() * 20


def key(person: str, number: int) -> Key:
    return stage_key("test", 1, {"number": number, "person": person})


def put(store: PackStore, person: str, number: int) -> None:
    store.put(key(person, number), {"a": np.frombuffer(secret(person, number), np.uint8)})


def is_intact(store: PackStore, person: str, number: int) -> bool:
    got = store.get(key(person, number))
    return got is not None and got["a"].tobytes() == secret(person, number)


def all_file_bytes(root: Path) -> bytes:
    """Return every byte of every file of a folder."""
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


def bytes_on_disk(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_what_matches_is_gone_and_the_rest_is_there(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=20_000)
    for number in range(200):
        put(store, "ann" if number % 3 else "bob", number)
    other = PackStore(tmp_path)
    other.get(key("bob", 0))
    before = bytes_on_disk(tmp_path)
    assert b"<bob-" in all_file_bytes(tmp_path)
    freed = store.purge(lambda text: "person=bob\n" in text)
    beside = 32 + 20 * 200  # the sidecar that the open pack got before it was rewritten, at most
    assert 0 <= freed - (before - bytes_on_disk(tmp_path)) <= beside
    assert freed > 67 * len(secret("bob", 0))
    assert b"<bob-" not in all_file_bytes(tmp_path)
    assert b"person=bob" not in all_file_bytes(tmp_path)
    for reader in (store, other, PackStore(tmp_path)):
        for number in range(200):
            assert is_intact(reader, "ann", number) == bool(number % 3)
            assert reader.get(key("bob", number)) is None
        assert (reader.counts.corrupt, reader.warnings) == (0, ())
    assert store.purge(lambda text: "person=bob\n" in text) == 0
    put(store, "bob", 0)
    assert is_intact(store, "bob", 0)


def test_a_pack_without_a_match_is_not_touched(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=5000)
    for number in range(60):
        put(store, "ann", number)
    put(store, "bob", 0)
    store.close()
    before = {path.name: path.stat().st_ino for path in tmp_path.glob("*.pack")}
    PackStore(tmp_path).purge(lambda text: "person=bob\n" in text)
    after = {path.name: path.stat().st_ino for path in tmp_path.glob("*.pack")}
    assert len(before.keys() - after.keys()) == 1
    assert all(before[name] == after[name] for name in before.keys() & after.keys())


def test_the_time_of_use_is_kept(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    put(store, "ann", 0)
    put(store, "bob", 0)
    store.close()
    (pack,) = tmp_path.glob("*.pack")
    os.utime(pack, (10**9, 10**9))
    PackStore(tmp_path).purge(lambda text: "person=bob\n" in text)
    (pack,) = tmp_path.glob("*.pack")
    assert pack.stat().st_mtime == 10**9


def test_what_another_process_holds_open_is_emptied(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    put(store, "bob", 0)
    put(store, "ann", 0)
    (pack,) = tmp_path.glob("*.pack")
    with Folder(tmp_path) as folder:
        held = OpenPack(folder, pack.name)
    assert b"<bob-" in held.read(0, 10_000)
    store.purge(lambda text: "person=bob\n" in text)
    assert held.read(0, 10_000) == b""


def test_torn_and_damaged_bytes_and_leftovers_go_too(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    put(store, "ann", 0)
    put(store, "bob", 1)
    put(store, "bob", 2)
    put(store, "ann", 3)
    store.close()
    (pack,) = tmp_path.glob("*.pack")
    raw = bytearray(pack.read_bytes())
    raw[raw.index(b"stage=test")] ^= 1  # ann 0's text: nobody can say whose it is
    raw[raw.index(b"number=1") - 70] ^= 1  # bob 1's header: nobody finds it
    torn = raw[raw.index(b"number=2") - 64 :][:200]
    pack.write_bytes(raw + torn)
    leftover = tmp_path / f".{'0' * 16}-1-00000000.pack.tmp"
    leftover.write_bytes(bytes(raw))
    PackStore(tmp_path).purge(lambda text: "person=bob\n" in text)
    assert b"<bob-" not in all_file_bytes(tmp_path)
    assert not leftover.exists()
    assert is_intact(PackStore(tmp_path), "ann", 3)


def test_by_age(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    for number in range(10):
        put(store, "ann", number)
    store.close()
    (pack,) = tmp_path.glob("*.pack")
    now = int(time.time())
    with pack.open("ab") as file:
        for number in range(10, 20):  # as if written so many days ago
            payload, size = encode({"a": np.frombuffer(secret("old", number), np.uint8)})
            chunks, _ = build_record(key("old", number), payload, size, now - 86400 * number)
            file.write(b"".join(chunks))
    pack.with_suffix(".idx").unlink()
    store = PackStore(tmp_path)
    assert is_intact(store, "old", 19)
    store.purge_written_before(now - 15.5 * 86400)
    assert [is_intact(store, "old", number) for number in range(10, 20)] == [True] * 6 + [False] * 4
    assert all(is_intact(store, "ann", number) for number in range(10))
    assert b"<old-0019>" not in all_file_bytes(tmp_path)
    assert b"<old-0015>" in all_file_bytes(tmp_path)


def sha(text: str) -> bytes:
    return Key(text).digest


class ClipCache:
    """Entries as the pipeline makes them: clips with frames, what was computed of these, a texture, swaps."""

    def __init__(self, store: PackStore) -> None:
        self.store = store
        self.kept: dict[str, Key] = {}

    def add(self, name: str, key: Key, **value: bytes) -> Key:
        value = value or {"a": f"<{name}>".encode() * 10}
        self.store.put(key, {field: np.frombuffer(raw, np.uint8) for field, raw in value.items()})
        self.kept[name] = key
        return key

    def clip(self, name: str, frames: str) -> None:
        identity = sha(f"file {name}")
        self.add(f"{name}", stage_key("clip", 1, {"stamp": sha(f"stamp {name}")}), id=identity)
        for number, frame in enumerate(frames):
            self.add(
                f"{name}{number}", stage_key("frame", 1, {"clip": identity, "number": number}), id=sha(frame)
            )

    def frame(self, frame: str, source: Key | None = None) -> Key:
        detect = self.add(f"detect {frame}", stage_key("detect", 1, {"frame": sha(frame), "model": sha("m")}))
        landmark = self.add(
            f"landmark {frame}", stage_key("landmark", 1, {"detect": detect, "model": sha("n")})
        )
        self.add(f"embed {frame}", stage_key("embed", 1, {"landmark": landmark}))
        if source is not None:
            self.add(f"swap {frame}", stage_key("swap", 1, {"frame": sha(frame), "source": source}))
        return landmark

    def stored_names(self) -> set[str]:
        store = PackStore(self.store.root)
        return {name for name, key in self.kept.items() if store.get(key) is not None}


@pytest.fixture
def work(tmp_path: Path) -> ClipCache:
    work = ClipCache(PackStore(tmp_path, pack_bytes=1000))
    work.clip("picture", "p")
    texture = work.add("texture p", stage_key("texture", 1, {"landmark": work.frame("p"), "face": 0}))
    source = work.add("source", stage_key("source", 1, {"picture00": texture}), none=b"")
    for frame in "abcd":
        work.frame(frame, source)
    work.clip("A", "abc")  # after what was computed of its frames: order must not matter
    work.clip("B", "cd")
    return work


def of_frame(*frames: str, swap: bool = True) -> set[str]:
    stages = ["detect", "landmark", "embed", *(["swap"] if swap else [])]
    return {f"{stage} {frame}" for frame in frames for stage in stages}


def test_by_clip(work: ClipCache) -> None:
    before = work.stored_names()
    assert before == set(work.kept)
    work.store.purge_dependents({sha("file A").hex()})
    # Frame c is in clip B too, and goes: B's map entry of it with it, the rest of B stays.
    assert before - work.stored_names() == {"A", "A0", "A1", "A2", "B0"} | of_frame("a", "b", "c")
    raw = all_file_bytes(work.store.root)
    assert b"<swap a>" not in raw
    assert b"<embed b>" not in raw
    assert sha("a") not in raw
    assert sha("a").hex().encode() not in raw


def test_by_identity(work: ClipCache) -> None:
    before = work.stored_names()
    work.store.purge_dependents({sha("file picture").hex()})
    gone = {"picture", "picture0", "texture p", "source"} | of_frame("p", swap=False)
    assert before - work.stored_names() == gone | {f"swap {frame}" for frame in "abcd"}
    raw = all_file_bytes(work.store.root)
    assert b"<texture p>" not in raw
    assert b"<swap" not in raw
    assert b"<embed p>" not in raw


def test_by_the_key_of_one_entry(work: ClipCache) -> None:
    before = work.stored_names()
    work.store.purge_dependents({work.kept["landmark b"].hex})
    assert before - work.stored_names() == {"landmark b", "embed b"}
    work.store.purge_dependents({sha("nothing of the sort").hex()})
    assert before - work.stored_names() == {"landmark b", "embed b"}


@pytest.mark.parametrize("seed", ["", "1", "test", "A" * 64, "../../etc"])
def test_a_seed_that_would_match_by_chance_is_refused(tmp_path: Path, seed: str) -> None:
    store = PackStore(tmp_path)
    put(store, "ann", 0)
    with pytest.raises(ValueError, match="SHA-256"):
        store.purge_dependents({seed})
    assert is_intact(store, "ann", 0)


def test_another_version_is_not_searched_and_that_is_said(tmp_path: Path) -> None:
    PackStore(tmp_path).put(key("bob", 0), {"a": np.zeros(1)})
    (tmp_path / "format").write_text("1\n")
    store = PackStore(tmp_path)
    put(store, "bob", 1)
    store.purge(lambda text: "person=bob\n" in text)
    assert store.get(key("bob", 1)) is None
    (warning,) = store.warnings
    assert "1 packs of another version" in warning


WRITER = """
import sys
from pathlib import Path
import numpy as np
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.base.key import stage_key
store = PackStore(Path(sys.argv[1]), pack_bytes=50_000)
number = 0
while True:
    raw = f"<ann-{number:04d}>".encode() * 20
    store.put(stage_key("test", 1, {"number": number, "person": "ann"}), {"a": np.frombuffer(raw, np.uint8)})
    number += 1
    print(number, flush=True)
"""


@pytest.mark.slow
def test_purging_under_a_writer_costs_it_nothing(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=10_000)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for number in range(24):
        put(store, "bob", number)
        written = int(writer.stdout.readline())
        if number % 4 == 3:
            store.purge(lambda text: "person=bob\n" in text)
            # Its packs go as well, as if each held something of his.
            store.purge(lambda text: text.startswith("number=3\n"))
    while written <= 24:  # on a busy machine it may not have got ahead
        written = int(writer.stdout.readline())
    writer.kill()
    rest = writer.stdout.read().split("\n")[:-1]
    writer.wait()
    writer.stdout.close()
    written = max([written, *map(int, rest)])
    reader = PackStore(tmp_path)
    assert [number for number in range(written) if not is_intact(reader, "ann", number)] == [3]
    assert b"<bob-" not in all_file_bytes(tmp_path)
    assert reader.counts.corrupt == 0
