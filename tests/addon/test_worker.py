# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing in a process of its own: what it makes, and what is left when it or Blender is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from understudy.core.layers.label import layer_key

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

DRIVE = Path(__file__).parent / "scripts" / "drive.py"
COUNT = 12


def project(drive, name, *clips):
    """Steps that begin a project with cast clips, (name, movie, picture) each; returns its folder and the steps."""
    folder = drive.folder / name
    folder.mkdir()
    steps = [["project", {"size": [320, 240], "frames": [1, COUNT], "save": str(folder / "p.blend")}]]
    for channel, (clip, movie, picture) in enumerate(clips):
        steps.append(["movie", {"name": clip, "file": movie, "channel": 1 + 3 * channel}])
        steps.append(["op", {"name": "understudy.modifier_add", "active": clip}])
        steps.append(["op", {"name": "understudy.picture_add", "filepath": picture}])
    return folder, [*steps, ["save", {}]]


def layer_keys(folder):
    """The layer images that hold a layer, by path below the layers' folder."""
    layers = folder / "understudy_cache" / "layers"
    keys = {str(path.relative_to(layers)): layer_key(path) for path in layers.rglob("*.tif")}
    return {path: key for path, key in keys.items() if key}


def test_a_worker_makes_what_a_render_needs(drive, footage):
    folder, begin = project(drive, "plain", ("clip", footage.movie, footage.person))
    answers = drive(
        *begin, ["work", {}], ["work", {}], ["render", {"out": drive.out("p"), "report": str(folder / "r")}]
    )
    first, second, render = answers[-3:]
    assert (first["done"], first["written"], first["progress"]) == (COUNT, COUNT, 1.0)
    assert (second["done"], second["written"], second["report"]["models_loaded"]) == (COUNT, 0, 0)
    assert first["faults"] == first["warnings"] == []
    assert first["state"]["text"] == f"All {COUNT} ready"
    assert first["report"]["stages"]["swap"]["run"] == COUNT
    # The keys that the worker found are those that Blender finds: nothing was written, decoded or loaded.
    assert render["stages"]["fuse"] == {**render["stages"]["fuse"], "run": 0, "hit": COUNT}
    assert render["frames_decoded"] == render["models_loaded"] == 0


def test_animated_values_reach_the_worker_frame_by_frame(drive, footage):
    folder, begin = project(drive, "animated", ("clip", footage.movie, footage.person))
    answers = drive(
        *begin,
        ["keyframe", {"path": "fusion.blend", "values": {"1": 0.2, "12": 1.0}}],
        ["setup", {"frame_current": 5}],
        ["work", {}],
        ["frame_now", {}],
        ["render", {"out": drive.out("a"), "report": str(folder / "r")}],
    )
    assert answers[-3]["written"] == COUNT
    assert answers[-2] == 5
    assert answers[-1]["stages"]["fuse"]["run"] == 0


