# SPDX-License-Identifier: GPL-3.0-or-later
"""How faces are seen is kept with their embeddings, and a scan flags what is blurred, covered or flickers."""

from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.analysis.face_look import FACE_LOOK_SCHEMA, looks_from_arrays
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.clip_info_cache import CacheOnly
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_value
from understudy.core.recipe.frame_ranges import Dismissal
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.measures import FACE_MEASURES
from understudy.core.scan.scan import scan_clip

from tests.core import face_clip
from tests.core.partial_store import StoreWithout
from tests.core.roto_masks import mask, text, to_mask

pytestmark = pytest.mark.slow

COUNT, BLURRED, DARK, COVERED = 24, 6, 11, range(16, 19)
REQUEST = SwapRequest(Identity(()), with_value(Recipe(), "select.which", "largest"))


@pytest.fixture(scope="module")
def clip_path(tmp_path_factory):
    """A clip whose face is blurred in a frame, darker in another, and half covered in three."""
    path = tmp_path_factory.mktemp("look") / "clip.mp4"
    with VideoWriter(path, 320, 320, face_clip.FPS) as writer:
        for number in range(COUNT):
            image = face_clip.portrait()
            if number == BLURRED:
                image[60:220, 90:230] = cv2.GaussianBlur(image, (0, 0), 3)[60:220, 90:230]
            if number == DARK:
                image[60:220, 90:230] = image[60:220, 90:230] * 0.8
            if number in COVERED:
                image[60:220, 160:230] = (60, 110, 90)
            writer.write(np.ascontiguousarray(image))
    return path


@pytest.fixture(scope="module")
def store():
    """What is kept of the clip's analysis, once a test has scanned it."""
    return MemoryStore(1 << 28)


def scan(path, store, request=REQUEST):
    """Scan a clip that was analysed with a store; returns the result, from the store alone."""
    with open_clip(path) as clip:
        with closing(Pipeline(store, embedded_models())) as pipeline:
            for number in range(COUNT):
                pipeline.faces(clip, number, REQUEST.recipe)
        with closing(Pipeline(store, embedded_models(), flight=CacheOnly())) as pipeline:
            result = scan_clip(pipeline, clip, range(COUNT), request)
            assert (pipeline.report().frames_decoded, result.unknown_count) == (0, 0)
    return result


def flags(result):
    """Return the flagged frames by measure."""
    flagged = {}
    for problem in result.problems:
        for reason in problem.reasons:
            flagged.setdefault(reason.measure, set()).add(problem.frame)
    return flagged


def test_what_is_blurred_covered_or_flickers_is_flagged(clip_path, store):
    flagged = flags(scan(clip_path, store))
    assert flagged["sharpness"] == {BLURRED}
    assert DARK in flagged["light"]
    assert flagged["light"] <= {DARK, COVERED[0] - 1, *COVERED, COVERED[-1] + 1}
    assert set(COVERED) <= flagged.get("cover", set()) | flagged.get("missing", set())
    assert "cover" in flagged
    assert not {frame for frames in flagged.values() for frame in frames} & {0, 1, 2, 3, 8, 9, 13, 21, 22}


def test_what_is_dismissed_or_masked_is_flagged_no_more(clip_path, store):
    flagged = flags(scan(clip_path, store))
    dismissed = replace(REQUEST, dismissals=(Dismissal(BLURRED, BLURRED), Dismissal(14, 20)))
    others = {name: frames - {BLURRED, *range(14, 21)} for name, frames in flagged.items()}
    assert flags(scan(clip_path, store, dismissed)) == {
        name: frames for name, frames in others.items() if frames
    }
    corners = [to_mask(x, y, 320, 320) for x, y in ((160, 60), (230, 60), (230, 220), (160, 220))]
    masked = replace(REQUEST, roto=text(mask((0, corners), follow="similarity")))
    others = {name: frames for name, frames in flagged.items() if name not in ("cover", "area")}
    assert flags(scan(clip_path, store, masked)) == others


def test_a_cache_of_before_has_none_and_is_scanned_all_the_same(clip_path):
    result = scan(clip_path, StoreWithout(1 << 28, "look"))
    names = [measure.name for measure in FACE_MEASURES]
    (series,) = result.series
    for name in ("sharpness", "cover", "light"):
        assert np.isnan(series.values[:, names.index(name)]).all()
    assert np.isfinite(series.values[:, names.index("detection")]).all()


@given(st.integers(0, 4), st.integers(0, 4))
def test_numbers_of_another_frame_are_none(count, faces):
    arrays = {
        "sharpness": np.ones(count, np.float32),
        "light": np.zeros((count, 3), np.float32),
        "cover": np.full(count, -1, np.float32),
    }
    looks = looks_from_arrays(arrays, faces)
    assert len(looks) == (faces if count == faces else 0)
    assert all(np.isnan(look.cover) for look in looks)
    assert looks_from_arrays(None, faces) == ()
    assert FACE_LOOK_SCHEMA.fault(arrays) == ""
