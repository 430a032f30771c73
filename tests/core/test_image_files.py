# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as clips: alpha, orientation, gaps in the numbers, animations, OpenEXR."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from understudy.core.errors import ClipError
from understudy.core.export.inputs import frame_rate, open_named_clip
from understudy.core.media.image_decode import decode_image
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.media.orientation import turn_upright

from tests.core.image_files import (
    H,
    W,
    alpha,
    animated_frames,
    colours,
    light,
    write_alpha_image,
    write_animation,
    write_exr,
)

HIDING = [("png", kind) for kind in ("rgba", "grey", "palette", "colour key", "grey key")]
HIDING += [("webp", "rgba"), ("webp", "lossy"), ("tif", "rgba"), ("tif", "undeclared")]


def coded(linear: np.ndarray) -> np.ndarray:
    clipped = np.clip(linear, 0, 1)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("suffix", "kind"), HIDING)
def test_what_alpha_hides_is_black(tmp_path: Path, suffix: str, kind: str) -> None:
    path = write_alpha_image(tmp_path / f"a.{suffix}", kind)
    with Image.open(path) as image:
        rgba = np.asarray(image.convert("RGBA")).astype(int)
    expected = rgba[..., :3] * rgba[..., 3:] // 255
    with open_clip(path) as clip:
        pixels = clip.read(0)
    assert pixels.dtype == np.uint8
    # libtiff lays images over black itself, and rounds.
    assert np.abs(pixels - expected).max() <= (1 if (suffix, kind) == ("tif", "rgba") else 0)
    assert (rgba[..., 3] == 0).any()
    if (suffix, kind) != ("tif", "rgba"):
        assert (decode_image(path) != pixels).any()  # of people the whole image is read, as before


def test_the_command_line_says_that_transparent_parts_are_black(tmp_path: Path) -> None:
    clear = open_named_clip(write_alpha_image(tmp_path / "a.png", "rgba"))
    assert clear.warnings == (
        "a.png has transparent parts: they are black in the movie, as in Blender's sequencer",
    )
    Image.fromarray(np.dstack([colours(), np.full((H, W), 255, np.uint8)])).save(tmp_path / "b.png")
    assert open_named_clip(tmp_path / "b.png").warnings == ()


def test_sixteen_bits_are_hidden_by_their_light(tmp_path: Path) -> None:
    path = write_alpha_image(tmp_path / "a.png", "sixteen bits")
    with open_clip(path) as clip:
        pixels = clip.read(0)
    share = colours() / 255
    linear = (
        np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        * (alpha() / 255)[..., None]
    )
    assert pixels.dtype == np.uint16
    assert np.abs(pixels / 65535 - coded(linear)).max() < 2e-4
    np.testing.assert_array_equal(pixels[30:], colours()[30:].astype(np.uint16) * 257)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
@pytest.mark.parametrize("bits", [8, 16])
def test_an_alpha_that_hides_nothing_changes_no_bit(tmp_path: Path, suffix: str, bits: int) -> None:
    if bits == 16 and suffix == "webp":
        pytest.skip("WebP has 8 bits")
    path = tmp_path / f"a.{suffix}"
    bgra = np.dstack([colours()[..., ::-1], np.full((H, W), 255, np.uint8)])
    if suffix == "webp":
        Image.fromarray(bgra).save(path, lossless=True)
    else:
        cv2.imwrite(str(path), bgra if bits == 8 else bgra.astype(np.uint16) * 257)
    with open_clip(path) as clip:
        np.testing.assert_array_equal(clip.read(0), decode_image(path))


