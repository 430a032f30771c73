# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of Open Job Description, run by its own programs."""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from farm.blender_program import run
from farm.openjd_job import Job
from farm.rendered import ANALYSES, assert_equal_images, reports_in, run_counts
from hypothesis import example, given, settings
from hypothesis import strategies as st
from understudy.core.farm.writers.yaml_text import to_yaml

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)))


def test_the_bundle_is_valid_and_says_its_tasks(farm, engines):
    job = Job(farm, engines, farm.copy_project("openjd valid"))
    assert job.do("check", parameters=False).returncode == 0
    summary = job.do("summary")
    assert summary.returncode == 0, summary.stdout
    assert "Total tasks: 6" in summary.stdout


def test_two_machines_at_once_make_the_frames_of_one_and_analyse_once(farm, engines, single):
    job = Job(farm, engines, farm.copy_project("openjd pair"))
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(job.render, ("1-3", "4-6"))
    for done in (first, second):
        assert done.returncode == 0, done.stdout[-4000:]
        assert "openjd_progress: 100.0" in done.stdout
    assert_equal_images(job.images, single.parent / "out")
    reports = reports_in(job.reports)
    assert [(report["task"]["first"], report["task"]["exit_code"]) for report in reports] == [(1, 0), (4, 0)]
    # Each analysis was made once, by whichever came first.
    assert run_counts(reports) == run_counts(reports_in(single.parent / "reports"))
    done = run(
        [farm.understudy, "farm", "report", job.reports, "-s", "1", "-e", "6", "--json"], farm.environment()
    )
    merged = json.loads(done.stdout)
    assert (done.returncode, merged["result"], merged["doubled"]) == (0, "6 frames: 6 right", "")
    assert {merged["stages"][stage]["again"] for stage in ANALYSES} == {0}


def test_a_list_of_chunks_serves_runners_that_know_no_chunking(farm, engines, single):
    job = Job(farm, engines, farm.copy_project("openjd list"), "--no-task-chunking")
    done = job.do("run", "--step", "Render", "--extensions", "")
    assert done.returncode == 0, done.stdout[-4000:]
    assert_equal_images(job.images, single.parent / "out")
    assert [(report["task"]["first"], report["task"]["last"]) for report in reports_in(job.reports)] == [
        (1, 3),
        (4, 6),
    ]


def test_the_preparation_comes_first(farm, engines, single):
    job = Job(farm, engines, farm.copy_project("openjd prepared"), "--prepare-first")
    done = job.do("run", "--step", "Render", "--run-dependencies")
    assert done.returncode == 0, done.stdout[-4000:]
    assert_equal_images(job.images, single.parent / "out")
    rendered = [report for report in reports_in(job.reports) if not report["task"]["prepares"]]
    assert len(rendered) == 2
    assert run_counts(rendered, ("detect", "fuse")) == {"detect": 0, "fuse": 0}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("face.png", "image missing (face.png)"),
        ("clip.mp4", "clip missing"),
        ("model", "model missing ("),
        ("extension", "is not installed"),
    ],
)
def test_what_is_missing_fails_the_session_and_is_named(farm, engines, what, words):
    job = Job(farm, engines, farm.copy_project(f"openjd without {what}"))
    changes = {"UNDERSTUDY_BLENDER": str(farm.bare_blender)} if what == "extension" else {}
    if what == "model":
        farm.choose_missing_model(job.project)
    elif not changes:
        (job.project.parent / what).unlink()
    done = job.render("1-3", **changes)
    assert done.returncode != 0
    failure = next(line for line in done.stdout.splitlines() if "openjd_fail: " in line)
    assert words in failure
    assert not list(job.images.glob("*.png"))


def test_a_project_with_absolute_paths_is_rendered_where_these_are_mapped(farm, engines, single):
    there = farm.copy_project("openjd there")
    script = farm.folder / "absolute.py"
    script.write_text(
        "import bpy\n"
        "bpy.ops.file.make_paths_absolute()\n"
        "bpy.context.preferences.filepaths.use_relative_paths = False\n"
        "image = bpy.context.scene.understudy.modifiers[0].identity.pictures[0]\n"
        "image.filepath = bpy.path.abspath(image.filepath)\n"
        "strips = bpy.context.scene.sequence_editor.strips\n"
        "assert not any(path.startswith('//') for path in (image.filepath, strips[0].filepath))\n"
        "bpy.ops.wm.save_mainfile()\n"
    )
    done = run([farm.blender, "-b", there, "--python-exit-code", "1", "-P", script], farm.environment())
    assert done.returncode == 0, done.stdout
    job = Job(farm, engines, there)
    here = farm.folder / "openjd here"
    there.parent.rename(here)
    job.folder = here / "job"
    rule = {
        "source_path_format": "POSIX",
        "source_path": str(there.parent),
        "destination_path": str(here),
    }
    rules = json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]})
    for frames in ("1-3", "4-6"):
        done = job.render(frames, "--path-mapping-rules", rules)
        assert done.returncode == 0, done.stdout[-4000:]
    assert_equal_images(here / "out", single.parent / "out")
    assert not there.parent.exists()
    shutil.rmtree(here)


@settings(max_examples=5)
@given(texts=st.lists(ANY_TEXT, min_size=50, max_size=200))
@example(texts=["n" * 2000, "\u0301" * 400])  # longer than a reader looks for the colon of a key
def test_yaml_gives_every_text_back(engines, texts):
    compare = (
        "import json, sys, yaml\n"
        "given = json.load(sys.stdin)\n"
        "assert yaml.safe_load(given['yaml']) == {'texts': given['texts'], 'map': {t: t for t in given['texts']}}\n"
    )
    document = to_yaml({"texts": texts, "map": {text: text for text in texts}})
    subprocess.run(
        [engines / "python", "-c", compare],
        input=json.dumps({"yaml": document, "texts": texts}).encode(),
        check=True,
    )
