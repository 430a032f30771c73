# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a clip is cut, on real footage and made frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.analysis.cuts import frame_thumbnail, is_cut, thumbnail_difference
from understudy.core.media.clip import Clip
from understudy.core.media.open import open_clip


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


def test_a_flash_and_a_pan_are_no_cuts() -> None:
    scene = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (180, 640, 3), np.uint8), (0, 0), 9)
    scene = cv2.normalize(scene, None, 0, 200, cv2.NORM_MINMAX).astype(np.uint8)
    pan = {n: frame_thumbnail(np.ascontiguousarray(scene[:, 40 * n : 40 * n + 320])) for n in range(8)}
    assert not any(is_cut(n, pan) for n in pan)
    still = frame_thumbnail(np.ascontiguousarray(scene[:, :320]))
    flash = frame_thumbnail(np.clip(scene[:, :320].astype(int) + 55, 0, 255).astype(np.uint8))
    assert thumbnail_difference(still, flash) < 0.075
    assert thumbnail_difference(still, still) == 0
