# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task does beside Blender: paths of other machines, places that do not answer, words for engines."""

import json
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.cli.farm_task_arguments import parse_frames, parse_variable
from understudy.core.concurrency.timeouts import NeverStopToken
from understudy.core.errors import FarmError, MessageError
from understudy.core.farm.chunks import require_blender_frames
from understudy.core.farm.exit_codes import signal_exit_code, signal_of
from understudy.core.farm.path_mapping import PathMapping, PathRule, read_path_mapping
from understudy.core.farm.places import missing_places, silent_places
from understudy.core.farm.report_folder import read_folder
from understudy.core.farm.stall_watch import StallWatch
from understudy.core.farm.task import run_task
from understudy.core.farm.task_check import CheckQuestion, parse_question
from understudy.core.farm.task_output import TaskOutput
from understudy.core.farm.task_process import TaskProcess
from understudy.core.farm.task_request import TaskRequest

RULES = PathMapping(
    (PathRule("POSIX", "/mnt/shows", "/Volumes/shows"), PathRule("WINDOWS", "S:\\shows", "/Volumes/shows"))
)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("/mnt/shows/a/b.png", "/Volumes/shows/a/b.png"),
        ("/mnt/shows", "/Volumes/shows"),
        ("/mnt/shows2/a", "/mnt/shows2/a"),
        ("/mnt/shows/../../etc", "/mnt/shows/../../etc"),
        ("S:\\shows\\a\\b.png", "/Volumes/shows/a/b.png"),
        ("s:/SHOWS/a", "/Volumes/shows/a"),
        ("//clip.mp4", "//clip.mp4"),
        ("", ""),
    ],
)
def test_a_path_of_another_machine_is_found_here(there, here):
    assert RULES.apply(there) == here


def test_only_places_of_ours_are_mapped():
    environment = {
        "UNDERSTUDY_CACHE_DIR": "/mnt/shows/cache",
        "UNDERSTUDY_TRUST": "/mnt/shows/a:/other",
        "UNDERSTUDY_MODELS": "/models",
        "HOME": "/mnt/shows/home",
    }
    assert RULES.apply_to_environment(environment) == {
        "UNDERSTUDY_CACHE_DIR": "/Volumes/shows/cache",
        "UNDERSTUDY_TRUST": "/Volumes/shows/a:/other",
    }


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        '{"version": "2"}',
        '{"path_mapping_rules": 1}',
        '{"path_mapping_rules": [{"source_path": "/a"}]}',
        '{"path_mapping_rules": [{"source_path_format": "X", "source_path": "/", "destination_path": "/"}]}',
    ],
)
def test_rules_that_are_none_are_refused(tmp_path, text):
    path = tmp_path / "rules.json"
    path.write_text(text)
    with pytest.raises(MessageError, match="path mapping"):
        read_path_mapping(path)


def test_a_file_without_rules_maps_nothing(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"version": "pathmapping-1.0"}))
    assert read_path_mapping(path) == PathMapping()


@given(first=st.integers(-99999, 99999), last=st.integers(-99999, 99999))
def test_ranges_are_read_as_engines_write_them(first, last):
    assert parse_frames(f"{first}-{last}") == (first, last)
    assert parse_frames(str(first)) == (first, first)


@pytest.mark.parametrize("text", ["", "1-", "1,3", "1-10:2", "a", "1--", "--1"])
def test_other_ranges_are_refused(text):
    with pytest.raises(ValueError, match="no range of frames"):
        parse_frames(text)


@pytest.mark.parametrize(
    "text", ["PATH=/x", "UNDERSTUDY_X", "=1", "LD_PRELOAD=UNDERSTUDY_A=1", "UNDERSTUDY_a=1"]
)
def test_only_variables_of_ours_are_set_by_a_job(text):
    with pytest.raises(ValueError, match="no variable of Understudy's"):
        parse_variable(text)


def test_a_variable_keeps_what_it_holds():
    assert parse_variable("UNDERSTUDY_TRUST=/a=b: c\n") == ("UNDERSTUDY_TRUST", "/a=b: c\n")


