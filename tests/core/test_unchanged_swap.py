# SPDX-License-Identifier: GPL-3.0-or-later
"""A swapper that gives back its target leaves the frame as it was: every crop is cut out and put back in its place.

The stand-ins here have each family's names, sizes, ranges and colour order, and change nothing. What a frame then
loses is what sampling it twice loses; a crop put back half a pixel away, or a value range misread, costs far more.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, transform_portrait, write_picture
from models import stand_in_swappers as stand_ins
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.fusion.patch import composite_on_frame
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

PLAIN_SETTINGS = ("fusion.colour_match=0", "fusion.keep_cover=0", "select.min_height=16")
FAMILIES = (*stand_ins.SWAPPERS, "dfm")


def frame_of(scale: float, roll: float) -> np.ndarray:
    """The portrait without detail finer than a network's pixel, which no crop could carry."""
    picture, _ = transform_portrait(scale, roll, size=512)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.5), np.uint8)


def models(folder: Path, family: str) -> Path:
    if family == "dfm":
        path = stand_ins.write_dfm(folder / "models/somebody.dfm", 256, morph=False, bare=True)
        stand_ins.state(path, "swap/dfm")
    else:
        stand_ins.write_swapper(folder / "models", family, unchanged=True)
    return folder / "models"


def swap_frame(frame: np.ndarray, folder: Path, family: str, *settings: str) -> tuple[np.ndarray, np.ndarray]:
    """The frame with the layer over it, and where the layer is fully shown."""
    paths = (
        write_picture(folder / "frame.png", frame),
        write_picture(folder / "source.png", make_up_portrait()),
    )
    recipe = with_settings(Recipe(), [f"swap.swapper={family}", *PLAIN_SETTINGS, *settings])
    pipeline = Pipeline(
        MemoryStore(64 << 20), embedded_models(), 1, library=ModelLibrary([models(folder, family)])
    )
    with open_clip(paths[0]) as clip:
        patch = pipeline.execute(
            pipeline.plan(clip, 0, [SwapRequest(Identity((FaceImage(paths[1]),)), recipe)])
        )
    pipeline.close()
    assert patch is not None
    shown = np.zeros(frame.shape[:2], bool)
    height, width = patch.pixels.shape[:2]
    shown[patch.top : patch.top + height, patch.left : patch.left + width] = patch.pixels[..., 3] == 255
    return composite_on_frame(frame, patch), shown


def psnr_decibels(frame: np.ndarray, other: np.ndarray, shown: np.ndarray) -> float:
    """PSNR in dB where the layer is shown."""
    error = frame[shown].astype(float) - other[shown]
    return float(10 * np.log10(255**2 / max((error**2).mean(), 1e-9)))


def offset_pixels(frame: np.ndarray, other: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """By how many pixels (x, y) the other picture lies beside the frame: least squares over its slopes."""
    grey, moved_grey = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(float) for one in (frame, other))
    slopes = np.stack([np.gradient(grey, axis=1)[shown], np.gradient(grey, axis=0)[shown]], 1)
    return -np.linalg.lstsq(slopes, (moved_grey - grey)[shown], rcond=None)[0]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("scale", "roll"), [(1.0, 0.0), (1.6, 25.0)])
def test_every_familys_crop_goes_back_where_it_was_cut_out(
    family: str, scale: float, roll: float, tmp_path: Path
) -> None:
    frame = frame_of(scale, roll)
    result, shown = swap_frame(frame, tmp_path, family)
    assert shown.sum() > 4000
    assert np.abs(offset_pixels(frame, result, shown)).max() < 0.015
    # A pixel beside its place the same face would lose far more.
    assert psnr_decibels(frame, result, shown) > 50 > 10 + psnr_decibels(frame, np.roll(frame, 1, 1), shown)
    far = cv2.dilate(shown.astype(np.uint8), np.ones((81, 81))) == 0
    assert np.array_equal(result[far], frame[far])


@pytest.mark.slow
@pytest.mark.parametrize("family", ["inswapper", "hififace", "dfm"])
def test_the_whole_crop_goes_back_with_a_box_mask(family: str, tmp_path: Path) -> None:
    frame = frame_of(1.0, 12.0)
    result, shown = swap_frame(frame, tmp_path, family, "fusion.mask_shape=box", "fusion.mask_blur=5")
    _, oval = swap_frame(frame, tmp_path, family, "fusion.mask_blur=5")
    assert shown.sum() > 1.3 * oval.sum()
    assert np.abs(offset_pixels(frame, result, shown)).max() < 0.015
    assert psnr_decibels(frame, result, shown) > 50


@pytest.mark.slow
def test_a_boosted_crop_carries_finer_detail_and_moves_nothing(tmp_path: Path) -> None:
    frame, _ = transform_portrait(1.8, 10.0, size=512)
    plain, shown = swap_frame(frame, tmp_path, "inswapper")
    boosted, _ = swap_frame(frame, tmp_path, "inswapper", "swap.pixel_boost=4")
    assert np.abs(offset_pixels(frame, boosted, shown)).max() < 0.015
    assert psnr_decibels(frame, boosted, shown) > psnr_decibels(frame, plain, shown) + 6
