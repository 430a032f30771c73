# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh swapper carries a look onto a face and leaves everything else alone."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, transform_portrait
from understudy.core.analysis import detect as detecting
from understudy.core.analysis import landmark as landmarking
from understudy.core.face.types import Face
from understudy.core.fusion.colour import light_transfer
from understudy.core.fusion.fuse import fuse_crop
from understudy.core.fusion.mask import face_mask
from understudy.core.fusion.patch import Patch, composite_on_frame
from understudy.core.geometry.mesh_topology import Topology, load_topology
from understudy.core.models.embedded import embedded_models
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Fusion, Recipe
from understudy.core.swap.mesh import CropRegion, face_crop_region, swap_mesh
from understudy.core.swap.texture import TEXTURE_PIXELS, fill_hidden, merge_textures, unwrap_texture

TOPOLOGY = load_topology()


def only_face(picture: np.ndarray) -> Face:
    models, pool = embedded_models(), ModelPool()
    detections = detecting.detections_from_arrays(
        detecting.detect(picture, Recipe().detect, models.detector, pool)
    )
    return landmarking.faces_from_arrays(
        landmarking.landmark(picture, detections, Recipe().landmark, models.landmarker, pool, TOPOLOGY)
    )[0]


@pytest.fixture(scope="module")
def target() -> tuple[np.ndarray, Face]:
    picture = transform_portrait(2.0, 6.0)[0]
    return picture, only_face(picture)


@pytest.fixture(scope="module")
def green_source() -> tuple[np.ndarray, np.ndarray]:
    picture = make_up_portrait()
    return fill_hidden(unwrap_texture(picture, only_face(picture).landmarks, TOPOLOGY), 1.0)


def recast(
    picture: np.ndarray,
    face: Face,
    source: tuple[np.ndarray, np.ndarray],
    params: Fusion,
    longest: int = 640,
    topology: Topology = TOPOLOGY,
) -> tuple[np.ndarray, np.ndarray, CropRegion]:
    """Return the recast picture, the layer's RGBA pixels and where they lie."""
    place = face_crop_region(face.landmarks, (picture.shape[1], picture.shape[0]), longest)
    assert place is not None
    crop = swap_mesh(picture, face.landmarks, place, *source, topology)
    pixels = fuse_crop(crop, face.landmarks, place, params, topology)
    return composite_on_frame(picture, Patch(place.left, place.top, pixels)), pixels, place


def greenness(colours: np.ndarray) -> float:
    values = colours.reshape(-1, 3).astype(float).mean(0)
    return float(values[1] - (values[0] + values[2]) / 2)


def test_a_person_playing_themself_looks_like_themself(target: tuple[np.ndarray, Face]) -> None:
    """Unrolled from the same picture and drawn back, the face is the same but for one resampling."""
    picture, face = target
    source = fill_hidden(unwrap_texture(picture, face.landmarks, TOPOLOGY), 0.0)
    result, pixels, place = recast(picture, face, source, Fusion(colour_match=0.0))
    inside = pixels[..., 3] > 200
    region = slice(place.top, place.top + place.height), slice(place.left, place.left + place.width)
    difference = np.abs(result[region].astype(int) - picture[region])[inside]
    assert inside.sum() > 10_000
    assert difference.mean() < 2.0
    assert np.quantile(difference, 0.99) < 16


def test_the_source_is_carried_over_and_the_light_stays_the_targets(
    target: tuple[np.ndarray, Face], green_source: tuple[np.ndarray, np.ndarray]
) -> None:
    picture, face = target
    plain, pixels, place = recast(picture, face, green_source, Fusion(colour_match=0.0, keep_cover=0.0))
    matched, _, _ = recast(picture, face, green_source, Fusion(colour_match=1.0, keep_cover=0.0))
    inside = np.zeros(picture.shape[:2], bool)
    inside[place.top : place.top + place.height, place.left : place.left + place.width] = pixels[..., 3] > 230
    assert greenness(plain[inside]) > greenness(picture[inside]) + 30
    assert abs(greenness(matched[inside]) - greenness(picture[inside])) < 8
    low_before, low_after = (
        cv2.GaussianBlur(p, (0, 0), 20)[inside].astype(float) for p in (picture, matched)
    )
    assert np.abs(low_after - low_before).mean() < 6


