# SPDX-License-Identifier: GPL-3.0-or-later
"""How the files of a cache folder are opened."""

import subprocess
import sys

import pytest

# A flag that Linux lets pass without effect stands for Windows' O_BINARY, without which that writes other bytes.
_AUDIT_PROGRAM = """if True:
    import os, sys
    os.O_BINARY = 0o100000
    opened = []
    def note(event, told):
        if event == "open" and told[1] is None and not told[2] & os.O_DIRECTORY:
            opened.append(told[2])
    sys.addaudithook(note)
    from pathlib import Path
    import numpy as np
    from understudy.core.cache.maintenance.import_export import export
    from understudy.core.cache.stores.local import PackStore
    from understudy.core.cache.base.key import stage_key
    from understudy.core.cache.shared.lease_folder import FolderLease
    from understudy.core.cache.stores.usage_log import record_usage
    root = Path(sys.argv[1])
    store = PackStore(root, pack_bytes=1 << 16)
    keys = [stage_key("swap", 1, {"number": number}) for number in range(40)]
    for key in keys:
        store.put(key, {"crop": np.zeros((64, 64, 3), np.uint8)})
    store.get(keys[0])
    record_usage(root, store.counts, store.counts)
    lease = FolderLease(root / "leases")
    lease.release(keys[0], lease.try_acquire(keys[0], 60))
    export(store.entries(), store, root.parent / "exported")
    store.evict(cap_bytes=1 << 18)
    store.purge(lambda text: "number" in text)
    store.close()
    print(len(opened), sum(not flags & 0o100000 for flags in opened))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a flag may be added that does nothing")
def test_no_file_of_a_cache_is_opened_as_text(tmp_path):
    # Python's own compiled files are not of the cache.
    command = [sys.executable, "-B", "-c", _AUDIT_PROGRAM, str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    opened, as_text = map(int, done.stdout.split())
    assert opened > 100
    assert as_text == 0
