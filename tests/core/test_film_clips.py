# SPDX-License-Identifier: GPL-3.0-or-later
"""DPX and float TIFF clips: what their color space makes of their numbers, on the command line and for strips."""

import json
from pathlib import Path

import numpy as np
import pytest
from dpx_files import FILLED_RIGHT, write_dpx
from exr_layers import read_exr_channels, stack_channels
from float_tiffs import write_float_tiff
from PIL import features
from understudy.core.analysis.display import display_pixels
from understudy.core.analysis.frame_reader import FrameReader
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cli.main import main
from understudy.core.errors import ClipError
from understudy.core.export.inputs import open_named_clip
from understudy.core.media.clip import frame_id
from understudy.core.media.image_reading import image_reading
from understudy.core.media.light_space import light_space
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.reporting.stage_counts import StageCounter

from tests.core.deep_clips import DeepProject, ramp_lit_portrait

LIGHT = np.random.default_rng(4).uniform(0, 1, (12, 16, 3)).astype(np.float32)


@pytest.fixture
def dpx(tmp_path: Path) -> Path:
    return write_dpx(tmp_path / "a.dpx", (LIGHT * 1023).astype(int), 10, FILLED_RIGHT)


@pytest.fixture
def tiff(tmp_path: Path) -> Path:
    return write_float_tiff(tmp_path / "a.tif", LIGHT * 12 - 0.1)


def test_a_strips_color_space_says_how_its_files_are_read(tmp_path: Path, dpx: Path, tiff: Path) -> None:
    whole = write_float_tiff(tmp_path / "whole.tif", (LIGHT * 65535).astype(np.uint16))
    png = tmp_path / "a.png"
    readings = {
        space: [bool(image_reading(path, space)) for path in (tmp_path / "a.exr", dpx, tiff, whole, png)]
        for space in ("ACEScg", "sRGB", "AgX Log", "Non-Color")
    }
    assert readings == {
        "ACEScg": [True, True, True, False, False],
        "sRGB": [True, False, True, False, False],
        "AgX Log": [True, True, True, True, True],
        "Non-Color": [True, False, False, False, False],
    }


@pytest.mark.parametrize(
    ("space", "dtype"), [("", "uint16"), ("Filmic Log", "uint16"), ("ACEScg", "float32")]
)
def test_dpx_is_codes_or_light(dpx: Path, space: str, dtype: str) -> None:
    codes = (LIGHT * 1023).astype(int)
    codes = codes << 6 | codes >> 4
    reading = light_reading(space) if space else ""
    with open_source(ClipSource(False, (dpx,), reading)) as clip:
        pixels = clip.read(0)
        assert clip.source.reading == reading
    assert pixels.dtype == dtype
    assert np.abs(pixels / (65535 if dtype == "uint16" else 1) - codes / 65535).max() < 1e-7
    assert frame_id(pixels) == frame_id((codes if dtype == "uint16" else pixels).astype(dtype))


def test_floats_in_srgb_keep_what_is_beyond_it(tiff: Path) -> None:
    space = light_space(light_reading("sRGB"))
    with open_source(ClipSource(False, (tiff,), light_reading("sRGB"))) as clip:
        stored = clip.read(0)
    light = space.to_light(stored)
    assert light.max() > 100
    assert light.min() < -0.005
    assert np.allclose(space.from_light(light), stored, rtol=1e-5, atol=1e-5)


def test_the_view_of_a_frame_is_made_once_for_all_stages(tiff: Path) -> None:
    reader = FrameReader(MemoryStore(1 << 20), SourceStamps(), StageCounter())
    with open_source(ClipSource(False, (tiff,), light_reading("ACEScg"))) as clip:
        view = reader.frame(clip, 0)
        assert np.array_equal(view, display_pixels(clip, clip.read(0)))
        assert reader.frame(clip, 0) is view


