# SPDX-License-Identifier: GPL-3.0-or-later
"""A face laid over an image as it was decoded: the same picture as over RGB, and not a bit changed elsewhere."""

import numpy as np
import pytest
from av.video.frame import VideoFrame
from understudy.core.export.blend import plane_rows
from understudy.core.export.colour_tags import ColourTags
from understudy.core.export.image_preparation import ImagePreparation
from understudy.core.fusion.patch import Patch, composite_on_frame
from understudy.core.media.yuv_to_rgb import RgbConverter

WIDTH, HEIGHT = 96, 64
LEFT, TOP = 13, 7


def original(pixel_format, width, height):
    """A smooth image in a pixel format."""
    rows, columns = np.mgrid[:height, :width]
    picture = np.stack([columns * 2 + 20, rows * 3 + 10, 200 - columns], 2).astype(np.uint8)
    return VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixel_format)


def face(width, height):
    """A patch with a soft edge, whose corners show nothing."""
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    alpha = np.clip(3 - 3 * np.hypot(rows, columns), 0, 1) * 255
    colours = np.stack([120 + 60 * rows, 90 + 40 * columns, np.full_like(rows, 80)], 2)
    return np.concatenate([colours, alpha[..., None]], 2).astype(np.uint8)


def planes(image):
    if image.format.name == "rgb24":
        return [image.to_ndarray().reshape(image.height, -1)]
    return [
        plane_rows(image.planes[part.plane], part.bits)[: part.height, : part.width]
        for part in image.format.components
        if not part.is_alpha
    ]


def upright(image, tags, turns):
    deep = max(part.bits for part in image.format.components) > 8
    convert = RgbConverter(
        image.width,
        image.height,
        matrix=tags.matrix,
        full_range=tags.full_range,
        rotation=90 * turns,
        deep=deep,
    )
    pixels = convert.convert(image)
    return (pixels >> 8).astype(np.uint8) if deep else pixels


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize(
    "pixel_format",
    ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuva444p10le"],
)
def test_it_looks_as_over_rgb(pixel_format, matrix, full_range, turns):
    tags = ColourTags(matrix=matrix, full_range=full_range)
    image = original(pixel_format, WIDTH, HEIGHT)
    patch = Patch(LEFT, TOP, face(30, 24))
    before = upright(image, tags, turns)
    prepared = ImagePreparation(WIDTH, HEIGHT, pixel_format, tags, quarter_turns=turns).prepare(image, patch)
    wanted = composite_on_frame(before, patch)
    apart = np.abs(upright(prepared, tags, turns).astype(int) - wanted)
    # Where chroma is subsampled, the face's edge shares its samples with what is beside it.
    most_mean, most = (0.1, 3) if "444" in pixel_format else (0.5, 18)
    assert apart.mean() < most_mean
    assert np.percentile(apart, 99.5) <= most
    assert np.abs(wanted.astype(int) - before).max() > 50


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (95, 63)])
@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv411p", "yuv422p10le", "gbrp", "gbrp10le", "gray", "rgb24"]
)
def test_nothing_else_changes(pixel_format, size):
    image = original(pixel_format, *size)
    shape = face(31, 25)
    prepared = ImagePreparation(*size, pixel_format, ColourTags()).prepare(image, Patch(LEFT, TOP, shape))
    shown = np.zeros((size[1], size[0]), bool)
    shown[TOP : TOP + 25, LEFT : LEFT + 31] = shape[..., 3] > 0
    for before, after in zip(planes(image), planes(prepared), strict=True):
        channels = 3 if pixel_format == "rgb24" else 1
        step_y, step_x = -(-size[1] // before.shape[0]), -(-size[0] * channels // before.shape[1])
        rows, columns = np.nonzero(shown)
        touched = np.zeros(before.shape, bool)
        for channel in range(channels):
            touched[rows // step_y, columns // step_x * channels + channel] = True
        now = after[: before.shape[0], : before.shape[1]]
        assert np.array_equal(before[~touched], now[~touched])
        assert np.any(before[touched] != now[touched])


def test_the_clips_own_image_is_never_written_into():
    image = original("yuv420p", WIDTH, HEIGHT)
    image.pts = 5
    before = [plane.copy() for plane in planes(image)]
    preparation = ImagePreparation(WIDTH, HEIGHT, "yuv420p", ColourTags())
    for patch in (None, Patch(LEFT, TOP, face(30, 24))):
        preparation.prepare(image, patch).pts = 99
        assert image.pts == 5
        assert all(map(np.array_equal, planes(image), before))


@pytest.mark.parametrize("turns", range(4))
def test_at_an_odd_edge_the_face_reaches_the_edge(turns):
    tags = ColourTags(matrix=6)
    image = original("yuv420p", 95, 63)
    pixels = face(30, 24)
    pixels[...] = (250, 30, 60, 255)
    width, height = (95, 63) if turns % 2 == 0 else (63, 95)
    patch = Patch(width - 30, height - 24, pixels)
    prepared = ImagePreparation(95, 63, "yuv420p", tags, quarter_turns=turns).prepare(image, patch)
    assert (prepared.width, prepared.height) == (96, 64)
    assert min(map(int, np.ptp(upright(prepared, tags, turns)[-20:-4, -26:-4], axis=(0, 1)))) <= 2
    corner = upright(prepared, tags, turns)[height - 3, width - 3]
    assert np.abs(corner.astype(int) - (250, 30, 60)).max() <= 3


@pytest.mark.parametrize("pixel_format", ["yuv420p", "nv12", "yuv444p", "yuv410p", "bgra"])
def test_an_image_of_another_size_and_kind_becomes_the_movies(pixel_format):
    image = original(pixel_format, WIDTH // 2, HEIGHT // 2)
    prepared = ImagePreparation(WIDTH, HEIGHT, "yuv420p", ColourTags(matrix=6)).prepare(image, None)
    assert (prepared.width, prepared.height, prepared.format.name) == (WIDTH, HEIGHT, "yuv420p")
    wanted = original("rgb24", WIDTH // 2, HEIGHT // 2).to_ndarray().repeat(2, 0).repeat(2, 1)
    shown = upright(prepared, ColourTags(matrix=6), 0).astype(int)
    assert np.abs(shown - wanted).mean() < 4
