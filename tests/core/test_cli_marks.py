# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy render` makes carries its marks, says no name, and is made without them only where that may be."""

import hashlib
import json
from fractions import Fraction

import numpy as np
import pytest
from understudy.core.cli.main import main
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.provenance.facts import EMBEDDED
from understudy.core.provenance.manifest import has_manifest_library
from understudy.core.provenance.mark_file import scan_marks
from understudy.core.provenance.verify import INTACT, UNMARKED, verify_file
from understudy.core.sheet.source_label import labeled_hashes

from tests.core import face_clip
from tests.core.rendered_clip import pictures

pytestmark = pytest.mark.slow

NAME, CONSENT = "Jane-Q-Planted", "planted consent text"
OUTPUTS = ("shot.mp4", "shot.mov", "shot.mkv", "shot_%03d.png", "shot_%03d.tif", "shot_%03d.exr")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clip whose name is planted, with a face in frames 0 to 2; a picture whose name is, and all outputs of them."""
    made = tmp_path_factory.mktemp(f"of-{NAME}")
    face_clip.write_clip(made / f"{NAME}.mp4", 3)
    face_clip.write_picture(made / f"{NAME}.png", face_clip.make_up_portrait((230, 20, 20)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(made / "settings"))
        patch.setenv("UNDERSTUDY_C2PA", "1" if has_manifest_library() else "off")
        for output in OUTPUTS:
            report = render(made, output)
            assert report["warnings"] == []
    return made


def render(folder, output, *more, code=0, clip=f"{NAME}.mp4"):
    clip, face, report = folder / clip, folder / f"{NAME}.png", folder / f"{output}.report.json"
    arguments = ["render", clip, "--face", face, "--output", folder / output, "--consent", CONSENT]
    assert main([*map(str, arguments), "--report", str(report), "--quiet", "--sound", "none", *more]) == code
    return json.loads(report.read_text()) if not code else {}


def files_of(folder, output):
    return [folder / (output % number) for number in range(3)] if "%" in output else [folder / output]


@pytest.mark.parametrize("output", OUTPUTS)
def test_each_output_says_what_was_done_and_is_intact(output, folder):
    for path in files_of(folder, output):
        verdict = verify_file(path)
        assert verdict.state == INTACT, verdict
        assert verdict.facts.engine == EMBEDDED
        assert len(verdict.facts.source_images) == len(verdict.facts.clips) == 1
        assert len(verdict.facts.models) == 2
        assert verdict.consent == CONSENT
        holds_marks = path.suffix != ".mkv"
        assert (verdict.packet is not None) == holds_marks
        assert (verdict.manifest is not None) == (
            holds_marks and path.suffix != ".exr" and has_manifest_library()
        )


def test_no_name_path_or_consent_is_in_any_output_or_cache(folder):
    planted = [text.encode(form) for text in (NAME, CONSENT) for form in ("utf-8", "utf-16-le")]
    written = [path for output in OUTPUTS for path in files_of(folder, output)]
    written += [path for path in (folder / "understudy_cache").rglob("*") if path.is_file()]
    assert len(written) > len(OUTPUTS)
    for path in written:
        assert NAME not in path.name
        assert not [text for text in planted if text in path.read_bytes()], path


def test_without_marks_the_same_pixels(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_MARKS", "off")
    render(folder, "plain_%03d.png")
    for number in range(3):
        plain, marked = folder / f"plain_{number:03}.png", folder / f"shot_{number:03}.png"
        assert verify_file(plain).state == UNMARKED
        assert scan_marks(plain).content == scan_marks(marked).content
    assert "facts" not in json.loads((folder / "plain_%03d.png.understudy.json").read_text())
    render(folder, "refused.mp4", "--require-marks", code=1)
    assert not (folder / "refused.mp4").exists()


def test_what_shows_no_new_face_is_no_composite(tmp_path):
    face_clip.write_picture(tmp_path / f"{NAME}.png", face_clip.make_up_portrait((230, 20, 20)))
    with VideoWriter(tmp_path / f"{NAME}.mp4", 320, 240, Fraction(25)) as writer:
        writer.write(np.full((240, 320, 3), 90, np.uint8))
    render(tmp_path, "out.mp4")
    assert verify_file(tmp_path / "out.mp4").state == UNMARKED
    assert json.loads((tmp_path / "out.mp4.understudy.json").read_text())["composite"] is False


@pytest.mark.skipif(not has_manifest_library(), reason="needs c2pa-python")
def test_a_certificate_that_can_not_be_used_is_one_warning_or_a_refusal(folder, monkeypatch, capfd):
    monkeypatch.setenv("UNDERSTUDY_C2PA", "1")
    monkeypatch.setenv("UNDERSTUDY_C2PA_CERTIFICATE", str(folder / "missing.pem"))
    for output in ("one_%03d.png", "one.mp4"):
        (warning,) = render(folder, output)["warnings"]
        assert "missing.pem" in warning
        path = files_of(folder, output)[0]
        assert verify_file(path).state == INTACT
        assert not scan_marks(path).has_manifest
    capfd.readouterr()
    for output in ("two_%03d.png", "two.mp4"):
        render(folder, output, "--require-marks", code=1)
        assert "marks are required, and can't read the signing certificate" in capfd.readouterr().err
        assert not [path for path in files_of(folder, output) if path.exists()]
    assert not [path for path in folder.iterdir() if ".part" in path.name]


@pytest.mark.skipif(not has_manifest_library(), reason="needs c2pa-python")
def test_a_render_of_what_was_rendered_keeps_its_history(folder, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_C2PA", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "settings"))
    for first, output, *rate in (
        ("shot.mp4", "again.mp4"),
        ("shot_%03d.png", "again_%03d.png", "--fps", "25"),
    ):
        assert render(folder, output, *rate, clip=first.replace("%03d", "*"))["warnings"] == []
        for before, path in zip(files_of(folder, first), files_of(folder, output), strict=True):
            verdict = verify_file(path)
            assert verdict.state == INTACT
            (past,) = verdict.manifest.history
            assert past.was_intact
            assert past.facts == verify_file(before).facts
            assert NAME.encode() not in path.read_bytes()


def test_a_casting_sheet_is_marked_as_the_renders_that_it_shows(folder, tmp_path):
    made = {}
    for marks in ("on", "off"):
        sheet = made[marks] = tmp_path / f"{marks}.png"
        arguments = ["sheet", folder / f"{NAME}.mp4", "--take", folder / f"{NAME}.png", "--frames", "0,2"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("UNDERSTUDY_MARKS", marks)
            assert main([*map(str, arguments), "--output", str(sheet), "--quiet"]) == 0
    verdict = verify_file(made["on"])
    assert (verdict.state, verdict.facts) == (INTACT, verify_file(folder / "shot.mp4").facts)
    assert verify_file(made["off"]).state == UNMARKED
    # A purge goes by this.
    hashes = {hashlib.sha256((folder / f"{NAME}.png").read_bytes()).hexdigest()}
    assert [labeled_hashes(path.read_bytes()) for path in made.values()] == [hashes, hashes]


def test_a_casting_sheet_is_refused_before_its_work_where_marks_are_set_wrong(
    folder, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("UNDERSTUDY_MARKS", "perhaps")
    sheet, cache = tmp_path / "sheet.png", tmp_path / "cache"
    arguments = ["sheet", folder / f"{NAME}.mp4", "--take", folder / f"{NAME}.png", "--frames", "0"]
    assert main([*map(str, arguments), "--output", str(sheet), "--cache-dir", str(cache)]) == 1
    assert "UNDERSTUDY_MARKS can't be read" in capfd.readouterr().err
    assert not sheet.exists()
    assert not cache.exists()


def test_marks_leave_the_movies_packets_as_they_are(folder):
    _, frames = pictures(folder / "shot.mkv")
    _, marked = pictures(folder / "shot.mp4")
    assert all(np.array_equal(one, other) for one, other in zip(frames, marked, strict=True))