def test_the_command_line_reads_film_in_a_color_space(tmp_path: Path, dpx: Path, tiff: Path) -> None:
    assert open_named_clip(dpx).clip.info.bit_depth == 16
    (warning,) = open_named_clip(tiff).warnings
    assert warning.startswith("a.tif holds floats that are taken as an sRGB display shows them")
    for path in (dpx, tiff):
        with open_named_clip(path, "Linear Rec.2020").clip as clip:
            assert clip.info.bit_depth == 32
    for space, hint in (("rec2100 pq", "did you mean 'Rec.2100-PQ'"), ("?", "known are Linear Rec.709, ")):
        with pytest.raises(ClipError, match=f"is no color space that is known: {hint}"):
            open_named_clip(tiff, space)
    with pytest.raises(ClipError, match="--colorspace sRGB is what images are read as without it"):
        open_named_clip(tiff, "sRGB")
    whole = write_float_tiff(tmp_path / "whole.tif", (LIGHT * 65535).astype(np.uint16))
    with pytest.raises(ClipError, match="is for OpenEXR, DPX and float TIFF images"):
        open_named_clip(whole, "ACEScg")


@pytest.mark.parametrize("space", ["", "Linear Rec.709"])
def test_a_dpx_clip_has_a_turnover(tmp_path: Path, space: str) -> None:
    project = DeepProject(tmp_path)
    codes = np.round(ramp_lit_portrait() * 1023).astype(int)
    path = write_dpx(tmp_path / "shot.dpx", codes, 10, FILLED_RIGHT)
    options = ["--colorspace", space] if space else []
    output = ["--output", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
    assert main(["turnover", str(path), "--face", str(project.person), *options, *output]) == 0
    channels = read_exr_channels(tmp_path / "out" / "frame_00000.exr")
    assert (channels["A"] > 0).sum() > 5000
    assert np.ptp(stack_channels(channels, "R", "G", "B")[channels["A"] > 0.5]) > 0.3
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["frames"]["changed"], manifest["frames"]["failed"]) == (1, [])


@pytest.mark.parametrize("reading", ["", light_reading("ACEScg"), light_reading("Filmic Log")])
def test_a_frame_that_is_cut_off_shows_the_original_and_is_named_once(
    tmp_path: Path, dpx: Path, reading: str
) -> None:
    dpx.write_bytes(dpx.read_bytes()[:2100])
    project = DeepProject(tmp_path)
    layer, _ = project.layer(dpx, reading=reading, size=(16, 12))
    assert not layer.any()
    (warning,) = project.warnings
    assert "a.dpx is cut off: it has fewer lines than its DPX header says" in warning


def test_doctor_says_which_images_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert "images are read as PNG, JPEG, TIFF (also of floats), BMP, WebP, OpenEXR and DPX" in lines
    assert any(line.startswith("images of people are read as AVIF") for line in lines) == features.check(
        "avif"
    )


@pytest.mark.parametrize("transfer", [1, 3])
def test_a_dpx_image_that_says_that_it_is_log_is_read_so(tmp_path: Path, transfer: int) -> None:
    path = write_dpx(tmp_path / "a.dpx", (LIGHT * 1023).astype(int), 10, FILLED_RIGHT, transfer=transfer)
    opened = open_named_clip(path)
    with opened.clip as clip:
        assert clip.source.reading == "light Cineon"
        assert clip.faults == ()
    (note,) = opened.warnings
    assert note.startswith("a.dpx says that its codes are logarithmic, so it is read as Cineon")
    asked = open_named_clip(path, "S-Log3 S-Gamut3")
    with asked.clip as clip:
        assert (clip.source.reading, asked.warnings, clip.faults) == ("light S-Log3 S-Gamut3", (), ())
    for reading in ("", light_reading("Linear Rec.709")):  # of a strip, as Blender makes it
        with open_source(ClipSource(False, (path,), reading)) as clip:
            assert clip.source.reading == reading
            (fault,) = clip.faults
            assert fault.startswith("a.dpx says that its codes are logarithmic: choose the log space")
