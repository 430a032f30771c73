# SPDX-License-Identifier: GPL-3.0-or-later
"""The rims of glasses are found where there are glasses, and stay in front of the new face."""

import cv2
import numpy as np
import pytest
from footage.portrait import portrait
from understudy.core.fusion.footage_look import FootageLook
from understudy.core.fusion.fuse import fuse_crop
from understudy.core.fusion.warp_layer import glasses_rims
from understudy.core.geometry.glasses import BAND_SIZE, band_matrix, find_rims
from understudy.core.geometry.warp_grid import WarpGrid
from understudy.core.recipe import Fusion
from understudy.core.swap.mesh import face_crop_region, swap_mesh
from understudy.core.swap.shape import FaceWarp

from tests.core.glasses_faces import SIDE, TOPOLOGY, draw_rims, face, landmarks


@pytest.mark.parametrize("colour", [40, 245], ids=["dark", "metal"])
@pytest.mark.parametrize("turn", [0.0, 0.5], ids=["upright", "rolled"])
def test_rims_are_found_and_little_else(colour: int, turn: float) -> None:
    points = landmarks(turn)
    image, drawn = draw_rims(face(), points, colour)
    rims = find_rims(image, points, TOPOLOGY)
    wanted = cv2.warpAffine(drawn, band_matrix(points), BAND_SIZE)
    # Not what lies in front of eyes and brows, nor low beside the nose.
    assert (rims[wanted > 200] > 128).mean() > 0.7
    far = cv2.dilate(wanted, np.ones((9, 9), np.uint8)) == 0
    assert (rims[far] > 64).mean() < 0.02


def test_no_glasses_no_rims() -> None:
    points = landmarks()
    assert not find_rims(face(), points, TOPOLOGY).any()
    assert not find_rims(face(25), points, TOPOLOGY).any(), "noise"
    bags, _ = draw_rims(face(), points, 90, bags=True)
    assert not find_rims(bags, points, TOPOLOGY).any(), "lines below the eyes alone are bags and folds"
    assert not find_rims(portrait(), points, TOPOLOGY).any()


def test_a_face_that_is_partly_outside_is_looked_at_as_far_as_it_is_there() -> None:
    points = landmarks()
    image, _ = draw_rims(face(), points, 40)
    for shift in (-150, 150, 4000):
        moved = points + np.array((shift, 0, 0), np.float32)
        assert find_rims(image, moved, TOPOLOGY).shape == BAND_SIZE[::-1]


def test_rims_stay_in_front_unless_cover_is_not_kept() -> None:
    points = landmarks()
    image, drawn = draw_rims(face(), points, 40)
    region = face_crop_region(points, (SIDE, SIDE), 512)
    assert region is not None
    texture = np.full((768, 768, 3), (120, 170, 90), np.uint8)
    crop = swap_mesh(image, points, region, texture, np.full((768, 768), 255, np.uint8), TOPOLOGY)
    grid = WarpGrid(0, 0, 16, 16, np.zeros((4, 4, 2), np.float32))
    rims = find_rims(image, points, TOPOLOGY)
    moved = FaceWarp(np.zeros((1, 1, 4), np.uint8), 0, 0, points, grid, np.zeros(2, np.float32), rims)
    middle = drawn[region.place] > 0
    middle &= (
        cv2.erode(
            cv2.warpAffine(rims, band_matrix(points), (SIDE, SIDE), flags=cv2.WARP_INVERSE_MAP)[region.place],
            np.ones((3, 3)),
        )
        > 200
    )
    shown = []
    for kept, front in ((1.0, glasses_rims(moved)), (1.0, None), (0.0, glasses_rims(moved))):
        look = FootageLook(0.0, np.zeros(2, np.float32), 0.0, 1, 0.0, front)
        params = Fusion(keep_cover=kept, mask_blur=5.0)
        alpha = fuse_crop(crop, points, region, params, TOPOLOGY, footage=look)[..., 3]
        shown.append(float(alpha[middle].mean()) / 255)
    assert shown[0] < 0.3
    assert shown[0] < shown[1] - 0.3
    assert shown[2] > 0.9