@pytest.mark.parametrize("longest", [640, 128])
def test_nothing_outside_the_outline_of_the_face_is_touched(
    target: tuple[np.ndarray, Face], green_source: tuple[np.ndarray, np.ndarray], longest: int
) -> None:
    picture, face = target
    result, _, _ = recast(picture, face, green_source, Fusion(mask_blur=0.0, mask_padding=0.0), longest)
    outline = np.zeros(picture.shape[:2], np.uint8)
    hull = cv2.convexHull(np.round(face.landmarks[TOPOLOGY.oval, :2]).astype(np.int32))
    cv2.fillConvexPoly(outline, hull, 1)
    around = cv2.dilate(outline, np.ones((7, 7), np.uint8))
    assert np.array_equal(result[around == 0], picture[around == 0])
    assert (result[outline == 1] != picture[outline == 1]).any(1).mean() > 0.5


def test_eyes_and_the_inside_of_the_mouth_stay_the_targets(
    target: tuple[np.ndarray, Face], green_source: tuple[np.ndarray, np.ndarray]
) -> None:
    picture, face = target
    result, _, _ = recast(picture, face, green_source, Fusion(colour_match=0.0, keep_cover=0.0))
    without, _, _ = recast(
        picture, face, green_source, Fusion(colour_match=0.0, keep_cover=0.0, keep_eyes=0.0)
    )
    for iris in (468, 473):
        x, y = np.round(face.landmarks[iris, :2]).astype(int)
        eye = slice(y - 2, y + 3), slice(x - 2, x + 3)
        assert np.abs(result[eye].astype(int) - picture[eye]).max() <= 3
        assert without.shape == picture.shape
    lips = face.landmarks[[13, 14], :2].mean(0).round().astype(int)
    mouth = slice(lips[1] - 1, lips[1] + 2), slice(lips[0] - 4, lips[0] + 5)
    opening = np.linalg.norm(face.landmarks[13, :2] - face.landmarks[14, :2])
    if opening > 6:
        assert np.abs(result[mouth].astype(int) - picture[mouth]).mean() < 12


def test_blend_and_opacity_scale_the_layer_and_nothing_else(
    target: tuple[np.ndarray, Face], green_source: tuple[np.ndarray, np.ndarray]
) -> None:
    picture, face = target
    whole = recast(picture, face, green_source, Fusion())[1].astype(int)
    half = recast(picture, face, green_source, Fusion(blend=0.5))[1].astype(int)
    quarter = recast(picture, face, green_source, Fusion(blend=0.5, opacity=0.5))[1].astype(int)
    none = recast(picture, face, green_source, Fusion(blend=0.0))
    assert np.abs(half[..., 3] - whole[..., 3] / 2).max() <= 1
    assert np.abs(quarter[..., 3] - whole[..., 3] / 4).max() <= 1
    shown = half[..., 3] > 0
    assert np.array_equal(half[shown][:, :3], whole[shown][:, :3])
    assert not none[1].any()
    assert np.array_equal(none[0], picture)


