# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognisers: embeddings of aligned, normalised crops, and people told apart."""

from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_with, detections_from_arrays
from understudy.core.analysis.embed import embed_key, embed_with
from understudy.core.analysis.landmark import faces_from_arrays, landmark_with
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.analysis.recognisers.contract import Embeddings, EmbeddingSpace, l2_normalise
from understudy.core.cache.base.key import stage_key
from understudy.core.errors import RecipeError
from understudy.core.geometry.alignment import alignment_matrix
from understudy.core.media.image_decode import decode_image
from understudy.core.recipe import Detect, Embed, Landmark

from tests.core.face_adapters import FIVE, PICTURE, TOPOLOGY, engines_with, real

__all__ = ["real"]


@pytest.mark.parametrize(
    ("family", "count"),
    [("arcface", 512), ("auraface", 512), ("ghostface", 512), ("sface", 128), ("mobileface", 256)],
)
def test_an_embedding_is_of_the_aligned_normalised_crop(tmp_path: Path, family: str, count: int) -> None:
    path = stand_ins.write_recogniser(tmp_path / "net.onnx", family)
    recogniser = engines_with(tmp_path, **{f"embed__{family}": path}).recogniser(Embed(family))
    smooth = cv2.GaussianBlur(PICTURE, (0, 0), 8)
    vector = recogniser.embed(smooth, [FIVE, FIVE])[1]
    crop = cv2.warpAffine(
        smooth, alignment_matrix(FIVE, "arcface_112_v2", 112), (112, 112), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    crop = {
        "arcface": crop / 127.5 - 1,
        "auraface": crop / 127.5 - 1,
        "ghostface": (crop - 127.5) / 128,
        "sface": crop,
        "mobileface": crop,
    }[family]
    blocks = crop.reshape(8, 14, 8, 14, 3).mean((1, 3)).transpose(2, 0, 1).ravel()
    expected = blocks @ stand_ins.recogniser_matrix(count, 0)
    assert vector.shape == (count,)
    assert np.allclose(vector, expected, atol=0.02 * np.abs(expected).max())


def test_embeddings_of_different_models_never_meet(tmp_path: Path) -> None:
    first = stand_ins.write_recogniser(tmp_path / "a.onnx", "arcface")
    ghost = stand_ins.write_recogniser(tmp_path / "g.onnx", "ghostface")
    engines = engines_with(tmp_path, embed__arcface=first, embed__ghostface=ghost)
    spaces = [engines.recogniser(Embed(name)).space for name in ("arcface", "ghostface")]
    rows = l2_normalise(np.ones((2, 512), np.float32))
    arcface, ghostface = (Embeddings(rows, space) for space in spaces)
    assert np.allclose(arcface.cosine_similarity(arcface), np.ones((2, 2)))
    with pytest.raises(RecipeError, match="described by arcface can't be compared with those by ghostface"):
        arcface.cosine_similarity(ghostface)
    with pytest.raises(RecipeError, match="can't be compared"):
        arcface.cosine_similarity(Embeddings(rows, EmbeddingSpace("arcface", "another file", 0.28)))
    with pytest.raises(RecipeError, match=r"vectors of \(512,\) and \(128,\) numbers"):
        arcface.cosine_similarity(Embeddings(rows[:, :128], spaces[0]))
    keys = [
        embed_key(stage_key("landmark", 1, {}), engines.recogniser(Embed(n)))
        for n in ("mesh", "arcface", "ghostface")
    ]
    assert len({key.hex for key in keys}) == 3


PEOPLE = {
    "a": ["p02_obama_official.jpg", "p02b_obama_speech.jpg", "p02c_obama_standing.jpg"],
    "b": ["p10_man_a1.jpg", "p10_man_a2.jpg", "p10_man_a3.jpg"],
    "c": ["p11_woman_a1.jpg", "p11_woman_a2.jpg"],
    "d": ["p12_woman_b1.jpg", "p12_woman_b2.jpg"],
    "e": ["p01_astronaut_eileen_collins_512.png"],
    "f": ["p13_woman_c.jpg"],
    "g": ["p14_man_c.jpg"],
    "h": ["p20_man_sofa_1000.jpg"],
    "i": ["p30_glasses_frown_720.jpg"],
    "j": ["p31_open_mouth_720.jpg"],
}


@pytest.mark.slow
def test_mobileface_tells_the_people_of_the_portraits_apart(shared: Path, real: ModelAdapters) -> None:
    recogniser, described = real.recogniser(Embed("mobileface")), []
    params = Detect(detector="yunet")
    for person, files in PEOPLE.items():
        for file in files:
            picture = np.asarray(decode_image(shared / "footage/portraits" / file), np.uint8)
            detections = detections_from_arrays(detect_with(picture, params, real.detector(params)))
            faces = faces_from_arrays(
                landmark_with(picture, detections, Landmark(), real.landmarker(Landmark()), TOPOLOGY)
            )
            face = max(faces, key=lambda one: one.height)
            described.append((person, embed_with(picture, [face], TOPOLOGY, recogniser)["embeddings"][0]))
    pairs = [(one == other, float(a @ b)) for (one, a), (other, b) in combinations(described, 2)]
    same = np.array([value for alike, value in pairs if alike])
    other = np.array([value for alike, value in pairs if not alike])
    assert len(same) == 8
    assert len(other) == 112
    assert (same[:, None] > other).mean() >= 0.999
    assert same.min() > recogniser.space.match_threshold > other.max()
