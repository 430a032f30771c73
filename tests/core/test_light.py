# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR strips: the face is made in a view of the light, and is laid back into the footage's own numbers."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from exr_files import write_exr, write_exr_layers
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from report_stages import stage_runs
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.errors import ClipError
from understudy.core.fusion.patch import LightPatch
from understudy.core.layers.job import source_from, source_values
from understudy.core.layers.samples import LayerPatch, layer_samples
from understudy.core.layers.tiff import layer_pieces, read_patch
from understudy.core.media.exr import decode_srgb, encode_srgb
from understudy.core.media.light import excess_light, exposure_stops, face_stops, light_of_view, view_levels
from understudy.core.media.light_image import decode_light
from understudy.core.media.light_space import light_space
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.sessions.preview_session import PreviewSession
from understudy.core.sessions.settings import RunSettings

from tests.core.deep_clips import DeepProject, eight_bits_of, ramp_lit_portrait

SETTINGS = ("swap.shape=1", "fusion.grain=0")  # the grain's noise is seeded by the frame's id
REC709, ACESCG = light_space(light_reading("Linear Rec.709")), light_space(light_reading("ACEScg"))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> DeepProject:
    return DeepProject(tmp_path_factory.mktemp("light"))


@pytest.fixture(scope="module")
def light() -> np.ndarray:
    return decode_srgb(ramp_lit_portrait().astype(np.float32))


@pytest.fixture(scope="module")
def linear_layer(project: DeepProject, light: np.ndarray) -> np.ndarray:
    path = write_exr(project.folder / "linear.exr", light)
    layer, _ = project.layer(path, *SETTINGS, reading=light_reading("Linear Rec.709"))
    assert project.warnings == []
    assert layer.dtype == np.float16
    return layer.astype(np.float32)


def test_the_same_clip_in_8_bits_and_as_light_of_two_spaces_has_the_same_face(
    project: DeepProject, light: np.ndarray, linear_layer: np.ndarray
) -> None:
    deep = np.round(encode_srgb(light) * 65535).astype(np.uint16)
    path = project.folder / "eight.png"
    assert cv2.imwrite(str(path), np.ascontiguousarray(eight_bits_of(deep)[..., ::-1]))
    eight, _ = project.layer(path, *SETTINGS)
    in_acescg = write_exr(project.folder / "acescg.exr", ACESCG.from_light(light), half=False)
    acescg, _ = project.layer(in_acescg, *SETTINGS, reading=light_reading("ACEScg"))
    other = acescg.astype(np.float32)
    other[..., :3] = ACESCG.to_light(np.ascontiguousarray(other[..., :3]))
    for layer in (linear_layer, other):
        shown = (eight[..., 3] > 250) & (layer[..., 3] > 0.98)
        assert shown.sum() > 10_000
        difference = np.abs(encode_srgb(layer[..., :3]) * 255 - eight[..., :3])[shown]
        # Half floats move landmarks by hundredths of a pixel, which shows at the rims of eyes and lips.
        assert difference.mean() < 0.5
        assert np.percentile(difference, 98) <= 1.5


@pytest.mark.parametrize("stops", [6, -6])
def test_exposure_does_not_change_the_face(
    project: DeepProject, light: np.ndarray, linear_layer: np.ndarray, stops: int
) -> None:
    factor = np.float32(2.0**stops)
    # As the other clip has it: half floats, of which the small ones are less exact, would be another image.
    same = light.astype(np.float16).astype(np.float32)
    path = write_exr(project.folder / f"{stops}.exr", same * factor, half=False)
    layer, _ = project.layer(path, *SETTINGS, reading=light_reading("Linear Rec.709"))
    assert np.array_equal(layer[..., 3], linear_layer[..., 3].astype(np.float16))
    there = layer[..., 3] > 0
    scaled = layer[..., :3].astype(np.float32)[there] / factor
    assert np.abs(scaled - linear_layer[..., :3][there]).max() < 1e-3


