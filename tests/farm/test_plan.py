# SPDX-License-Identifier: GPL-3.0-or-later
"""`farm plan` with real Blender: what it says of a project, and what it says where it can't."""

import json
from pathlib import Path

from farm.blender_program import run


def plan(farm, *words, **environment):
    """Plan a job; returns the ended process."""
    return run([farm.understudy, "farm", "plan", *words], farm.environment(**environment))


def test_a_plan_is_a_table_or_values_and_leaves_the_project_as_it_is(farm):
    project = farm.copy_project("planned")
    before = {path: path.stat().st_mtime_ns for path in project.parent.rglob("*")}
    done = plan(farm, project, "--chunk", "4", "--workers", "2", "--json")
    assert done.returncode == 0, done.stdout
    values = json.loads(done.stdout)
    assert values["chunks"] == [{"first_frame": 1, "last_frame": 4}, {"first_frame": 5, "last_frame": 6}]
    assert values["estimate"]["frames_to_compute"] == 6
    assert values["environment"]["UNDERSTUDY_TRUST"] == str(project.parent)
    assert {asset["kind"]: asset["travels"] for asset in values["facts"]["assets"]} == dict.fromkeys(
        ("project", "clip", "image", "layers", "cache"), True
    )
    other = project.parent / "missing"
    table = plan(farm, project, "-s", "3", "-e", "5", "--blender", farm.blender, UNDERSTUDY_BLENDER=other)
    assert table.returncode == 0, table.stdout
    assert "Frames 3 to 5: 0 of 3 ready" in table.stdout
    assert table.stdout.splitlines()[-1].startswith("The job can be sent: ")
    assert {path: path.stat().st_mtime_ns for path in project.parent.rglob("*")} == before


def test_what_would_fail_is_named_and_the_exit_code_says_so(farm):
    project = farm.copy_project("faulty")
    (project.parent / "face.png").unlink()
    (project.parent / "clip.mp4").unlink()
    done = plan(farm, project)
    assert done.returncode == 1
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault: ")]
    assert len(faults) == 2
    assert "image missing (face.png)" in faults[0]
    assert "the clip //clip.mp4 is missing" in faults[1]


def test_each_reason_why_a_project_can_not_be_read_is_one_line(farm):
    project = farm.copy_project("unreadable")
    garbage = Path(project).with_name("garbage.blend")
    garbage.write_text("no project")
    missing = project.parent / "missing"
    outcomes = [
        plan(farm, project, UNDERSTUDY_BLENDER=missing / "blender"),
        plan(farm, project, UNDERSTUDY_BLENDER=None, PATH=missing),
        plan(farm, project, UNDERSTUDY_BLENDER=str(farm.bare_blender)),
        plan(farm, project.with_name("other.blend")),
        plan(farm, garbage),
        plan(farm, project, "--scene", "Other"),
        plan(farm, project, "-s", "9", "-e", "2"),
    ]
    assert [done.returncode for done in outcomes] == [1] * len(outcomes)
    lines = [done.stdout.splitlines() for done in outcomes]
    assert [len(said) for said in lines] == [1] * len(outcomes), lines
    parts = [
        "UNDERSTUDY_BLENDER",
        "there is no blender on PATH",
        "install the extension in that Blender",
        "other.blend is missing",
        "garbage.blend can't be opened",
        "the project has no scene Other",
        "there is no frame to render",
    ]
    for part, (said,) in zip(parts, lines, strict=True):
        assert part in said
