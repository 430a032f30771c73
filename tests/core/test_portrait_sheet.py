# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's sheet: it is made of what is in the public domain, and shows three different faces for each pair."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tools.portrait_sheet import PAIRS, main

CELL, GAP, PAIR_GAP, HEAD = 256, 4, 16, 30


def test_every_pair_shows_the_original_the_source_and_a_third_face(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "sheet.jpg"
    assert main([str(shared / "footage/portraits"), "--output", str(path)]) == 0
    assert path.stat().st_size < 400 << 10
    sheet = cv2.imread(str(path)).astype(int)
    for number in range(len(PAIRS)):
        row, column = divmod(number, 2)
        top, left = HEAD + row * (CELL + GAP), column * (3 * (CELL + GAP) - GAP + PAIR_GAP)
        original, source, result = (
            sheet[top : top + CELL, left + place * (CELL + GAP) :][:, :CELL] for place in range(3)
        )
        face = slice(90, 170)
        assert np.abs(result - original)[face, face].mean() > 8
        assert np.abs(result - source)[face, face].mean() > 8
        # Far from the face it is the original, but for what JPEG does.
        assert np.abs(result - original)[:30].mean() < 4


def test_a_folder_without_the_paintings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--output", str(tmp_path / "sheet.jpg")]) == 1
    assert "can't read" in capsys.readouterr().err
    assert not (tmp_path / "sheet.jpg").exists()