@pytest.mark.parametrize("stops", [0.7, -2.5])
def test_parts_of_a_stop_hardly_change_the_face(
    project: DeepProject, light: np.ndarray, linear_layer: np.ndarray, stops: float
) -> None:
    factor = np.float32(2.0**stops)
    path = write_exr(project.folder / f"{stops}.exr", light * factor, half=False)
    layer, _ = project.layer(path, *SETTINGS, reading=light_reading("Linear Rec.709"))
    scaled = layer.astype(np.float32)[..., :3] / factor
    there = (layer[..., 3] > 0.98) & (linear_layer[..., 3] > 0.98)
    assert there.sum() > 10_000
    difference = np.abs(encode_srgb(scaled) - encode_srgb(linear_layer[..., :3]))[there] * 255
    assert difference.mean() < 2.5
    assert np.percentile(difference, 95) < 5


def test_a_dark_border_does_not_blow_out_the_face(project: DeepProject, light: np.ndarray) -> None:
    layers = []
    for name, border in (("grey", 0.18), ("dark", 0.02)):
        framed = np.full((512, 1200, 3), border, np.float32)
        framed[:, 344:856] = light
        path = write_exr(project.folder / f"{name}.exr", framed)
        layers.append(
            project.layer(path, *SETTINGS, reading=light_reading("Linear Rec.709"), size=(1200, 512))[0]
        )
    grey, dark = (layer.astype(np.float32)[..., :3] for layer in layers)
    there = (layers[0][..., 3] > 0.98) & (layers[1][..., 3] > 0.98)
    assert there.sum() > 10_000
    assert np.abs(encode_srgb(grey) - encode_srgb(dark))[there].mean() < 0.005
    assert exposure_stops(np.full((512, 1200, 3), 0.02, np.float32)) == 3, "a frame that is dark as a whole"


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, (3, 4, 3), elements=st.floats(-50, 5000, width=32)),
    st.sampled_from(["Linear Rec.709", "ACEScg", "Linear Rec.2020", "ACES2065-1", "Linear CIE-XYZ E"]),
    st.integers(-4, 4),
)
def test_what_nobody_changed_comes_back(pixels: np.ndarray, name: str, steps: int) -> None:
    space, stops = light_space(light_reading(name)), 3 * steps
    exposed = space.to_light(pixels) * np.float32(2.0**stops)
    back = space.from_light(light_of_view(view_levels(exposed), excess_light(exposed), stops))
    largest = np.abs(pixels).max() + 2.0**-stops
    assert np.abs(back - pixels).max() <= 5e-5 * largest


def test_a_frame_is_known_by_its_own_numbers_and_space(tmp_path: Path, light: np.ndarray) -> None:
    odd = light[:32, :32].copy()
    odd[0, :4] = np.array([[np.nan], [np.inf], [-0.05], [8.0]])
    path = write_exr(tmp_path / "odd.exr", odd)
    stored = decode_light(REC709, path)
    assert np.array_equal(stored, odd.astype(np.float16).astype(np.float32), equal_nan=True)
    source = ClipSource(False, (path,), light_reading("ACEScg"))
    assert source_from(source_values(source)) == source
    with open_source(source) as clip:
        assert clip.info.bit_depth == 32
        assert np.array_equal(clip.read(0), stored, equal_nan=True)
    assert -30 <= exposure_stops(REC709.to_light(stored)) <= 30
    assert exposure_stops(np.zeros((8, 8, 3), np.float32)) == 0


@pytest.mark.parametrize("name", ["Linear Rec.709", "ACES2065-1", "sRGB"])
@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, 1), (-1, 1, 1)])
def test_damaged_numbers_of_any_size_have_an_exposure(name: str, signs: tuple[int, int, int]) -> None:
    largest = np.float32(np.finfo(np.float32).max)
    light = light_space(light_reading(name)).to_light(np.full((8, 8, 3), signs, np.float32) * largest)
    assert np.isfinite(light * np.float32(2.0**30)).all()
    assert -30 <= exposure_stops(light) <= 30
    assert -30 <= face_stops(light, np.full((8, 8), 255, np.uint8)) <= 30


