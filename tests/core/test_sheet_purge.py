# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets say whose faces they show, and go with a purge of that person; nothing else does."""

import hashlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from understudy.core.cli.main import main
from understudy.core.export.provenance import COMMENT
from understudy.core.media.file_status import file_fingerprint
from understudy.core.sheet.purge import SHEETS_FOLDER, purge_all_sheets, purge_sheets_of_people

from tests.core.rendered_clip import folder

__all__ = ["folder"]


@pytest.fixture
def sheets(folder: Path, tmp_path: Path) -> Path:
    """Sheets of red, of blue and of both; one of an earlier version, one whose writing was interrupted, and a photo."""
    place = tmp_path / SHEETS_FOLDER
    place.mkdir()
    shown = {
        "a_casting.png": ("red",),
        "a_casting.html": ("red",),
        "b_values.png": ("blue",),
        "both.html": ("red", "blue"),
    }
    for name, people in shown.items():
        takes = [word for person in people for word in ("--take", str(folder / f"{person}.png"))]
        words = [
            "sheet",
            str(folder / "clip.mp4"),
            "--frames",
            "3",
            "--size",
            "64",
            "--output",
            str(place / name),
        ]
        assert main([*words, "--cache-dir", str(tmp_path / "cache"), "--quiet", *takes]) == 0
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", COMMENT)
    Image.new("RGB", (8, 8)).save(place / "old_casting.png", pnginfo=text)
    Image.new("RGB", (8, 8)).save(place / "render.png", pnginfo=text)
    (place / ".a_casting.0123abcd.png.tmp").write_bytes((place / "a_casting.png").read_bytes()[:2000])
    Image.new("RGB", (8, 8)).save(place / "photo.png")
    return place


def names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


def test_a_purge_of_a_person_deletes_their_sheets_alone(
    folder: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(sheets.parent / "home"))
    address = f"file://{sheets / 'a_casting.png'}"
    thumbnails = Path.home() / ".cache" / "thumbnails" / "large"
    thumbnail = thumbnails / f"{hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()}.png"
    thumbnails.mkdir(parents=True)
    thumbnail.write_bytes(b"a small face")
    cache = str(sheets.parent / "cache")
    assert main(["cache", "purge", "--cache-dir", cache, "--picture", str(folder / "red.png")]) == 0
    assert names(sheets) == {"b_values.png", "old_casting.png", "render.png", "photo.png"}
    assert not thumbnail.exists()
    said = capfd.readouterr().out
    assert "4 files of sheets deleted" in said
    assert "1 sheet of an earlier version left" in said
    # By the hash alone, once the image is gone.
    sha256 = file_fingerprint(folder / "blue.png")
    assert main(["cache", "purge", "--cache-dir", cache, "--picture", sha256]) == 0
    assert names(sheets) == {"old_casting.png", "render.png", "photo.png"}


def test_a_purge_of_a_clip_or_of_everything_deletes_sheets_by_name(folder: Path, sheets: Path) -> None:
    cache = sheets.parent / "cache"
    clip = sheets.parent / "a.mp4"
    clip.write_bytes((folder / "clip.mp4").read_bytes())
    assert main(["cache", "purge", "--cache-dir", str(cache), "--clip", str(clip)]) == 0
    assert names(sheets) == {"b_values.png", "both.html", "old_casting.png", "render.png", "photo.png"}
    assert len(purge_all_sheets(sheets).removed) == 3
    assert names(sheets) == {"render.png", "photo.png"}
    assert purge_sheets_of_people(sheets.parent / "missing", ["0" * 64]).removed == ()
