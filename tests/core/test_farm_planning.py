# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan says what a job does and costs, which places its tasks need, and what stands against it."""

from dataclasses import replace
from pathlib import Path

import pytest
from understudy.core.farm.folder_checks import FolderChecks, check_folders
from understudy.core.farm.plan import Chunk
from understudy.core.farm.plan_text import plan_lines, plan_values
from understudy.core.farm.planning import PlanOptions, make_plan

from tests.core.farm_facts import ASSETS, ROOT, STRIP, make_facts


def plan_of(checks=None, **changes):
    options = changes.pop("options", PlanOptions())
    return make_plan(make_facts(**changes), options, checks or FolderChecks())


def test_a_project_that_travels_has_no_fault_and_no_warning():
    plan = plan_of()
    assert (plan.faults, plan.warnings) == ((), ())
    assert plan.chunks == (Chunk(1, 50), Chunk(51, 100))
    assert (plan.estimate.frames_to_compute, plan.estimate.frames_ready) == (90, 10)
    assert list(plan_lines(plan))[-1] == "The job can be sent: 0 warnings"


def test_tasks_meet_the_frames_of_the_scene_s_own_step():
    plan = plan_of(frame_step=3, options=PlanOptions(chunk_size=20))
    assert plan.chunks == (Chunk(1, 58), Chunk(61, 100))
    assert plan.estimate.frames_to_compute == len([f for f in range(1, 101, 3) if not 11 <= f <= 20])


def test_what_is_ready_costs_a_start_and_a_render_alone():
    ready = replace(STRIP, ready_frame_count=100, ready_ranges=(Chunk(1, 100),))
    done, rest = plan_of(strips=(ready,)).estimate, plan_of().estimate
    assert (done.frames_to_compute, done.cache_bytes) == (0, 0)
    assert rest.cpu_seconds > done.cpu_seconds > 2 * 2.7
    # Nothing is left to prepare, so no task is added for it.
    first = plan_of(strips=(ready,), options=PlanOptions(prepares_first=True)).estimate
    assert first.cpu_seconds == done.cpu_seconds


def test_each_task_and_each_border_costs_something():
    costs = [plan_of(options=PlanOptions(chunk_size=size)).estimate for size in (100, 50, 25, 5)]
    seconds = [cost.cpu_seconds for cost in costs]
    shares = [cost.share_bytes for cost in costs]
    assert seconds == sorted(seconds)
    assert shares == sorted(shares)
    assert len({*seconds}) == len({*shares}) == 4
    assert len({cost.cache_bytes for cost in costs}) == 1
    twice = plan_of(options=PlanOptions(chunk_size=50, prepares_first=True)).estimate
    assert twice.cpu_seconds == pytest.approx(costs[1].cpu_seconds + 2 * 2.7)


@pytest.mark.parametrize(
    ("kind", "name"), [("clip", "the clip"), ("image", "the face image"), ("model", "the model")]
)
def test_what_a_render_fails_without_is_a_fault_that_names_it(kind, name):
    gone = replace(ASSETS[1], kind=kind, byte_count=None, advice="it is missing")
    plan = plan_of(assets=(ASSETS[0], gone))
    assert plan.faults == (f"{name} //clip.mp4 is missing: put it back, or choose another",)
    assert list(plan_lines(plan))[-1] == "The job would fail: 1 fault, 0 warnings"


def test_a_missing_image_that_its_strip_names_is_said_once():
    gone = replace(ASSETS[2], byte_count=None)
    faulty = replace(STRIP, faults=("image missing (face.png): put it back, or choose another",))
    plan = plan_of(assets=(*ASSETS[:2], gone), strips=(faulty,))
    assert plan.faults == ("clip: image missing (face.png): put it back, or choose another",)


