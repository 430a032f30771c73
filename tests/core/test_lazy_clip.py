# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip whose facts are known is opened when a frame of it is needed, and not before."""

from pathlib import Path

import numpy as np
import pytest
from footage.portrait import write_sequence
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import ClipError
from understudy.core.media.clip import Clip
from understudy.core.media.lazy_clip import open_lazily
from understudy.core.media.open import open_sequence
from understudy.core.media.source import ClipSource
from understudy.core.media.source_stamps import SourceStamps


def test_it_is_opened_once_a_frame_is_read_and_says_the_same(tmp_path: Path) -> None:
    paths = tuple(write_sequence(tmp_path, 3, 64))
    store, opened = MemoryStore(1 << 20), []

    def opening() -> Clip:
        opened.append(None)
        return open_sequence(paths)

    source = ClipSource(False, paths)
    first = open_lazily(store, SourceStamps(), source, opening)
    assert len(opened) == 1
    late = open_lazily(store, SourceStamps(), source, opening)
    assert (late.info, late.stamp) == (first.info, first.stamp)
    assert len(opened) == 1
    assert late.clip_id == first.clip_id
    for number in (2, 0):
        assert np.array_equal(late.read(number), first.read(number))
    assert len(opened) == 2
    late.close()
    with pytest.raises(ClipError, match="was closed"):
        late.read(0)
    # Another file is another clip: what was known of the first says nothing of it.
    paths[0].write_bytes(paths[0].read_bytes() + b" ")
    open_lazily(store, SourceStamps(), source, opening)
    assert len(opened) == 3


def test_a_file_that_was_replaced_before_it_was_opened_is_not_taken_for_the_one_before(
    tmp_path: Path,
) -> None:
    paths = tuple(write_sequence(tmp_path, 2, 64))
    store, source = MemoryStore(1 << 20), ClipSource(False, paths)
    open_lazily(store, SourceStamps(), source, lambda: open_sequence(paths))
    late = open_lazily(store, SourceStamps(), source, lambda: open_sequence(paths))
    paths[0].write_bytes(paths[0].read_bytes() + b" ")
    for asked in (lambda: late.read(0), lambda: late.clip_id):
        with pytest.raises(ClipError, match="was replaced"):
            asked()
    assert open_lazily(store, SourceStamps(), source, lambda: open_sequence(paths)).read(0).shape == (
        64,
        64,
        3,
    )


def test_a_clip_that_is_gone_is_refused_though_its_facts_are_known(tmp_path: Path) -> None:
    paths = tuple(write_sequence(tmp_path, 2, 64))
    store, source = MemoryStore(1 << 20), ClipSource(False, paths)
    open_lazily(store, SourceStamps(), source, lambda: open_sequence(paths))
    paths[1].unlink()
    with pytest.raises(ClipError, match="can't find"):
        open_lazily(store, SourceStamps(), source, lambda: open_sequence(paths))
