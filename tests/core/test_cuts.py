# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a clip is cut, on real footage and made frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from understudy.core.analysis.cuts import frame_thumbnail, is_cut, thumbnail_difference
from understudy.core.analysis.frame_reader import FrameReader
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.face.types import Pixels
from understudy.core.media.clip import Clip
from understudy.core.media.open import open_clip
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.reporting.stage_counts import StageCounter

from tests.core import nude_clip

THUMBNAILS = arrays(np.uint8, (18, 32, 3), elements=st.integers(0, 255))


def footage(shared: Path, number: str) -> Clip:
    return open_clip(next((shared / "footage").glob(f"{number}_*.mp4")))


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "cuts"), [("24", [20, 82, 211]), ("32", [60, 120, 135, 195]), ("31", []), ("33", []), ("01", [])]
)
def test_cuts_are_detected_and_nothing_else_is(shared: Path, name: str, cuts: list[int]) -> None:
    """By the cuts that SOURCES.md lists; crossing cards, a bar that sweeps by and a turning head are no cuts."""
    with footage(shared, name) as clip:
        looks = {number: frame_thumbnail(clip.read(number)) for number in range(clip.info.frame_count)}
    assert [number for number in looks if is_cut(number, looks)] == cuts


def test_frames_that_are_passed_look_as_those_that_are_read_and_leave_nothing_in_the_cache(
    tmp_path: Path,
) -> None:
    store, counter = MemoryStore(1 << 20), StageCounter()
    reader = FrameReader(store, SourceStamps(), counter)
    with open_clip(nude_clip.write_clip(tmp_path / "clip.mp4")) as clip:
        looks = [reader.passing_thumbnail(clip, number) for number in range(nude_clip.FRAMES)]
        assert store.counts.puts == 1  # the id of the clip
        assert counter.frames_decoded == nude_clip.FRAMES
        assert [look.tolist() for look in looks] == [
            reader.thumbnail(clip, number).tolist() for number in range(nude_clip.FRAMES)
        ]
    # What is known of a frame is not decoded again.
    assert np.array_equal(reader.passing_thumbnail(clip, 3), looks[3])


def test_a_flash_and_a_pan_are_no_cuts() -> None:
    scene = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (180, 640, 3), np.uint8), (0, 0), 9)
    scene = cv2.normalize(scene, None, 0, 200, cv2.NORM_MINMAX).astype(np.uint8)
    pan = {n: frame_thumbnail(np.ascontiguousarray(scene[:, 40 * n : 40 * n + 320])) for n in range(8)}
    assert not any(is_cut(n, pan) for n in pan)
    still = frame_thumbnail(np.ascontiguousarray(scene[:, :320]))
    flash = frame_thumbnail(np.clip(scene[:, :320].astype(int) + 55, 0, 255).astype(np.uint8))
    assert thumbnail_difference(still, flash) < 0.075
    assert thumbnail_difference(still, still) == 0


def difference_by_hand(thumbnail: Pixels, other: Pixels) -> float:
    """Compare by place without the mean brightness, and by blurred histograms of 8 x 8 x 8 colors."""
    places, colors = [], []
    for pixels in (thumbnail, other):
        values = pixels.astype(np.float32) / 255
        places.append(values - values.mean((0, 1)))
        counts = np.zeros((8, 8, 8), np.float32)
        for red, green, blue in pixels.reshape(-1, 3) // 32:
            counts[red, green, blue] += 1
        for axis in range(3):
            near = (np.take(counts, np.clip(np.arange(8) + step, 0, 7), axis) for step in (-1, 1))
            counts = (2 * counts + sum(near)) / 4
        colors.append(counts / counts.sum())
    by_place = float(np.abs(places[0] - places[1]).mean())
    by_color = float(np.abs(colors[0] - colors[1]).sum()) / 2
    return float(np.sqrt(by_place * by_color))


@settings(max_examples=30)
@given(THUMBNAILS, THUMBNAILS)
def test_a_difference_is_the_same_to_the_bit_as_by_hand(thumbnail: Pixels, other: Pixels) -> None:
    """Where a shot begins decides which limits a scan has: how it is computed must not move it."""
    assert thumbnail_difference(thumbnail, other) == difference_by_hand(thumbnail, other)
