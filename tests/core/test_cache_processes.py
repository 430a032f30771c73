# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes on one folder: they see each other's work, and a killed one costs one entry at most."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.stores.local import PackStore

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.base.key import stage_key

root, mine, first, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = PackStore(root, pack_bytes=400_000, clock=iter(range(10**9)).__next__)

def value(owner, number):
    return {"a": np.random.default_rng([ord(owner), number]).integers(0, 255, 3000, np.uint8)}

def key(owner, number):
    return stage_key("test", 1, {"owner": owner, "number": number})
"""
WRITE_AND_READ = """
seen = set()
for number in range(count):
    store.put(key(mine, number), value(mine, number))
    for other in "AB":
        got = store.get(key(other, number))
        if got is not None:
            assert got["a"].tobytes() == value(other, number)["a"].tobytes()
            seen.add((other, number))
print("written", flush=True)
sys.stdin.readline()
for other in "AB":
    for number in range(count):
        got = store.get(key(other, number))
        assert got is not None and got["a"].tobytes() == value(other, number)["a"].tobytes()
counts = store.counts
print(counts.corrupt, counts.dropped, counts.puts, len(store.warnings), flush=True)
"""
WRITE_FOR_EVER = """
number = first
while True:
    store.put(key(mine, number), value(mine, number))
    number += 1
    print(number, flush=True)
"""


def key(owner: str, number: int) -> Key:
    return stage_key("test", 1, {"owner": owner, "number": number})


def value(owner: str, number: int) -> bytes:
    return np.random.default_rng([ord(owner), number]).integers(0, 255, 3000, np.uint8).tobytes()


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_write_and_read_one_folder_at_once(tmp_path: Path) -> None:
    count = 250
    both = [start(WRITE_AND_READ, tmp_path, owner, 0, count) for owner in "AB"]
    for process in both:
        assert process.stdout.readline() == "written\n"
    for process in both:
        out, _ = process.communicate("go\n", timeout=300)
        assert process.returncode == 0
        assert out == f"0 0 {count} 0\n"
    store = PackStore(tmp_path)
    assert len(list(store.entries())) == 2 * count
    assert len(list(tmp_path.glob("*.pack"))) >= 4


def test_a_process_killed_while_it_writes_costs_one_entry_at_most(tmp_path: Path) -> None:
    number = 0
    for _ in range(4):
        process = start(WRITE_FOR_EVER, tmp_path, "A", number, 0)
        for _ in range(40):
            number = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split("\n")[:-1]
        process.wait(timeout=300)
        process.stdin.close()
        process.stdout.close()
        number = max([number, *map(int, rest)])
        store = PackStore(tmp_path)
        for done in range(number):
            assert store.get(key("A", done))["a"].tobytes() == value("A", done)
        assert store.counts.corrupt == 0
        store.put(key("B", number), {"a": np.zeros(1)})
        assert key("B", number) in PackStore(tmp_path)
        store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_starts_a_pack_of_its_own(tmp_path: Path) -> None:
    program = """
import os
store.put(key("P", 0), value("P", 0))
child = os.fork()
if child == 0:
    store.put(key("C", 0), value("C", 0))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
store.put(key("P", 1), value("P", 1))
assert store.get(key("C", 0))["a"].tobytes() == value("C", 0)["a"].tobytes()
assert store.counts.corrupt == 0
"""
    process = start(program, tmp_path, "P", 0, 0)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert len(list(tmp_path.glob("*.pack"))) == 2
    assert len(list(PackStore(tmp_path).entries())) == 3