@pytest.mark.parametrize("half", [True, False])
def test_the_command_line_writes_light_as_it_reads_it(
    project: DeepProject, light: np.ndarray, capsys: pytest.CaptureFixture[str], *, half: bool
) -> None:
    folder = project.folder / f"clip {half}"
    folder.mkdir()
    shot = light.copy()
    shot[300:, :40], shot[300:, 40:80], shot[0, 0], shot[0, 1] = 8.0, -0.05, np.nan, np.inf
    stored = decode_light(REC709, write_exr(folder / "shot_0001.exr", shot, half=half))
    arguments = ["render", str(folder), "--fps", "24", "--colorspace", "ACEScg", "--quiet"]
    arguments += ["--face", str(project.person), "--cache-dir", str(project.folder / "cache")]
    assert main([*arguments, "--output", str(project.folder / "out.mp4")]) != 0
    assert "out_%05d.exr" in capsys.readouterr().err
    assert main([*arguments, "--output", str(project.folder / f"{half}_%04d.exr")]) == 0
    written = decode_light(REC709, project.folder / f"{half}_0000.exr")
    changed = (written != stored).any(2) & ~np.isnan(stored).any(2)
    rows, columns = np.nonzero(changed)
    assert 5000 < changed.sum() < 40_000
    assert rows.max() < 300  # what is beyond the face is there bit for bit
    assert (written[300:, :40] == 8.0).all()
    assert np.isnan(written[0, 0]).all()
    assert np.isinf(written[0, 1]).all()
    assert columns.min() > 80
    # What this kept is looked up by the same reading: a scan analyzes nothing, and all stages are known.
    same = ["--colorspace", "ACEScg", *arguments[-4:]]
    capsys.readouterr()
    assert main(["scan", str(folder), *same]) == 0
    assert "analyzing" not in capsys.readouterr().err
    sheet = project.folder / f"{half}.png"
    wedge = ["--wedge", "fusion.blend=0.5,1", "--frames", "0", "--output", str(sheet)]
    take = ["--take", str(project.person), "--json", str(sheet.with_suffix(".json"))]
    assert main(["sheet", str(folder), *take, *wedge, *same[:2], *same[4:], "--quiet"]) == 0
    assert stage_runs(json.loads(sheet.with_suffix(".json").read_text())["report"]) == {"fuse": 2}
    edits = project.folder / "edits.json"
    edits.write_text('{"landmarks": [{"first": 0, "last": 0, "keys": [{"frame": 0, "rotation": 3}]}]}')
    for more, status in (([], "hit"), (["--corrections", str(edits)], "miss")):
        assert main(["explain", str(folder), "0", "--json", *same, *more]) == 0
        stages = {entry["stage"]: entry["status"] for entry in json.loads(capsys.readouterr().out)["stages"]}
        assert (stages["detect"], stages["swap"]) == ("hit", status)


def test_a_batch_reads_a_clip_in_the_color_space_of_each_row(project: DeepProject, light: np.ndarray) -> None:
    folder = project.folder / "batch"
    folder.mkdir()
    shot = write_exr(folder / "shot_0001.exr", light)
    file, report = folder / "batch.toml", folder / "report.json"
    row = '[[row]]\ncolorspace = "{}"\noutput = "{}_%04d.exr"\n'
    for spaces, states in (
        (("ACEScg", "Linear Rec.709"), ["done", "done"]),
        (("ACEScg", "Linear Rec.709"), ["current", "current"]),
        (("ACEScg", "ACES2065-1"), ["current", "done"]),
    ):
        rows = "".join(row.format(space, name) for space, name in zip(spaces, "ab", strict=True))
        file.write_text(f'clip = "{shot}"\nfps = 24\nface = "{project.person}"\n{rows}')
        options = ["--report", str(report), "--quiet", "--cache-dir", str(project.folder / "cache")]
        assert main(["batch", str(file), *options]) == 0
        assert [entry["state"] for entry in json.loads(report.read_text())["rows"]] == states
    first, second = (decode_light(REC709, folder / f"{name}_0000.exr") for name in "ab")
    assert not np.array_equal(first, second)


