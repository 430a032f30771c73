# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor asked to be deleted is gone, or they are told that it is not."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.packs.layout import ENGINES_FOLDER
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError
from understudy.core.sessions.purge import purge


def test_what_can_not_be_deleted_is_reported(tmp_path: Path) -> None:
    key = stage_key("detect", 1, {"frame": "f"})
    with closing(PackStore(tmp_path / "cache")) as folder:
        folder.put(key, {"boxes": np.zeros((0, 4), np.float32)})
        (tmp_path / "cache" / ENGINES_FOLDER).write_bytes(b"no folder")
        with pytest.raises(CacheError, match="not everything was deleted"):
            purge(folder, None)
        assert key not in folder
        (tmp_path / "cache" / ENGINES_FOLDER).unlink()
    with closing(PackStore(tmp_path / "cache")) as folder:
        folder.put(key, {"boxes": np.zeros((0, 4), np.float32)})
        assert purge(folder, None) > 0
        assert key not in folder
