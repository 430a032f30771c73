# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm report`: no frame that is missing or failed counts as right, whoever wrote the reports."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.cli.main import main
from understudy.core.errors import MessageError
from understudy.core.farm.estimate import BORDER_FRAMES
from understudy.core.farm.report import FORM_FRAMES, merge
from understudy.core.farm.report_file import parse_range
from understudy.core.farm.report_folder import MAX_REPORT_BYTES, read_folder
from understudy.core.pipeline.target_forms import SAMPLE_FRAMES
from understudy.core.reporting.process_report import range_text

from tests.core.farm_reports import parsed, render_report, task_report, write


def test_a_job_that_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "0001.json", task_report(1, 10, render_report(range(1, 11))))
    write(tmp_path, "0002.json", task_report(11, 20, render_report(range(11, 21)), host="two", ended=20.0))
    assert main(["farm", "report", str(tmp_path), "--json", "-s", "1", "-e", "20"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["result"] == "20 frames: 20 right"
    assert [(host["host"], host["frame_count"], host["seconds"]) for host in facts["hosts"]] == [
        ("one", 10, 7.0), ("two", 10, 11.0),
    ]  # fmt: skip
    assert facts["hosts"][0]["frame_percent"] == 50.0
    assert facts["hosts"][0]["cpu_seconds"] == 12.5
    assert facts["stages"]["swap"] == {"run": 20, "hit": 0, "needed": 20, "again": 0}
    assert (facts["missing"], facts["failed"], facts["doubled"], facts["notes"]) == ("", "", "", [])


def test_each_frame_that_is_not_right_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "a.json", task_report(1, 10, render_report(range(1, 11), failed=[4, 7]), code=3))
    write(tmp_path, "b.json", task_report(8, 12, render_report(range(8, 13), host="two"), host="two"))
    write(tmp_path, "c.json", task_report(13, 20, None, code=4))
    write(tmp_path, "d.json", render_report([4], host="three"))
    assert main(["farm", "report", str(tmp_path), "-s", "1", "-e", "24"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "24 frames: 11 right, 12 missing, 1 failed, 3 doubled"
    assert "missing: 13-24" in lines
    assert "failed: 7" in lines
    assert "failed first, then right: 4" in lines
    assert "rendered more than once: 8-10" in lines
    assert "c.json: ended with exit code 4 (the machine is unfit) on one" in lines
    # Without a range it is what the tasks were asked for.
    assert main(["farm", "report", str(tmp_path)]) == 3
    assert capsys.readouterr().out.splitlines()[0].startswith("20 frames: 11 right, 8 missing")


def test_every_n_th_frame_can_be_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "a.json", task_report(1, 9, render_report(range(1, 10, 2))))
    assert main(["farm", "report", str(tmp_path), "-s", "1", "-e", "9", "-j", "2"]) == 0
    assert main(["farm", "report", str(tmp_path), "-s", "1", "-e", "9"]) == 3
    assert main(["farm", "report", str(tmp_path), "-s", "1"]) == 1
    assert main(["farm", "report", str(tmp_path), "-s", "5", "-e", "1"]) == 1


def test_of_every_third_frame_none_between_is_missing() -> None:
    right, unfit = task_report(1, 4, render_report([1, 4])), task_report(7, 12, None, code=4)
    right["task"]["step"], unfit["task"]["step"] = 3, 0
    job = merge([parsed("a", right), parsed("b", unfit)])
    assert (job.expected, job.missing) == ({1, 4, 7, 10}, {7, 10})


def test_of_one_hosts_renders_the_last_one_counts() -> None:
    def job(first_failed, second_failed, second_host):
        one = parsed("a", task_report(1, 5, render_report(range(1, 6), first_failed), began=10, ended=20))
        two = task_report(
            1, 5, render_report(range(1, 6), second_failed), host=second_host, began=30, ended=40
        )
        return merge([one, parsed("b", two)])

    assert job([2], [], "one").failed == job([2], [], "other").failed == frozenset()
    assert job([], [2], "one").failed == {2}
    # No clock tells which of two hosts was the last: what is right on one is right, and both are named.
    assert job([], [2], "other").failed == frozenset()
    assert job([], [2], "other").failed_then_right == {2}


def test_a_refused_render_has_no_right_frame() -> None:
    refused = render_report([1], failed=[1], refusal="render refused: image missing")
    job = merge([parsed("a.json", task_report(1, 10, refused, code=3))])
    assert (job.right, job.failed, job.missing) == (frozenset(), {1}, frozenset(range(2, 11)))
    assert "a.json: render refused: image missing" in job.notes


def test_frames_without_a_mark_are_counted_until_the_host_marks_them() -> None:
    first = parsed("a", task_report(1, 9, {**render_report(range(1, 10)), "unmarked": [2, 3, 4]}))
    job = merge([first])
    assert job.unmarked == {2, 3, 4}
    assert job.result == "9 frames: 9 right, 3 unmarked"
    assert job.as_dict()["unmarked"] == "2-4"
    again = parsed("b", task_report(3, 4, render_report([3, 4], process=2), began=20.0, ended=30.0))
    assert merge([first, again]).unmarked == {2}
    with pytest.raises(MessageError, match="unmarked frames"):
        parsed("c", task_report(1, 9, {**render_report([1]), "unmarked": ["1"]}))


def test_preparing_renders_no_frame_and_its_stages_count() -> None:
    prepared = parsed("a", task_report(1, 9, render_report(range(1, 10), [4], prepares=True), prepares=True))
    assert merge([prepared]).missing == frozenset()  # it was not to render
    assert merge([prepared], expected=range(1, 10)).missing == frozenset(range(1, 10))
    rendered = parsed("b", task_report(1, 9, render_report(range(1, 10), process=2), host="two"))
    job = merge([prepared, rendered])
    assert (job.right, job.failed, job.doubled) == (frozenset(range(1, 10)), frozenset(), frozenset())
    # Both computed everything.
    assert (job.stages["swap"].run, job.stages["swap"].again) == (18, 9)


def test_a_task_says_why_it_failed() -> None:
    job = merge([parsed("a.json", task_report(1, 9, None, code=4, reason="no Blender here"))])
    assert job.notes == ("a.json: ended with exit code 4 (the machine is unfit) on one: no Blender here",)
    assert len(job.missing) == 9


def test_stages_that_ran_twice_are_counted() -> None:
    halves = [
        parsed(
            f"{first}.json",
            task_report(first, first + 9, render_report(range(first, first + 10), detections=14)),
        )
        for first in (1, 11)
    ]
    stages = merge(halves).stages
    # 20 frames, and 3 beyond them on either side.
    assert (stages["detect"].run, stages["detect"].needed, stages["detect"].again) == (28, 26, 2)
    assert stages["swap"].again == 0


def test_frames_that_a_form_is_learned_from_did_not_run_twice() -> None:
    render = render_report(range(1, 11), detections=10 + 2 * BORDER_FRAMES + SAMPLE_FRAMES)
    without = parsed("a.json", task_report(1, 10, render))
    assert merge([without]).stages["detect"].again == SAMPLE_FRAMES
    render["stages"]["shape"] = dict(render["stages"]["swap"])
    stage = merge([parsed("a.json", task_report(1, 10, render))]).stages["detect"]
    assert (stage.needed, stage.again) == (stage.run, 0)
    assert FORM_FRAMES == SAMPLE_FRAMES


def test_a_task_that_ends_before_it_starts_has_no_time_and_is_named() -> None:
    job = merge([parsed("a.json", task_report(1, 5, render_report(range(1, 6)), began=5000.0, ended=1400.0))])
    assert job.hosts[0].seconds == 0
    assert job.is_complete
    assert any(note.startswith("a.json: it ends before it starts: the clock of one") for note in job.notes)


def test_a_process_and_its_task_are_one() -> None:
    render = render_report(range(1, 6))
    folder = [parsed("a.json", task_report(1, 5, render)), parsed("b.json", render)]
    assert merge(folder).doubled == frozenset(range(1, 6))


def test_a_folder_leaves_copies_out(tmp_path: Path) -> None:
    write(tmp_path, "a.json", task_report(1, 5, render_report(range(1, 6))))
    write(tmp_path, "b.json", render_report(range(1, 6)))
    assert [task.name for task in read_folder(tmp_path).tasks] == ["a.json"]


FOREIGN = {
    "broken.json": '{"task": {',
    "deep.json": "[" * 100_000,
    "list.json": "[]",
    "package.json": '{"name": "x", "version": "1"}',
    "no_render.json": '{"task": {"first": 1, "last": 2}}',
    "large_range.json": json.dumps(task_report(1, 2, {**render_report([1]), "range": "1-99999999"})),
    "repeated_range.json": json.dumps({**render_report([1]), "range": ",".join(["1-1000000"] * 9)}),
    "large_task.json": json.dumps(task_report(1, 10**9, None)),
    "backward.json": json.dumps(task_report(5, 1, None)),
    "endless.json": json.dumps(task_report(1, 2, None, ended=float("inf"))),
    "nan.json": json.dumps(task_report(1, 2, None, ended=float("nan"))),
    "large_number.json": json.dumps(task_report(1, 2, None, ended=10**300)),
    "digits.json": '{"task": {"first": ' + "1" * 10_000 + "}}",
    "stages.json": json.dumps({**render_report([1]), "stages": {"detect": {"run": "many"}}}),
    "failed.json": json.dumps({**render_report([1]), "failed": "all"}),
}


def test_what_is_no_report_is_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in FOREIGN.items():
        write(tmp_path, name, text)
    (tmp_path / "text.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(MAX_REPORT_BYTES + 1)
    assert main(["farm", "report", str(tmp_path)]) == 1
    assert "holds no report of a task" in capsys.readouterr().err
    write(tmp_path, "good.json", task_report(1, 2, render_report([1, 2])))
    assert main(["farm", "report", str(tmp_path)]) == 0
    left_out = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out: ")]
    assert {line.split()[2].rstrip(":") for line in left_out} == {
        *FOREIGN, "text.json", "folder.json", "link.json", "pipe.json", "huge.json",
    }  # fmt: skip


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["farm", "report", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@given(st.frozensets(st.integers(-2000, 2000)))
def test_a_range_is_read_as_it_is_written(frames: frozenset[int]) -> None:
    assert parse_range(range_text(frames)) == frames


@pytest.mark.parametrize("text", ["x", "1-", "-", "5-1", "1,1", "3,2", "1-5,5", " 1", "1;2", "²", "99999999"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_range(text)


@st.composite
def tasks_of_a_farm(draw):
    """Some tasks of some hosts, each with some of its frames rendered and some of these failed."""
    tasks = []
    for number in range(draw(st.integers(0, 6))):
        first = draw(st.integers(-5, 30))
        last = first + draw(st.integers(0, 8))
        rendered = draw(st.lists(st.integers(first, last), unique=True))
        failed = draw(st.lists(st.sampled_from(rendered), unique=True)) if rendered else []
        began = float(draw(st.integers(0, 20)))
        ended = began + draw(st.integers(-3, 9))
        host = draw(st.sampled_from("abc"))
        render = render_report(sorted(rendered), failed, host=host, process=number) if rendered else None
        code = draw(st.sampled_from([0, 3, 4, 75, 143]))
        tasks.append(
            parsed(
                f"{number}.json",
                task_report(first, last, render, host=host, began=began, ended=ended, code=code),
            )
        )
    return tasks


@given(tasks_of_a_farm(), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(tasks, random) -> None:
    shuffled = list(tasks)
    random.shuffle(shuffled)
    assert merge(shuffled).as_dict() == merge(tasks).as_dict()


@given(tasks_of_a_farm())
def test_each_expected_frame_is_right_failed_or_missing(tasks) -> None:
    job = merge(tasks)
    parts = [job.right & job.expected, job.failed, job.missing]
    assert sum(map(len, parts)) == len(job.expected) == len(frozenset().union(*parts))
    somewhere_right = {frame for task in tasks for frame in task.frames_right}
    assert job.right <= somewhere_right
    assert job.missing.isdisjoint(somewhere_right)
    # A frame that some task made and none spoilt is right.
    assert somewhere_right - {frame for task in tasks for frame in task.frames_failed} <= job.right
    assert sum(host.task_count for host in job.hosts) == len(tasks)


TASK = task_report(1, 5, render_report(range(1, 6), [2]), code=3)
PLACES = [(part, name) for part in ("task", "render") for name in TASK[part]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
def test_whatever_a_value_is_a_file_is_a_report_or_is_refused(changes) -> None:
    value = {part: dict(TASK[part]) for part in TASK}
    for (part, name), replacement in changes:
        value[part][name] = replacement
    try:
        tasks = [parsed("a.json", value)]
    except MessageError:
        tasks = []
    job = merge(tasks)
    assert json.loads(json.dumps(job.as_dict()))["result"] == job.result
