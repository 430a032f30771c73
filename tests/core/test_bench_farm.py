# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench of farms counts: waits for leases, and the work of opening a folder that many wrote to."""

import json
import logging
import tempfile
import threading
from pathlib import Path

import pytest
from understudy.core.cache.shared.lease import SingleFlight
from understudy.core.cache.shared.lease_folder import FolderLease
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.reporting.log import room_logger

from tests.core.fresh_process import run_python
from tests.core.lease_records import arrays, key
from tests.core.shared_places import PATIENT_SECONDS
from tools.bench_farm.large_folder import make_large_folder
from tools.bench_farm.lease_waits import LeaseWaitRecorder

COUNT_OPENS = """
import json, sys
from pathlib import Path
root, counts = sys.argv[1], {}
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
with open_cache(CacheSettings(Path(root + " before"))):
    pass  # whatever is imported late is here now

def count(event, arguments):
    # A file that is open already is opened again by its number, as an object.
    if event in ("os.listdir", "os.scandir") or (event == "open" and isinstance(arguments[0], str)):
        counts[event] = counts.get(event, 0) + 1

sys.addaudithook(count)
with open_cache(CacheSettings(Path(root))):
    opened = dict(counts)
print(json.dumps(opened))
"""


def test_a_wait_for_anothers_result_is_counted() -> None:
    recorder, logger = LeaseWaitRecorder(), room_logger("cache")
    logger.addHandler(recorder)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        _wait_once()
    finally:
        logger.removeHandler(recorder)
        logger.setLevel(before)
    assert recorder.waits.count == 1
    assert recorder.waits.seconds > 0


def _wait_once() -> None:
    """Let one thread compute a result, and this one wait until it is there."""
    store, begun, go_on = MemoryStore(1 << 20), threading.Event(), threading.Event()

    def slow():
        begun.set()
        go_on.wait()
        return arrays(1)

    with tempfile.TemporaryDirectory() as folder:
        lease = FolderLease(Path(folder))
        flights = [SingleFlight(lease, holder_timeout_seconds=PATIENT_SECONDS) for _ in range(2)]
        thread = threading.Thread(target=flights[0].get_or_compute, args=(store, key(1), slow))
        thread.start()
        begun.wait()
        threading.Timer(0.1, go_on.set).start()
        assert flights[1].get_or_compute(store, key(1), slow)[1] is True
        thread.join()


@pytest.mark.parametrize("killed", [False, True])
def test_opening_a_cache_looks_at_packs_and_never_at_layers(tmp_path, killed: bool) -> None:
    counts = []
    for layers in (10, 2000):
        root = tmp_path / f"cache {layers}"
        make_large_folder(root, layers, 2, 30)
        if killed:  # a writer that is killed leaves no sidecar
            for path in root.glob("*.idx"):
                path.unlink()
        done = run_python(COUNT_OPENS, root)
        assert done.returncode == 0, done.stderr
        counts.append(json.loads(done.stdout))
    few, many = counts
    assert few == many
    # A pack is read twice where no sidecar tells what it holds; and the marks of the cache.
    assert few["open"] <= 30 * (2 if killed else 1) + 10
    assert few.get("os.listdir", 0) + few.get("os.scandir", 0) <= 6
