# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of farms as text: every task calls run-task with what the plan says, whatever names the project has."""

import ast
import dataclasses
import json
import shlex
import subprocess

import pytest
from farm_plans import make_plan, task_of
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cli.main import main
from understudy.core.errors import FarmError
from understudy.core.farm.chunks import make_chunks
from understudy.core.farm.plan_file import read_plan_file
from understudy.core.farm.plan_text import plan_values
from understudy.core.farm.writers import ENGINES, JobOptions, write_job
from understudy.core.farm.writers.yaml_text import quote_yaml
from understudy.core.reporting.quoting import quote

# What a path may hold on Linux, and what has a meaning in shells, YAML, JavaScript and templates.
NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=("Cs",)), min_size=1).filter(
    lambda name: name not in (".", "..")
) | st.sampled_from(
    ["a b", "'", '"', "$HOME", "`id`", "\n", "\\", "{{x}}", "${x}", "#", "-e", "é漢😀", "\u2028"]
)


def slurm_task(script, number):
    """Run an array script in which Blender is a function that says its words; returns them, and what is trusted."""
    says = 'blender() { printf "%s\\0" blender "$@" "$UNDERSTUDY_TRUST"; }\n'
    environment = {"PATH": "/usr/bin:/bin", "SLURM_ARRAY_TASK_ID": str(number)}
    command = ["bash", "-c", says + script]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    *words, trust = done.stdout.decode().split("\0")[:-1]
    return words, trust


@settings(max_examples=40)
@given(name=NAMES, scene=NAMES)
def test_names_reach_the_tasks_of_slurm_as_they_are(name, scene):
    plan = make_plan(f"/x/{name}/p.blend", scene)
    files = write_job(plan, "slurm", JobOptions())
    for script, prepares in (("render.sbatch", False), ("prepare.sbatch", True)):
        words, trust = slurm_task(files[script], 0)
        task = task_of(words)
        assert (str(task.project), task.scene, task.prepare) == (str(plan.facts.project), scene, prepares)
        assert prepares or task.output == plan.facts.output
        assert trust == plan.environment["UNDERSTUDY_TRUST"]
    subprocess.run(["sh", "-n"], input=files["submit.sh"].encode(), check=True)


def test_each_task_of_slurm_has_its_chunk():
    scripts = write_job(make_plan(), "slurm", JobOptions())
    for script in ("render.sbatch", "prepare.sbatch"):
        tasks = [task_of(slurm_task(scripts[script], number)[0]) for number in range(3)]
        assert [(task.start, task.end) for task in tasks] == [(1, 4), (5, 8), (9, 10)]
        assert all(task.engine == "slurm" and task.expect_extension == "0.2.0" for task in tasks)


@given(name=NAMES, scene=NAMES)
def test_names_reach_the_tasks_of_opencue_as_they_are_or_are_refused(name, scene):
    plan = make_plan(f"/x/{name}/p.blend", scene)
    if quote(name + scene) != name + scene:
        with pytest.raises(FarmError, match="control characters"):
            write_job(plan, "opencue", JobOptions())
        return
    outline = write_job(plan, "opencue", JobOptions())["understudy_outline.py"]
    assert outline.isascii()
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(outline).body
        if isinstance(node, ast.Assign)
    }
    frames = {"#FRAME_START#": "1", "#FRAME_END#": "4"}
    for command in ("RENDER", "PREPARE"):
        task = task_of([frames.get(word, word) for word in shlex.split(values[command])])
        assert (str(task.project), task.scene) == (str(plan.facts.project), scene)
    assert values["ENVIRONMENT"] == plan.environment


@given(name=NAMES, scene=NAMES)
def test_names_reach_the_tasks_of_flamenco_as_they_are(name, scene):
    plan = make_plan(f"/x/{name}/p.blend", scene)
    settings = json.loads(write_job(plan, "flamenco", JobOptions())["job.json"])["settings"]
    for after in ("words_after", "prepare_words_after"):
        words = [*json.loads(settings["words_before"]), settings["blendfile"], "--frames", "1-4"]
        task = task_of([*words, *json.loads(settings[after])], ("--command", "understudy"))
        assert (str(task.project), task.scene) == (str(plan.facts.project), scene)
        assert dict(task.env) == plan.environment


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_yaml_has_texts_in_a_form_that_json_of_the_same_signs_has(text):
    """The engines' own YAML is asked in tests/farm; what needs no escape of YAML's own is JSON."""
    quoted = quote_yaml(text)
    assert quoted.isprintable()
    if "\\x" not in quoted and "\\U" not in quoted:
        assert json.loads(quoted) == text


@pytest.mark.parametrize("engine", ENGINES)
def test_every_job_sets_trust_and_is_strict_as_the_plan_says(engine):
    for strict, word in ((True, "--strict"), (False, "--no-strict")):
        text = "\n".join(write_job(make_plan(is_strict=strict), engine, JobOptions()).values())
        assert "UNDERSTUDY_TRUST" in text
        assert "run-task" in text
        assert word in text


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_of_no_frames_is_refused(engine):
    with pytest.raises(FarmError, match="nothing to render"):
        write_job(make_plan(chunks=()), engine, JobOptions())


