# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a folder a cache folder."""

from functools import partial
from pathlib import Path

import pytest
from threads import run_in_threads
from understudy.core.cache.packs.layout import PackFolderInfo, prepare_cache_folder
from understudy.core.filesystem import Location

THREADS = 8


@pytest.mark.slow
def test_several_threads_may_make_one_folder_at_once(tmp_path: Path) -> None:
    for number in range(40):
        root = tmp_path / str(number)
        assert (
            run_in_threads(partial(prepare_cache_folder, root), THREADS)
            == [PackFolderInfo(Location(root))] * THREADS
        )
        assert sorted(path.name for path in root.iterdir()) == [".gitignore", "CACHEDIR.TAG", "format"]
