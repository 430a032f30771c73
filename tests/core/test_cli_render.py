# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render` on a clip with a real face: what it makes, and what it need not compute again."""

import json
import os
import pty
import subprocess
from contextlib import closing

import av
import numpy as np
import pytest
from understudy.core.cache.tiers import open_local
from understudy.core.cli.main import main
from understudy.core.cli.progress import progress_line
from understudy.core.export.frames import render_frames
from understudy.core.media.open import file_fingerprint, open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.spans import frame_spans

from tests.core.rendered_clip import ANALYSIS, FRAMES, PROGRAM, face_clip, folder, pictures

pytestmark = pytest.mark.slow


__all__ = ["folder"]


@pytest.fixture(scope="module")
def first(folder):
    """The report of the first render of the clip, which filled the cache."""
    return run(folder, "red.png", "first.mp4", "--consent", "It is me.")


def run(folder, face, output, *more, code=0):
    """Render the clip of `folder` and return the report."""
    report = folder / f"{output}.json"
    arguments = [folder / "clip.mp4", "--face", folder / face, "--output", folder / output]
    assert main(["render", *map(str, arguments), "--report", str(report), *more]) == code
    return json.loads(report.read_text())


def runs(report):
    return {stage: counts["run"] for stage, counts in report["stages"].items()}


def sound(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.dts is not None
        ]


def difference(one, other, number, inside):
    """Mean difference of two frames inside the face, or in the background away from the portrait."""
    apart = np.abs(one.astype(int) - other.astype(int))
    left, top, right, bottom = face_clip.face_box(number)
    return apart[top:bottom, left:right].mean() if inside else apart[:, :50].mean()


def test_the_movie_has_the_clips_frames_and_sound_and_another_face(folder, first):
    before, originals = pictures(folder / "clip.mp4")
    after, rendered = pictures(folder / "first.mp4")
    assert (after.width, after.height, after.frame_count, after.fps) == (
        before.width, before.height, FRAMES, before.fps,
    )  # fmt: skip
    assert sound(folder / "first.mp4") == sound(folder / "clip.mp4")
    for number in range(FRAMES):
        face = difference(rendered[number], originals[number], number, inside=True)
        rest = difference(rendered[number], originals[number], number, inside=False)
        assert face > 4, number
        assert rest < 1, number
    assert first["frames_written"] == first["frames_changed"] == FRAMES
    assert first["frames_failed"] == 0
    assert first["warnings"] == []


def test_the_new_face_has_the_sources_colour(folder, first):
    run(folder, "blue.png", "blue.mp4")
    _, reds = pictures(folder / "first.mp4")
    _, blues = pictures(folder / "blue.mp4")
    left, top, right, bottom = face_clip.face_box(5)
    red, blue = (
        frames[5][top:bottom, left:right].reshape(-1, 3).mean(0).astype(float) for frames in (reds, blues)
    )
    assert red[0] - red[2] > blue[0] - blue[2] + 10


def test_each_stage_runs_once_for_each_frame(first):
    assert runs(first) == dict.fromkeys((*ANALYSIS, "shape", "swap", "fuse"), FRAMES)
    # So short a clip is decoded once to learn the target's form, from up to 16 frames of it, and once to be recast.
    assert first["frames_decoded"] == 2 * FRAMES
    assert first["models_loaded"] == 2


def test_the_second_render_only_fuses_and_gives_the_same_movie(folder, first):
    # Compared as decoded, within the codec's error: x264 does not give the same bytes twice.
    again = run(folder, "red.png", "again.mp4")
    assert runs(again) == {**dict.fromkeys((*ANALYSIS, "shape", "swap"), 0), "fuse": FRAMES}
    assert again["models_loaded"] == again["frames_decoded"] == 0
    assert again["store"]["folder"]["misses"] == 0
    assert again["store"]["folder"]["hits"] > 0
    for one, other in zip(pictures(folder / "again.mp4")[1], pictures(folder / "first.mp4")[1], strict=True):
        assert np.abs(one.astype(int) - other).mean() < 1


@pytest.mark.slow
def test_frames_from_the_cache_are_bit_for_bit_those_computed(folder, tmp_path):
    casting = SwapRequest(Identity((FaceImage(folder / "red.png"),)))
    renders = []
    for _ in range(2):
        store, _ = open_local(tmp_path / "cache", 1 << 24, schemas=STAGE_SCHEMAS)
        with open_clip(folder / "clip.mp4") as clip, closing(store):
            pipeline = Pipeline(store, embedded_models())
            renders.append([frame.pixels for frame in render_frames(pipeline, clip, [casting], range(4))])
            loaded = pipeline.report().models_loaded
    assert loaded == 0
    for cold, warm in zip(*renders, strict=True):
        assert np.array_equal(cold, warm)


