# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy batch` on clips with a real face: what it makes, what it computes once, and what it leaves as it is."""

import json
import os
import pty
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from understudy.core.analysis import analyser
from understudy.core.batch.finished_movies import FinishedMovies
from understudy.core.batch.row_check import RowChecker
from understudy.core.batch.rows import read_rows
from understudy.core.batch.run import BatchRun
from understudy.core.batch.tables import Table
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cli.main import main
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.models.embedded import embedded_folder, embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.sessions.request_digest import RequestDigester

from tests.core import face_clip
from tests.core.batch_folder import FRAME_COUNTS, OUTPUT, folder, frames, run_batch, stage_runs, states
from tests.core.rendered_clip import ANALYSIS, PROGRAM

pytestmark = pytest.mark.slow

__all__ = ["folder"]

FACE_COUNT = 5
FRAME_COUNT = sum(FRAME_COUNTS.values())


def all_pairs(folder, place, *more):
    return run_batch(place, "--clips", folder / "shots" / "*", "--faces", folder / "cast" / "*",
                     "--output", place / OUTPUT, *more)  # fmt: skip


@pytest.fixture(scope="module")
def first(folder, tmp_path_factory):
    """A folder with the movies of all clips and faces, and the report of the batch that made them."""
    place = tmp_path_factory.mktemp("first")
    return place, all_pairs(folder, place)


@pytest.mark.parametrize("more", [[], ["--no-cache"]])
def test_each_clip_is_analysed_once_however_many_faces(folder, first, tmp_path, monkeypatch, more):
    # As if the clips were so long that neither their crops have room nor what was found last.
    monkeypatch.setenv("UNDERSTUDY_MEMORY", "200K")
    monkeypatch.setattr(analyser, "_MAX_CACHED_ANALYSES", 1)
    report = all_pairs(folder, tmp_path, *more) if more else first[1]
    for stage in ANALYSIS:
        assert stage_runs(report, stage) == FRAME_COUNT, stage
    for stage in ("swap", "fuse"):
        assert stage_runs(report, stage) == FACE_COUNT * FRAME_COUNT, stage
    assert report["models_loaded"] == 2


def test_the_report_has_a_row_for_each_movie(folder, first):
    place, report = first
    rows = report["rows"]
    faces = ("blue", "both", "green", "pink", "red")
    assert [(row["clip"], row["take"]) for row in rows] == [
        (str(folder / "shots" / f"{clip}.mp4"), face) for clip in FRAME_COUNTS for face in faces
    ]
    for row, (clip, face) in zip(rows, [(c, f) for c in FRAME_COUNTS for f in faces], strict=True):
        assert row["output"] == str(place / f"{clip}_{face}.mkv")
        assert row["state"] == "done"
        assert row["frames_written"] == row["frames_changed"] == FRAME_COUNTS[clip]
        assert row["seconds"] > 0
        assert row["stages"]["fuse"]["run"] == FRAME_COUNTS[clip]


def test_each_movie_is_that_of_a_single_render(folder, first, tmp_path):
    place, report = first
    for row in report["rows"][FACE_COUNT - 1 :]:  # one of the first clip, all of the second
        faces = [folder / "cast" / f"{row['take']}.png"]
        if row["take"] == "both":
            faces = sorted((folder / "cast" / "both").iterdir())
        command = ["render", row["clip"], *(text for face in faces for text in ("--face", str(face)))]
        output = tmp_path / "single.mkv"
        assert main([*command, "--output", str(output), "--codec", "ffv1", "--no-cache", "--quiet"]) == 0
        both = zip(frames(place / f"{row['output']}"), frames(output), strict=True)
        assert all(np.array_equal(one, other) for one, other in both), row["output"]
        assert said_of(output).items() <= said_of(row["output"]).items()


def said_of(movie):
    said = json.loads(Path(f"{movie}.understudy.json").read_text())
    return {name: value for name, value in said.items() if name not in ("created", "content")}


@pytest.fixture
def movies(folder, tmp_path):
    """A folder with the movies of one clip and two faces, and what makes them again."""
    faces = ["--faces", folder / "cast" / "red.png", "--faces", folder / "cast" / "blue.png"]
    arguments = ["--clips", folder / "shots" / "two.mp4", *faces, "--output", tmp_path / OUTPUT,
                 "--cache-dir", folder / "cache"]  # fmt: skip

    def run(*more, code=0):
        return run_batch(tmp_path, *arguments, *more, code=code)

    assert states(run()) == ["done", "done"]
    return tmp_path, run


def test_what_is_finished_and_unchanged_is_left_as_it_is(movies, folder):
    place, run = movies
    red, blue = place / "two_red.mkv", place / "two_blue.mkv"
    before = [path.stat().st_mtime_ns for path in (red, blue)]
    again = run()
    assert states(again) == ["current", "current"]
    assert [path.stat().st_mtime_ns for path in (red, blue)] == before
    assert again["frames_decoded"] == again["models_loaded"] == 0

    whole = red.read_bytes()
    red.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # neither its size nor its name says so
    os.utime(red, ns=(before[0], before[0]))
    blue.unlink()
    assert states(run()) == ["done", "done"]
    (place / "two_red.mkv.understudy.json").write_text("[[[")
    assert states(run()) == ["done", "current"]


@pytest.mark.parametrize(
    "change",
    [["--set", "fusion.blend=0.5"], ["--end", "2"], ["--consent", "signed"], ["--pixel-format", "yuv444p"]],
)
def test_a_movie_that_is_to_be_another_is_made_again(movies, change):
    _, run = movies
    assert states(run(*change)) == ["done", "done"]
    assert states(run(*change)) == ["current", "current"]
    assert states(run()) == ["done", "done"]


