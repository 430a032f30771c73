# SPDX-License-Identifier: GPL-3.0-or-later
"""What a swap changed is kept when it is made, and a scan flags frames in which the new face flickers."""

from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import stand_in_swappers as stand_ins
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.clip_info_cache import CacheOnly
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.frame_ranges import Hold
from understudy.core.recipe.landmark_edits import LandmarkEdit, LandmarkKey
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.scan.measures import FACE_MEASURES
from understudy.core.scan.scan import Scan, scan_clip
from understudy.core.swap.crops import AlignedCrop, AlignedImage, MeshCrop
from understudy.core.swap.swap_look import SWAP_LOOK_SCHEMA, measure_swap

from tests.core import face_clip
from tests.core.embedded_pipeline import open_with_pipeline
from tests.core.partial_store import StoreWithout
from tests.core.scan_tracks import MadeTrack, sighting

COUNT, FLICKER = 12, 6
SWAP = [measure.name for measure in FACE_MEASURES].index("swap")
BYTES = 1 << 28


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A clip in one frame of which the face is darker, which the new face is not, and a source person."""
    folder = tmp_path_factory.mktemp("swap_look")
    with VideoWriter(folder / "clip.mp4", 320, 320, face_clip.FPS) as writer:
        for number in range(COUNT):
            image = face_clip.portrait()
            if number == FLICKER:
                image[60:220, 90:230] = image[60:220, 90:230] * 0.7
            writer.write(np.ascontiguousarray(image))
    face_clip.write_picture(folder / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    stand_ins.write_swapper(folder / "models", "inswapper")
    request = SwapRequest(Identity((FaceImage(folder / "red.png"),)))
    return SimpleNamespace(clip=folder / "clip.mp4", models=folder / "models", request=request)


def swap_clip(material, store, request, numbers=range(COUNT)):
    """Swap frames; returns the crops that are kept."""
    with (
        closing(Pipeline(store, embedded_models(), library=ModelLibrary([material.models]))) as pipeline,
        open_clip(material.clip) as clip,
    ):
        plans = [pipeline.plan(clip, number, [request]) for number in numbers]
        for plan in plans:
            pipeline.prefetch_crops(plan)
        assert pipeline.counter.runs["swap"] == len(plans)
    return [store.get(plan.faces[0].swap) for plan in plans]


def scan(material, store, request):
    """Scan the clip from what is kept alone; returns the frames that are flagged for the swap, and what it measured."""
    with (
        closing(
            Pipeline(store, embedded_models(), flight=CacheOnly(), library=ModelLibrary([material.models]))
        ) as pipeline,
        open_clip(material.clip) as clip,
    ):
        result = scan_clip(pipeline, clip, range(COUNT), request)
        report = pipeline.report()
        assert (report.frames_decoded, sum(pipeline.counter.runs.values()), result.unknown_count) == (0, 0, 0)
    flagged = {
        problem.frame for problem in result.problems for reason in problem.reasons if reason.measure == "swap"
    }
    (series,) = result.series
    return flagged, series.values[:, SWAP]


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["swap.swapper=mesh", "swap.shape=1.0", "swap.swapper=inswapper"])
def test_a_frame_in_which_the_new_face_flickers_is_flagged_and_no_neighbor(material, setting):
    request = replace(material.request, recipe=with_settings(Recipe(), [setting]))
    store = MemoryStore(BYTES)
    swap_clip(material, store, request)
    flagged, values = scan(material, store, request)
    assert flagged == {FLICKER}
    assert np.isfinite(values[1:-1]).all()
    # Who is put on the faces is known to the scan or not; what another one's swaps are is another question.
    other = replace(
        request, recipe=with_settings(request.recipe, ["swap.crop_size=128", "swap.pixel_boost=2"])
    )
    for without in (replace(request, identity=Identity(())), other):
        flagged, values = scan(material, store, without)
        assert not flagged
        assert np.isnan(values).all()


@pytest.mark.slow
def test_a_cache_of_before_has_no_value_and_its_crops_are_the_same(material):
    store, old = MemoryStore(BYTES), StoreWithout(BYTES, "swap_look")
    crops, before = (
        swap_clip(material, store, material.request, range(4, 8)),
        swap_clip(material, old, material.request, range(4, 8)),
    )
    for crop, other in zip(crops, before, strict=True):
        assert crop.keys() == other.keys()
        assert all(np.array_equal(crop[name], other[name]) for name in crop)
    # Frames whose swaps are not kept are analysed all the same: they have no value.
    with closing(Pipeline(store, embedded_models())) as pipeline, open_clip(material.clip) as clip:
        for number in range(COUNT):
            pipeline.faces(clip, number, material.request.recipe)
    _, values = scan(material, store, material.request)
    assert np.flatnonzero(np.isfinite(values)).tolist() == [5, 6]


@pytest.mark.slow
def test_a_correction_or_a_hold_keeps_no_numbers_of_its_faces(material):
    edit = LandmarkEdit(2, 2, (LandmarkKey(2, rotation=3.0),))
    with open_with_pipeline(material.clip) as (pipeline, clip):

        def look(**repairs):
            return pipeline.plan(clip, 2, [replace(material.request, **repairs)]).faces[0].look()

        assert look() is not None
        assert look(landmark_edits=(edit,)) is look(holds=(Hold(2, 2),)) is None
        assert look(landmark_edits=(replace(edit, first=3, last=3),)) == look()


@given(st.integers(16, 300), st.integers(-60, 60), st.integers(0, 255), st.booleans())
def test_what_is_lighter_all_over_is_so_in_each_part_as_far_as_it_is_covered(size, step, cover, is_mesh):
    target = np.full((20, 20, 3), 120, np.uint8)
    swapped = np.full((size, size, 3), 120 + step, np.uint8)
    if is_mesh:
        crop = MeshCrop(swapped, np.full((10, 10), cover, np.uint8), target, np.full((20, 20), 255, np.uint8))
    else:
        crop = AlignedCrop(AlignedImage(swapped, np.zeros((2, 3), np.float32)), target)
    measured = measure_swap(crop)
    assert SWAP_LOOK_SCHEMA.fault(measured) == ""
    assert np.abs(measured["change"] - step * (cover / 255 if is_mesh else 1)).max() <= 0.51


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sets(st.integers(3, 56), min_size=1, max_size=4))
def test_planted_flicker_is_flagged_amid_changes_that_go_on(seed, planted):
    planted = {frame for frame in planted if not planted & {frame - 1, frame + 1, frame - 2, frame + 2}}
    random = np.random.default_rng(seed)
    track, looked_at = MadeTrack(random, 500), Scan()
    slow = random.uniform(-40, 40, (8, 8))
    for number in range(60):
        change = slow * np.sin(number / 9) + random.normal(0, 0.5, (8, 8)) + 12 * (number in planted)
        looked_at.add(replace(sighting(number, [track.face(number)]), changes=(np.float32(change),)))
    flagged = {
        problem.frame
        for problem in looked_at.result().problems
        for reason in problem.reasons
        if reason.measure == "swap"
    }
    assert flagged == planted