def test_four_inks_are_no_alpha(tmp_path: Path) -> None:
    Image.new("CMYK", (W, H), (30, 90, 10, 40)).save(tmp_path / "a.tif")
    with open_clip(tmp_path / "a.tif") as clip:
        np.testing.assert_array_equal(clip.read(0), decode_image(tmp_path / "a.tif"))
        assert clip.read(0).mean() > 100


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_the_command_line_shows_images_upright_and_blender_as_stored(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    undone = turn_upright(colours(), {6: 8, 8: 6}.get(orientation, orientation))
    paths = [tmp_path / f"{number}.{suffix}" for number in range(3)]
    for path in paths:
        Image.fromarray(undone).save(path, exif=exif, lossless=True, quality=100, subsampling=0)
    with open_named_clip(tmp_path).clip as clip, open_sequence(paths) as stored:
        assert (clip.info.width, clip.info.height) == (W, H)
        assert np.abs(clip.read(2).astype(int) - colours()).max() <= 6
        assert clip.source.key_inputs == ({} if orientation == 1 else {"reading": "upright"})
        assert stored.read(0).shape == undone.shape
        assert stored.source.key_inputs == {}
        assert clip.stamp == stored.stamp


@pytest.mark.parametrize("suffix", ["webp", "png"])
@pytest.mark.parametrize(
    ("delays", "fps", "shown"),
    [
        ([100] * 4, 10, [0, 1, 2, 3]),
        ([33, 33, 34], 30, [0, 1, 2]),
        ([42, 41, 42, 42], Fraction(4000, 167), [0, 1, 2, 3]),
        ([40, 120, 80], 25, [0, 1, 1, 1, 2, 2]),
        ([10, 1000], 100, [0] + [1] * 100),
    ],
)
def test_an_animation_has_all_its_frames_at_their_rate(
    tmp_path: Path, suffix: str, delays: list[int], fps: float, shown: list[int]
) -> None:
    path = write_animation(tmp_path / f"a.{suffix}", delays)
    frames = animated_frames(len(delays))
    with open_named_clip(path).clip as clip:
        assert abs(clip.info.fps - fps) < 0.001
        assert frame_rate(path, clip, None) == clip.info.fps
        assert clip.info.frame_count == len(shown)
        for number in [*range(min(len(shown), 8)), len(shown) - 1, 0]:  # and back again
            np.testing.assert_array_equal(clip.read(number), frames[shown[number]])
        with pytest.raises(ClipError, match="leave out --fps"):
            frame_rate(path, clip, "25")
        assert clip.source.reading == "animated"


def test_images_that_are_shown_for_no_time_are_shown_for_a_tenth_of_a_second(tmp_path: Path) -> None:
    with open_named_clip(write_animation(tmp_path / "a.webp", [0, 0, 0])).clip as clip:
        assert (clip.info.fps, clip.info.frame_count) == (10, 3)


def test_an_image_that_is_no_part_of_a_png_animation_is_left_out(tmp_path: Path) -> None:
    path = write_animation(tmp_path / "a.png", [100, 100, 100], default_image=True)
    with open_named_clip(path).clip as clip:
        assert clip.info.frame_count == 2
        np.testing.assert_array_equal(clip.read(0), animated_frames(3)[1])
    with open_clip(path) as shown:  # Blender knows no animation
        np.testing.assert_array_equal(shown.read(0), animated_frames(3)[0])


def test_blender_shows_the_first_image_of_a_png_animation_and_nothing_of_webp(tmp_path: Path) -> None:
    with open_clip(write_animation(tmp_path / "a.png", [100] * 3)) as clip:
        assert clip.info.frame_count == 1
        np.testing.assert_array_equal(clip.read(0), animated_frames()[0])
    with pytest.raises(
        ClipError, match=r"animated WebP file, which Blender's sequencer shows as nothing: convert it"
    ):
        open_clip(write_animation(tmp_path / "a.webp", [100] * 3))


@pytest.mark.parametrize("suffix", ["webp", "png"])
def test_an_animation_that_is_cut_off_says_so(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (4, H, W, 3), np.uint8)
    path = write_animation(tmp_path / f"a.{suffix}", [100] * 4, list(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(ClipError, match=r"can't be (decoded|read)"):
        _read_all(path)


def _read_all(path: Path) -> None:
    with open_named_clip(path).clip as clip:
        for number in range(clip.info.frame_count):
            clip.read(number)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("compression", [0, 2])
def test_openexr_is_shown_through_the_srgb_curve(tmp_path: Path, compression: int, half: bool) -> None:
    for number in (1, 2):
        write_exr(tmp_path / f"{number}.exr", light(), compression, half)
    opened = open_named_clip(tmp_path)
    (warning,) = opened.warnings
    assert warning.startswith("1.exr is read as linear light with Rec.709 primaries")
    with opened.clip as clip:
        pixels = clip.read(1)
        assert (clip.info.bit_depth, clip.info.frame_count) == (16, 2)
    expected = coded(np.stack([light()[name] for name in "RGB"], -1))
    assert np.abs(pixels / 65535 - expected).max() < (5e-4 if half else 2e-5)


def test_openexr_with_alpha_is_shown_as_it_is_multiplied(tmp_path: Path) -> None:
    share = alpha().astype(np.float32) / 255
    channels = {name: values * share for name, values in light().items()}
    with open_clip(write_exr(tmp_path / "a.exr", {**channels, "A": share})) as clip:
        expected = coded(np.stack([channels[name] for name in "RGB"], -1))
        assert np.abs(clip.read(0) / 65535 - expected).max() < 2e-5


def test_openexr_of_one_channel_is_grey(tmp_path: Path) -> None:
    with open_clip(write_exr(tmp_path / "a.exr", {"Y": light()["R"]})) as clip:
        assert np.abs(clip.read(0)[..., 2] / 65535 - coded(light()["R"])).max() < 2e-5


def test_openexr_numbers_that_are_none_are_black_or_white(tmp_path: Path) -> None:
    channels = {name: values.copy() for name, values in light().items()}
    channels["R"][0, :3] = np.nan, np.inf, -np.inf
    with open_clip(write_exr(tmp_path / "a.exr", channels)) as clip:
        assert clip.read(0)[0, :3, 0].tolist() == [0, 65535, 0]


@pytest.mark.parametrize("kept", [4, 8, 20, 60, 300])
def test_openexr_that_is_damaged_is_named(
    tmp_path: Path, kept: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_exr(tmp_path / "a.exr", light())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ClipError, match=r"a\.exr (is damaged|can't be read as an OpenEXR image)"):
        open_clip(path)
    assert capfd.readouterr().err == ""


def test_openexr_of_an_impossible_size_is_refused_from_its_header(tmp_path: Path) -> None:
    path = write_exr(tmp_path / "a.exr", light())
    window = (0).to_bytes(8, "little") + (W - 1).to_bytes(4, "little") + (H - 1).to_bytes(4, "little")
    wide = (0).to_bytes(8, "little") + (1 << 20).to_bytes(4, "little") * 2
    path.write_bytes(path.read_bytes().replace(window, wide))
    with pytest.raises(ClipError, match=r"a\.exr"):
        open_clip(path)
