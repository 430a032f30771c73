# SPDX-License-Identifier: GPL-3.0-or-later
"""Two machines on one folder of a network file system: each has a mount of its own, and remembers folders a while.

The file system is SFTP by sshfs, served by this machine through a pipe: FUSE is all it needs. Like NFS it keeps what
it saw of a folder for some seconds, and its locks hold on one machine only.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from network_folder import ATTRIBUTE_CACHE_SECONDS, Machine, mount_folder, skip_without_sshfs
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.factory import open_cache_best_effort
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stack import OpenCache
from understudy.core.filesystem import Folder
from understudy.core.fusion.patch import Patch
from understudy.core.layers.label import layer_key
from understudy.core.layers.tiff import layer_pieces
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

PROGRAM = """
import random, sys, time
from pathlib import Path
import numpy as np
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.shared.lease_folder import LEASE_FOLDER, FolderLease

root, seed, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
chance, keys = random.Random(seed), [stage_key("swap", 1, {"number": number}) for number in range(300)]

def opened():
    return PackStore(root, pack_bytes=1 << 19, cap_bytes=1 << 22)

def value(number):
    return {"crop": np.random.default_rng(number).integers(0, 255, 500 + number * 7919 % 40_000, np.uint8)}

store, lease = opened(), FolderLease(root / LEASE_FOLDER)
hits = puts = 0
end = time.monotonic() + seconds
# A machine may be busy with other things for all of the time: the least work is counted, not timed.
while time.monotonic() < end or not (hits and puts):
    number = chance.randrange(len(keys))
    arrays = store.get(keys[number])
    if arrays is not None:
        assert arrays["crop"].tobytes() == value(number)["crop"].tobytes(), number
        hits += 1
    elif token := lease.try_acquire(keys[number], 5.0):
        store.put(keys[number], value(number))
        lease.release(keys[number], token)
        puts += 1
    if chance.random() < 0.005:
        store.evict()
    if chance.random() < 0.002:
        assert store.counts.corrupt == 0
        store.close()
        store = opened()
assert store.counts.corrupt == store.counts.dropped == 0, store.warnings
store.close()
print(hits, puts)
"""


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    skip_without_sshfs()
    (tmp_path / "served" / "shared").mkdir(parents=True)
    with mount_folder(tmp_path, "one") as one, mount_folder(tmp_path, "other") as other:
        yield one, other


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_both_machines_write_read_and_evict_in_one_folder_without_a_wrong_value(
    machines: tuple[Machine, Machine], capsys: pytest.CaptureFixture[str], seconds: int
) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(machine.mount / "shared"), str(seed), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed, machine in enumerate(machines * 2)
    ]
    outputs = [process.communicate(timeout=seconds + 300) for process in running]
    assert [process.returncode for process in running] == [0] * 4, "\n".join(error for _, error in outputs)
    counts = np.array([line.split() for line, _ in outputs], int)
    with capsys.disabled():
        print(f"\ntwo machines, {seconds} s: {counts[:, 0].sum()} hits, {counts[:, 1].sum()} puts")
    assert (counts > 0).all()


def _open_cache(folder: Path, machine: Machine) -> OpenCache:
    """Open a cache whose memory holds nothing."""
    return open_cache_best_effort(
        CacheSettings(folder, memory_bytes=1, shared_folder=machine.mount / "shared"), schemas=STAGE_SCHEMAS
    )


def _key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


@pytest.mark.slow
def test_a_share_whose_server_stops_answering_is_left_out_and_comes_back(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    one, other = machines
    random = np.random.default_rng(5)
    values = [random.integers(0, 255, 400_000, np.uint8) for _ in range(40)]
    with closing(_open_cache(tmp_path / "local_one", one)) as cache:
        for number, value in enumerate(values):
            cache.store.put(_key(number), {"crop": value})
        cache.tiers.flush(30)
        assert cache.warnings == ()
    time.sleep(ATTRIBUTE_CACHE_SECONDS + 1)
    with closing(_open_cache(tmp_path / "local_other", other)) as cache:
        got = [cache.store.get(_key(number)) for number in range(10)]
        assert all(
            arrays is not None and np.array_equal(arrays["crop"], values[number])
            for number, arrays in enumerate(got)
        )
        os.kill(other.server, signal.SIGSTOP)
        assert all(cache.store.get(_key(number)) is None for number in range(20, 30))
        assert any("is not used for now" in text for text in cache.warnings)
        os.kill(other.server, signal.SIGCONT)
        limit = time.monotonic() + 60
        while cache.store.get(_key(35)) is None and time.monotonic() < limit:
            time.sleep(0.1)
        assert np.array_equal(cache.store.get(_key(36))["crop"], values[36])


def test_a_layer_image_is_written_there_in_a_few_pieces(machines: tuple[Machine, Machine]) -> None:
    path = machines[0].mount / "shared" / "000001.tif"
    pixels = np.random.default_rng(6).integers(1, 255, (400, 300, 4), np.uint8)
    before = _count_writes()
    with Folder(path.parent) as folder:
        folder.write_file(path.name, *layer_pieces("ab" * 32, Patch(100, 100, pixels), (1920, 1080)))
    # Every one is an answer to be waited for. Reserving the place may take none: here it can't be reserved.
    assert _count_writes() - before <= 8
    assert layer_key(path) == "ab" * 32


def _count_writes() -> int:
    """How often this process has asked the system to write something."""
    facts = Path("/proc/self/io").read_text().split()
    return int(facts[facts.index("syscw:") + 1])
