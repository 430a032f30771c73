# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy sheet`: what it shows is what a render makes, and it computes nothing that is known."""

import json
import shutil
import signal
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image
from understudy.core.cli.main import main
from understudy.core.consent.consent_file import write_records
from understudy.core.consent.record import ConsentRecord
from understudy.core.consent.request_consent import image_hashes

from tests.core.rendered_clip import ANALYSIS, FRAMES, PROGRAM, face_clip, folder

pytestmark = pytest.mark.slow

__all__ = ["folder"]

COLORS = ((20, 200, 20), (200, 200, 20), (20, 200, 200), (200, 20, 200), (90, 60, 30), (240, 240, 240))


@pytest.fixture(scope="module")
def cast(folder):
    """Six people, and the clip rendered with another: it is analysed."""
    (folder / "cast").mkdir()
    for number, color in enumerate(COLORS):
        face_clip.write_picture(folder / "cast" / f"p{number}.png", face_clip.make_up_portrait(color))
    face_clip.write_picture(folder / "nobody.png", face_clip.frame(0)[:, :50])
    render = [
        "render",
        folder / "clip.mp4",
        "--face",
        folder / "red.png",
        "--output",
        folder / "red_%03d.png",
    ]
    assert main([*map(str, render), "--quiet"]) == 0
    return folder


def make_sheet(folder, *arguments, output="sheet.png", code=0):
    """Make a sheet of the clip of `folder` and return the report."""
    report = folder / f"{output}.json"
    command = ["sheet", folder / "clip.mp4", "--output", folder / output, "--json", report, *arguments]
    assert main([*map(str, command), "--quiet"]) == code
    return json.loads(report.read_text())


def runs(record):
    return {stage: counts["run"] for stage, counts in record["report"]["stages"].items() if counts["run"]}


def test_six_takes_in_eight_frames_are_swapped_48_times_and_nothing_is_analysed(cast, capsys):
    record = make_sheet(cast, "--faces", cast / "cast" / "p*")
    assert runs(record) == {"shape": 48, "swap": 48, "fuse": 48}
    assert record["report"]["frames_decoded"] == len(record["frames"]) == 8
    assert [cell["state"] for cell in record["cells"]] == ["unchanged"] * 8 + ["changed"] * 48
    assert [take["name"] for take in record["takes"]] == [f"p{number}" for number in range(6)]
    swaps = [cell["stages"].get("swap", 0) for cell in record["cells"]]
    assert swaps == [0] * 8 + [1] * 48
    assert "analyzing" not in capsys.readouterr().err
    with Image.open(cast / "sheet.png") as image:
        assert image.text["Comment"] == "Composite: a face was replaced with Understudy"


def test_cells_are_the_frames_of_a_render_pixel_for_pixel_also_where_nothing_was_known(cast, tmp_path):
    frames = (9, 2)
    record = make_sheet(
        cast, "--take", cast / "red.png", "--frames", ",".join(map(str, frames)), "--view", "frame",
        "--size", face_clip.WIDTH, "--cache-dir", tmp_path / "new",
    )  # fmt: skip
    assert [column["frame"] for column in record["frames"]] == sorted(frames)
    sheet = cv2.imread(str(cast / "sheet.png"))
    for number in frames:
        rendered = cv2.imread(str(cast / f"red_{number:03d}.png"))
        _, _, (left, top), _ = cv2.minMaxLoc(cv2.matchTemplate(sheet, rendered, cv2.TM_SQDIFF))
        crop = sheet[top : top + face_clip.HEIGHT, left : left + face_clip.WIDTH]
        assert np.array_equal(crop, rendered)


def test_a_clip_that_is_not_analysed_is_and_that_is_said(cast, tmp_path, capsys):
    record = make_sheet(cast, "--take", cast / "red.png", "--columns", 2, "--cache-dir", tmp_path / "new")
    assert {stage: record["scan"]["stages"][stage] for stage in ANALYSIS} == dict.fromkeys(ANALYSIS, FRAMES)
    assert len(record["frames"]) == 2
    command = ["sheet", cast / "clip.mp4", "--take", cast / "red.png", "--cache-dir", tmp_path / "other",
               "--output", tmp_path / "sheet.html"]  # fmt: skip
    assert main([*map(str, command)]) == 0
    assert f"analyzing {FRAMES} frames to choose from" in capsys.readouterr().err


def test_a_wedge_of_fusion_values_only_fuses(cast):
    record = make_sheet(
        cast, "--take", cast / "red.png", "--wedge", "fusion.colour_match=0.4,0.6,0.8", "--columns", 2
    )
    assert runs(record) == {"fuse": 6}
    assert record["report"]["models_loaded"] == record["report"]["frames_decoded"] == 0
    assert [cell["stages"] for cell in record["cells"]] == [{}] * 2 + [{"fuse": 1}] * 6
    assert [take["values"] for take in record["takes"]] == [
        {"fusion.colour_match": value} for value in ("0.4", "0.6", "0.8")
    ]


def test_two_wedges_make_a_grid_of_each_frame(cast):
    record = make_sheet(
        cast, "--take", cast / "red.png", "--wedge", "fusion.colour_match=0,1", "--wedge", "swap.shape=0,1",
        "--frames", 5, output="grid.html",
    )  # fmt: skip
    values = [tuple(take["values"].values()) for take in record["takes"]]
    assert values == [("0", "0"), ("1", "0"), ("0", "1"), ("1", "1")]
    # With shape 1 the clip was rendered; without it one value swaps and the other one takes that.
    costs = [cell["stages"] for cell in record["cells"] if cell["take"] is not None]
    assert costs == [{"swap": 1, "fuse": 1}, *[{"fuse": 1}] * 3]
    page = (cast / "grid.html").read_text()
    assert page.count('<th scope="col">0<small>Light and color</small></th>') == 1
    assert page.count("<small>Shape</small>") == 2
    assert " s · swap, fuse<" in page


