# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies where a layer is not made yet: transparent, or to be seen by choice."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.placeholder import PLACEHOLDER, VISIBLE_BYTES, visible_placeholder

FACE = b"a face" * 1000
NAMES = [f"{number:06d}.tif" for number in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> LayerFolder:
    made = LayerFolder(tmp_path / "cache", "0123456789abcdef")
    made.make()
    return made


def test_other_placeholders_take_the_place_of_placeholders_alone(folder: LayerFolder) -> None:
    visible = visible_placeholder(1920, 1080)
    folder.add_placeholders(NAMES)
    folder.write(NAMES[1], FACE)
    folder.replace_placeholders(visible)
    contents = [(folder.path / name).read_bytes() for name in NAMES]
    assert contents == [visible, FACE, visible, visible]
    assert folder.label(NAMES[0]) is None
    folder.replace_placeholders(PLACEHOLDER)
    assert [(folder.path / name).read_bytes() for name in NAMES] == [PLACEHOLDER, FACE, *[PLACEHOLDER] * 2]


def test_no_face_hides_behind_a_placeholders_size(folder: LayerFolder) -> None:
    folder.write(NAMES[0], visible_placeholder(64, 64))
    folder.write(NAMES[1], FACE[:1].ljust(VISIBLE_BYTES, b"f"))
    assert folder.blank() == 1
    assert [len((folder.path / name).read_bytes()) for name in NAMES[:2]] == [VISIBLE_BYTES, len(PLACEHOLDER)]


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (320, 240), (1920, 1080), (4096, 2160)])
def test_a_visible_placeholder_covers_a_frame_of_any_usual_size(size: tuple[int, int]) -> None:
    pixels = cv2.imdecode(np.frombuffer(visible_placeholder(*size), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (size[1], size[0], 3)
    assert {tuple(pixel) for pixel in pixels.reshape(-1, 3)[:: max(size[0] // 7, 1)].tolist()} <= {
        (255, 0, 255), (0, 0, 0),
    }  # fmt: skip
    assert visible_placeholder(0, 5) == visible_placeholder(30000, 30000) == b""
