# SPDX-License-Identifier: GPL-3.0-or-later
"""Areas of the face: they share it among them, hold the points they should, and follow a turn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from understudy.core.errors import RecipeError
from understudy.core.face.types import Floats
from understudy.core.fusion.area import AREAS, area_weight
from understudy.core.fusion.mask import face_mask
from understudy.core.geometry.mesh_raster import triangle_map
from understudy.core.geometry.mesh_topology import Topology, load_topology
from understudy.core.recipe import Fusion, Recipe, with_settings

SIZE = (200, 240)
TOPOLOGY = load_topology()
WITHIN = {
    "forehead": (151, 108, 337),
    "eyes": (105, 334, 145, 374, 159, 386, 8),
    "nose": (4, 197, 195, 98, 327),
    "cheeks": (50, 280, 205, 425),
    "mouth": (0, 17, 61, 291, 13, 14, 164),
    "chin": (152, 199, 136, 365),
}


def landmarks(yaw: float = 0.0) -> Floats:
    """The canonical face in a picture of SIZE, turned by so many degrees."""
    turn = np.radians(yaw)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return np.asarray(TOPOLOGY.shape @ rotation.T * 110 + (100, 75, 0), np.float32)


def fusion(*shown: str, blur: float = 0.0) -> Fusion:
    settings = [f"fusion.mask_{area}={'on' if area in shown else 'off'}" for area in AREAS]
    return with_settings(Recipe(), [*settings, f"fusion.mask_blur={blur}"]).fusion


def weight(*shown: str, blur: float = 0.0, yaw: float = 0.0, topology: Topology = TOPOLOGY) -> Floats:
    weights = area_weight(landmarks(yaw), SIZE, fusion(*shown, blur=blur), topology)
    assert weights is not None
    return weights


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("yaw", [0.0, 25.0])
def test_an_area_holds_its_own_points_and_none_of_the_others(area: str, yaw: float) -> None:
    drawn = weight(area, yaw=yaw)
    for other, points in WITHIN.items():
        for x, y in np.round(landmarks(yaw)[list(points), :2]).astype(int):
            assert drawn[y, x] == (1 if other == area else 0)


def test_the_areas_share_the_face_and_leave_nothing_out() -> None:
    face = triangle_map(landmarks(), SIZE, TOPOLOGY) >= 0
    total = sum(weight(area, blur=30.0) for area in AREAS)
    assert np.abs(total[face] - 1).mean() < 0.01
    assert np.percentile(np.abs(total[face] - 1), 95) < 0.1  # three soft edges meet in a few places
    assert (total[~face & (total < 0.5)] == 0).all()


def test_neighbouring_areas_have_no_seam_between_them() -> None:
    both, whole = weight("cheeks", "nose", blur=30.0), triangle_map(landmarks(), SIZE, TOPOLOGY) >= 0
    alone = np.minimum(weight("cheeks", blur=30.0), weight("nose", blur=30.0))
    seam = (alone > 0.3) & whole
    assert seam.sum() > 20
    assert np.median(both[seam]) > 0.95  # at its ends a third area meets them


def test_a_softer_mask_softens_the_areas_edge_and_moves_it_nowhere() -> None:
    sharp, soft = weight("eyes"), weight("eyes", blur=60.0)
    assert ((soft > 0.02) & (soft < 0.98)).sum() > 2 * ((sharp > 0.02) & (sharp < 0.98)).sum()
    assert soft.sum() == pytest.approx(sharp.sum(), rel=0.05)


def test_all_areas_are_the_face_as_it_was_and_none_show_nothing() -> None:
    assert area_weight(landmarks(), SIZE, fusion(*AREAS), TOPOLOGY) is None
    assert weight().max() == 0


@pytest.mark.parametrize("area", AREAS)
def test_an_area_is_the_same_with_any_number_of_threads_and_wherever_it_lies_in_memory(
    area: str, set_opencv_threads: Callable[[int], None]
) -> None:
    others, blocks, weights = [one for one in AREAS if one != area], [], set()
    for threads in (1, 2, 1, 5, 1, 1):
        set_opencv_threads(threads)
        # Another topology is one for which nothing is kept, and smaller blocks move what is made after them.
        weights.add(weight(*others, blur=100.0, topology=replace(TOPOLOGY)).tobytes())
        blocks.append(np.ones(1001 * len(blocks) + 37))
    assert len(weights) == 1


def test_the_mask_keeps_to_its_areas_in_a_box_too() -> None:
    points = np.concatenate([landmarks(), np.zeros((10, 3), np.float32)])
    box = np.array([[1 / SIZE[0], 0, 0], [0, 1 / SIZE[1], 0]])
    for frame in (None, box):
        whole = face_mask(points, SIZE, fusion(*AREAS, blur=10.0), TOPOLOGY, frame)
        mouth = face_mask(points, SIZE, fusion("mouth", blur=10.0), TOPOLOGY, frame)
        assert np.abs(mouth - whole * weight("mouth", blur=10.0)).mean() < 1e-3
        x, y = np.round(points[8, :2]).astype(int)
        assert whole[y, x] > 0.99
        assert mouth[y, x] == 0


@pytest.mark.parametrize(("text", "value"), [("off", False), ("on", True), ("False", False), ("1", True)])
def test_a_switch_is_read_from_text(text: str, value: bool) -> None:
    assert with_settings(Recipe(), [f"fusion.mask_nose={text}"]).fusion.mask_nose is value
    with pytest.raises(RecipeError, match=r"fusion\.mask_nose is on or off, not 'perhaps'"):
        with_settings(Recipe(), ["fusion.mask_nose=perhaps"])