def test_a_blend_only_fuses(folder, first):
    half = run(folder, "red.png", "half.mp4", "--set", "fusion.blend=0.5")
    assert runs(half) == {**dict.fromkeys((*ANALYSIS, "shape", "swap"), 0), "fuse": FRAMES}
    assert half["models_loaded"] == 0
    _, originals = pictures(folder / "clip.mp4")
    _, whole = pictures(folder / "first.mp4")
    _, blended = pictures(folder / "half.mp4")
    full = difference(whole[6], originals[6], 6, inside=True)
    assert 0.35 * full < difference(blended[6], originals[6], 6, inside=True) < 0.7 * full


def test_another_person_is_swapped_and_fused_but_the_clip_is_not_analysed_again(folder, first):
    face_clip.write_picture(folder / "green.png", face_clip.make_up_portrait((20, 200, 20)))
    other = run(folder, "green.png", "green.mp4")
    assert runs(other) == {**dict.fromkeys(ANALYSIS, 0), "shape": FRAMES, "swap": FRAMES, "fuse": FRAMES}
    assert other["pictures"]["run"] == 3


def test_the_movie_and_its_sidecar_say_that_it_is_a_composite(folder, first):
    with av.open(str(folder / "first.mp4")) as container:
        assert container.metadata["comment"] == "Composite: a face was replaced with Understudy"
    said = json.loads((folder / "first.mp4.understudy.json").read_text())
    assert said["composite"] is True
    assert said["clip"] == "clip.mp4"
    assert said["pictures"] == [file_fingerprint(folder / "red.png")]
    assert said["consent"] == "It is me."
    assert said["frames_changed"] == FRAMES
    # A recipe that does not say it has 0, and off.
    assert said["recipe"] == {"swap.shape": 1.0, "select.steady": True}
    assert "red" not in (folder / "first.mp4.understudy.json").read_text()


def test_a_part_of_the_clip(folder, first):
    part = run(folder, "red.png", "part.mp4", "--start", "3", "--end", "5")
    _, originals = pictures(folder / "first.mp4")
    info, shown = pictures(folder / "part.mp4")
    assert info.frame_count == part["frames_written"] == 3
    assert np.abs(shown[0].astype(int) - originals[3]).mean() < 2.5
    assert np.abs(shown[0].astype(int) - originals[0]).mean() > 5
    assert part["warnings"] == []
    # The sound begins with the packet that is heard as frame 3 is shown, after one that its decoder begins with.
    theirs, ours = sound(folder / "clip.mp4"), sound(folder / "part.mp4")
    at = [data for _, data in theirs].index(ours[0][1])
    assert [data for _, data in ours] == [data for _, data in theirs[at : at + len(ours)]]
    start = 3 / info.fps
    assert ours[0][0] == pytest.approx(float(theirs[at][0] - start), abs=0.001)
    assert ours[0][0] <= 0 < ours[2][0]


def test_no_bit_outside_of_the_face_changes(folder, first):
    report = run(folder, "red.png", "exact.mkv", "--codec", "ffv1", "--end", "3")
    assert report["frames_changed"] == 4
    with av.open(str(folder / "clip.mp4")) as clip, av.open(str(folder / "exact.mkv")) as movie:
        for _, theirs, ours in zip(range(4), clip.decode(video=0), movie.decode(video=0), strict=False):
            assert ours.format.name == theirs.format.name == "yuv420p"
            luma = [frame.to_ndarray()[: frame.height] for frame in (theirs, ours)]
            assert np.array_equal(luma[0][:, :50], luma[1][:, :50])
            assert np.abs(luma[0].astype(int) - luma[1]).max() > 10


