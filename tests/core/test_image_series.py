# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered image files as clips: numbers that are missing, and folders with more than one series."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.export.inputs import open_named_clip
from understudy.core.media.image_series import find_series
from understudy.core.media.number_gaps import hold_over_gaps


def _numbered(folder: Path, numbers: list[int], name: str = "s_{:03d}.png") -> None:
    for number in numbers:
        cv2.imwrite(str(folder / name.format(number)), np.full((8, 8, 3), number, np.uint8))


@pytest.mark.parametrize(
    ("numbers", "shown", "text"),
    [
        ([1, 2, 3, 6, 7, 9, 10], [1, 2, 3, 3, 3, 6, 7, 7, 9, 10], "3 images are missing: frames 3-4, 7 show"),
        ([7, 8, 10], [7, 8, 8, 10], "an image is missing: frame 2 shows"),
        ([1, 2, 3], [1, 2, 3], ""),
        ([1, 3, 5, 7], [1, 3, 5, 7], ""),  # every second image is rendered
        ([1, 50, 90], [1, 50, 90], ""),  # photographs
        ([5], [5], ""),
    ],
)
def test_gaps_are_held_and_named(tmp_path: Path, numbers: list[int], shown: list[int], text: str) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    _numbered(folder, numbers)
    opened = open_named_clip(folder)
    said = text.replace(": ", " in the sequence clip: ") + " the one before"
    assert opened.warnings == ((said,) if text else ())
    with opened.clip as clip:
        assert [int(clip.read(frame)[0, 0, 0]) for frame in range(clip.info.frame_count)] == shown


@pytest.mark.parametrize(
    "name", ["shot_{:04}_v2.png", "shot_010_{:04}.png", "v2_{}.png", "2024_{:04}_f1_cam3.png"]
)
def test_gaps_are_held_where_names_have_other_numbers(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / name.format(number) for number in (8, 9, 11)]
    held = hold_over_gaps(paths)
    assert held.paths == (paths[0], paths[1], paths[1], paths[2])
    assert held.missing == (2,)


def test_the_suffix_is_no_number(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("shot_1.jp2", "shot_2.jp2", "shot_4.jp2", "other_1.png")]
    assert find_series(paths) == ()
    assert hold_over_gaps(paths[:3]).missing == (2,)


@pytest.mark.parametrize(
    "names", [("a1.png", "b2.png", "a4.png"), ("1.png", "2.bmp", "4.png"), ("x.png", "y.png", "z9.png")]
)
def test_files_of_other_names_are_no_numbered_sequence(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    opened = open_named_clip(tmp_path)
    assert (opened.clip.info.frame_count, opened.warnings) == (3, ())


def _write_named(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name in names:
        cv2.imwrite(str(folder / name), np.zeros((8, 8, 3), np.uint8))
    return folder


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("shot_*.png", "other_*.png"),
        ("shot_010_*.png", "shot_020_*.png"),
        ("*.png", "*.jpg"),
        ("a_*_left.png", "a_*_right.png"),
    ],
)
def test_two_series_in_a_folder_are_named_once_with_the_pattern_of_one(
    tmp_path: Path, first: str, second: str
) -> None:
    names = [first.replace("*", f"{number}") for number in range(1001, 1006)]
    names += [second.replace("*", f"{number:04}") for number in range(1003, 1006)]
    folder = _write_named(tmp_path / "mixed", names)
    opened = open_named_clip(folder)
    assert opened.clip.info.frame_count == len(names)
    said = (
        f"mixed holds 2 numbered series, {first} (5 images) and {second} (3 images), which are read as one clip: "
        f"for one of them give a pattern such as '{first}'"
    )
    assert opened.warnings == (said,)
    if not first.startswith("*"):
        one = open_named_clip(folder / first)
        assert (one.clip.info.frame_count, one.warnings) == (5, ())


def test_of_many_series_two_are_named(tmp_path: Path) -> None:
    names = [f"{shot}_{number:04}.png" for shot in "abcd" for number in range(3)]
    (text,) = open_named_clip(_write_named(tmp_path / "mixed", names)).warnings
    assert "4 numbered series, a_*.png (3 images) and" not in text
    assert "4 numbered series, a_*.png (3 images), b_*.png (3 images) and 2 more, which" in text


@pytest.mark.parametrize(
    "names",
    [
        [f"12-{minute:02}-{second:02}.png" for minute in (1, 2) for second in range(0, 60, 10)],
        [f"12-{minute:02}-{second:02}.png" for minute in (1, 2) for second in range(5)],
        ["IMG_0001.png", "IMG_0090.png", "DSC_0001.png", "DSC_0100.png"],
        ["shot_0001.png", "shot_0002.png", "cover_1.png"],
    ],
)
def test_times_and_photographs_are_no_series(tmp_path: Path, names: list[str]) -> None:
    assert open_named_clip(_write_named(tmp_path / "images", names)).warnings == ()
