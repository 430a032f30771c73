# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip of more than 8 bits has faces and layers of 16; one of 8 bits has what it had."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from understudy.core.export.image_writer import composite
from understudy.core.fusion.patch import Patch
from understudy.core.layers.label import layer_label

from tests.core.deep_clips import DeepProject, eight_bits_of, lay_over, ramp_lit_portrait

WITHOUT_GRAIN = "fusion.grain=0"  # its noise is seeded by the frame's id


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> DeepProject:
    return DeepProject(tmp_path_factory.mktemp("deep"))


@pytest.fixture(scope="module")
def clips(project: DeepProject) -> tuple[Path, Path]:
    """The same frame as a 16-bit file with the levels of 10 bits, and as an 8-bit one."""
    ten = np.round(ramp_lit_portrait() * 1023)
    deep = np.round(ten * 65535 / 1023).astype(np.uint16)
    paths = project.folder / "deep.png", project.folder / "eight.png"
    for path, pixels in zip(paths, (deep, eight_bits_of(deep)), strict=True):
        assert cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]))
    return paths


@pytest.mark.parametrize("shape", ["0", "1"])
def test_a_deep_clip_has_a_layer_of_16_bits_that_agrees_with_that_of_its_8_bit_twin(
    project: DeepProject, clips: tuple[Path, Path], shape: str
) -> None:
    settings = (f"swap.shape={shape}", WITHOUT_GRAIN)
    deep, path = project.layer(clips[0], *settings)
    assert deep.dtype == np.uint16
    assert layer_label(path) is not None
    assert np.array_equal(tifffile.imread(path), deep)
    eight, _ = project.layer(clips[1], *settings)
    assert eight.dtype == np.uint8
    frames = [cv2.imread(str(clip), cv2.IMREAD_UNCHANGED)[..., ::-1] for clip in clips]
    fine, coarse = (
        lay_over(frame / np.iinfo(frame.dtype).max, layer) * 255
        for frame, layer in zip(frames, (deep, eight), strict=True)
    )
    changed = deep[..., 3] > 0
    difference = np.abs(fine - coarse)[changed]
    # The 8-bit one is rounded at each of its steps, which adds up to more in a few pixels.
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) <= 1.5


def test_a_ramp_of_10_bits_keeps_its_levels_in_the_face(
    project: DeepProject, clips: tuple[Path, Path]
) -> None:
    inside = []
    for clip in clips:
        layer, _ = project.layer(clip, "swap.shape=1", WITHOUT_GRAIN)
        opaque = layer[..., :3][layer[..., 3] == np.iinfo(layer.dtype).max]
        inside.append(len(np.unique(np.round(opaque / np.iinfo(layer.dtype).max * 1023))))
    deep, eight = inside
    assert deep >= 700
    assert eight <= 256


def test_what_is_not_shown_is_not_there(project: DeepProject, clips: tuple[Path, Path]) -> None:
    layer, path = project.layer(clips[0], "fusion.blend=0")
    assert not layer.any()
    assert path.stat().st_size < 40_000


def test_what_is_written_of_a_deep_clip_has_its_bits_in_the_face_too(
    project: DeepProject, clips: tuple[Path, Path]
) -> None:
    deep = cv2.imread(str(clips[0]), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.uint16)
    face = np.zeros((40, 60, 4), np.float32)
    face[..., :3] = np.linspace(10.1, 200.3, 60)[None, :, None]
    face[10:, :, 3] = 255
    written = composite(deep, Patch(20, 30, face))
    assert np.array_equal(written[:40], deep[:40])
    assert np.array_equal(written[40:70, 20:80], np.round(face[10:, :, :3] * 257).astype(np.uint16))
