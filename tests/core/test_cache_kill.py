# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of SIGKILL, and eight processes at once on one folder.

8 rounds and 1.2 seconds as a rule; 200 rounds and 60 seconds in `make test-long`. Figures are printed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROCESSES = 8

COMMON = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.base.key import stage_key

root = Path(sys.argv[1])

def key(owner, number):
    return stage_key("test", 1, {"owner": owner, "number": number})

def value(owner, number):
    return np.random.default_rng([owner, number]).integers(0, 255, 2000 + number % 500, np.uint8)

def right(got, owner, number):
    return got["a"].tobytes() == value(owner, number).tobytes()
"""

KILL = """
rounds, count = int(sys.argv[2]), 400
randomly = random.Random(1)

def writing(start):
    store = PackStore(root, pack_bytes=100_000)
    for number in range(start, start + 100_000):
        store.put(key(0, number % count), {"a": value(0, number % count)})
        if number % 50 == 49:  # or all would soon be there
            store.purge(lambda text: f"number={number % count}" in text)

def evicting(start):
    while True:
        store = PackStore(root, pack_bytes=100_000)
        for number in range(start, start + 80):
            k = key(0, number % count)
            if store.get(k) is None:
                store.put(k, {"a": value(0, number % count)})
        start += 37
        store.evict(400_000)
        store.close()

def purging(start):
    while True:
        store = PackStore(root, pack_bytes=100_000)
        for number in range(start, start + 60):
            store.put(key(0, number % count), {"a": value(0, number % count)})
        store.purge(lambda text: "number=%d" % (start % 10) in text)
        store.close()
        start += 41

figures = {"rounds": 0, "hits": 0, "misses": 0, "corrupt": 0, "leftovers": 0}
# A machine may be busy with other things for all of the time: the least work is counted, not timed.
round = 0
while round < rounds or (figures["hits"] <= 50 * rounds and round < 10 * rounds):
    for work in (writing, evicting, purging):
        child = os.fork()
        if child == 0:
            work(randomly.randrange(count))
            os._exit(1)
        time.sleep(randomly.uniform(0.002, 0.12))
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL, "the child ended by itself"
    figures["leftovers"] += len(list(root.glob(".*.tmp")))
    store = PackStore(root, pack_bytes=100_000)
    for number in range(count):
        got = store.get(key(0, number))
        assert got is None or right(got, 0, number), number
    # The next process works at once: it writes, reads, evicts and purges.
    store.put(key(1, round), {"a": value(1, round)})
    assert right(store.get(key(1, round)), 1, round)
    done = store.evict(300_000)
    assert done is not None and done.errors == (), done
    assert store.size_on_disk() == done.bytes_after == sum(p.stat().st_size for p in root.iterdir())
    assert not [p for p in root.glob(".*.pack.tmp")]
    store.purge(lambda text: "owner=1" in text)
    assert store.get(key(1, round)) is None
    assert all("more than its cap" in warning for warning in store.warnings), store.warnings
    counts = store.counts
    figures["rounds"] += 1
    figures["hits"] += counts.hits
    figures["misses"] += counts.misses
    figures["corrupt"] += counts.corrupt
    store.close()
    round += 1
print(json.dumps(figures))
"""

MANY = """
me, seconds = int(sys.argv[2]), float(sys.argv[3])
store = PackStore(root, pack_bytes=200_000)
randomly = random.Random(me)
written, wrong, evicted, evictions, gets, hits = 0, 0, 0, 0, 0, 0
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + seconds
# A machine may be busy with other things for all of the time: the least work is counted, not timed.
while time.monotonic() < end or written < 400:
    for _ in range(20):
        store.put(key(me, written), {"a": value(me, written)})
        written += 1
    for _ in range(40):
        owner, number = randomly.randrange(8), randomly.randrange(written)
        got = store.get(key(owner, number))
        gets += 1
        if got is not None:
            hits += 1
            wrong += not right(got, owner, number)
    if randomly.random() < 0.05:
        # As another program would: with no memory of what this one used, unless it is its own turn.
        done = store.evict(3_000_000) if me % 2 else PackStore(root, pack_bytes=200_000).evict(3_000_000)
        if done is not None:
            evictions += 1
            evicted += done.evicted_records
            assert done.errors == (), done.errors
    if me == 0 and written % 1000 == 0:
        store.close()
        store = PackStore(root, pack_bytes=200_000)
while (done := store.evict(3_000_000)) is None:  # another one is at it
    time.sleep(0.01)
evictions += 1
evicted += done.evicted_records
counts = store.counts
troubles = [warning for warning in store.warnings if "more than its cap" not in warning]
store.close()
print(json.dumps({"written": written, "wrong": wrong, "evicted": evicted, "evictions": evictions, "gets": gets,
                  "hits": hits, "corrupt": counts.corrupt, "dropped": counts.dropped, "troubles": troubles}))
"""

CHECK = """
written = json.loads(sys.argv[2])
store = PackStore(root)
there = wrong = 0
for owner, count in enumerate(written):
    for number in range(count):
        got = store.get(key(owner, number))
        if got is not None:
            there += 1
            wrong += not right(got, owner, number)
sizes = sum(p.stat().st_size for p in root.iterdir())
assert store.size_on_disk() == sizes
print(json.dumps({"there": there, "wrong": wrong, "corrupt": store.counts.corrupt}))
"""


def run(program: str, *arguments: object) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", COMMON + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=pytest.mark.long)])
def test_killed_at_any_instant_while_writing_evicting_and_purging(tmp_path: Path, rounds: int) -> None:
    figures = run(KILL, tmp_path, rounds)
    print(f"killed 3 times in each of {rounds} rounds: {figures}, 0 wrong values")
    assert figures["rounds"] >= rounds
    assert figures["hits"] > 50 * rounds
    assert figures["corrupt"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.2, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("cap", ["evicting", "keeping"])
def test_eight_processes_on_one_folder(tmp_path: Path, cap: str, seconds: float) -> None:
    program = MANY if cap == "evicting" else MANY.replace("3_000_000", "None")
    seconds = seconds if cap == "evicting" else seconds / 2
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", COMMON + program, str(tmp_path), str(me), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for me in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    figures = []
    for worker in workers:
        out, err = worker.communicate(timeout=seconds + 600)
        assert worker.returncode == 0, err
        figures.append(json.loads(out))
    total = {name: sum(figure[name] for figure in figures) for name in figures[0] if name != "troubles"}
    after = run(CHECK, tmp_path, json.dumps([figure["written"] for figure in figures]))
    print(f"8 processes, {seconds:.1f} s, {cap}: {total}; afterwards {after}")
    assert [figure["troubles"] for figure in figures] == [[]] * PROCESSES
    assert (total["wrong"], total["dropped"], after["wrong"]) == (0, 0, 0)
    assert (total["corrupt"], after["corrupt"]) == (0, 0)
    lost = total["written"] - after["there"]
    assert lost <= total["evicted"]
    if cap == "keeping":
        assert lost == 0
    else:
        assert total["evictions"] > 0
        assert lost > 0