def test_what_is_edited_meanwhile_is_prepared_as_it_is_then(drive, footage):
    _, begin = project(drive, "edited", ("clip", footage.movie, footage.person))
    summary, state, _, gone = drive(
        *begin,
        ["work_and_edit", {"after": 4, "edit": "settings"}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["tune", {"settings": {"swap.mirror": 0.0}}],
        ["work_and_edit", {"after": 4, "edit": "clip"}],
    )[-4:]
    assert summary.startswith(f"All {COUNT} ready, {COUNT} new, ")
    assert state["json"]["text"] == f"All {COUNT} ready"
    assert gone == "The strip is gone"


def test_a_killed_worker_is_started_again_and_goes_on(drive, footage):
    folder, begin = project(drive, "killed", ("clip", footage.movie, footage.person))
    after = random.randrange(1, COUNT - 2)
    run, again = drive(*begin, ["work_and_kill", {"after": after}], ["work", {}])[-2:]
    assert run["faults"] == []
    assert len(run["warnings"]) == 1
    assert "ended unexpectedly (signal 9) in clip, frame " in run["warnings"][0]
    assert "it was started again" in run["warnings"][0]
    # The picture in hand may have been written and not told, so that the next worker only found it.
    assert (run["done"], run["progress"]) == (COUNT, 1.0)
    assert COUNT - 1 <= run["written"] <= COUNT
    assert run["report"]["stages"]["swap"]["run"] <= COUNT - after
    assert (again["done"], again["written"]) == (COUNT, 0)
    assert len(layer_keys(folder)) == COUNT


def test_a_clip_that_ends_the_worker_twice_is_left_and_the_others_go_on(drive, footage, tmp_path):
    other = tmp_path / "other.mp4"
    other.write_bytes(Path(footage.movie).read_bytes())
    folder, begin = project(
        drive, "twice", ("bad", footage.movie, footage.person), ("good", str(other), footage.person)
    )
    # Each time at its first picture, so that none of them is made.
    run, again = drive(*begin, ["work_and_kill_in_hand", {"strip": "bad", "times": 2}], ["work", {}])[-2:]
    assert len(run["warnings"]) == 1
    assert len(run["faults"]) == 1
    assert run["faults"][0].startswith("bad: the worker ended unexpectedly (signal 9) twice, now in frame ")
    assert "this strip is skipped" in run["faults"][0]
    assert run["done"] == run["written"] == COUNT
    assert run["report"]["faces"] == COUNT
    # Prepare again: nothing is held against the clip.
    assert again["faults"] == []
    assert len(layer_keys(folder)) == 2 * COUNT


def test_killed_at_any_instant_at_most_the_image_in_hand_is_lost(drive, footage):
    folder, begin = project(drive, "instants", ("clip", footage.movie, footage.person))
    seconds = [round(random.uniform(0, 0.9), 3) for _ in range(3)]
    answers = drive(*begin, ["work_until_killed", {"seconds": seconds}], ["work", {}])
    rounds, last = answers[-2], answers[-1]
    kept = sum(entry["written"] for entry in rounds)
    # A worker that was killed between writing a picture and telling it loses not even that.
    assert kept <= COUNT - last["written"] <= kept + len(rounds), (seconds, rounds)
    assert last["report"]["stages"]["swap"]["run"] <= last["written"]
    assert last["faults"] == last["warnings"] == []
    assert len(layer_keys(folder)) == COUNT


def test_a_cancelled_worker_is_gone_and_what_it_made_stays(drive, footage):
    folder, begin = project(drive, "cancelled", ("clip", footage.movie, footage.person))
    stopped = drive(*begin, ["work_and_cancel", {"after": 2}])[-1]
    assert stopped["alive"] is False
    assert stopped["faults"] == []
    assert 2 <= stopped["done"] <= len(layer_keys(folder)) < COUNT
    again = drive(["load", {"path": str(folder / "p.blend")}], ["work", {}])[-1]
    assert again["written"] <= COUNT - stopped["done"]
    assert len(layer_keys(folder)) == COUNT


def test_a_worker_does_not_outlive_a_killed_blender(drive, footage):
    folder, begin = project(drive, "orphan", ("clip", footage.movie, footage.person))
    pid_file, job = folder / "pid", folder / "job.json"
    steps = [*begin, ["work_and_die", {"pid_file": str(pid_file)}]]
    job.write_text(json.dumps({"steps": steps, "result": str(folder / "never")}))
    # Its output goes to a file: the worker would keep a pipe open.
    with (folder / "output").open("wb") as output:
        blender = subprocess.run(
            [sys.executable, str(DRIVE), str(job)], stdout=output, stderr=output, timeout=300, check=False
        )
    assert blender.returncode == -signal.SIGKILL
    worker = int(pid_file.read_text())
    until = time.monotonic() + 60
    while _is_running(worker) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _is_running(worker)
    kept = layer_keys(folder)
    assert 0 < len(kept) < COUNT
    again = drive(["load", {"path": str(folder / "p.blend")}], ["work", {}])[-1]
    assert again["written"] == COUNT - len(kept)


def _is_running(pid):
    """Whether a process is there and is not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_queued_strips_are_prepared_one_after_the_other(drive, footage):
    folder, begin = project(
        drive, "queue", ("one", footage.movie, footage.person), ("two", footage.movie, footage.second_person)
    )
    one, two = drive(*begin, ["work_queue", {"strips": ["one", "two"]}])[-1]
    assert (one["label"], one["waiting"], one["written"]) == ("one", 1, COUNT)
    assert (two["label"], two["waiting"], two["written"]) == ("two", 0, COUNT)
    # The clip is the same: its frames were analysed for the first and are not for the second.
    assert two["report"]["stages"]["detect"]["run"] == 0
    assert len(layer_keys(folder)) == 2 * COUNT


def test_a_strip_that_cannot_be_played_is_reported_and_the_others_are_prepared(drive, footage):
    folder, begin = project(
        drive, "faulty", ("bad", footage.movie, footage.nobody), ("good", footage.movie, footage.person)
    )
    run = drive(*begin, ["work", {}])[-1]
    assert len(run["faults"]) == 1
    assert run["faults"][0].startswith("bad: no face was found in nobody.png")
    assert (run["done"], run["written"]) == (2 * COUNT, COUNT)
    assert len(layer_keys(folder)) == COUNT


def test_a_image_is_checked_beside_the_editor(drive, footage):
    _, begin = project(drive, "check", ("clip", footage.movie, footage.nobody))
    answers = drive(
        *begin, ["check_beside", {}], ["recast", {"picture": footage.person}], ["check_beside", {}]
    )
    (fault,) = set(answers[-3]["faults"])
    assert fault.startswith("Face Swap: no face was found in nobody.png")
    # It stands beside the picture, and so not in the line for everything else.
    assert answers[-3]["trouble"] == answers[-1]["trouble"] == ""
    assert answers[-1]["faults"] == []


def test_frames_that_fail_are_reported_by_strip_and_frame(drive, footage, tmp_path):
    movie = tmp_path / "own.mp4"
    movie.write_bytes(Path(footage.movie).read_bytes())
    folder, begin = project(drive, "lost", ("clip", str(movie), footage.person))
    drive(*begin)
    movie.unlink()
    run = drive(["load", {"path": str(folder / "p.blend")}], ["work", {}])[-1]
    assert run["faults"] == []
    assert any("clip, frame 1:" in text and "own.mp4" in text for text in run["warnings"])
    assert (run["done"], layer_keys(folder)) == (COUNT, {})


def test_the_worker_says_when_it_has_no_usable_input():
    """Its input closes at once: it ends by itself, with a status of its own."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "core.worker"], env={**os.environ, "PYTHONPATH": str(root)},
        input="", capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "")