def test_a_clip_without_a_face_stays_as_it_is(folder, first, tmp_path, capsys):
    for number in range(3):
        face_clip.write_picture(tmp_path / f"{number}.png", face_clip.frame(0)[:, :50].repeat(4, 1))
    arguments = ["render", str(tmp_path), "--fps", "24", "--face", str(folder / "red.png")]
    assert main([*arguments, "--output", str(tmp_path / "out.mp4")]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "no frame was changed" in said
    assert "faces lower than 48 pixels are not replaced: lower that with --set select.min_height" in said
    assert json.loads((tmp_path / "out.mp4.understudy.json").read_text())["composite"] is False


def test_a_frame_that_fails_shows_the_one_before_and_the_rest_is_rendered(folder, first, tmp_path, capsys):
    for number in range(9, 14):
        face_clip.write_picture(tmp_path / f"shot_{number}.png", face_clip.frame(number))
    (tmp_path / "shot_11.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    command = ["render", str(tmp_path / "shot_*.png"), "--fps", "25", "--face", str(folder / "red.png"),
               "--output", str(tmp_path / "out.mp4"), "--report", str(tmp_path / "out.json"),
               "--set", "landmark.steady=0"]  # fmt: skip
    assert main(command) == 3
    warning = capsys.readouterr().err
    assert "frame 2 shows the original" in warning
    assert "shot_11.png" in warning
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["frames_failed"] == 1
    assert report["frames_written"] == 5
    assert report["frames_changed"] == 4
    _, shown = pictures(tmp_path / "out.mp4")
    # Frames 0 and 1 are shots 9 and 10: a sequence is in the order of its numbers, not of its letters.
    for position, number in enumerate((9, 10, 10, 12, 13)):
        away = np.abs(shown[position].astype(int) - face_clip.frame(number))[200:].mean()
        assert away < 4, position


@pytest.mark.slow
def test_a_cut_off_movie_is_noticed(folder, first, tmp_path, capsys):
    whole = face_clip.write_clip(tmp_path / "whole.mkv", 40, sound=False).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 6 // 10])
    command = ["render", str(tmp_path / "cut.mkv"), "--face", str(folder / "red.png"),
               "--output", str(tmp_path / "out.mp4"), "--cache-dir", str(folder / "understudy_cache"),
               "--set", "landmark.steady=0", "--report", str(tmp_path / "report.json")]  # fmt: skip
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "is the clip's file complete?" in said
    assert said.count("cut.mkv was cut off: ") == 1
    warnings = json.loads((tmp_path / "report.json").read_text())["warnings"]
    assert sum("cut.mkv was cut off: " in text for text in warnings) == 1


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_only(folder, first):
    command = [*PROGRAM, "render", folder / "clip.mp4", "--face", folder / "red.png"]
    command = [str(part) for part in [*command, "--output", folder / "shown.mp4"]]
    shown = {}
    for name, more in (("terminal", []), ("quiet", ["--quiet"])):
        reader, writer = pty.openpty()
        done = subprocess.run([*command, *more], stderr=writer, stdout=subprocess.PIPE, text=True, check=True)
        os.close(writer)
        shown[name] = read_all(reader), done.stdout
    assert f"frame {FRAMES}/{FRAMES}, " in shown["terminal"][0]
    assert shown["terminal"][0].endswith("\x1b[K")
    assert shown["terminal"][1].startswith(f"{FRAMES} frames, {FRAMES} of them changed")
    assert shown["quiet"] == ("", "")
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stderr == ""


def read_all(descriptor):
    data = b""
    while True:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:  # on Linux, the end of a pseudo-terminal
            piece = b""
        if not piece:
            os.close(descriptor)
            return data.decode()
        data += piece


def test_the_progress_line_says_rate_and_time_left():
    assert progress_line(50, 250, 20.0) == "frame 50/250, 2.5 frames/s, 1:20 left"
    assert progress_line(1, 9001, 1.0) == "frame 1/9001, 1.0 frames/s, 2:30:00 left"
    assert progress_line(250, 250, 100.0) == "frame 250/250, 2.5 frames/s"


def test_frame_numbers_are_written_shortly():
    assert frame_spans([0, 1, 2, 5, 7, 8]) == "frames 0-2, 5, 7-8 show"
    assert frame_spans([3]) == "frame 3 shows"


@pytest.mark.slow
def test_the_cache_can_be_looked_at_and_emptied(folder, first, tmp_path, capsys):
    arguments = ["--cache-dir", str(tmp_path / "cache")]
    run(folder, "red.png", "own_cache.mp4", *arguments)
    capsys.readouterr()
    assert main(["cache", "stats", *arguments]) == 0
    rows = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines())
    assert rows["swap"] == str(FRAMES)
    assert rows["landmark"] == str(FRAMES + 1)
    assert main(["cache", "purge", "--all", *arguments]) == 0
    assert not list((tmp_path / "cache").glob("*.pack"))
    capsys.readouterr()
    assert main(["cache", "stats", *arguments]) == 0
    assert capsys.readouterr().out.split() == ["all", "0", "0.0", "MB"]
