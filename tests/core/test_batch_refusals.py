# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad rows of a batch are found before the first frame, each with its name and what to do; nothing is made then."""

import os

import numpy as np
import pytest
from understudy.core.cli.main import main

from tests.core import face_clip
from tests.core.batch_folder import write_clip

pytestmark = pytest.mark.slow

GOOD = "[[row]]\nclip = 'clip.mp4'\nface = 'face.png'\noutput = 'good.mp4'\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of good and bad files."""
    folder = tmp_path_factory.mktemp("refusals")
    write_clip(folder / "clip.mp4", range(3))
    (folder / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(5000))
    portrait = face_clip.portrait()
    face_clip.write_picture(folder / "face.png", portrait)
    face_clip.write_picture(folder / "two.png", np.hstack([portrait, portrait[:, ::-1]]))
    face_clip.write_picture(folder / "nobody.png", face_clip.frame(0)[:, :50])
    (folder / "fixed.mp4").write_bytes(b"kept")
    (folder / "fixed.mp4").chmod(0o444)
    (folder / "shots_002.png").write_bytes(b"kept")
    (folder / "shots_002.png").chmod(0o444)
    (folder / "folder.mp4").mkdir()
    return folder


def row(**entries):
    values = {"clip": "clip.mp4", "face": "face.png", "output": "bad.mp4", **entries}
    return "[[row]]\n" + "".join(f"{name.replace('_', '-')} = {value!r}\n" for name, value in values.items())


NUMBER = "give the number with face-number"
FAULTS = {
    "no clip": (row(clip="nowhere.mp4"), "row 2 (nowhere.mp4, face): can't find the clip ", "check the path"),
    "noise": (row(clip="noise.mp4"), "row 2 (noise.mp4, face): ", "noise.mp4 can't be decoded as a movie; check"),
    "no face": (row(face="nobody.png"), "row 2 (clip.mp4, nobody): no face was found in nobody.png", "use an image"),
    "two faces": (row(face="two.png"), "row 2 (clip.mp4, two): two.png shows 2 faces", NUMBER),
    "that face": (row(face="two.png", face_number=3), "two.png has no face number 3", NUMBER),
    "no image": (row(face="clip.mp4"), "row 2 (clip.mp4, clip): ", "clip.mp4 is not an image: use a PNG"),
    "same output": (row(output="./good.mp4"), "is the output of row 1 (clip.mp4, face), too", "give each its own"),
    "same images": (row(output="good_%d.png") + row(output="good_%04d.png"), "row 3 ", "is the output of row 2 "),
    "read-only": (row(output="fixed.mp4"), "fixed.mp4: it is read-only", "choose another name"),
    "read-only image": (row(output="shots_%03d.png"), "shots_002.png: it is read-only", "choose another name"),
    "no folder": (row(output="nowhere/out.mp4"), "there is no folder ", "make it first"),
    "folder": (row(output="folder.mp4"), "folder.mp4: it is a folder", "give a file name in it"),
    "over the clip of another row": (row(output="clip.mp4"), "can't write the movie over ", "choose another name"),
    "kind": (row(output="out.txt"), "can't tell the kind of movie from out.txt", "end it in .mp4"),
    "frames": (row(end=3), "clip.mp4 does not have all of frames 0 to 3", "its frames are 0 to 2"),
    "rate": (row(fps=25), "clip.mp4 has a frame rate of its own", "leave out --fps"),
    "encoding": (row(output="bad.webm", codec="prores"), "row 2 (clip.mp4, face): ", "prores"),
    "pixel format": (row(pixel_format="yuv999"), "row 2 (clip.mp4, face): ", "yuv999"),
    "images have no codec": (row(output="bad_%d.png", codec="h264"), "images have no codec", "leave out --codec"),
    "packets": (row(output="bad.webm", copy_untouched=True), "row 2 (clip.mp4, face): ", ".webm"),
    "model": (row(set=["swap.swapper=inswapper"]), "row 2 (clip.mp4, face): ", "inswapper"),
    "landmarker": (row(set=["landmark.landmarker=fan-68"]), "row 2 (clip.mp4, face): landmarker fan", "set landmark."),
    "parameter": (row(set=["fusion.blnd=1"]), "[[row]] 2: there is no parameter 'fusion.blnd'", "did you mean"),
}  # fmt: skip


def run(place, text, *more):
    (place / "batch.toml").write_text(text.replace("True", "true"))
    return main(["batch", str(place / "batch.toml"), "--no-cache", *map(str, more)])


@pytest.mark.parametrize(("text", "said", "fix"), FAULTS.values(), ids=FAULTS)
def test_a_bad_row_is_named_with_its_fix_and_nothing_is_made(place, capsys, text, said, fix):
    before = sorted(place.iterdir())
    assert run(place, GOOD + text) == 1
    fault, end = capsys.readouterr().err.splitlines()
    assert said in fault
    assert fix in fault
    assert end == "understudy: nothing was rendered: mend what is wrong, 1 fault, and run it again"
    assert sorted({*place.iterdir()} - {place / "batch.toml"}) == sorted({*before} - {place / "batch.toml"})


def test_all_bad_rows_are_named_at_once(place, capsys):
    bad = (
        row(clip="nowhere.mp4", output="1.mp4"),
        row(face="nobody.png", output="2.mp4"),
        row(take="x", set=["a=1"]),
    )
    assert run(place, GOOD + "".join(bad)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert sorted(line.split(":")[1].split("(")[0].strip() for line in lines[:3]) == [
        "batch.toml, [[row]] 4",
        "row 2",
        "row 3",
    ]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("clip.mp4", "can't write the report over "),
        ("good.mp4", "a movie has that place; choose another"),
        ("good.mp4.understudy.json", "a movie has that place; choose another"),
        ("nowhere/r.json", "there is no folder "),
    ],
)
def test_a_report_takes_no_place_of_another_file(place, capsys, report, said):
    assert run(place, GOOD, "--report", place / report) == 1
    assert said in capsys.readouterr().err
    assert not (place / "good.mp4").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_is_not_writable_is_noticed(place, capsys):
    (place / "locked").mkdir(mode=0o555)
    assert run(place, GOOD + row(output="locked/out.mp4")) == 1
    assert "the folder is not writable; choose another one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to render: give FILE.toml, or --clips and --faces"),
        (["--clips", "*.mp4"], "there is nothing to render: give FILE.toml, or --clips and --faces"),
        (
            ["--clips", "clip.mp4", "noise.mp4", "--faces", "face.png"],
            "noise.mp4 is no TOML file: give one that ends in ",
        ),
        (["nowhere.toml"], "can't read nowhere.toml: no such file or directory; check the path"),
        (
            ["--clips", "*.avi", "--faces", "face.png"],
            "the command line: there is no clip *.avi: check the pattern",
        ),
        (["--clips", "clip.mp4", "--faces", "*.toml"], "the command line: there is no face in *.toml"),
        (["--clips", "clip.mp4", "--faces", "face.png"], "there is no output: give one"),
    ],
)
def test_what_the_command_line_lacks_is_said(place, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(place)
    (place / "batch.toml").touch()
    assert main(["batch", *arguments]) == 1
    assert said in capsys.readouterr().err
