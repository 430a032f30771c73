# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender itself renders says what was done to it: images, stills and movies, with the pixels they had."""

import json
import os
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from damaged_project import STRICT_EXIT
from understudy.core.media.exr import decode_exr
from understudy.core.media.file_status import file_fingerprint
from understudy.core.provenance.certificates import local_identity
from understudy.core.provenance.facts import EMBEDDED, CompositeFacts
from understudy.core.provenance.manifest import has_manifest_library
from understudy.core.provenance.mark_file import scan_marks
from understudy.core.provenance.verify import INTACT, UNMARKED, verify_file

from tests.core.marked_files import sign_copy

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

if has_manifest_library():
    from c2pa import Reader

NAME = "Jane-Q-Planted"
CAMERA = CompositeFacts("Camera 7", EMBEDDED, clips=("sha256:" + "d" * 64,))
IMAGES = {
    "PNG": ("8", "png"),
    "JPEG": ("8", "jpg"),
    "TIFF": ("8", "tif"),
    "WEBP": ("8", "webp"),
    "OPEN_EXR": ("16", "exr"),
}


def begin(driver, footage, name, last=2):
    folder = driver.folder / name
    folder.mkdir()
    person = folder / f"{NAME}.png"
    shutil.copy(footage.person, person)
    return folder, [
        ["project", {"size": [320, 240], "frames": [1, last], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": str(person)}],
    ]


def pixels(path):
    if path.suffix == ".exr":
        return decode_exr(path, path.read_bytes())
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def packets(path):
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux()]


def test_all_that_blender_writes_is_marked_and_shows_the_same(every_blender, footage):
    folder, steps = begin(every_blender, footage, "formats")
    for switch in ("off", ""):
        out = folder / (switch or "on")
        out.mkdir()
        report = str(out / "report.json")
        steps.append(["environment", {"UNDERSTUDY_MARKS": switch}])
        for kind, (depth, _) in IMAGES.items():
            steps += [["image_output", {"file_format": kind, "color_depth": depth}]]
            steps += [["render", {"out": str(out / f"{kind}_"), "report": report}]]
        steps += [["image_output", {"file_format": "PNG", "color_depth": "16"}]]
        steps += [["render", {"out": str(out / "still.png"), "how": "still", "frame": 2}]]
    for switch in ("off", ""):
        out = folder / (switch or "on")
        steps += [["environment", {"UNDERSTUDY_MARKS": switch}], ["movie_output", {}]]
        # With loss, 5.2's encoder writes another last block in one of some 60 equal renders on a busy machine.
        steps += [["setup", {"render__ffmpeg__constant_rate_factor": "LOSSLESS"}]]
        steps += [["render", {"out": str(out / "film_"), "report": str(out / "movie.json")}]]
        steps += [["setup", {"render__ffmpeg__format": "MKV"}], ["render", {"out": str(out / "film_")}]]
    every_blender(*steps)
    files = [f"{kind}_{frame:04}.{suffix}" for kind, (_, suffix) in IMAGES.items() for frame in (1, 2)]
    for name in (*files, "still.png", "film_0001-0002.mp4", "film_0001-0002.mkv"):
        plain, marked = folder / "off" / name, folder / "on" / name
        assert verify_file(plain).state == UNMARKED, name
        verdict = verify_file(marked)
        assert verdict.state == INTACT, (name, verdict)
        assert verdict.facts.engine == EMBEDDED
        assert verdict.facts.clips == (f"sha256:{file_fingerprint(Path(footage.movie))}",)
        assert verdict.facts.source_images == (file_fingerprint(folder / f"{NAME}.png"),)
        if name.endswith(".mp4"):
            assert packets(marked) == packets(plain), name
        elif not name.endswith(".mkv"):  # into which nothing is written: its mark lies beside it
            assert np.array_equal(pixels(marked), pixels(plain)), name
            # Blender keeps the time of a render in a file: the packet aside, all else is as it was.
            assert len(marked.read_bytes()) > len(plain.read_bytes())
        assert NAME.encode() not in marked.read_bytes()
    assert not [path for path in (folder / "on").iterdir() if path.name.startswith(".")]
    for report in ("report.json", "movie.json"):
        said = json.loads((folder / "on" / report).read_text())
        assert (said["unmarked"], said["warnings"]) == ([], [])
        assert json.loads((folder / "off" / report).read_text())["unmarked"] == [1, 2]


def test_a_frame_without_a_new_face_is_not_marked(drive, footage):
    folder, steps = begin(drive, footage, "others", last=3)
    listed = drive(
        *steps,
        ["setup", {"frame_start": 12, "frame_end": 14}],
        ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}],
        ["op", {"name": "understudy.outputs_list", "active": "clip", "directory": str(folder)}],
        ["text_lines", {"name": "Outputs with Person"}],
    )[-1]
    assert listed == [str(folder / "out_0012.png"), ""]
    assert "1 of 4 images and movies say that they were made with this person" in drive.output
    states = [verify_file(folder / f"out_{frame:04}.png").state for frame in (12, 13, 14)]
    assert states == [INTACT, UNMARKED, UNMARKED]
    assert json.loads((folder / "report.json").read_text())["unmarked"] == []


