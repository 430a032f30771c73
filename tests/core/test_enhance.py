# SPDX-License-Identifier: GPL-3.0-or-later
"""Enhancers see the frame with the swap on it, in their own crop, and improve the swap alone."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import transform_portrait
from models import stand_in_swappers as stand_ins
from understudy.core.errors import ModelError
from understudy.core.geometry.alignment import TEMPLATES
from understudy.core.geometry.crop import crop_matrix
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool
from understudy.core.swap.crops import AlignedCrop, AlignedImage, MeshCrop
from understudy.core.swap.enhance import Overlay, blend_enhanced, enhance_crop, overlay
from understudy.core.swap.loaded_model import LoadedModel, ModelRunner
from understudy.core.swap.mesh import CropRegion
from understudy.core.swap.neural_region import region_matrix, unit_matrix

FRAME = transform_portrait(1.1, 9.0, size=384)[0]
# A face whose five points lie on the template, drawn at 240 pixels, so that the crop's matrix is known.
SIDE, CORNER = 240, (60, 40)
POINTS = (np.array(TEMPLATES["ffhq_512"]) * SIDE + CORNER).astype(np.float32)
EMPTY_OVERLAY = Overlay(FRAME, np.zeros(FRAME.shape[:2], np.uint8), np.eye(2, 3, dtype=np.float32))


def open_enhancer(folder: Path, family: str, **how: object) -> tuple[LoadedModel, ModelRunner]:
    path = stand_ins.write_enhancer(
        folder / f"stand_in_{family}.onnx", stand_ins.ENHANCER_PIXELS[family], **how
    )  # type: ignore[arg-type]
    stand_ins.state(path, f"enhance/{family}")
    library, networks = ModelLibrary([folder]), ModelRunner(ModelPool(1))
    model = library.model("enhance", family)
    return networks.load(model, library.catalogue.family("enhance", family)), networks


def crop_by_hand(picture: np.ndarray, size: int) -> np.ndarray:
    scale = size / SIDE
    matrix = np.array([[scale, 0, -CORNER[0] * scale], [0, scale, -CORNER[1] * scale]])
    return cv2.warpAffine(picture, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE) / 127.5 - 1


def halve_to(values: np.ndarray, size: int) -> np.ndarray:
    while len(values) > size:
        values = values.reshape(len(values) // 2, 2, len(values) // 2, 2, 3).mean((1, 3))
    return values


@pytest.mark.slow
@pytest.mark.parametrize("family", stand_ins.ENHANCER_PIXELS)
def test_a_family_sees_the_frame_in_its_crop_and_is_cut_off_at_black_and_white(
    family: str, tmp_path: Path
) -> None:
    weighted = family == "codeformer"
    network, networks = open_enhancer(tmp_path, family, weight=weighted)
    result = enhance_crop(network, FRAME, POINTS, EMPTY_OVERLAY, 0.3, networks)
    gain = 0.3 if weighted else 1.5
    expected = (np.clip(crop_by_hand(FRAME, stand_ins.ENHANCER_PIXELS[family]) * gain, -1, 1) + 1) / 2 * 255
    pixels = result.pixels
    difference = np.abs(pixels - halve_to(expected, len(pixels)))
    assert difference.mean() < 0.7
    assert np.quantile(difference, 0.999) < 4
    # Nothing is kept finer than twice the frame: 2048 pixels for a face of 240 would be 12 MB a frame.
    assert len(pixels) == {256: 256, 512: 256, 1024: 256, 2048: 256}[stand_ins.ENHANCER_PIXELS[family]]
    scale = stand_ins.ENHANCER_PIXELS[family] / SIDE
    expected_unit = unit_matrix(
        np.array([[scale, 0, -CORNER[0] * scale], [0, scale, -CORNER[1] * scale]]),
        stand_ins.ENHANCER_PIXELS[family],
    )
    assert np.allclose(unit_matrix(result.matrix, len(pixels)), expected_unit, atol=1e-5)


def test_the_swap_is_laid_over_the_frame_before_it_is_enhanced(tmp_path: Path) -> None:
    network, networks = open_enhancer(tmp_path, "gpen-256", gain=1.0)
    matrix = crop_matrix(np.float32([180, 160]), 120, np.radians(20), 128)
    image = AlignedImage(np.full((128, 128, 3), (250, 10, 120), np.uint8), matrix)
    crop = AlignedCrop(image, np.zeros((160, 160, 3), np.uint8))
    place = CropRegion(0, 0, 384, 384, 1.0)
    result = enhance_crop(network, FRAME, POINTS, overlay(crop, place), 0.5, networks)
    plain = enhance_crop(network, FRAME, POINTS, EMPTY_OVERLAY, 0.5, networks).pixels.astype(int)
    ys, xs = np.mgrid[:256, :256]
    frame_points = np.stack([xs / 256 * SIDE + CORNER[0], ys / 256 * SIDE + CORNER[1], np.ones_like(xs)], -1)
    unit = frame_points @ unit_matrix(matrix, 128).T
    inside = np.minimum(unit, 1 - unit).min(-1)
    deep, outside = inside > 0.12, inside < -0.02
    assert deep.sum() > 3000
    assert np.abs(result.pixels[deep].astype(int) - (250, 10, 120)).max() <= 1
    assert np.array_equal(result.pixels[outside], plain[outside])


def test_the_meshs_swap_is_laid_over_where_it_covers(tmp_path: Path) -> None:
    network, networks = open_enhancer(tmp_path, "gpen-256", gain=1.0)
    place = CropRegion(100, 80, 120, 140, 0.5)
    cover = np.zeros((70, 60), np.uint8)
    cover[20:50, 20:40] = 255
    target, bare = np.zeros((128, 110, 3), np.uint8), np.zeros((128, 110), np.uint8)
    crop = MeshCrop(np.full((70, 60, 3), (0, 200, 0), np.uint8), cover, target, bare)
    result = enhance_crop(network, FRAME, POINTS, overlay(crop, place), 0.5, networks).pixels
    plain = enhance_crop(network, FRAME, POINTS, EMPTY_OVERLAY, 0.5, networks).pixels
    green = (np.abs(result.astype(int) - (0, 200, 0)) <= 1).all(-1)
    ys, xs = np.nonzero(green)
    scale = 256 / SIDE
    # Columns 20 to 40 of the half-size region are frame columns 140 to 180; likewise rows 120 to 180.
    assert abs(xs.min() - (140 - CORNER[0]) * scale) < 4
    assert abs(xs.max() - (180 - CORNER[0]) * scale) < 4
    assert abs(ys.min() - (120 - CORNER[1]) * scale) < 4
    assert abs(ys.max() - (180 - CORNER[1]) * scale) < 4
    far = cv2.dilate(green.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    assert np.array_equal(result[far], plain[far])


def test_blend_mixes_the_enhanced_face_into_the_swapped_one_within_its_crop() -> None:
    matrix = crop_matrix(np.float32([100, 100]), 100, 0, 128)
    better = AlignedImage(np.full((128, 128, 3), 200, np.uint8), matrix)
    place = CropRegion(20, 20, 160, 160, 1.0)
    swapped = np.full((160, 160, 3), 100, np.uint8)
    assert np.allclose(region_matrix(place) @ (100, 100, 1), 80)
    for blend in (0.0, 0.25, 1.0):
        mixed = blend_enhanced(swapped, place, better, blend)
        assert (np.abs(mixed[60:100, 60:100].astype(int) - (100 + 100 * blend)) <= 1).all()
        assert (mixed[:29] == 100).all()
        assert (mixed[:, 132:] == 100).all()


def test_an_enhancer_of_another_size_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    path = stand_ins.write_enhancer(tmp_path / "stand_in.onnx", 256)
    stand_ins.state(path, "enhance/gfpgan")
    with pytest.raises(ModelError, match=r"expected the input .*512 x 512.*found input .*256 x 256"):
        ModelLibrary([tmp_path]).model("enhance", "gfpgan")
    family = ModelLibrary([tmp_path]).catalogue.family("enhance", "codeformer")
    from understudy.core.models.model_file import ModelFile

    with pytest.raises(ModelError, match=r"is no CodeFormer .* model: expected 2 inputs: input .*weight"):
        ModelRunner(ModelPool(1)).load(ModelFile(path), family)
