# SPDX-License-Identifier: GPL-3.0-or-later
"""Maskers: which regions count as the face, against hand-made answers and on real footage."""

from pathlib import Path

import numpy as np
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_with, detections_from_arrays
from understudy.core.analysis.landmark import alignment_points, faces_from_arrays, landmark_with
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.errors import RecipeError
from understudy.core.recipe import Detect, Landmark, Occlude

from tests.core.face_adapters import FIVE, PICTURE, TOPOLOGY, engines_with, frame, real

__all__ = ["frame", "real"]


def test_xseg_sees_blue_first_and_only_what_is_sure_counts(tmp_path: Path) -> None:
    path = stand_ins.write_xseg(tmp_path / "net.onnx")
    masker = engines_with(tmp_path, occlude__xseg=path).masker(Occlude("xseg"))
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, 285:] = 204
    mask = masker.mask(masker.segment(picture, FIVE), Occlude("xseg"))
    assert mask.visible.shape == (256, 256)
    edge = mask.matrix @ np.array([285, 190, 1])
    x, y = np.round(edge).astype(int)
    # .8 stretched from .5..1 to 0..1 is .6; the dark side is nothing; the edge is soft.
    assert mask.visible[y, min(x + 60, 250)] == pytest.approx(0.6 * 255, abs=2)
    assert mask.visible[y, x - 40] == 0


def test_bisenets_regions_can_be_chosen(tmp_path: Path) -> None:
    """The stand-in calls red skin, green hair and blue glasses."""
    path = stand_ins.write_bisenet(tmp_path / "net.onnx")
    engines = engines_with(tmp_path, occlude__bisenet=path)
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, :260, 0] = picture[:, 260:310, 1] = picture[:, 310:, 2] = 255

    masker = engines.masker(Occlude("bisenet"))
    segmentation = masker.segment(picture, FIVE)  # once: whatever is chosen, the network need not run again

    def visible_parts(params: Occlude) -> list[bool]:
        mask = masker.mask(segmentation, params)
        places = [mask.matrix @ np.array([x, 190, 1]) for x in (235, 285, 335)]
        return [bool(mask.visible[round(y), round(x)] > 127) for x, y in places]

    assert visible_parts(Occlude("bisenet")) == [True, False, False]
    assert visible_parts(Occlude("bisenet", hair=True)) == [True, True, False]
    assert visible_parts(Occlude("bisenet", skin=False, glasses=True)) == [False, False, True]
    nothing = dict.fromkeys(("skin", "brows", "eyes", "nose", "mouth", "lips"), False)
    with pytest.raises(RecipeError, match=r"needs a region: set occlude\.skin=on"):
        masker.mask_key_text(Occlude("bisenet", **nothing))
    assert masker.mask_key_text(Occlude("bisenet", **{**nothing, "hair": True, "eyes": True})) == "eyes hair"


def test_small_holes_in_the_skin_are_features_and_hair_over_it_is_none(tmp_path: Path) -> None:
    """Planted maps of 512: skin all over but for an eye's hole, a hand's, and a fringe of hair that is no skin."""
    maps = np.zeros((1, 3, 512, 512), np.float32)
    maps[0, 0] = 1
    maps[0, 0, 200:220, 180:210] = 0
    maps[0, 0, 260:420, 300:460] = 0
    maps[0, 0, 60:70] = 0
    maps[0, 2, 60:70] = 1
    path = stand_ins.write_constant_model(tmp_path / "net.onnx", "x.1", [1, 3, 512, 512], {"1273": maps})
    masker = engines_with(tmp_path, occlude__skin_hair=path).masker(Occlude("skin-hair"))
    visible = masker.mask(masker.segment(PICTURE, FIVE), Occlude("skin-hair")).visible
    assert visible[105, 97] == 255  # the eye
    assert visible[170, 190] == 0  # the hand
    assert visible[32, 128] < 60  # the fringe, five pixels of the mask high
    assert visible[230, 30] == 255


def test_real_maskers_separate_the_face_from_what_is_before_and_behind_it(
    real: ModelAdapters, frame: np.ndarray
) -> None:
    detections = detections_from_arrays(detect_with(frame, Detect(), real.detector(Detect())))
    face = faces_from_arrays(
        landmark_with(frame, detections, Landmark(), real.landmarker(Landmark()), TOPOLOGY)
    )[0]
    left, top, right, bottom = face.box.astype(int)
    covered = frame.copy()
    covered[(top + bottom) // 2 :, left - 40 : right + 40] = (40, 90, 140)

    def share(name: str, picture: np.ndarray, row: float, low: float = 0.2, high: float = 0.8) -> float:
        """How much of the face is shown at a height (0 its top, 1 its chin), between two places across it."""
        masker = real.masker(Occlude(name))
        mask = masker.mask(masker.segment(picture, alignment_points(face.landmarks, TOPOLOGY)), Occlude(name))
        y, across = top + row * (bottom - top), left + np.linspace(low, high, 20) * (right - left)
        spots = [mask.matrix @ np.array([x, y, 1]) for x in across]
        return float(np.mean([mask.visible[round(v), round(u)] for u, v in spots])) / 255

    assert share("skin-hair", frame, 0.8) > 0.9
    assert share("skin-hair", covered, 0.8) < 0.1
    assert share("skin-hair", covered, 0.3) > 0.8
    assert share("selfie", frame, 0.5) > 0.9
    assert share("selfie", frame, 0.1, 1.25, 1.4) < 0.1
