# SPDX-License-Identifier: GPL-3.0-or-later
"""V2 and V3: a folder in a cache becomes a link and a folder again, all the time, while the cache is used."""

import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.removal.purge import purge_all
from understudy.core.cache.shared.lease_folder import LEASE_FOLDER, FolderLease, remove_stale_leases
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import UnderstudyError
from understudy.core.layers.folder import LayerFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SECURITY.md promises this for POSIX alone")

ID = "0123456789abcdef"
LAYERS = f"layers/{ID}"
NAMES = ["000001.tif", "000002.tif", ".000001.01234567.tif.tmp", ".uses", "engine.bin"]
NAMES += [f"{'a' * 64}.lease", f"{'b' * 64}.{'c' * 32}", "0123456789abcdef-1-01234567.pack"]
SECONDS = 1.5
FEWER_SECONDS = 0.5


class Swaps(threading.Thread):
    """Puts a link in a folder's place, and the folder back, until it is told to stop."""

    def __init__(self, place: Path, link_to: Path, away: Path) -> None:
        super().__init__(daemon=True)
        self.place, self.link_to, self.away = place, link_to, away
        self.ended = False
        self.count = 0

    def run(self) -> None:
        while not self.ended:
            with suppress(OSError):
                self.place.rename(self.away)
                self.place.symlink_to(self.link_to)
            time.sleep(secrets.randbelow(1000) * 1e-6)
            try:
                self.place.unlink()
                self.away.rename(self.place)
            except OSError:  # a folder was made in its place meanwhile
                if not self.place.is_symlink():
                    shutil.rmtree(self.place, ignore_errors=True)
                with suppress(OSError):
                    self.away.rename(self.place)
            self.count += 1
            time.sleep(secrets.randbelow(1000) * 1e-6)


def _state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


def _uses(root: Path) -> list[Callable[[], object]]:
    layers, lease = LayerFolder(root, ID), FolderLease(root / LEASE_FOLDER)

    def lease_key() -> None:
        key = stage_key("test", 1, {"number": secrets.token_hex(4)})
        lease.release(key, lease.try_acquire(key, 1) or "")

    def evict() -> None:
        with closing(PackStore(root)) as folder:
            folder.put(stage_key("test", 1, {"number": secrets.token_hex(4)}), {"a": np.zeros(9, np.uint8)})
            folder.evict(1)

    return [
        lambda: layers.write("000001.tif", b"a layer"),
        layers.blank,
        lambda: layers.add_placeholders(["000002.tif", "000009.tif"]),
        lambda: layers.copy_to(LayerFolder(root, "f" * 16)),
        layers.remove,
        lease_key,
        lambda: remove_stale_leases(root / LEASE_FOLDER, 0),
        lambda: purge_all(root, time.time_ns()),
        evict,
    ]


@pytest.mark.parametrize("seconds", [FEWER_SECONDS, pytest.param(SECONDS, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ["layers", LAYERS, LEASE_FOLDER, "engines", "format-2"])
def test_v2_v3_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    name: str, seconds: float, tmp_path: Path, dashboard: Callable[[str], None]
) -> None:
    dashboard("projects")
    root, theirs = tmp_path / "cache", tmp_path / "theirs"
    PackStore(root).close()
    (root / LAYERS).mkdir(parents=True)
    (root / name).mkdir(exist_ok=True)
    for folder in (theirs, theirs / ID):
        folder.mkdir(mode=0o755)
        for file in NAMES:
            (folder / file).write_bytes(b"theirs" * 100)
            os.utime(folder / file, (1000, 1000))
    before = _state(theirs)
    swaps = Swaps(root / name, theirs / ID if name == LAYERS else theirs, tmp_path / "away")
    swaps.start()
    uses, end, done = _uses(root), time.monotonic() + seconds, 0
    # A busy machine may leave no time to either: the least work is counted, not timed.
    while time.monotonic() < end or min(swaps.count, done) <= len(uses):
        assert swaps.is_alive()
        with suppress(UnderstudyError, OSError):
            uses[done % len(uses)]()
        done += 1
    swaps.ended = True
    swaps.join()
    assert _state(theirs) == before
