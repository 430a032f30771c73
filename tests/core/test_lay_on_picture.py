# SPDX-License-Identifier: GPL-3.0-or-later
"""A fused face is laid over the moved picture alike, whether or not the picture hides all below it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.fusion.patch import Patch
from understudy.core.fusion.skin_tone import SkinTone
from understudy.core.fusion.warp_layer import lay_on_picture
from understudy.core.geometry.warp_grid import WarpGrid
from understudy.core.swap.shape import FaceWarp

SIZE = (96, 120)
"""Of the frame: width and height."""


def random_image(seed: int, width: int, height: int, alpha: np.ndarray) -> np.ndarray:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    image[..., 3] = np.random.default_rng(seed + 1).choice(alpha, (height, width))
    return image


def face_warp(picture: np.ndarray, left: int, top: int) -> FaceWarp:
    warp = WarpGrid(0, 0, *SIZE, np.zeros((2, 2, 2), np.float32))
    zeros = np.zeros((478, 3), np.float32)
    return FaceWarp(picture, left, top, zeros, warp, np.zeros(2, np.float32), np.zeros((0, 0), np.uint8))


@given(
    seed=st.integers(0, 1000),
    below=st.sampled_from([(255,), (0,), (0, 255), (0, 1, 128, 254, 255)]),
    above=st.sampled_from([(255,), (0,), (0, 255), tuple(range(256))]),
    corner=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_the_face_is_over_the_picture(
    seed: int, below: tuple[int, ...], above: tuple[int, ...], corner: tuple[int, int]
) -> None:
    """By the formula of straight alpha; where the face is not the picture is as it was, and it is not written to."""
    picture, face = (
        random_image(seed, 60, 80, np.array(below)),
        random_image(seed + 2, 50, 70, np.array(above)),
    )
    before = picture.copy()
    patch = lay_on_picture(Patch(*corner, face), face_warp(picture, 20, 20), 1.0, SIZE)
    assert np.array_equal(picture, before)
    canvas = np.zeros((2, *SIZE[::-1], 4))
    canvas[0, 20 : 20 + 80, 20 : 20 + 60] = picture
    canvas[1, corner[1] : corner[1] + 70, corner[0] : corner[0] + 50] = face[: SIZE[1] - corner[1]]
    upper, lower = canvas[1, ..., 3:] / 255, canvas[0, ..., 3:] / 255
    alpha = upper + lower * (1 - upper)
    colours = (canvas[1, ..., :3] * upper + canvas[0, ..., :3] * lower * (1 - upper)) / np.maximum(
        alpha, 1e-6
    )
    height, width = patch.pixels.shape[:2]
    place = slice(patch.top, patch.top + height), slice(patch.left, patch.left + width)
    assert np.abs(patch.pixels[..., 3] - 255 * alpha[place][..., 0]).max() <= 0.51
    assert np.abs(patch.pixels[..., :3] - colours[place])[patch.pixels[..., 3] > 0].max(initial=0) <= 1
    untouched = canvas[1, ..., 3][place] == 0
    assert np.array_equal(patch.pixels[untouched], canvas[0][place][untouched])


def test_the_pictures_skin_takes_the_faces_tone_before_the_face_is_laid_over_it() -> None:
    picture, face = (random_image(seed, 60, 80, np.array((255,))) for seed in (1, 3))
    tone = SkinTone(np.full((8, 6, 3), 0.5, np.float32), 10)
    before, darker = picture.copy(), picture.copy()
    tone.apply(darker)
    above = Patch(30, 40, face[:50, :30])
    made = lay_on_picture(above, face_warp(picture, 20, 20), 1.0, SIZE, tone)
    assert np.array_equal(picture, before)
    assert darker[..., :3].mean() < 0.6 * before[..., :3].mean()
    assert np.array_equal(made.pixels, lay_on_picture(above, face_warp(darker, 20, 20), 1.0, SIZE).pixels)
