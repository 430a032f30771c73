# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a folder a cache folder."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from understudy.core.cache.layout import prepare

THREADS = 8


def test_several_threads_may_make_one_folder_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(40):
            together = threading.Barrier(THREADS)
            root = tmp_path / str(number)

            def made(root: Path = root, together: threading.Barrier = together) -> Path:
                together.wait()
                return prepare(root)

            homes = [future.result() for future in [pool.submit(made) for _ in range(THREADS)]]
            assert homes == [root] * THREADS
            assert sorted(path.name for path in root.iterdir()) == [".gitignore", "CACHEDIR.TAG", "format"]