def test_another_image_under_the_same_name_is_another_person(movies, folder, tmp_path):
    place, _ = movies
    face, clip = tmp_path / "face.png", folder / "shots" / "two.mp4"
    arguments = [
        "--clips",
        clip,
        "--faces",
        face,
        "--output",
        place / OUTPUT,
        "--cache-dir",
        folder / "cache",
    ]
    row_states = []
    for colour in ("red", "red", "blue"):
        face.write_bytes((folder / "cast" / f"{colour}.png").read_bytes())
        row_states += states(run_batch(place, *arguments))
    assert row_states == [
        "done",
        "done",
        "done",
    ]  # the second was written anew: nothing says that it is the same
    assert states(run_batch(place, *arguments)) == ["current"]


def test_a_row_with_failed_frames_is_tried_again_and_the_others_are_made(folder, tmp_path, capsys):
    for number in range(3):
        face_clip.write_picture(tmp_path / f"shot_{number}.png", face_clip.frame(number))
    (tmp_path / "shot_1.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (tmp_path / "batch.toml").write_text(f"""
        face = "{folder}/cast/red.png"
        output = "{{clip_stem}}.mkv"
        [[row]]
        clip = "shot_*.png"
        fps = 25
        output = "shots.mkv"
        [[row]]
        clip = "{folder}/shots/two.mp4"
    """)
    arguments = [tmp_path / "batch.toml", "--cache-dir", folder / "cache"]
    report = run_batch(tmp_path, *arguments, code=3)
    assert states(report) == ["incomplete", "done"]
    assert report["rows"][0]["frames_failed"] == 1
    said = capsys.readouterr()
    assert "warning: row 1 (shot_*.png, red): frame 1 shows the original: " in said.err
    assert said.out.splitlines()[-1] == "2 rows: 1 incomplete, 1 done"
    assert states(run_batch(tmp_path, *arguments, code=3)) == ["incomplete", "current"]
    face_clip.write_picture(tmp_path / "shot_1.png", face_clip.frame(1))
    assert states(run_batch(tmp_path, *arguments)) == ["done", "current"]


def test_images_of_a_row_are_finished_as_a_movie_is(folder, tmp_path):
    arguments = ["batch", "--clips", folder / "shots" / "two.mp4", "--faces", folder / "cast" / "red.png", "--output",
                 tmp_path / "{clip_stem}_{face_stem}_%03d.png", "--cache-dir", folder / "cache",
                 "--report", tmp_path / "report.json"]  # fmt: skip
    row_states = []
    for change in (lambda: None, lambda: None, (tmp_path / "two_red_002.png").unlink):
        change()
        assert main([*map(str, arguments)]) == 0
        row_states += states(json.loads((tmp_path / "report.json").read_text()))
    assert row_states == ["done", "current", "done"]
    assert len(list(tmp_path.glob("two_red_*.png"))) == FRAME_COUNTS["two"]


class Observer:
    """Hears nothing and stops nothing."""

    def check_stop(self):
        pass

    on_warning = on_look = on_frame = lambda self, *_: None


def test_a_row_that_fails_does_not_keep_the_others_from_being_made(folder, tmp_path):
    clips = [tmp_path / f"{name}.mp4" for name in ("gone", "here")]
    for clip in clips:
        clip.write_bytes((folder / "shots" / "two.mp4").read_bytes())
    said = {"clips": list(map(str, clips)), "faces": [str(folder / "cast" / "red.png")], "output": OUTPUT}
    rows = read_rows(Table(said, "the command line", tmp_path), None).rows
    stamps = SourceStamps()
    with ExitStack() as stack:
        pipeline = stack.enter_context(
            closing(Pipeline(MemoryStore(1 << 28), embedded_models(), stamps=stamps))
        )
        finished = FinishedMovies(RequestDigester([embedded_folder()], stamps=stamps))
        checker = RowChecker(rows, lambda: None)
        run = BatchRun(pipeline, finished, checker.check_rows(pipeline, finished), tmp_path / "report.json")
        assert checker.faults == []
        clips[0].unlink()
        run.run(lambda _: Observer())
    report = json.loads((tmp_path / "report.json").read_text())
    assert states(report) == ["failed", "done"]
    assert "can't find the clip" in report["rows"][0]["fault"]
    assert not (tmp_path / "gone_red.mkv").exists()
    assert len(frames(tmp_path / "here_red.mkv")) == FRAME_COUNTS["two"]


def test_progress_over_all_rows_is_shown_on_a_terminal_only(folder, tmp_path):
    command = ["batch", "--clips", folder / "shots" / "two.mp4", "--faces", folder / "cast" / "[br]*.png",
               "--output", tmp_path / OUTPUT, "--cache-dir", folder / "cache"]  # fmt: skip
    reader, writer = pty.openpty()
    done = subprocess.run(
        [*PROGRAM, *map(str, command)], stderr=writer, stdout=subprocess.PIPE, text=True, check=True
    )
    os.close(writer)
    shown = os.read(reader, 1 << 16).decode()
    os.close(reader)
    count = 2 * FRAME_COUNTS["two"]
    assert "checking row 2/2, " in shown
    assert f"row 2/2, frame {count}/{count}, " in shown
    assert shown.endswith("\x1b[K")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["row", "clip", "face", "state", "frames", "seconds", "output"]
    assert [line.split()[:5] for line in lines[1:-1]] == [
        ["1", "two.mp4", "blue", "done", "4/4"],
        ["2", "two.mp4", "red", "done", "4/4"],
    ]
    assert lines[-1] == "2 rows: 2 done"
