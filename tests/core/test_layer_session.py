# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over layer images: what is right already costs no cache, no clip and no model, and is never stale."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import LayerJob
from understudy.core.layers.label import layer_label
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.preview_session import PreviewSession
from understudy.core.sessions.settings import RunSettings

COUNT = 3


class Project:
    """Frames of a face, a person, and the layer images of runs over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frames = tuple(write_sequence(folder / "frames", COUNT, 320))
        self.person = write_picture(folder / "person.png", make_up_portrait())

    def jobs(self, *settings: str, person: Path | None = None) -> list[LayerJob]:
        """What every frame asks for."""
        recipe = with_settings(Recipe(), list(settings))
        casting = SwapRequest(Identity((FaceImage(person or self.person),)), recipe)
        source = ClipSource(False, self.frames)
        layers = self.folder / "project" / "layers" / "0123456789abcdef"
        return [
            LayerJob("clip", number + 1, source, number, layers / f"{number:06d}.tif", (casting,))
            for number in range(COUNT)
        ]

    def run(self, jobs: list[LayerJob], cache: str = "cache"):
        """Bring the pictures in a run of its own; return its report."""
        session = LayerSession(RunSettings(CacheSettings(self.folder / cache)))
        try:
            for job in jobs:
                session.update_layer(job)
            return {**session.as_dict(), "written": session.write_count}
        finally:
            session.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def count_runs(report):
    return {stage: counts["run"] for stage, counts in report["stages"].items() if counts["run"]}


def test_asked_again_the_labels_answer_and_nothing_is_opened(project: Project) -> None:
    first = project.run(project.jobs())
    assert first["written"] == first["faces"] == COUNT
    assert first["shown"] == {"swapped": COUNT, "original": {}, "failures": []}
    # The cache is not there any more, and not missed.
    shutil.rmtree(project.folder / "cache")
    again = project.run(project.jobs(), "other")
    assert (again["written"], again["warnings"], count_runs(again)) == (0, [], {})
    assert (again["frames_decoded"], again["models_loaded"]) == (0, 0)
    assert (again["frames"], again["faces"], again["shown"]) == (COUNT, COUNT, first["shown"])
    assert again["stages"]["swap"]["hit"] == again["stages"]["fuse"]["hit"] == COUNT
    assert not (project.folder / "other").exists()


@pytest.mark.slow
def test_any_other_question_is_answered_by_the_pipeline(project: Project) -> None:
    project.run(project.jobs())
    assert count_runs(project.run(project.jobs("fusion.blend=0.5"))) == {"fuse": COUNT}
    # Back again: what is on the disk is for the other blend.
    assert count_runs(project.run(project.jobs())) == {"fuse": COUNT}
    assert count_runs(project.run(project.jobs("swap.mirror=0.5"))) == {"swap": COUNT, "fuse": COUNT}


@pytest.mark.slow
def test_a_source_image_that_was_replaced_under_its_name_is_noticed(project: Project) -> None:
    project.run(project.jobs())
    write_picture(project.person, make_up_portrait()[:, ::-1])
    assert count_runs(project.run(project.jobs())) == {"swap": COUNT, "fuse": COUNT}


@pytest.mark.slow
def test_files_that_were_only_touched_cost_one_look_more(project: Project) -> None:
    project.run(project.jobs())
    keys = [layer_label(job.layer_path).key for job in project.jobs()]
    asked = [layer_label(job.layer_path).summary for job in project.jobs()]
    os.utime(project.frames[0], ns=(1, 1))
    again = project.run(project.jobs())
    assert (again["written"], count_runs(again)) == (0, {})
    labels = [layer_label(job.layer_path) for job in project.jobs()]
    assert [label.key for label in labels] == keys
    assert all(label.summary not in (None, before) for label, before in zip(labels, asked, strict=True))
    # Now the labels know the touched file.
    shutil.rmtree(project.folder / "cache")
    assert project.run(project.jobs())["frames_decoded"] == 0
    assert not (project.folder / "cache").exists()


@pytest.mark.slow
def test_a_run_counts_what_labels_answered_and_what_was_computed_together(project: Project) -> None:
    jobs = project.jobs()
    project.run(jobs)
    jobs[1].layer_path.unlink()
    report = project.run(jobs)
    assert (report["frames"], report["faces"], report["written"]) == (COUNT, COUNT, 1)
    assert (report["stages"]["fuse"]["run"], report["stages"]["fuse"]["hit"]) == (1, COUNT - 1)
    assert report["shown"]["swapped"] == COUNT


@pytest.mark.slow
def test_a_warning_comes_again_for_each_of_its_frames_whoever_made_their_images(tmp_path: Path) -> None:
    """The last two frames show somebody who is only a little like the one who was picked in the first."""
    project = Project(tmp_path)
    longer = cv2.resize(portrait(), (512, 555))[:512]
    for frame, picture in zip(project.frames, (portrait(), longer, longer), strict=True):
        write_picture(frame, picture)
    picked = "select.which=reference"
    first = project.run(project.jobs(picked))
    assert len(first["warnings"]) == 1
    assert "only a little like" in first["warnings"][0]
    assert project.run(project.jobs(picked)[2:])["warnings"] == first["warnings"]
    preview = PreviewSession(RunSettings(CacheSettings(tmp_path / "cache")))
    try:
        jobs = project.jobs(picked, "fusion.blend=0.5")
        assert [preview.preview(job)[0] for job in jobs] == ["fused"] * COUNT
    finally:
        preview.close()
    assert project.run(jobs)["warnings"] == first["warnings"]


def test_what_failed_is_counted_by_reason_and_asked_again(project: Project) -> None:
    jobs = project.jobs(person=project.folder / "nobody.png")
    for _ in range(2):
        report = project.run(jobs)
        ((reason, count),) = report["shown"]["original"].items()
        assert "nobody.png" in reason
        assert count == COUNT
        assert [text.partition(":")[0] for text in report["shown"]["failures"]] == [
            f"clip, frame {frame}" for frame in range(1, COUNT + 1)
        ]
        assert len(report["warnings"]) == COUNT
    nobody = project.run([replace(job, requests=()) for job in jobs])
    assert nobody["shown"]["original"] == {"no modifier is enabled": COUNT}


def test_where_one_modifier_fails_the_others_faces_are_swapped_and_the_image_counts_as_failed(project):
    (job, *_) = project.jobs()
    good = replace(job.requests[0], modifier="First")
    nobody = write_picture(project.folder / "nobody.png", np.full((120, 160, 3), 90, np.uint8))
    bad = SwapRequest(Identity((FaceImage(nobody),)), Recipe(), modifier="Second")
    alone = replace(job, layer_path=job.layer_path.with_name("000007.tif"))
    both = replace(job, requests=(good, bad))
    project.run([alone])
    report = project.run([both])
    # The other modifier's pixels, as if it were the only one; but no tick, and no name for what it was asked.
    label, whole = layer_label(both.layer_path), layer_label(alone.layer_path)
    assert label.key == whole.key
    assert label.is_incomplete
    assert not whole.is_incomplete
    assert report["shown"]["swapped"] == 0
    assert list(report["shown"]["original"]) == [
        "Second: no face was found in nobody.png: use an image that shows one face clearly"
    ]
    assert "this one is shown" in report["shown"]["failures"][0]
    assert report["written"] == 1
    # It is not written again for nothing, and is right as soon as the image is.
    again = project.run([both])
    assert again["written"] == 0
    assert again["shown"]["failures"]
    preview = PreviewSession(RunSettings(CacheSettings(project.folder / "cache")))
    try:
        shown = [preview.preview(both)]
        both.layer_path.unlink()
        shown.append(preview.preview(both))
    finally:
        preview.close()
    assert [how for how, _ in shown] == ["unprepared", "incomplete"]
    assert all(reason.startswith("Second: no face was found") for _, reason in shown)
    assert layer_label(both.layer_path) == label
    shutil.copy(project.person, nobody)
    mended = project.run([both])
    assert mended["shown"] == {"swapped": 1, "original": {}, "failures": []}
    assert not layer_label(both.layer_path).is_incomplete
