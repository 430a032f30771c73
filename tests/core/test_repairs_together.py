# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person repaired in one frame counts in the frames that depend on it: beside holds, and where masks go."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.core.export.inputs import face_images
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.frame_ranges import Hold
from understudy.core.recipe.landmark_edits import LandmarkEdit, LandmarkKey
from understudy.core.recipe.redetection import make_redetection
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.sessions.request_digest import RequestDigester

from tests.core.embedded_pipeline import open_with_pipeline
from tests.core.rendered_clip import folder
from tests.core.roto_masks import mask, rectangle, text

__all__ = ["folder"]
pytestmark = pytest.mark.slow

FRAMES = range(3, 10)
NOWHERE = ["detect.score=0.99", "landmark.gaps=0"]
"""Settings by which no face of the clip is found."""


@pytest.fixture(scope="module")
def faces(folder):
    """Return the faces that a request replaces, by frame."""
    with open_with_pipeline(folder / "clip.mp4") as (pipeline, clip):
        yield lambda request: {number: pipeline.plan(clip, number, [request]).faces for number in FRAMES}


@pytest.fixture(scope="module")
def identity(folder):
    return Identity(face_images([folder / "red.png"], []))


def digests(request, folder):
    source = ClipSource(True, (folder / "clip.mp4",))
    digester = RequestDigester([])
    layer = folder / "layers" / "1.tif"
    return [digester.digest(LayerJob("", n, source, n, layer, (request,))) for n in FRAMES]


def test_a_hold_carries_what_is_detected_again_beside_it(faces, folder, identity):
    request = SwapRequest(identity, with_settings(Recipe(), NOWHERE), holds=(Hold(7, 8),))
    ranges = tuple(make_redetection(4, 6, {"detect.score": score}) for score in (0.5, 0.4))
    assert not any(faces(request).values())
    plain, one, other = (
        digests(asked, folder)
        for asked in (request, *(replace(request, redetections=(range_,)) for range_ in ranges))
    )
    by_frame = faces(replace(request, redetections=ranges[:1]))
    assert [len(by_frame[number]) for number in FRAMES] == [0, 1, 1, 1, 1, 1, 0]
    assert np.array_equal(by_frame[7][0].face.landmarks, by_frame[6][0].face.landmarks)
    # The frames that are held know of the range, and no other frame does that is not in it.
    for digest, changed in ((one, plain), (other, one)):
        differs = [was != now for was, now in zip(digest, changed, strict=True)]
        assert differs == [number in range(4, 9) for number in FRAMES]


@pytest.mark.parametrize("repair", ["corrected", "held", "detected again"])
def test_a_mask_goes_with_the_face_from_a_keyframe_that_was_repaired(faces, identity, repair):
    keyed = SwapRequest(identity, roto=text(mask((5, rectangle(200, 150, 220, 170)), follow="similarity")))
    edit = LandmarkEdit(4, 8, (LandmarkKey(4, shift=(0.2, 0.0)),))
    asked = {
        "corrected": replace(keyed, landmark_edits=(edit,)),
        "held": replace(keyed, holds=(Hold(5, 5),)),
        "detected again": replace(
            keyed,
            recipe=with_settings(Recipe(), NOWHERE),
            redetections=(
                make_redetection(4, 5, {"detect.score": 0.5}),
                make_redetection(6, 8, {"detect.score": 0.4}),
            ),
        ),
    }[repair]

    def corner(faces_of, number):
        return faces_of[number][0].masks[0].layers[0].points[0][0, 2:4]

    plain, mended = faces(keyed), faces(asked)
    for number in (4, 5, 6, 8):
        assert corner(mended, number) == pytest.approx(corner(plain, number), abs=0.003)
    assert np.linalg.norm(corner(plain, 8) - corner(plain, 5)) > 0.01
