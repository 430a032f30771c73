# SPDX-License-Identifier: GPL-3.0-or-later
"""On real footage: what is bad to the eye is flagged, and next to nothing of what is clean."""

from contextlib import closing

import pytest
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.media.open import open_clip
from understudy.core.media.prefetching_clip import PrefetchingClip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import initial_recipe, with_value
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.scan import scan_clip

from tests.core.clean_frames import BAD_FRAMES, CLEAN_FRAMES

pytestmark = pytest.mark.long

SEVERAL_PEOPLE = ("20", "21", "30", "31")
"""Clips in which several people are replaced."""
BY_EYE_ONLY = "31"
"""Whose half hidden faces are still found for a few frames, and swapped as far as they are seen."""


@pytest.fixture(scope="module")
def flagged(shared):
    """The flagged frames of each clip that has a list."""
    frames = {}
    for name in CLEAN_FRAMES:
        recipe = with_value(initial_recipe(), "select.which", "all" if name in SEVERAL_PEOPLE else "largest")
        path = next((shared / "footage").glob(f"{name}_*.mp4"))
        with (
            closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline,
            PrefetchingClip(open_clip(path)) as clip,
        ):
            numbers = range(clip.info.frame_count)
            result = scan_clip(pipeline, clip, numbers, SwapRequest(Identity(()), recipe))
        assert (result.frame_count, result.unknown_count) == (len(numbers), 0)
        frames[name] = set(result.flagged_frames)
    return frames


def test_what_is_bad_to_the_eye_is_flagged(flagged):
    for name, spans in BAD_FRAMES.items():
        bad = {number for span in spans for number in span}
        share = len(bad & flagged[name]) / len(bad)
        assert share >= 0.75 if name == BY_EYE_ONLY else share == 1, (name, bad - flagged[name])


def test_of_clean_frames_fewer_than_three_percent_are(flagged):
    clean = {(name, number) for name, spans in CLEAN_FRAMES.items() for span in spans for number in span}
    wrong = {(name, number) for name, number in clean if number in flagged[name]}
    assert len(clean) == 2521
    assert len(wrong) / len(clean) < 0.03, sorted(wrong)