def test_one_movie_is_one_task_and_several_are_a_fault():
    movie = {"writes_movie": True, "output": str(ROOT / "film.mp4"), "file_extension": ".mp4"}
    plan = plan_of(**movie, options=PlanOptions(workers=4))
    assert plan.chunks == (Chunk(1, 100),)
    assert plan.faults == ()
    assert "choose an image format" in " ".join(plan.warnings)
    plan = plan_of(**movie, options=PlanOptions(chunk_size=50))
    assert len(plan.faults) == 1
    assert "2 tasks can't share" in plan.faults[0]


@pytest.mark.parametrize(("stored", "output"), [("", "####.png"), ("render/x_", "render/x_####.png")])
def test_an_output_that_is_relative_to_nothing_is_a_fault(stored, output):
    (fault,) = plan_of(stored_output=stored, output=output).faults
    assert "relative to nothing" in fault


def test_an_output_below_a_file_is_a_fault_and_one_for_temporary_files_a_warning(tmp_path):
    (tmp_path / "taken").write_text("")
    facts = make_facts(output=str(tmp_path / "taken" / "shot" / "####.png"))
    (fault,) = make_plan(facts, PlanOptions(), check_folders(facts)).faults
    assert "taken is a file, not a folder" in fault
    facts = make_facts(output="/tmp/####.png")
    plan = make_plan(facts, PlanOptions(), check_folders(facts))
    assert any("temporary files" in text for text in plan.warnings)
    assert "/tmp" not in plan.environment["UNDERSTUDY_TRUST"]


def test_what_stays_behind_is_a_warning_with_the_fix():
    away = replace(
        ASSETS[1], stored_path="/far/clip.mp4", path=Path("/far/clip.mp4"), travels=False, advice="do it"
    )
    assert plan_of(assets=(ASSETS[0], away)).warnings == ("clip /far/clip.mp4: do it",)


def test_machines_that_share_no_named_cache_and_folders_that_are_read_only_are_warned_of():
    many = PlanOptions(workers=2)
    (text,) = plan_of(options=many).warnings
    assert "UNDERSTUDY_SHARED_CACHE or UNDERSTUDY_REDIS" in text
    assert plan_of(options=many, environment={"UNDERSTUDY_REDIS": "redis://h:1/0"}).warnings == ()
    checks = FolderChecks(is_cache_writable=False, are_layers_writable=False)
    texts = " ".join(plan_of(checks).warnings)
    assert "UNDERSTUDY_CACHE_DIR" in texts
    assert "UNDERSTUDY_LAYERS_DIR" in texts
    outdated = plan_of(strips=(replace(STRIP, outdated_frame_count=4),))
    assert outdated.warnings == ("clip: 4 outdated layers are made again",)


def test_tasks_may_write_where_the_job_has_its_folders_and_nowhere_else():
    environment = plan_of().environment
    assert environment == {"UNDERSTUDY_TRUST": "/job/shot", "UNDERSTUDY_ORIGINALS": "refuse"}
    far = plan_of(
        output="/renders/shot/####.png",
        cache_folder=Path("/cache/shot"),
        layers_folder=Path("/cache/shot/layers"),
        environment={"UNDERSTUDY_SHARED_CACHE": "/share/cache", "UNDERSTUDY_CACHE_DIR": "/cache/shot"},
        options=PlanOptions(is_strict=False),
    ).environment
    assert far["UNDERSTUDY_TRUST"].split(":") == ["/job/shot", "/cache/shot", "/share/cache", "/renders/shot"]
    assert "UNDERSTUDY_ORIGINALS" not in far
    # What the project's folder lies in holds more than the job, a root everything.
    for output in ("/####.png", "/job/####.png", "/job/shot/####.png"):
        assert plan_of(output=output).environment["UNDERSTUDY_TRUST"] == "/job/shot"


def test_a_plan_is_plain_values_for_programs():
    values = plan_values(plan_of(options=PlanOptions(prepares_first=True)))
    assert values["task_count"] == 4
    assert values["chunks"][0] == {"first_frame": 1, "last_frame": 50}
    assert values["facts"]["project"] == "/job/shot/shot.blend"
