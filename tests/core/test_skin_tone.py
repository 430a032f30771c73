# SPDX-License-Identifier: GPL-3.0-or-later
"""The tone of the face goes over into neck and ears, softly, and into nothing else."""

import numpy as np
import pytest
from understudy.core.fusion.skin_tone import measure_skin_tone
from understudy.core.geometry.mesh_topology import load_topology

TOPOLOGY = load_topology()
WIDTH, HEIGHT = 320, 420
SKIN, WALL, SHIRT = (214, 172, 150), (70, 110, 150), (40, 60, 50)


def points() -> np.ndarray:
    return (TOPOLOGY.shape * 62 + (WIDTH / 2, 130, 0)).astype(np.float32)


def person() -> np.ndarray:
    """A wall, on it a head with a neck, and a shirt: RGBA, with grain, transparent in the lowest rows."""
    picture = np.empty((HEIGHT, WIDTH, 4), np.float32)
    picture[:] = (*WALL, 255)
    face = points()
    left, right = face[:, 0].min(), face[:, 0].max()
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[20 : int(face[:, 1].max()), int(left) : int(right)] = True
    inside[100:330, 110:210] = True
    picture[inside, :3] = SKIN
    picture[330:, :, :3] = SHIRT
    # Coarse enough to be left in the small image: without any shades it would not be taken for skin.
    shades = np.random.default_rng(3).normal(0, 5, (HEIGHT // 5, WIDTH // 5)).repeat(5, 0).repeat(5, 1)
    picture[..., :3] += shades[..., None]
    picture[400:] = 0
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def face_of(tone: float) -> tuple[np.ndarray, tuple[int, int]]:
    """What is laid over the face: the same skin, but for its lightness, as large as the mesh."""
    face = points()
    left, top = np.floor(face[:, :2].min(0)).astype(int)
    right, bottom = np.ceil(face[:, :2].max(0)).astype(int)
    patch = person()[top:bottom, left:right].astype(np.float32)
    patch[..., :3] = np.array(SKIN, np.float32) * tone + (patch[..., :3] - SKIN) * (patch[..., :1] > 150)
    return np.clip(np.round(patch), 0, 255).astype(np.uint8), (int(left), int(top))


def spread(tone: float, amount: float) -> np.ndarray:
    face, corner = face_of(tone)
    return with_tone_of(face, corner, amount)


def with_tone_of(face: np.ndarray, corner: tuple[int, int], amount: float) -> np.ndarray:
    picture = person()
    measure_skin_tone(picture, face, corner, points(), amount, TOPOLOGY).apply(picture)
    return picture


def lightness(picture: np.ndarray, rows: slice, columns: slice) -> float:
    return float(picture[rows, columns, :3].astype(float).mean())


@pytest.mark.parametrize("tone", [0.75, 1.15])
def test_the_neck_takes_the_faces_tone_less_and_less(tone: float) -> None:
    before, after = person(), spread(tone, 1.0)
    bottom = int(points()[:, 1].max())
    shares = [
        (lightness(after, rows, slice(140, 180)) / lightness(before, rows, slice(140, 180)) - 1) / (tone - 1)
        for rows in (slice(bottom + 4, bottom + 12), slice(bottom + 40, bottom + 48))
    ]
    assert 0.5 < shares[0] < 1.1
    assert shares[0] > shares[1] + 0.15
    half = spread(tone, 0.5)
    near = slice(bottom + 4, bottom + 12), slice(140, 180)
    assert abs(lightness(half, *near) - (lightness(before, *near) + lightness(after, *near)) / 2) < 3


def test_wall_and_shirt_stay_and_nothing_else_is_drawn() -> None:
    before, after = person(), spread(0.75, 1.0)
    assert np.array_equal(after[..., 3], before[..., 3])
    assert not after[400:].any()
    for rows, columns in ((slice(20, 320), slice(0, 30)), (slice(340, 400), slice(0, WIDTH))):
        change = after[rows, columns].astype(int) - before[rows, columns]
        assert np.abs(change).max() <= 2


def test_none_of_it_is_the_picture_and_neither_is_the_same_tone() -> None:
    assert np.array_equal(spread(0.75, 0.0), person())
    assert np.abs(spread(1.0, 1.0).astype(int) - person()).max() <= 4


@pytest.mark.parametrize("corner", [(-40, -30), (WIDTH - 20, HEIGHT - 20), (WIDTH + 5, 0)])
def test_a_face_may_lie_partly_outside(corner: tuple[int, int]) -> None:
    face, _ = face_of(0.75)
    made = with_tone_of(face, corner, 1.0)
    assert made.shape == person().shape
