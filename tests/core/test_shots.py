# SPDX-License-Identifier: GPL-3.0-or-later
"""Shots: from one cut to the next, the same from whichever frame and in whatever order they are asked for."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.analysis.cuts import FRAME_THUMBNAIL_SIZE
from understudy.core.analysis.shots import BLOCK_FRAMES, ShotFinder
from understudy.core.cache.base.compute import Uncoordinated
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import ClipError
from understudy.core.media.clip_info_cache import CacheOnly, NotCachedError
from understudy.core.media.file_status import ClipChangedError

COUNT = 2 * BLOCK_FRAMES + 40
WIDTH, HEIGHT = FRAME_THUMBNAIL_SIZE
CLIP = SimpleNamespace(info=SimpleNamespace(frame_count=COUNT), source=SimpleNamespace(key_inputs={}))


class Frames:
    """What `FrameReader` gives of a clip with cuts: each shot has an image of its own."""

    def __init__(self, cuts: list[int], faults: dict[int, Exception] | None = None) -> None:
        self.reads: list[int] = []
        self.own = False
        self._cuts = cuts
        self._faults = faults or {}
        noise = np.random.default_rng(5)
        self._looks = [noise.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8) // 255 * 200 for _ in "ab"]
        self._looks[0][:, ::2], self._looks[1][: HEIGHT // 2] = (250, 20, 20), (10, 200, 10)

    def clip_id(self, _clip: object) -> str:
        return "ab" * 32

    def has_own_map(self, _clip: object) -> bool:
        return self.own

    def passing_thumbnail(self, _clip: object, number: int) -> np.ndarray:
        self.reads.append(number)
        if number in self._faults:
            raise self._faults[number]
        return self._looks[sum(cut <= number for cut in self._cuts) % 2]


def ignore(_number: int) -> None:
    pass


# Cuts on neighboring frames are flicker, which `is_cut` takes for no cut at all.
CUTS = st.lists(st.integers(4, COUNT - 4), max_size=6).map(
    lambda cuts: [cut for n, cut in enumerate(sorted(cuts)) if n == 0 or cut - sorted(cuts)[n - 1] > 3]
)


@given(CUTS, st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=4))
def test_a_shot_is_the_frames_between_two_cuts(cuts: list[int], numbers: list[int]) -> None:
    finder = ShotFinder(MemoryStore(1 << 20), Uncoordinated(), Frames(cuts))
    bounds = [0, *cuts, COUNT]
    for number in numbers:
        shot = finder.shot(CLIP, number, ignore, ignore)
        assert number in shot
        assert (shot.start, shot.stop) in pairwise(bounds)


def test_each_frame_is_visited_while_it_is_at_hand_and_only_the_blocks_of_the_shot_are_read() -> None:
    frames, visited, cuts = Frames([BLOCK_FRAMES - 1, BLOCK_FRAMES + 30]), [], []
    finder = ShotFinder(MemoryStore(1 << 20), Uncoordinated(), frames)

    def on_frame(number: int) -> None:
        assert frames.reads[-1] == number
        visited.append(number)

    assert finder.shot(CLIP, 5, on_frame, cuts.append) == range(BLOCK_FRAMES - 1)
    assert visited == list(range(BLOCK_FRAMES))
    assert cuts == [BLOCK_FRAMES - 1]
    assert max(frames.reads) == BLOCK_FRAMES
    before = len(frames.reads)
    assert finder.shot(CLIP, 6, on_frame, cuts.append) == range(BLOCK_FRAMES - 1)
    assert len(frames.reads) == before


def test_frames_that_cannot_be_read_belong_to_the_shot_before_but_a_changed_clip_is_said() -> None:
    store = MemoryStore(1 << 20)
    finder = ShotFinder(store, Uncoordinated(), Frames([50], {20: ClipError("damaged")}))
    assert finder.shot(CLIP, 20, ignore, ignore) == range(50)
    changed = Frames([50], {20: ClipChangedError("changed")})
    with pytest.raises(ClipChangedError):
        ShotFinder(MemoryStore(1 << 20), Uncoordinated(), changed).shot(CLIP, 20, ignore, ignore)
    # Of a clip whose frames are others than its id says nothing is taken from the store.
    changed = Frames([60])
    changed.own = True
    assert ShotFinder(store, Uncoordinated(), changed).shot(CLIP, 20, ignore, ignore) == range(60)
    with pytest.raises(NotCachedError):
        ShotFinder(MemoryStore(1 << 20), CacheOnly(), Frames([])).shot(CLIP, 20, ignore, ignore)
