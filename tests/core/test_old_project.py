# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache that the code of commit 22253ac filled: what it holds is found, and what is made now is the same."""

import os
import re
from contextlib import closing
from functools import partial

import numpy as np
import pytest
from fixtures.make_project_22253ac import MOVIE, NEURAL_SETTINGS, OTHER_SETTINGS, PICTURES
from old_project import (
    FOLDER,
    STAGES_NOT_STORED,
    STAGES_WITH_NEW_VERSION,
    copy_project,
    expected_misses,
    layers,
    layers_stay_current,
    packs,
    read_entries,
    stage_of,
    version_of,
)
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import ClipSource
from understudy.core.layers.tiff import layer_pieces
from understudy.core.media.lazy_clip import open_lazily
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

# Networks give other last bits on other processors, and what is drawn by them another shade: only on the machine where
# the project was made can every bit be asked for.
BIT_IDENTICAL = os.environ.get("UNDERSTUDY_BIT_IDENTICAL") == "1"
SHADES = 4  # of 255
# Pixels, and numbers of a face. Nets differ between processors: landmarks of an EPYC by up to 0.026 pixels.
NEAR = {"rtol": 1e-3, "atol": 0.05}
STAGES_BY_PLACE = ("facts", "clip")
"""Stages whose keys say where a file is and how old: those of a copy are others."""
ALSO_HIDDEN = {"detect": ("landmark",), "texture": ("swap",), "target": ("swap",)}
"""Which results must be missing so that a stage runs, or is looked up."""
STAGES = ("frame", "detect", "landmark", "embed", "texture", "source", "target", "occlude", "swap", "enhance")
STAGES += ("people", "note")
LABEL = re.compile(rb"understudy layer ([0-9a-f]{64}) [0-9a-f]{8} composite for [0-9a-f]{64}( \d{4}){3}")


class WatchedStore:
    """A store that tells what was read from another and put there, and hides the results of some stages."""

    def __init__(self, below, hidden) -> None:
        self._below, self._hidden = below, hidden
        self.read, self.made = set(), {}

    def get(self, key):
        if stage_of(key.text) in self._hidden:
            return self.made.get(key.text)
        arrays = self._below.get(key)
        if arrays is not None and key.text not in self.made:
            self.read.add(key.text)
        return arrays

    def put(self, key, arrays) -> None:
        self.made[key.text] = arrays
        if stage_of(key.text) not in self._hidden:
            self._below.put(key, arrays)

    def __contains__(self, key) -> bool:
        return key.text in self.made if stage_of(key.text) in self._hidden else key in self._below

    def close(self) -> None:
        pass


class Run:
    """All that was done with the project, done again by this code over its cache."""

    def __init__(self, project, hidden=()) -> None:
        person = FaceImage(project / "person.png")
        names = [f"{number:03d}.png" for number in range(PICTURES)]
        parts = (
            (ClipSource(False, tuple(project / "frames" / name for name in names)), {}),
            (ClipSource(True, (project / "clip.mkv",)), OTHER_SETTINGS),
            (ClipSource(False, (project / "still.png",)), NEURAL_SETTINGS),
        )
        self.layers = {}
        library = ModelLibrary([project / "models"])
        with closing(open_cache(CacheSettings(project / "understudy_cache"))) as opened:
            self.store = WatchedStore(opened.store, hidden)
            pipeline = Pipeline(self.store, embedded_models(), 1, library=library)
            for source, settings in parts:
                recipe = with_settings(Recipe(), [f"{name}={value}" for name, value in settings.items()])
                opening = (
                    partial(open_clip, source.paths[0])
                    if source.movie
                    else partial(open_sequence, source.paths)
                )
                with open_lazily(self.store, SourceStamps(), source, opening) as clip:
                    for number in range(clip.info.frame_count):
                        plan = pipeline.plan(clip, number, [SwapRequest(Identity((person,)), recipe)])
                        pieces = layer_pieces(plan.key.hex, pipeline.execute(plan), plan.size)
                        self.layers[plan.key.hex] = b"".join(pieces)
                    if source.movie:
                        for number in range(MOVIE):
                            pipeline.faces(clip, number, Recipe())
                        self.people = pipeline.find_people(clip, 0, MOVIE - 1, Recipe())
            self.note = pipeline.inspect_source_image(person, Recipe().detect)
            self.report = pipeline.report()
            pipeline.close()
            assert opened.warnings == ()

    def results_of(self, stage):
        return {text: arrays for text, arrays in self.store.made.items() if stage_of(text) == stage}