def test_formats_without_marks_are_counted_or_refused(drive, footage):
    folder, steps = begin(drive, footage, "others formats")
    steps += [["image_output", {"file_format": "BMP", "color_depth": "8"}]]
    drive(*steps, ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}])
    report = json.loads((folder / "report.json").read_text())
    assert report["unmarked"] == [1, 2]
    assert report["warnings"] == ["no mark was written: .bmp files can't hold a mark (2 frames)"]
    drive.status = STRICT_EXIT
    drive(
        *steps,
        ["environment", {"UNDERSTUDY_MARKS": "require"}],
        ["render", {"out": str(folder / "no_"), "report": str(folder / "refused.json")}],
    )
    drive.status = 0
    assert json.loads((folder / "refused.json").read_text())["failed"] == [1, 2]
    assert not list(folder.glob("no_*"))


def test_files_of_others_and_behind_links_are_left_alone(drive, footage):
    folder, steps = begin(drive, footage, "links")
    victim = folder / "victim.png"
    cv2.imwrite(str(victim), np.zeros((4, 4, 3), np.uint8))
    os.utime(victim, (1, 1))
    (folder / "out_0002.png").symlink_to(folder / "elsewhere.png")
    drive(*steps, ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}])
    assert verify_file(folder / "out_0001.png").state == INTACT
    assert scan_marks(victim).packet == b""
    assert (folder / "out_0002.png").is_symlink()


@pytest.mark.skipif(not has_manifest_library(), reason="needs c2pa-python")
def test_renders_of_a_signed_clip_are_signed_keep_its_history_and_name_nobody(
    drive, footage, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    clip = tmp_path / f"{NAME}.mp4"
    sign_copy(Path(footage.movie), clip, CAMERA, local_identity())
    folder, steps = begin(drive, footage, "signed")
    steps[1][1]["file"] = str(clip)
    words = {"identity.name": NAME, "identity.consent": f"{NAME} agreed"}
    steps += [["environment", {"UNDERSTUDY_C2PA": "1"}], ["tune", {"settings": words}]]
    for kind in ("PNG", "JPEG"):
        steps += [["image_output", {"file_format": kind, "color_depth": "8"}]]
        steps += [["render", {"out": str(folder / "out_"), "report": str(folder / f"{kind}.json")}]]
    drive(*steps, ["movie_output", {}], ["render", {"out": str(folder / "film_")}])
    for name in ("out_0001.png", "out_0002.jpg", "film_0001-0002.mp4"):
        verdict = verify_file(folder / name)
        assert (verdict.state, verdict.manifest.is_intact) == (INTACT, True)
        (past,) = verdict.manifest.history
        assert (past.generator, past.was_intact) == ("Camera 7", True)
        # Blender's own metadata of an image has the project's path: what C2PA and XMP say is looked at.
        with Reader(str(folder / name)) as reader:
            assert NAME not in reader.json() + reader.detailed_json()
        assert NAME.encode() not in scan_marks(folder / name).packet
    for path in (folder / "understudy_cache").rglob("*"):
        assert NAME not in path.name
        assert path.is_dir() or NAME.encode() not in path.read_bytes()
    assert NAME not in drive.output + (folder / "PNG.json").read_text()


def test_the_preference_turns_marks_off_and_the_environment_comes_first(drive, footage):
    folder, steps = begin(drive, footage, "preferred")
    for switch in ("", "on"):
        steps += [["prefer", {"mark_outputs": False}], ["environment", {"UNDERSTUDY_MARKS": switch}]]
        steps += [["render", {"out": str(folder / f"{switch}_"), "report": str(folder / f"{switch}.json")}]]
    drive(*steps)
    for switch, state, unmarked in (("", UNMARKED, [1, 2]), ("on", INTACT, [])):
        assert verify_file(folder / f"{switch}_0001.png").state == state
        assert json.loads((folder / f"{switch}.json").read_text())["unmarked"] == unmarked
