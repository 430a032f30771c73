# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error of the command line is one line that names the thing, and an exit code; nothing half is left."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from understudy.core.cli.main import main

from tests.core import face_clip

PROGRAM = [sys.executable, "-m", "understudy.core.cli"]
FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of good and bad files, used as the working folder."""
    folder = tmp_path_factory.mktemp("errors")
    clip = face_clip.write_clip(folder / "clip.mp4", 4)
    portrait = face_clip.portrait()
    face_clip.write_picture(folder / "face.png", portrait)
    face_clip.write_picture(folder / "two.png", np.hstack([portrait, portrait[:, ::-1]]))
    face_clip.write_picture(folder / "nobody.png", face_clip.frame(0)[:, :50])
    (folder / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(50_000))
    (folder / "headless.mp4").write_bytes(clip.read_bytes()[:2000])
    (folder / "empty.mp4").touch()
    write_without_frames(folder / "frameless.mkv")
    (folder / "broken.png").write_bytes((folder / "face.png").read_bytes()[:500])
    (folder / "noise.jpg").write_bytes(b"\xff\xd8\xff" + np.random.default_rng(2).bytes(3000))
    (folder / "a_file").write_text("not a folder")
    (folder / "no_pictures").mkdir()
    (folder / "plate").mkdir()
    for number in (30, 31):
        face_clip.write_picture(folder / "plate" / f"s_00{number}.png", face_clip.frame(0))
    (folder / "taken").mkdir()
    (folder / "taken" / "holiday.txt").write_text("mine")
    return folder


def write_without_frames(path):
    """A container that promises video and holds none."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()


VALID_ARGUMENTS = {"clip": "clip.mp4", "--face": "face.png", "--output": "out.mp4"}
FAULTS = {
    "no face": ({"--face": "nobody.png"}, "no face was found in nobody.png"),
    "two faces": ({"--face": "two.png"}, "from the left, 1 to 2; give the number with --face-number"),
    "face number": (
        {"--face": "two.png", "--face-number": "3"},
        "two.png has no face number 3: it shows 2; give the number with --face-number",
    ),
    "no clip": ({"clip": "nowhere.mp4"}, "can't find the clip nowhere.mp4"),
    "noise": ({"clip": "noise.mp4"}, "noise.mp4 can't be decoded as a movie"),
    "headless": ({"clip": "headless.mp4"}, "headless.mp4 can't be decoded as a movie"),
    "empty": ({"clip": "empty.mp4"}, "empty.mp4 is empty"),
    "frameless": ({"clip": "frameless.mkv"}, "frameless.mkv"),
    "clip is device": ({"clip": "/dev/null"}, "the clip /dev/null is not a file"),
    "empty folder": ({"clip": "no_pictures", "--fps": "25"}, "there is no image in no_pictures"),
    "no matches": ({"clip": "shot_*.png", "--fps": "25"}, "there is no image in shot_*.png"),
    "pictures need fps": ({"clip": "face.png"}, "give one with --fps"),
    "bad fps": ({"clip": "face.png", "--fps": "1/0"}, "--fps can't be '1/0'"),
    "fps of a movie": ({"--fps": "25"}, "clip.mp4 has a frame rate of its own"),
    "no picture": ({"--face": "nowhere.png"}, "can't find the image nowhere.png"),
    "broken picture": ({"--face": "broken.png"}, "broken.png: it can't be read"),
    "noise picture": ({"--face": "noise.jpg"}, "noise.jpg: it can't be read"),
    "clip as face": ({"--face": "clip.mp4"}, "clip.mp4 is not an image"),
    "folder as face": ({"--face": "taken"}, "the image taken is a folder; name the files in it one by one"),
    "cache is file": ({"--cache-dir": "a_file"}, "can't use cache folder a_file"),
    "cache is taken": ({"--cache-dir": "taken"}, "taken holds other files"),
    "output in file": ({"--output": "a_file/out.mp4"}, "can't write the movie a_file/out.mp4"),
    "output nowhere": ({"--output": "nowhere/out.mp4"}, "there is no folder nowhere"),
    "images nowhere": (
        {"--output": "nowhere/o_%03d.png"},
        "can't write the images nowhere/o_%03d.png: there is no",
    ),
    "output is folder": ({"--output": "taken.mp4"}, "taken.mp4: it is a folder"),
    "output kind": ({"--output": "out.txt"}, "can't tell the kind of movie from out.txt"),
    "output is here": ({"--output": "."}, "can't tell the kind of movie from .: end it in .mp4"),
    "output is clip": ({"--output": "clip.mp4"}, "can't write the movie over clip.mp4"),
    "report nowhere": ({"--report": "nowhere/r.json"}, "can't write the report nowhere/r.json"),
    "report is face": ({"--report": "face.png"}, "can't write the report over face.png"),
    "unknown setting": ({"--set": "fusion.blnd=1"}, "there is no parameter 'fusion.blnd'"),
    "bad value": ({"--set": "fusion.blend=2"}, "fusion.blend must be from 0 to 1, not 2"),
    "no number": ({"--set": "fusion.blend=much"}, "fusion.blend takes a number"),
    "no value": ({"--set": "fusion.blend"}, "a setting is written name=value"),
    "frames": ({"--end": "4"}, "clip.mp4 does not have all of frames 0 to 4: its frames are 0 to 3"),
    "plate": (
        {"clip": "plate", "--fps": "25", "--start": "30", "--end": "31"},
        "plate/s_0030.png does not have all of frames 30 to 31: its frames are 0 to 1, and frame 0 is s_0030.png",
    ),
    "backwards": ({"--start": "3", "--end": "1"}, "the first frame, 3, comes after the last, 1"),
    "start beyond": ({"--start": "9"}, "clip.mp4 does not have frame 9: its frames are 0 to 3"),
    "number of an output": ({"clip": "shot_%04d.png"}, "read by a pattern such as shot_*.png"),
    "image read-only": ({"--output": "fixed_%03d.png"}, "fixed_002.png: it is read-only"),
    "too many numbers": ({"--face-number": ["1", "1"]}, "2 face numbers were given for 1 image: one each"),
}


