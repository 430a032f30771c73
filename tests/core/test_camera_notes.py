# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies of which a camera's own notes say in which log space they are."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from footage.deep_movie import PQ, write_deep_movie
from footage.portrait import make_up_portrait, write_picture
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.media.camera_notes import camera_space
from understudy.core.media.colour_spaces import TAGGED_SPACES
from understudy.core.media.log_spaces import LOG_SPACES
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

GREY = np.full((64, 96, 3), 26000, np.uint16)
PANASONIC = (
    "<ClipMain><Gamma><CaptureGamma>{}</CaptureGamma></Gamma><Gamut><CaptureGamut>{}</CaptureGamut></Gamut>"
)
SONY = '<Item name="CaptureGammaEquation" value="{}"/><Item name="CaptureColorPrimaries" value="{}"/>'


def _box(kind: bytes, data: bytes) -> bytes:
    return (8 + len(data)).to_bytes(4) + kind + data


@pytest.mark.parametrize(
    ("notes", "space"),
    [
        ({"com.apple.proapps.customgamma": "com.apple.rec2020.apple-log"}, "Apple Log"),
        ({"com.apple.proapps.customgamma": "com.apple.apple-wide-gamut.apple-log"}, "Apple Log 2"),
        (
            {
                "com.apple.proapps.customgamma": "com.blackmagic-design.camera.filmlog",
                "com.blackmagic-design.camera.colorScience": "Gen 5",
            },
            "BMDFilm WideGamut Gen5",
        ),
        ({"com.apple.proapps.customgamma": "com.blackmagic-design.camera.filmlog"}, ""),
        ({"com.arri.camera.ColorGammaSxS": "LOG-C"}, "ARRI LogC3 (EI800)"),
        ({"com.arri.camera.ColorGammaSxS": "REC-709"}, ""),
        ({"com.atomos.hdr.gamma": "Vlog", "com.atomos.hdr.gamut": "Vgamut"}, "V-Log V-Gamut"),
        ({"com.panasonic.Semi-Pro.metadata.xml": PANASONIC.format("V-Log", "V-Gamut")}, "V-Log V-Gamut"),
        ({"com.panasonic.Semi-Pro.metadata.xml": PANASONIC.format("CINELIKE_D2", "BT.709")}, ""),
        ({"comment": SONY.format("s-log3-cine", "s-gamut3-cine")}, "S-Log3 S-Gamut3.Cine"),
        ({"title": "S-Log3, S-Gamut3"}, ""),
    ],
)
def test_a_movie_is_read_in_the_space_that_its_camera_notes(
    tmp_path: Path, notes: dict[str, str], space: str
) -> None:
    path = write_deep_movie(tmp_path / "a.mov", GREY, notes=notes)
    with open_source(ClipSource(True, (path,))) as clip:
        assert clip.source.reading == (f"tagged {space}" if space else "")
        assert clip.faults == ()
    with open_source(ClipSource(True, (path,), light_reading("AgX Log"))) as clip:
        assert clip.source.reading == "light AgX Log"


def test_notes_in_the_boxes_of_a_file_are_read(tmp_path: Path) -> None:
    path, head = tmp_path / "a.mp4", _box(b"ftyp", b"qt  ") + _box(b"mdat", bytes(40))
    sony = SONY.format("s-log3", "s-gamut3").encode()
    for data, space in (
        (_box(b"moov", _box(b"trak", _box(b"logs", b"com.apple.rec2020.apple-log\0"))), "Apple Log"),
        (_box(b"moov", _box(b"trak", _box(b"logs", b"com.apple.log-of-tomorrow\0"))), ""),
        (_box(b"moov", b"") + _box(b"meta", _box(b"xml ", sony)), "S-Log3 S-Gamut3"),
        (_box(b"mdat", sony), ""),
        (_box(b"moov", sony)[:-60], ""),
        (b"\xff\xff\xff\xffmoov" + sony, "S-Log3 S-Gamut3"),
    ):
        path.write_bytes(head + data)
        assert camera_space(path, {}) == space
    path.write_bytes(b"RIFF" + _box(b"moov", sony))
    assert camera_space(path, {}) == ""
    path.unlink()
    assert camera_space(path, {}) == ""


def test_a_note_in_another_encoding_does_not_hide_the_movie(tmp_path: Path) -> None:
    path = write_deep_movie(
        tmp_path / "a.mov", GREY, notes={"title": "cafe", "com.arri.camera.ColorGammaSxS": "LOG-C"}
    )
    data = path.read_bytes()
    assert b"cafe" in data
    path.write_bytes(data.replace(b"cafe", "caf\xe9".encode("latin-1")))
    with open_source(ClipSource(True, (path,))) as clip:
        assert clip.source.reading == "tagged ARRI LogC3 (EI800)"
        assert clip.read(0).shape == GREY.shape


def test_a_movie_of_8_bits_is_taken_as_it_is_coded_and_a_line_says_so(tmp_path: Path) -> None:
    notes = {"com.arri.camera.ColorGammaSxS": "LOG-C"}
    for name, transfer, space in (("log.mov", 1, "ARRI LogC3 (EI800)"), ("pq.mov", PQ, "Rec.2100-PQ")):
        path = write_deep_movie(tmp_path / name, GREY, transfer, deep=False, notes=notes)
        with open_source(ClipSource(True, (path,))) as clip:
            assert clip.source.reading == ""
            (text,) = clip.faults
        assert text.startswith(
            f"{name} says that it is in {space}, but movies of 8 bits are taken as they are"
        )
        with open_source(ClipSource(True, (path,), light_reading(space))) as clip:
            assert clip.faults == ()


def test_the_numbers_of_spaces_are_never_given_anew() -> None:
    assert all(TAGGED_SPACES[number] in LOG_SPACES for number in range(200, 207))
    assert [TAGGED_SPACES[number] for number in (200, 203, 206)] == [
        "Apple Log",
        "BMDFilm WideGamut Gen5",
        "V-Log V-Gamut",
    ]


def test_explain_says_what_a_movie_of_8_bits_is_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movie = write_deep_movie(tmp_path / "a.mov", GREY, PQ, deep=False)
    person = write_picture(tmp_path / "person.png", make_up_portrait())
    with closing(open_cache(CacheSettings(tmp_path / "cache"), schemas=STAGE_SCHEMAS)) as cache:
        cache.store.put(stage_key("clip", 1, {"file": "0"}), {"id": np.zeros(32, np.uint8)})
    arguments = ["explain", movie, "0", "--face", person, "--cache-dir", tmp_path / "cache"]
    main([str(part) for part in arguments])
    assert "warning: a.mov says that it is in Rec.2100-PQ, but movies of 8 bits" in capsys.readouterr().err
