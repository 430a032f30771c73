# SPDX-License-Identifier: GPL-3.0-or-later
"""PQ, HLG and log footage: its face is that of the same clip in 8 bits, in the footage's own codes."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from exr_files import write_exr
from footage.deep_movie import BT709, HLG, PQ, write_deep_movie
from footage.portrait import write_picture
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.cli.main import main
from understudy.core.media.colour_spaces import CODED_SPACES
from understudy.core.media.exr import decode_srgb, encode_srgb
from understudy.core.media.lazy_clip import LazyClip, open_lazily
from understudy.core.media.light import excess_light, light_of_view, view_levels
from understudy.core.media.light_space import light_space
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.media.source_stamps import SourceStamps

from tests.core.deep_clips import DeepProject, eight_bits_of, ramp_lit_portrait

SETTINGS = ("swap.shape=1", "fusion.grain=0")
# What the makers publish: the code of 18 % grey, and of HDR's diffuse white in cd/m2.
GREY_CODES = {
    "ACEScc": (9.72 + np.log2(0.18)) / 17.52,
    "ACEScct": (9.72 + np.log2(0.18)) / 17.52,
    "ARRI LogC3 (EI800)": 400 / 1023,
    "ARRI LogC4": 0.2784,
    "AgX Log": 0.4,
    "Apple Log": 0.488272,
    "Apple Log 2": 0.488272,
    "BMDFilm WideGamut Gen5": 0.38356,
    "CanonLog2 CinemaGamut D55": 0.398255,
    "CanonLog3 CinemaGamut D55": 0.343389,
    "Cineon": 0.45732,
    "D-Log D-Gamut": 0.398764,
    "DaVinci Intermediate WideGamut": 0.336043,
    "F-Log F-Gamut": 470 / 1023,
    "F-Log2 F-Gamut": 400 / 1023,
    "Log3G10 REDWideGamutRGB": 1 / 3,
    "N-Log N-Gamut": 372 / 1023,
    "S-Log3 S-Gamut3": 420 / 1023,
    "S-Log3 S-Gamut3.Cine": 420 / 1023,
    "S-Log3 Venice S-Gamut3": 420 / 1023,
    "S-Log3 Venice S-Gamut3.Cine": 420 / 1023,
    "V-Log V-Gamut": 0.4233,
}
WHITE_CODES = {"Rec.2100-PQ": 0.5807, "Rec.2100-HLG": 0.75}


class KeptArrays(dict):
    """A store in which one can look."""

    put = dict.__setitem__


def _space(name: str):
    return light_space(light_reading(name))


def _codes(name: str, light: np.ndarray) -> np.ndarray:
    return np.round(np.clip(_space(name).from_light(light), 0, 1) * 65535).astype(np.uint16)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> DeepProject:
    return DeepProject(tmp_path_factory.mktemp("coded"))


@pytest.fixture(scope="module")
def light() -> np.ndarray:
    return decode_srgb(ramp_lit_portrait().astype(np.float32))


@pytest.fixture(scope="module")
def eight(project: DeepProject, light: np.ndarray) -> np.ndarray:
    deep = np.round(encode_srgb(light) * 65535).astype(np.uint16)
    layer, _ = project.layer(write_picture(project.folder / "eight.png", eight_bits_of(deep)), *SETTINGS)
    return layer


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Rec.2100-PQ", "png"),
        ("Rec.2100-HLG", "png"),
        ("S-Log3 S-Gamut3.Cine", "8 bits"),
        ("AgX Log", "exr"),
    ],
)
def test_a_coded_clip_has_the_face_of_the_same_clip_in_8_bits(
    project: DeepProject, light: np.ndarray, eight: np.ndarray, name: str, kind: str
) -> None:
    path, codes = project.folder / f"{name} {kind}.png", _codes(name, light)
    if kind == "exr":
        write_exr(path := path.with_suffix(".exr"), _space(name).from_light(light))
    else:
        write_picture(path, eight_bits_of(codes) if kind == "8 bits" else codes)
    layer, _ = project.layer(path, *SETTINGS, reading=light_reading(name))
    assert project.warnings == []
    assert layer.dtype == np.float16
    _require_same_face(layer, eight, 6 if kind == "8 bits" else 1.5)


@pytest.mark.parametrize("stops", [6, -6])
def test_exposure_does_not_change_the_face_of_a_log_clip(
    project: DeepProject, light: np.ndarray, eight: np.ndarray, stops: int
) -> None:
    factor = np.float32(2.0**stops)
    path = write_picture(project.folder / f"{stops}.png", _codes("ACEScct", light * factor))
    layer, _ = project.layer(path, *SETTINGS, reading=light_reading("ACEScct"))
    layer[..., :3] /= factor
    _require_same_face(layer, eight)


def _require_same_face(layer: np.ndarray, eight: np.ndarray, limit: float = 1.5) -> None:
    there = (eight[..., 3] > 250) & (layer[..., 3] > 0.98)
    assert there.sum() > 10_000
    difference = np.abs(encode_srgb(layer[..., :3].astype(np.float32)) * 255 - eight[..., :3])[there]
    assert difference.mean() < 0.4 * limit
    assert np.percentile(difference, 97) <= limit


def test_curves_are_those_that_are_published() -> None:
    grey, white = (np.full((1, 1, 3), value, np.float32) for value in (0.18, 1))
    for codes, light in ((GREY_CODES, grey), (WHITE_CODES, white)):
        for name, code in codes.items():
            assert _space(name).from_light(light) == pytest.approx(code, abs=3e-4), name


@given(
    st.sampled_from(sorted(CODED_SPACES)),
    st.integers(9000, 58000),
    st.tuples(*[st.integers(-2500, 2500)] * 3),
)
def test_codes_that_nobody_changed_come_back(name: str, base: int, offsets: tuple[int, int, int]) -> None:
    space, codes = _space(name), np.array([[[base + offset for offset in offsets]]], np.uint16)
    light = space.to_light(codes)
    back = space.from_light(light_of_view(view_levels(light), excess_light(light).astype(np.float16), 0))
    assert np.abs(back * 65535 - codes).max() < 16  # a quarter of a step of 10 bits


def test_a_movie_says_itself_what_it_holds(tmp_path: Path) -> None:
    grey = np.full((64, 96, 3), 30000, np.uint16)
    for name, transfer, deep, reading in (
        ("pq.mov", PQ, True, "tagged Rec.2100-PQ"),
        ("hlg.mov", HLG, True, "tagged Rec.2100-HLG"),
        ("plain.mov", BT709, True, ""),
        ("eight.mov", PQ, False, ""),
    ):
        source = ClipSource(True, (write_deep_movie(tmp_path / name, grey, transfer, deep=deep),))
        store, opened = KeptArrays(), []

        def opening(source=source, opened=opened):
            opened.append(source)
            return open_source(source)

        for _ in range(2):  # the second by what was kept of it
            with open_lazily(store, SourceStamps(), source, opening) as clip:
                assert clip.source.reading == reading
        assert (len(opened), isinstance(clip, LazyClip)) == (1, True)
        # What was kept before this was asked does not tell.
        for key in [key for key in store if "stage=transfer\n" in key.text]:
            del store[key]
        with open_lazily(store, SourceStamps(), source, opening) as clip:
            assert clip.source.reading == reading
        assert len(opened) == 1 + deep
        with open_source(ClipSource(True, source.paths, light_reading("AgX Log"))) as clip:
            assert clip.source.reading == "light AgX Log"


def test_the_command_line_keeps_codes_beside_the_face(
    project: DeepProject, light: np.ndarray, eight: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = _codes("AgX Log", light * 8)
    path = write_picture(project.folder / "log.png", codes)
    arguments = ["render", str(path), "--fps", "24", "--colorspace", "AgX Log", "--quiet"]
    arguments += ["--face", str(project.person), "--cache-dir", str(project.folder / "cache"), "--output"]
    assert main([*arguments, str(project.folder / "no_%03d.exr")]) != 0
    assert "no_%03d.tif" in capsys.readouterr().err
    assert main([*arguments, str(project.folder / "log_%03d.png")]) == 0
    written = cv2.imread(str(project.folder / "log_000.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    changed = (written != codes).any(2)
    assert 5000 < changed.sum() < 60_000
    rows, columns = np.nonzero(changed)
    assert rows.max() < 400
    assert columns.min() > 60
