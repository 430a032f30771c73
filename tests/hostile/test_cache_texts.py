# SPDX-License-Identifier: GPL-3.0-or-later
"""V11, V15: key texts, sidecars and counts of runs that say anything."""

import resource
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hostile.cache_folders import Dashboard, fill_cache
from understudy.core.cache.base.key import Key
from understudy.core.cache.maintenance.lineage import derived_from, walk_entries
from understudy.core.cache.maintenance.statistics import folder_summary, statistics
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and owners of POSIX")


def chain(length: int) -> list[str]:
    texts, parent = [], "f" * 64
    for _ in range(length):
        texts.append(f"parent={parent}\nstage=deep\nversion=1\n")
        parent = Key(texts[-1]).hex
    return texts[::-1]  # what comes from something first


def circle() -> list[str]:
    return [f"clip={'0' * 64}\nframe={'a' * 64}\nstage=a\nstamp={'b' * 64}\n", f"frame={'b' * 64}\nstage=b\n"]


KEY_TEXTS = {
    "a stamp that is no hex": ["stage=clip\nstamp=xyz\nversion=1\n"],
    "a stamp of odd length": ["stage=clip\nstamp=abc\n", "stage=facts\nstamp=abc\n"],
    "a frame that is no hex": ["frame=\u0660\u0661\nstage=swap\n"],
    "a clip of controls": ["clip=\x1b]0;owned\x07\x1b[2J\nstage=\x1b[31mred\x1b[0m\n"],
    "marks of direction": ["clip=\u202eevil\nstage=\u202e\u2066gnp.exe\n"],
    "a carriage return": ["stage=a\rb\u2028c\u2029d\x85e\nclip=\r\r\r\n"],
    "nothing": [""],
    "no names": ["\n\n\n", "====\n", "=\n"],
    "a stage without end": ["stage=" + "x" * 500_000 + "\n"],
    "a hundred thousand lines": ["".join(f"n{number}={number}\n" for number in range(50_000))],
    "numbers beyond all": ["stage=clip\nversion=" + "9" * 5000 + "\nframe=" + "9" * 5000 + "\n"],
    "a long chain": chain(1000),
    "a circle": circle(),
    "the same name twice": [f"stage=a\nstage=b\nclip={'a' * 64}\nclip={'b' * 64}\n"],
}


@pytest.mark.parametrize("what", KEY_TEXTS)
def test_v15_a_key_text_may_say_anything(what: str, tmp_path: Path, dashboard: Dashboard, capsys) -> None:
    dashboard("inputs")
    root = tmp_path / "root"
    began = time.process_time()
    with closing(PackStore(root)) as store:
        for text in KEY_TEXTS[what]:
            store.put(Key(text), {"id": np.frombuffer(bytes(32), np.uint8)})
    with closing(PackStore(root)) as store:
        assert statistics(store).total.entries == len(KEY_TEXTS[what])
        derived_from(lambda: walk_entries(store), {"f" * 64})
    assert folder_summary(root).entries == len(KEY_TEXTS[what])
    for command in (["stats"], ["stats", "--json"], ["verify"], ["gc", "--cap", "1G"]):
        assert main(["cache", *command, "--cache-dir", str(root)]) == 0
    out = capsys.readouterr().out
    assert not any(sign in out for sign in "\x1b\x07\r\u202e\u2066\u2028\u2029\x85")
    assert max(map(len, out.splitlines()), default=0) < 300 or what == "a stage without end"
    assert main(["cache", "export", "--cache-dir", str(root), str(tmp_path / "out")]) == 0
    assert main(["cache", "purge", "--picture", "f" * 64, "--cache-dir", str(root)]) == 0
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    "line",
    [
        b"1 1 1 1 99999999999999999\n",
        b"9" * 4000 + b"\n",
        b"\x1b[2J 1 2 3 4\n",
        b"1 1 1 1 4294967295\n",
        b"\0" * 9,
    ],
)
def test_v15_counts_of_runs_may_say_anything(line: bytes, tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    root = fill_cache(tmp_path / "root")
    (root / ".uses").write_bytes(line)
    assert main(["cache", "stats", "--cache-dir", str(root)]) == 0


def test_v11_a_sidecar_that_lies_over_a_sparse_pack_costs_little_memory(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("memory")
    program = """if True:
        import os, resource, sys
        from pathlib import Path
        import numpy as np
        from understudy.core.cache.packs import sidecar
        from understudy.core.cache.stores.local import PackStore
        from understudy.core.cache.base.key import stage_key
        from understudy.core.cache.packs.table import Columns, prefix_of
        from understudy.core.filesystem import Folder
        root = Path(sys.argv[1])
        PackStore(root).close()
        keys = [stage_key("swap", 1, {"number": number}) for number in range(8)]
        name = f"{1:016x}-1-00000000.pack"
        (root / name).touch()
        os.truncate(root / name, 1 << 36)
        prefixes = np.sort(np.array([prefix_of(key.digest) for key in keys], np.uint64))
        columns = Columns(prefixes, np.zeros(8, np.uint64), np.full(8, 2**32 - 1, np.uint32))
        with Folder(root) as folder:
            sidecar.write(folder, name, sidecar.Sidecar(columns, 1 << 36, True))
        store = PackStore(root)
        assert all(store.get(key) is None for key in keys)
        print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]))
    """
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "root")],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert int(done.stdout) < 1_000_000
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
