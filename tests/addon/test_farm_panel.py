# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Farm says of a job what the command line says, writes what an engine takes, and stays in the project."""

import pytest
from understudy.core.farm.facts_file import read_facts_file
from understudy.core.farm.folder_checks import check_folders
from understudy.core.farm.plan_text import summary_lines
from understudy.core.farm.planning import PlanOptions, make_plan
from understudy.core.farm.writers import ENGINES

from tests.addon.test_farm_facts import LAST, begin, facts_step

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

CHECK = ["op", {"name": "understudy.farm_check"}]
WRITE = ["op", {"name": "understudy.farm_write_job"}]
LINES = ["farm_lines", {}]


def farm(**settings):
    return ["setup", {f"understudy__farm__{name}": value for name, value in settings.items()}]


def test_a_check_says_what_the_command_line_says(every_blender, footage):
    folder, steps = begin(every_blender, footage, "checked")
    settings = {
        "use_automatic_chunk": False,
        "chunk": 3,
        "workers": 2,
        "prepare_first": True,
        "strict": False,
    }
    answers = every_blender(
        *steps, ["relative_paths", {}], ["save", {}], farm(**settings), CHECK, LINES, facts_step(folder),
        farm(workers=1), LINES,
    )  # fmt: skip
    assert answers[-5] == ["FINISHED"]
    facts = read_facts_file(folder / "facts.json")
    plan = make_plan(facts, PlanOptions(3, 2, True, False), check_folders(facts))
    expected = [
        *((text, "INFO") for text in summary_lines(plan)),
        *((text, "WARNING") for text in plan.warnings),
    ]
    assert [tuple(line) for line in answers[-4]] == expected
    assert plan.faults == ()
    assert answers[-1] == []  # it was of another job


def test_each_engine_s_files_are_written_beside_the_project(drive, footage):
    folder, steps = begin(drive, footage, "written")
    writes = [step for engine in ENGINES for step in (farm(engine=engine, output=f"//jobs/{engine}"), WRITE)]
    answers = drive(*steps, ["relative_paths", {}], ["save", {}], *writes)
    assert answers[-2 * len(ENGINES) :][1::2] == [["FINISHED"]] * len(ENGINES)
    for engine in ENGINES:
        assert all(path.stat().st_size for path in (folder / "jobs" / engine).iterdir())
    assert (folder / "jobs" / "openjd" / "template.yaml").is_file()


def test_a_job_that_would_fail_or_a_folder_elsewhere_is_not_written(drive, footage, tmp_path):
    folder, steps = begin(drive, footage, "not written")
    answers = drive(*steps, ["save", {}], farm(output=str(tmp_path / "job")), WRITE)
    assert "outside the project's own folder" in answers[-1]
    assert not (tmp_path / "job").exists()
    (folder / "person.png").unlink()
    *_, written, lines = drive(
        ["load", {"path": str(folder / "p.blend")}], farm(output="//job"), WRITE, LINES
    )
    assert "the job would fail, so nothing is written: clip: Face Swap: image missing (person.png)" in written
    assert not (folder / "job").exists()
    assert [level for _, level in lines if level == "ERROR"] == ["ERROR"]


def test_settings_are_kept_in_the_project_and_its_checks_are_not(drive, footage):
    folder, steps = begin(drive, footage, "kept")
    settings = {
        "engine": "slurm",
        "use_automatic_chunk": False,
        "chunk": 7,
        "workers": 9,
        "prepare_first": True,
    }
    settings |= {"strict": False, "output": "//elsewhere/"}
    drive(*steps, farm(**settings), CHECK, ["save", {}])
    *_, kept, lines = drive(["load", {"path": str(folder / "p.blend")}], ["farm_settings", {}], LINES)
    assert kept == settings
    assert lines == []


def test_without_a_saved_project_nothing_can_be_checked(drive):
    project = ["project", {"size": [320, 240], "frames": [1, LAST]}]
    answers = drive(
        project, *(["allowed", {"name": name}] for name in ("understudy.farm_check", WRITE[1]["name"]))
    )
    assert answers[1:] == [False, False]