def test_a_question_comes_through_as_it_was(tmp_path):
    question = CheckQuestion('/x/it\'s "here".json', "0.2.0", RULES.rules, prepares=True, scene="A 'b'")
    assert parse_question(question.to_text()) == question


def test_places_that_are_missing_and_such_that_do_not_answer_differ(tmp_path):
    missing = tmp_path / "missing" / "share"
    environment = {"UNDERSTUDY_SHARED_CACHE": str(missing), "UNDERSTUDY_MODELS": str(tmp_path)}
    (fault,) = missing_places(environment)
    assert str(missing) in fault
    assert (
        silent_places({"UNDERSTUDY_SHARED_CACHE": str(tmp_path), "UNDERSTUDY_REDIS": "off"}, (tmp_path,))
        == []
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        assert silent_places({"UNDERSTUDY_REDIS": url}, ()) == []
    (line,) = silent_places({"UNDERSTUDY_REDIS": url.replace("://", "://ann:secret@")}, ())
    assert line == f"the Redis server of UNDERSTUDY_REDIS at {url.split('/')[2]} does not answer"


def test_signals_are_told_from_exit_codes():
    assert [signal_of(code) for code in (0, 1, 3, 4, 9, 75, 255)] == [0] * 7
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        assert signal_of(-number) == signal_of(signal_exit_code(number)) == number


def test_a_project_can_give_the_engine_no_orders():
    lines = []
    output = TaskOutput("openjd", lines.append, lambda: 4)
    for line in (
        "openjd_env: PATH=/x",
        " OpenJD_fail: no",
        "Saved: '/x/0001.png'",
        "00:01.2 render | Saved: '/x/2'",
    ):
        output.pass_on(line)
    assert not any(line.lstrip().lower().startswith(("openjd_env", "openjd_fail")) for line in lines)
    assert output.written_count == 2
    assert lines[-1] == "openjd_progress: 50.0"


def test_a_process_whose_places_are_silent_for_too_long_is_ended_and_one_whose_places_answer_is_not():
    for silent in ([], ["/share does not answer"]):
        with StallWatch(lambda silent=silent: silent, 0.02, 0.05) as watch:
            seconds = 600 if silent else 0.5
            process = TaskProcess([sys.executable, "-c", f"import time; time.sleep({seconds})"], {}, print)
            code = process.wait(NeverStopToken(), lambda watch=watch: bool(watch.reason))
        assert (code, watch.reason) == ((-signal.SIGKILL, silent[0]) if silent else (0, ""))


def test_the_reason_is_what_blender_says_and_no_text_that_it_shows():
    output = TaskOutput("none", lambda line: None, lambda: 1)
    for line, reason in (
        ("00:01.5  reports          | ERROR Cannot read file", "Cannot read file"),
        ("    print('Understudy: Error: install the newest')", "Cannot read file"),
        ("Understudy: Error: frame 2 failed: x", "frame 2 failed: x"),
        ("Error: Not freed memory blocks: 1", "frame 2 failed: x"),
        ("Error: script failed", "script failed"),
    ):
        output.pass_on(line)
        assert output.last_error == reason


@pytest.mark.parametrize(
    "line", ["Append frame 7", "0:1 render | Video append frame -7", "Saved: '/x/7.png'"]
)
def test_frames_of_movies_count_as_images_do_and_such_that_were_there_before_do_not(line):
    output = TaskOutput("none", lambda line: None, lambda: 2)
    for text in (line, 'Skipping existing frame "/x/8.png"'):
        output.pass_on(text)
    assert output.written_count == 1


def test_a_task_goes_on_where_nobody_reads_its_lines():
    def show(line):
        raise BrokenPipeError

    output = TaskOutput("openjd", show, lambda: 2)
    for line in ("Saved: '/x/1.png'", "Saved: '/x/2.png'"):
        output.pass_on(line)
    output.fail("no")
    assert output.written_count == 2
    assert isinstance(output.fault, BrokenPipeError)


def test_a_line_without_an_end_is_shown_in_parts():
    lines = []
    process = TaskProcess([sys.executable, "-c", "print('x' * 1000000)"], {}, lines.append)
    assert process.wait(NeverStopToken()) == 0
    assert max(map(len, lines)) < 100_000
    assert sum(map(len, lines)) == 1_000_000


# A Blender that answers the check, writes a report of some frames, says that it saved some, and ends with 0.
_BLENDER = """\
#!{python}
import json, os, pathlib, re, sys
words = " ".join(sys.argv)
path = re.search(r'"answer_path": "([^"]+)"', words)[1]
pathlib.Path(path).write_text(json.dumps({{"faults": [], "frame_step": 2, "writes_movie": {is_movie}}}))
if {report}:
    pathlib.Path(os.environ["UNDERSTUDY_REPORT"]).write_text(json.dumps({report}))
for frame in {saved}:
    print("{line} %s" % frame)
"""


def run_fake_task(tmp_path, report, saved, *, is_movie=False, prepares=False):
    """Run a task of the frames 1, 3 and 5 with such a Blender; returns the exit code and the lines."""
    blender, project = tmp_path / "blender", tmp_path / "p.blend"
    line = "Video append frame" if is_movie else "Saved: '"
    blender.write_text(
        _BLENDER.format(python=sys.executable, report=report, saved=saved, is_movie=is_movie, line=line)
    )
    blender.chmod(0o755)
    project.touch()
    lines = []
    request = TaskRequest(
        project, 1, 6, blender=str(blender), prepares=prepares, report_folder=tmp_path / "reports"
    )
    return run_task(request, {}, lines.append, NeverStopToken()), lines


@pytest.mark.skipif(sys.platform == "win32", reason="Windows starts no scripts")
@pytest.mark.parametrize(
    ("report", "saved", "options", "lack"),
    [
        ({"range": "1,3,5"}, [1, 3, 5], {}, ""),
        ({}, [1, 3, 5], {}, ""),
        ({}, [1, 3], {}, "wrote 2 of 3 frames"),
        ({"range": "1,3"}, [1, 3, 5], {}, "did not render frames 5"),
        ({"range": "1,3,5"}, [1], {"is_movie": True}, "wrote 1 of 3 frames"),
        ({"range": "1,3,5"}, [1, 3, 5], {"is_movie": True}, ""),
        ({"prepared": "1,3,5"}, [], {"prepares": True}, ""),
        ({"prepared": "1"}, [], {"prepares": True}, "did not prepare frames 3,5"),
        ({}, [], {"prepares": True}, "did not prepare frames 1,3,5"),
    ],
)
def test_a_blender_that_ends_as_if_all_were_well_is_not_believed(tmp_path, report, saved, options, lack):
    code, lines = run_fake_task(tmp_path, report, saved, **options)
    assert code == (3 if lack else 0)
    assert lack in lines[-1]
    (task,) = read_folder(tmp_path / "reports").tasks
    assert task.frame_step == 2
    assert task.frames_asked == (frozenset() if options.get("prepares") else {1, 3, 5})


@pytest.mark.parametrize("frames", [(-5, 3), (1, 1_048_575)])
def test_frames_that_blender_does_not_render_are_refused(frames):
    with pytest.raises(FarmError, match="from 0 to 1048574"):
        require_blender_frames(*frames)


class StopAt(NeverStopToken):
    """A token that is stopped by SIGTERM a moment from now."""

    def __init__(self, seconds):
        threading.Timer(seconds, lambda: setattr(self, "signal_number", signal.SIGTERM)).start()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
def test_grandchildren_go_with_the_process(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal, time\\n"
        'signal.signal(signal.SIGTERM, signal.SIG_IGN)\\nprint("on", flush=True)\\ntime.sleep(600)\'])\n'
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    lines = []
    process = TaskProcess([sys.executable, str(script)], {}, lines.append)
    end = time.monotonic() + 30
    while len(lines) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert process.wait(StopAt(0.0)) == -signal.SIGTERM
    (child,) = (line for line in lines if line.isdecimal())
    state = Path(f"/proc/{child}/stat")
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < end, "the grandchild was left behind"
        time.sleep(0.01)