@pytest.fixture(scope="module")
def old():
    """What the cache holds, by key text."""
    return read_entries(FOLDER)


@pytest.fixture
def project(tmp_path):
    return copy_project(tmp_path / "project")


def of_stage(texts, *stages):
    return {text for text in texts if stage_of(text) in stages}


def test_the_project_has_every_stage_and_raised_ones_are_named_with_a_reason(old):
    assert {stage_of(text) for text in old} == {*STAGES, *STAGES_BY_PLACE}
    versions = {
        stage: {version_of(text) for text in of_stage(old, stage)} for stage in (*STAGES, *STAGES_BY_PLACE)
    }
    versions |= {stage: {version} for stage, version in STAGES_NOT_STORED.items()}
    for stage, (version, reason) in STAGES_WITH_NEW_VERSION.items():
        assert version in versions[stage], stage
        assert reason, stage


def test_everything_is_a_hit_but_what_was_raised(old, project):
    before = packs(project)
    run = Run(project)
    must, may = expected_misses(old)
    hits = run.store.read & old.keys()
    assert not hits & must
    # Detections and what a mesh is drawn from are asked for only where what came of them is missing; see below.
    asked = of_stage(old, *STAGES) - of_stage(old, "detect", "texture", "target", "source")
    assert asked - must - may <= hits
    spared = {stage_of(text) for text in old} - {stage_of(text) for text in must | may}
    runs = {stage: count["run"] for stage, count in run.report.stages.items() if stage != "fuse"}
    assert not {stage for stage, count in runs.items() if count and stage in spared}
    if STAGES_WITH_NEW_VERSION.keys() <= {"note"}:  # nothing is made of a note
        assert {stage_of(text) for text in run.store.made} == {
            *STAGES_BY_PLACE,
            "source",
            *STAGES_WITH_NEW_VERSION,
        }
        assert run.report.source_images["run"] == run.report.models_loaded == run.report.frames_decoded == 0
        assert len(run.people) == 1
        assert run.note.thumbnail is not None
    assert {name: data for name, data in packs(project).items() if name in before} == before


def test_layers_are_what_is_asked_for_but_where_a_stage_was_raised(old, project):
    made, kept_layers = Run(project).layers, {}
    for data in layers(project).values():
        kept_layers[LABEL.search(data)[1].decode()] = data
    assert len(kept_layers) == len(made) == PICTURES + MOVIE + 1
    if layers_stay_current(old) is False:
        assert made.keys() != kept_layers.keys()
    if not layers_stay_current(old):
        return
    assert made.keys() == kept_layers.keys()
    for key, data in made.items():
        (head, body), (old_head, old_body) = split(data), split(kept_layers[key])
        assert head == old_head
        require_near(np.frombuffer(body, np.uint8), np.frombuffer(old_body, np.uint8), key)


def split(layer):
    label = LABEL.search(layer)
    return layer[: label.start()], layer[label.end() :]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_makes_the_same_under_the_same_key(old, project, stage):
    """By what the cache holds of the stages before it: bits that differ by machine don't add up."""
    run = Run(project, {stage, *ALSO_HIDDEN.get(stage, ())})
    made = run.results_of(stage)
    wanted = of_stage(old, stage)
    must, may = expected_misses(old)
    assert not made.keys() & must
    assert wanted - must - may <= made.keys()
    if not (must | may) & wanted:
        assert made.keys() == wanted
    for text in made.keys() & wanted:
        assert made[text].keys() == old[text].keys()
        for name, array in made[text].items():
            require_near(array, old[text][name], f"{name} of\n{text}")


@pytest.mark.parametrize("stage", ["detect", "texture", "target"])
def test_a_result_read_only_where_a_later_one_is_missing_is_a_hit(old, project, stage):
    read = Run(project, set(ALSO_HIDDEN[stage])).store.read
    must, may = expected_misses(old)
    assert of_stage(old, stage) - must - may <= read
    assert not read & must


def require_near(array, expected, what):
    assert (array.dtype, array.shape) == (expected.dtype, expected.shape), what
    if BIT_IDENTICAL or what.startswith("id of"):
        assert array.tobytes() == expected.tobytes(), what
    elif array.dtype.kind == "f":
        np.testing.assert_allclose(array, expected, **NEAR, err_msg=what)
    else:
        assert np.abs(array.astype(np.int64) - expected.astype(np.int64)).max(initial=0) <= SHADES, what