def test_the_preview_changes_a_layer_of_light_by_the_cache_alone(
    project: DeepProject, light: np.ndarray
) -> None:
    shot = light.copy()
    shot[:, 300:304] = 8.0
    path, reading = write_exr(project.folder / "preview.exr", shot), light_reading("Linear Rec.709")
    rendered, layer_path = project.layer(path, "fusion.blend=0.5", reading=reading)
    prepared, _ = project.layer(path, reading=reading)
    assert not np.array_equal(rendered, prepared)
    session = PreviewSession(RunSettings(CacheSettings(project.folder / "cache")))
    try:
        (job,) = project.jobs(path, "fusion.blend=0.5", reading=reading)
        assert session.preview(job)[0] == "fused"
    finally:
        session.close()
    patch = read_patch(layer_path.read_bytes(), (512, 512))
    assert patch is not None
    height, width = patch.pixels.shape[:2]
    there = rendered[patch.top : patch.top + height, patch.left : patch.left + width]
    assert there.tobytes() == patch.pixels.tobytes()


def test_of_several_layers_the_one_is_read_that_blender_shows(tmp_path: Path) -> None:
    first, second = np.full((2, 8, 6, 3), 0.5, np.float32) * [[[[1]]], [[[3]]]]
    named = write_exr_layers(tmp_path / "named.exr", {"ViewLayer.Combined": first, "diffuse": second})
    assert np.array_equal(decode_light(REC709, named), first)
    plain = write_exr_layers(tmp_path / "plain.exr", {"AAA": first, "": second})
    assert np.array_equal(decode_light(REC709, plain), second)


def test_what_can_t_be_read_is_one_clear_warning(project: DeepProject, light: np.ndarray) -> None:
    whole = write_exr(project.folder / "whole.exr", light[:64, :64]).read_bytes()
    random = np.random.default_rng(3)
    path = project.folder / "spoilt.exr"
    for _ in range(20):
        spoilt = bytearray(whole[: int(random.integers(4, 600))])
        for place in random.integers(4, len(spoilt), 3) if len(spoilt) > 4 else ():
            spoilt[place] ^= 1 << int(random.integers(8))
        path.write_bytes(spoilt)
        layer, _ = project.layer(path, reading=light_reading("ACEScg"), size=(64, 64))
        assert not layer.any()
        assert len(project.warnings) == 1
        assert "spoilt.exr" in project.warnings[0]
    with pytest.raises(ClipError, match="AgX Base sRGB"):
        open_source(ClipSource(False, (path,), light_reading("AgX Base sRGB")))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (40, 3, 4), elements=st.floats(width=32)))
def test_a_layer_of_light_has_the_nearest_half_floats(pixels: np.ndarray) -> None:
    samples = layer_samples(LightPatch(0, 0, pixels)).pixels
    assert np.array_equal(samples, np.clip(pixels, -65504, 65504).astype(np.float16), equal_nan=True)


def test_a_tile_of_light_that_is_nowhere_opaque_is_left_out() -> None:
    pixels = np.full((64, 192, 4), 0.5, np.float16)
    pixels[..., 3] = -0.0
    pixels[7, 100, 3] = 6e-8  # the smallest there is
    shown = read_patch(
        b"".join(map(bytes, layer_pieces("0" * 64, LayerPatch(0, 0, pixels), (192, 64)))), (192, 64)
    )
    assert shown is not None
    assert (shown.left, shown.pixels.shape[1]) == (64, 64)
    assert np.array_equal(shown.pixels, pixels[:, 64:128])