@given(step=st.integers(1, 5), last=st.integers(1, 200), size=st.integers(1, 30))
def test_engines_that_count_chunks_themselves_make_those_of_the_plan(step, last, size):
    plan = make_plan(step=step, last=last, size=size)
    settings = json.loads(write_job(plan, "flamenco", JobOptions())["job.json"])["settings"]
    first, end = map(int, settings["frames"].split("-"))
    spans = [
        range(start, min(start + settings["chunk_size"], end + 1), step)
        for start in range(first, end + 1, settings["chunk_size"])
    ]
    assert spans == [range(chunk.first_frame, chunk.last_frame + 1, step) for chunk in plan.chunks]


def test_uneven_chunks_are_listed_or_refused():
    uneven = (*make_chunks(1, 3, 1, 3), *make_chunks(4, 10, 1, 5))
    plan = make_plan(chunks=uneven, chunk_size=5)
    template = write_job(plan, "openjd", JobOptions())["template.yaml"]
    assert "TASK_CHUNKING" not in template
    for engine in ("flamenco", "opencue", "deadline10"):
        with pytest.raises(FarmError, match="different sizes"):
            write_job(plan, engine, JobOptions())


def test_deadline_10_is_marked_as_untried_and_refuses_what_its_files_can_not_hold():
    files = write_job(make_plan(), "deadline10", JobOptions(max_parallel_tasks=2))
    assert files["README.txt"].startswith("UNTRIED")
    info = dict(line.split("=", 1) for line in files["render_job.txt"].splitlines())
    assert (info["Plugin"], info["Frames"], info["ChunkSize"], info["MachineLimit"]) == (
        "CommandLine",
        "1-10",
        "4",
        "2",
    )
    assert info["EnvironmentKeyValue0"] == "UNDERSTUDY_TRUST=/x"
    arguments = files["render_plugin.txt"].partition("Arguments=")[2].splitlines()[0]
    words = shlex.split(
        arguments.replace("<QUOTE>", "'").replace("<STARTFRAME>", "1").replace("<ENDFRAME>", "4")
    )
    task = task_of(["blender", *words])
    assert (task.start, task.end, str(task.project)) == (1, 4, "/x/shot.blend")
    with pytest.raises(FarmError, match="control characters"):
        write_job(make_plan("/x/a\nb/p.blend"), "deadline10", JobOptions())


def test_many_chunks_make_several_arrays():
    plan = make_plan(last=2500, size=1)
    script = write_job(plan, "slurm", JobOptions(max_parallel_tasks=2))["submit.sh"]
    calls = [shlex.split(line)[2:5] for line in script.splitlines() if "submit render.sbatch" in line]
    assert [call[1:] for call in calls] == [["0-999%2", "0"], ["0-999%2", "1000"], ["0-499%2", "2000"]]


def test_slurm_fills_nothing_into_the_folder_of_logs(tmp_path):
    plan = make_plan(f"{tmp_path}/50%j/p.blend", prepares_first=False)
    script = write_job(plan, "slurm", JobOptions())["submit.sh"]
    command = ["sh", "-c", f'sbatch() {{ printf "%s\\n" "$@" >&2; }}\n{script}']
    said = subprocess.run(command, capture_output=True, check=True, text=True).stderr.splitlines()
    assert f"--output={tmp_path}/50%%j/out/understudy_reports/slurm-%A_%a.log" in said
    assert (tmp_path / "50%j/out/understudy_reports").is_dir()


def test_a_job_names_images_and_reports_wherever_it_is_written(tmp_path, monkeypatch, capsys):
    plan = make_plan(f"{tmp_path}/p/shot.blend")
    (tmp_path / "plan.json").write_text(json.dumps(plan_values(plan)))
    monkeypatch.chdir(tmp_path)
    words = ["farm", "write", "p/shot.blend", "--plan", "plan.json", "--engine", "slurm", "--output", "job"]
    for images, folder in (("//r/x_##", tmp_path / "p" / "r"), ("r/x_##", tmp_path / "r")):
        assert main([*words, "--images", images]) == 0
        task = task_of(slurm_task((tmp_path / "job" / "render.sbatch").read_text(), 0)[0])
        assert (task.output, task.report_dir) == (f"{folder}/x_##", folder / "understudy_reports")
    assert main([*words, "--report-dir", "reports"]) == 0
    task = task_of(slurm_task((tmp_path / "job" / "render.sbatch").read_text(), 0)[0])
    assert task.report_dir == tmp_path / "reports"
    words[2] = "other.blend"
    assert main(words) == 1
    assert "name that project, or its own plan" in capsys.readouterr().err


def test_a_plan_comes_back_from_its_file(tmp_path):
    plan = make_plan(step=2)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_values(plan)))
    assert read_plan_file(path) == plan
    values = plan_values(plan)
    for spoilt in (
        {**values, "chunks": [{"first_frame": 4, "last_frame": 1}]},
        {**values, "chunk_size": 0},
        {**values, "environment": {"A;reboot": ""}},
        {**values, "environment": {"UNDERSTUDY_TRUST": "\0"}},
        {"facts": 1},
        [],
    ):
        path.write_text(json.dumps(spoilt))
        with pytest.raises(FarmError, match="is no plan of this version"):
            read_plan_file(path)
    assert dataclasses.is_dataclass(plan)
