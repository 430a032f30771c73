# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of people are read as image viewers show them: upright, not mirrored, in sRGB; others as before."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, features
from understudy.core.errors import ClipError, FaceImageError
from understudy.core.export.inputs import readable_face_images
from understudy.core.media.clip import FramePixels
from understudy.core.media.image_decode import decode_image
from understudy.core.media.orientation import turn_upright
from understudy.core.media.source_image import is_source_image, open_source_image, source_image

from tests.core.image_profiles import ADOBE_RGB, PRO_PHOTO, SRGB, grey_profile, inks_profile, rgb_profile

H, W = 48, 64


def picture() -> np.ndarray:
    """Colours all over, and another one in each corner."""
    rows, columns = np.mgrid[0:H, 0:W]
    pixels = np.stack([columns * 255 // W, rows * 255 // H, (columns + rows) * 255 // (W + H)], -1).astype(
        np.uint8
    )
    pixels[:12, :16] = 250, 20, 20
    pixels[-12:, :16] = 20, 240, 30
    return pixels


def stored(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as a file with this orientation holds them."""
    undone = {6: 8, 8: 6}.get(orientation, orientation)
    return turn_upright(pixels, undone)


def read(path: Path) -> tuple[FramePixels, str]:
    source = source_image(path)
    with open_source_image(source) as clip:
        pixels = clip.read(0)
        assert (clip.info.width, clip.info.height) == (pixels.shape[1], pixels.shape[0])
        assert clip.source == source
        return pixels, source.reading


def save(path: Path, pixels: np.ndarray, orientation: int | None, profile: bytes = b"") -> Path:
    options = {".webp": {"lossless": True}, ".avif": {"quality": 95}}.get(path.suffix)
    options = options or {"quality": 95, "subsampling": 0}
    if path.suffix == ".tif":
        options = {"tiffinfo": {} if orientation is None else {274: orientation}}
    elif orientation is not None:
        exif = Image.Exif()
        exif[0x112] = orientation
        options["exif"] = exif
    if profile:
        options["icc_profile"] = profile
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_every_orientation_comes_out_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = save(tmp_path / f"a.{suffix}", stored(picture(), orientation), orientation)
    pixels, reading = read(path)
    assert pixels.shape == (H, W, 3)
    assert np.abs(pixels.astype(int) - picture()).mean() < (2 if suffix == "jpg" else 0.01)
    # OpenCV turns TIFF files itself, and did so before.
    assert reading == ("" if orientation == 1 or suffix == "tif" else "upright")


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_is_none(tmp_path: Path, orientation: int) -> None:
    path = save(tmp_path / "a.jpg", picture(), orientation)
    pixels, reading = read(path)
    assert reading == ""
    np.testing.assert_array_equal(pixels, decode_image(path))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("profile", ["none", "pillow's", "by hand"])
def test_srgb_images_are_read_as_before_bit_by_bit(tmp_path: Path, suffix: str, profile: str) -> None:
    profiles = {"none": b"", "pillow's": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    profiles["by hand"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(16)
    path = save(tmp_path / f"a.{suffix}", picture(), None, profiles[profile])
    pixels, reading = read(path)
    assert reading == ""
    np.testing.assert_array_equal(pixels, decode_image(path))


def coded(linear: np.ndarray) -> np.ndarray:
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize(
    ("primaries", "gamma"), [(ADOBE_RGB, 2.2), (PRO_PHOTO, 1.8)], ids=["Adobe RGB", "ProPhoto"]
)
def test_a_wide_gamut_is_converted(tmp_path: Path, suffix: str, primaries: np.ndarray, gamma: float) -> None:
    # Skin, and all that sRGB has too: what lies outside is cut off, in one way or another.
    skin = (
        np.array([[[230, 165, 125], [120, 70, 50]], [[90, 90, 90], [200, 190, 60]]], np.uint8)
        .repeat(16, 0)
        .repeat(16, 1)
    )
    linear = np.where(skin / 255 <= 0.04045, skin / 255 / 12.92, ((skin / 255 + 0.055) / 1.055) ** 2.4)
    wide = (
        (255 * np.clip(linear @ (np.linalg.inv(primaries) @ SRGB).T, 0, 1) ** (1 / gamma))
        .round()
        .astype(np.uint8)
    )
    path = save(tmp_path / f"a.{suffix}", wide, None, rgb_profile(primaries, gamma))
    pixels, reading = read(path)
    assert reading.startswith("profile lcms ")
    assert np.abs(wide.astype(int) - skin).mean() > 3
    assert np.abs(pixels.astype(int) - skin).max() <= (6 if suffix == "jpg" else 3)


def test_sixteen_bits_of_a_wide_gamut_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture()[..., ::-1].astype(np.uint16) * 257)
    plain = save(tmp_path / "b.png", picture(), None, rgb_profile(PRO_PHOTO, 1.8))
    # The chunk goes over as it is.
    data, chunks = path.read_bytes(), plain.read_bytes()
    at = chunks.index(b"iCCP") - 4
    path.write_bytes(
        data[:33] + chunks[at : at + 12 + int.from_bytes(chunks[at : at + 4], "big")] + data[33:]
    )
    np.testing.assert_array_equal(read(path)[0], read(plain)[0])


def test_grey_of_another_gamma_is_converted(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8)[None].repeat(8, 0)
    path = tmp_path / "a.png"
    Image.fromarray(grey).save(path, icc_profile=grey_profile(1.8))
    pixels, reading = read(path)
    assert reading.startswith("profile lcms ")
    assert np.abs(pixels[0, :, 1] - coded((grey[0] / 255) ** 1.8)).max() <= 2


def test_four_inks_are_converted_by_their_profile(tmp_path: Path) -> None:
    inks = Image.new("CMYK", (64, 48), (0, 0, 0, 0))
    inks.paste((0, 255, 255, 0), (0, 0, 32, 48))
    plain, profiled = tmp_path / "plain.jpg", tmp_path / "profiled.jpg"
    inks.save(plain, quality=95)
    inks.save(profiled, quality=95, icc_profile=inks_profile())
    pixels, reading = read(profiled)
    expected = np.asarray(
        ImageCms.profileToProfile(
            Image.open(profiled),
            ImageCms.ImageCmsProfile(BytesIO(inks_profile())),
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    )
    assert reading.startswith("profile lcms ")
    np.testing.assert_array_equal(pixels, expected)
    assert np.abs(pixels.astype(int) - decode_image(profiled)).mean() > 5
    assert read(plain)[1] == ""
    np.testing.assert_array_equal(read(plain)[0], decode_image(plain))


def test_orientation_and_profile_go_together(tmp_path: Path) -> None:
    profile = rgb_profile(ADOBE_RGB, 2.2)
    plain = save(tmp_path / "a.png", picture(), None, profile)
    turned = save(tmp_path / "b.png", stored(picture(), 5), 5, profile)
    np.testing.assert_array_equal(read(turned)[0], read(plain)[0])
    assert read(turned)[1].startswith("upright profile lcms ")


@pytest.mark.parametrize("profile", [b"x", b"x" * 200, rgb_profile(ADOBE_RGB, 2.2)[:300], inks_profile()])
def test_a_profile_that_is_damaged_or_of_other_colours_is_none(tmp_path: Path, profile: bytes) -> None:
    path = save(tmp_path / "a.png", picture(), None, profile)
    pixels, reading = read(path)
    assert reading == ""
    np.testing.assert_array_equal(pixels, decode_image(path))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_read_upright(tmp_path: Path, orientation: int) -> None:
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = save(tmp_path / "a.avif", stored(picture(), orientation), orientation)
    assert is_source_image(path)
    pixels, reading = read(path)
    assert reading.startswith("avif ")
    assert pixels.shape == (H, W, 3)
    assert np.abs(pixels.astype(int) - picture()).mean() < 4


def test_a_damaged_avif_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "a.avif", picture(), None)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ClipError, match=r"a\.avif can't be read as an image; save it again"):
        read(path)
    with pytest.raises(FaceImageError, match=r"^can't use the image a\.avif: it can't be read as an image"):
        readable_face_images([path])


def test_heic_needs_a_library_which_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    assert is_source_image(path)
    with pytest.raises(
        ClipError, match=r"HEIC image, which takes the library pillow-heif|can't be read as an image"
    ):
        read(path)