def test_a_take_that_fails_says_why_and_the_others_are_there(cast, capsys):
    record = make_sheet(
        cast,
        "--take",
        cast / "nobody.png",
        "--take",
        cast / "red.png",
        "--frames",
        "3",
        "--frames",
        "1",
        output="fails.html",
        code=3,
    )
    states = [(cell["take"], cell["state"]) for cell in record["cells"]]
    assert states == [
        (None, "unchanged"), (None, "unchanged"), (0, "failed"), (0, "failed"), (1, "changed"), (1, "changed"),
    ]  # fmt: skip
    reason = "no face was found in nobody.png"
    assert reason in record["cells"][2]["fault"]
    assert (cast / "fails.html").read_text().count(f"failed: {reason}") == 2
    assert reason in capsys.readouterr().err
    make_sheet(cast, "--take", cast / "nobody.png", "--take", cast / "red.png", "--frames", "1", code=3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a --take FACE"),
        (["--take", "nobody.png"], "no face was found"),
        (["--take", "gone.png"], "can't find the image"),
        (["--faces", "cast/p*", "--wedge", "swap.shape=0,1"], "give one --take"),
        (["--take", "red.png", "--wedge", "swap.shap=0,1"], "did you mean swap.shape?"),
        (["--take", "red.png", "--wedge", "swap.shape=0,9"], "swap.shape must be from"),
        (["--take", "red.png", "--wedge", "swap.shape"], "a wedge is written"),
        (["--take", "red.png", *["--wedge", "swap.shape=0,1"] * 2], "two wedges"),
        (["--take", "red.png", "--frames", "3,99"], "frame 99"),
        (["--take", "red.png", "--frames", "3", "--columns", "2"], "leave out --start, --end and --columns"),
        (["--take", "red.png", "--output", "bad.jpg"], "end it in .html or .png"),
        (["--take", "red.png", "--output", "red.png"], "which is read"),
        (["--faces", "cast/p*", "--size", "1024", "--columns", "99999"], None),
    ],
)
def test_what_can_not_be_made_is_refused_in_one_line(cast, monkeypatch, tmp_path, capsys, arguments, words):
    monkeypatch.chdir(cast)
    usual = [] if "--output" in arguments else ["--output", str(tmp_path / "bad.html")]
    code = main(["sheet", "clip.mp4", *arguments, *usual, "--no-cache", "--quiet"])
    said = capsys.readouterr().err
    if words is None:  # no more frames than there are
        assert code == 0
        return
    assert (code, said.count("\n")) == (1, 1)
    assert words in said
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_sheet_leaves_no_file_and_what_was_analysed(folder, tmp_path):
    clip = face_clip.write_clip(tmp_path / "long.mp4", 40, sound=False)
    shutil.copy(folder / "red.png", tmp_path)
    command = [
        "sheet",
        str(clip),
        "--take",
        str(tmp_path / "red.png"),
        "--output",
        str(tmp_path / "sheet.html"),
    ]
    process = subprocess.Popen([*PROGRAM, *command], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "analyzing 40 frames" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said.startswith("understudy: stopped")
    assert {path.name for path in tmp_path.iterdir()} == {"long.mp4", "red.png", "understudy_cache"}


def test_a_frame_that_can_not_be_read_fails_alone(cast, tmp_path, capsys):
    for number in range(3):
        face_clip.write_picture(tmp_path / f"shot_{number}.png", face_clip.frame(number))
    damaged = tmp_path / "shot_1.png"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    report = tmp_path / "sheet.json"
    command = ["sheet", tmp_path / "shot_*.png", "--take", cast / "red.png", "--output", tmp_path / "sheet.png",
               "--json", report, "--quiet"]  # fmt: skip
    assert main([*map(str, command)]) == 3
    cells = json.loads(report.read_text())["cells"]
    assert [(cell["frame"], cell["state"]) for cell in cells] == [
        (0, "unchanged"), (1, "failed"), (2, "unchanged"), (0, "changed"), (1, "failed"), (2, "changed"),
    ]  # fmt: skip
    assert "frame 1 shows a cell that failed" in capsys.readouterr().err


def test_a_sheet_that_requires_consent_shows_nobody_without_it(folder, tmp_path, capfd):
    records, output, report = (tmp_path / name for name in ("records.json", "sheet.html", "sheet.json"))
    write_records(records, [ConsentRecord("Ann", images=tuple(image_hashes([folder / "red.png"])))])
    command = [
        "sheet",
        folder / "clip.mp4",
        "--frames",
        "1",
        "--output",
        output,
        "--take",
        folder / "blue.png",
    ]
    words = [*map(str, command), "--require-consent", "--consent-file", str(records), "--quiet"]
    assert main(words) == 1
    assert not output.exists()
    assert "no consent of its source person is recorded" in capfd.readouterr().err
    assert main([*words, "--take", str(folder / "red.png"), "--json", str(report)]) == 3
    cells = json.loads(report.read_text())["cells"]
    assert [cell["state"] for cell in cells] == ["unchanged", "failed", "changed"]
    assert "no consent of its source person is recorded" in cells[1]["fault"]