def command(changes):
    """The arguments of a good render with some changed."""
    arguments = []
    for name, values in {**VALID_ARGUMENTS, **changes}.items():
        for value in [values] if isinstance(values, str) else values:
            arguments += [value] if name == "clip" else [name, value]
    return ["render", *arguments]


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_and_exit_code_1(place, monkeypatch, capsys, changes, said):
    monkeypatch.chdir(place)
    (place / "taken.mp4").mkdir(exist_ok=True)
    fixed = place / "fixed_002.png"
    fixed.unlink(missing_ok=True)
    fixed.write_bytes(b"kept")
    fixed.chmod(0o444)
    before = {path.name: path.stat().st_size for path in place.iterdir() if path.is_file()}
    assert main(command(changes)) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert error.startswith("understudy: ")
    assert said in error
    after = {path.name: path.stat().st_size for path in place.iterdir() if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "command"),
        (["rendr"], "'rendr'"),
        (["render", "clip.mp4", "--output", "out.mp4"], "--face"),
        (["render", "clip.mp4", "--face", "face.png"], "--output"),
        (command({"--start": "-1"}), "--start"),
        (command({"--face-number": "left"}), "'left' is not a whole number"),
        (["cache", "stats"], "--cache-dir"),
        (["cache", "purge", *["--clip", "a.mp4"] * 2], "--clip: can be given only once"),
        (command({"--corrections": ["a.json", "b.json"]}), "--corrections: can be given only once"),
        (["farm", "run-task", "a.blend", *["--frames", "1-2"] * 2], "--frames: can be given only once"),
        (
            ["sheet", "clip.mp4", "--faces", "a.png", "b.png", "--output", "s.png"],
            "b.png: put patterns in quotes",
        ),
        (command({"--looks": "1"}), "unrecognized arguments: --looks 1: see understudy --help"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, arguments, said):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("understudy: ")
    assert said in error