@pytest.mark.parametrize(
    "params",
    [
        Fusion(),
        Fusion(mask_padding=-8.0, sharpen=1.5, light_radius=40.0),
        Fusion(mask_eyes=False, mask_blur=100.0),
        Fusion(mask_forehead=False, mask_mouth=False, mask_blur=0.0, keep_cover=0.0),
    ],
    ids=["default", "sharp", "without eyes", "without forehead and mouth"],
)
def test_a_layer_is_the_same_with_any_number_of_threads(
    target: tuple[np.ndarray, Face],
    green_source: tuple[np.ndarray, np.ndarray],
    params: Fusion,
    set_opencv_threads: Callable[[int], None],
) -> None:
    layers = set()
    for threads in (1, 2, 5):
        set_opencv_threads(threads)
        layers.add(recast(*target, green_source, params, topology=replace(TOPOLOGY))[1].tobytes())
    assert len(layers) == 1


def test_a_scaled_layer_has_no_dark_rim(
    target: tuple[np.ndarray, Face], green_source: tuple[np.ndarray, np.ndarray]
) -> None:
    """Halving the layer as a scaled strip does mixes its edge with what lies beyond: that may not be black."""
    picture, face = target
    params = Fusion(mask_blur=0.0, keep_cover=0.0)
    pixels = recast(picture, face, green_source, params)[1].astype(np.float32)
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    halved = pixels[:height, :width].reshape(height // 2, 2, width // 2, 2, 4)
    shown = halved[..., 3:] > 0
    edge = (shown.any((1, 3)) & ~shown.all((1, 3)))[..., 0]
    mixed = halved[..., :3].mean((1, 3))
    right = (halved[..., :3] * shown).sum((1, 3)) / np.maximum(shown.sum((1, 3)), 1)
    assert edge.sum() > 100
    assert np.abs(mixed - right)[edge].mean() < 12
    beyond = cv2.dilate((pixels[..., 3] > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    assert not pixels[beyond].any()


def test_padding_draws_the_mask_in_and_blur_softens_its_edge(target: tuple[np.ndarray, Face]) -> None:
    _, face = target
    place = CropRegion(0, 0, 512, 512, 1.0)
    points = place.to_crop(face.landmarks)

    def mask(**changes: float) -> np.ndarray:
        return face_mask(
            points, (512, 512), replace(Fusion(keep_eyes=0.0, keep_mouth=0.0), **changes), TOPOLOGY
        )

    assert mask(mask_padding=10.0).sum() < mask().sum() < mask(mask_padding=-5.0).sum()
    hard, soft = mask(mask_blur=0.0), mask(mask_blur=60.0)
    assert ((hard > 0.02) & (hard < 0.98)).sum() < ((soft > 0.02) & (soft < 0.98)).sum() / 10
    assert np.abs(np.diff(soft, axis=1)).max() < 0.08
    assert mask().shape == (256, 256)


@pytest.mark.parametrize("yaw", [-45, -30, 0, 30, 45])
def test_a_turned_face_does_not_tear(yaw: float) -> None:
    """A smooth texture drawn on a turned face is smooth wherever the layer shows it."""
    turn = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0]
    points = np.zeros((478, 3), np.float32)
    points[:468] = (TOPOLOGY.shape @ turn.T) * 180 + (256, 210, 0)
    ramp = np.zeros((TEXTURE_PIXELS, TEXTURE_PIXELS, 3), np.uint8)
    ramp[..., 0] = np.linspace(0, 255, TEXTURE_PIXELS)[None]
    ramp[..., 1] = np.linspace(0, 255, TEXTURE_PIXELS)[:, None]
    full = np.full((TEXTURE_PIXELS, TEXTURE_PIXELS), 255, np.uint8)
    frame = np.full((512, 512, 3), 128, np.uint8)
    place = face_crop_region(points, (512, 512), 640)
    assert place is not None
    crop = swap_mesh(frame, points, place, ramp, full, TOPOLOGY)
    shown = cv2.resize(crop.cover, place.size) > 200
    assert shown.sum() > 20_000
    both = shown[:, 1:] & shown[:, :-1]
    jump = np.abs(np.diff(crop.swapped.astype(int), axis=1)).max(2)
    # A step from the nose's edge to the cheek behind it is no tear; at 45 degrees it is a short line.
    assert (jump[both] > 12).mean() < 0.012
    holes = cv2.morphologyEx(shown.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)) - shown
    openings = face_mask(place.to_crop(points), place.size, Fusion(), TOPOLOGY)
    openings = cv2.resize(openings, place.size) < 0.9
    assert (holes.astype(bool) & ~openings).mean() < 0.002


def test_what_the_image_hides_is_filled_from_the_other_side_or_left_out() -> None:
    arrays = {
        "texture": np.full((TEXTURE_PIXELS, TEXTURE_PIXELS, 3), 90, np.uint8),
        "seen": np.zeros((TEXTURE_PIXELS, TEXTURE_PIXELS), np.uint8),
    }
    arrays["texture"][:, : TEXTURE_PIXELS // 2] = 200
    arrays["seen"][:, : TEXTURE_PIXELS // 2] = 255
    edge = 80
    texture, covered = fill_hidden(arrays, 1.0)
    assert (texture == 200).all()
    assert (covered[edge:-edge, edge:-edge] == 255).all()
    assert covered[0].max() < 5
    texture, covered = fill_hidden(arrays, 0.0)
    assert (covered[:, TEXTURE_PIXELS // 2 :] == 0).all()
    assert (covered[edge:-edge, edge : TEXTURE_PIXELS // 2 - edge] == 255).all()


def test_the_openings_of_the_eyes_do_not_fade_what_is_around_them() -> None:
    visibility = np.full((TEXTURE_PIXELS, TEXTURE_PIXELS), 255, np.uint8)
    visibility[300:340, 200:280] = 0
    texture = np.full((TEXTURE_PIXELS, TEXTURE_PIXELS, 3), 90, np.uint8)
    covered = fill_hidden({"texture": texture, "seen": visibility}, 0.0)[1]
    assert (covered[290:299, 200:280] == 255).all()


def test_a_second_image_fills_what_the_first_hides_in_the_firsts_colour() -> None:
    first = {
        "texture": np.full((64, 64, 3), (100, 80, 60), np.uint8),
        "seen": np.zeros((64, 64), np.uint8),
    }
    first["seen"][:, :40] = 255
    second = {
        "texture": np.full((64, 64, 3), (200, 160, 120), np.uint8),
        "seen": np.zeros((64, 64), np.uint8),
    }
    second["seen"][:, 24:] = 255
    both = merge_textures([first, second])
    assert (both["seen"] == 255).all()
    assert np.abs(both["texture"].astype(int) - (100, 80, 60)).max() <= 1


def test_light_transfer_undoes_a_light_that_falls_off() -> None:
    flat = np.full((96, 96, 3), (180, 140, 120), np.uint8)
    light = np.linspace(0.5, 1.2, 96)[None, :, None]
    dim = np.clip(flat * light, 0, 255).astype(np.uint8)
    gain, offset = light_transfer(dim, flat, np.ones((96, 96), np.float32), 10.0, 1.0)
    lit = flat * gain + offset
    assert np.abs(lit - dim)[10:-10, 10:-10].mean() < 3
    unchanged = light_transfer(dim, flat, np.ones((96, 96), np.float32), 10.0, 0.0)
    assert np.allclose(flat * unchanged[0] + unchanged[1], flat, atol=0.01)


def test_a_face_at_the_frames_edge_is_cut_off_with_it() -> None:
    shape = np.zeros((478, 3), np.float32)
    shape[:468] = TOPOLOGY.shape * 100 + (5, 200, 0)
    place = face_crop_region(shape, (320, 400), 640)
    assert place is not None
    assert (place.left, place.top >= 0, place.left + place.width <= 320) == (0, True, True)
    shape[:468, 0] -= 500
    assert face_crop_region(shape, (320, 400), 640) is None


def test_the_portrait_is_where_the_tests_expect_it() -> None:
    face = only_face(portrait())
    assert 100 < face.height < 150