def test_explain_says_where_a_render_keeps_its_cache(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    assert main(["explain", "clip.mp4", "0", "--face", "face.png", "--cache-dir", "none"]) == 1
    assert "a render keeps it beside its output, as OUTPUT_FOLDER/understudy_cache" in capsys.readouterr().err


def test_a_dog_is_nobody(place, shared, capsys):
    dog = shared / "footage" / "portraits" / "p50_dog_no_human_face.jpg"
    assert main(command({"clip": str(place / "clip.mp4"), "--face": str(dog),
                         "--output": str(place / "out.mp4")})) == 1  # fmt: skip
    assert "no face was found in p50_dog_no_human_face.jpg" in capsys.readouterr().err


@pytest.mark.slow
def test_a_real_process_says_the_same(place):
    done = subprocess.run(
        [*PROGRAM, *command({"--face": "nobody.png"})], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "understudy: no face was found in nobody.png: use an image that shows one face clearly\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_is_named_by_type_and_place(place, tmp_path, debug):
    (tmp_path / "av.py").write_text("raise RuntimeError('private')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "UNDERSTUDY_DEBUG": "1" if debug else ""}
    done = subprocess.run(
        [*PROGRAM, *command({})], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    line, *traceback = done.stderr.splitlines()
    assert re.match(r"understudy: this is a bug: RuntimeError in core/[\w/]+\.py:\d+; please report", line)
    assert "private" not in line
    assert bool(traceback) == debug


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes the superuser's rights away")
@pytest.mark.parametrize(("argument", "name"), [("clip", "clip.mp4"), ("--face", "face.png")])
def test_a_file_that_may_not_be_read_is_not_called_damaged(place, tmp_path, argument, name):
    secret = Path(shutil.copy(place / name, tmp_path))
    secret.chmod(0)
    rights = "-dac_override,-dac_read_search"
    drop = [] if os.geteuid() else ["setpriv", f"--inh-caps={rights}", f"--bounding-set={rights}"]
    if subprocess.run([*drop, "true"], check=False).returncode:
        pytest.skip("this container may not take rights away")
    done = subprocess.run(
        [*drop, *PROGRAM, *command({argument: str(secret)})],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    kind = "clip" if argument == "clip" else "image"
    assert (
        done.stderr
        == f"understudy: can't read the {kind} {secret}: permission denied; check its permissions\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit sets the size that a file may have")
def test_a_full_disk_is_not_taken_for_the_wrong_kind_of_movie(place, tmp_path):
    output = tmp_path / "out.mp4"
    done = subprocess.run(
        ["prlimit", "--fsize=3000", *PROGRAM, *command({"--output": str(output)}), "--no-cache"],
        cwd=place, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python would cut its own files off, too
    )  # fmt: skip
    assert done.returncode == 1
    assert (
        done.stderr == f"understudy: can't write {output}: file too large; check the folder and free space\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_an_output_folder_that_is_not_writable(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    tmp_path.chmod(0o500)
    assert main(command({"--output": str(tmp_path / "out.mp4"), "--cache-dir": "cache"})) == 1
    assert "the folder is not writable" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["models", "list"], ["doctor"]], ids=" ".join)
def test_a_reader_that_goes_is_no_bug(words, unbuffered):
    """`understudy models list | head` ends without a word, and so does what is short enough to wait until the end."""
    reading_end, writing_end = os.pipe()
    os.close(reading_end)  # before the command begins: on a busy machine it may end before a reader goes
    with os.fdopen(writing_end, "wb") as nobody:
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(
            [*PROGRAM, *words], stdout=nobody, stderr=subprocess.PIPE, env=environment, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("words", [["models", "list"], ["--help"]], ids=" ".join)
def test_a_result_that_can_not_be_printed_is_a_failure_in_one_line(words):
    with FULL.open("wb") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("understudy: can't print the result: no space left on device;")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full"])
def test_what_nobody_hears_is_not_said_elsewhere(closing, tmp_path):
    command = shlex.join(
        [*PROGRAM, "render", "no.mp4", "--face", "no.png", "--output", str(tmp_path / "out.xyz")]
    )
    done = subprocess.run(f"{command} {closing}", shell=True, stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    done = subprocess.run(
        f"{shlex.join(PROGRAM)} doctor {closing}", shell=True, stdout=subprocess.PIPE, check=False
    )
    assert done.returncode == 0
    assert b" is intact" in done.stdout
