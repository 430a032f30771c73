# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips of more than 8 bits in every Blender: beside their layer each pixel is what it is without it, as floats."""

import av
import cv2
import numpy as np
import pytest
import tifffile

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

KINDS = ("png16", "hevc10")


def _write_deep_movie(path, pixels):
    """Write a 10-bit movie of one frame of (H, W, 3) uint16, held for three."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=24)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv420p10le"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=1, dst_color_range=1)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_clip(folder, kind, frame):
    """Write the frame in the light of a ramp as a clip of a kind; returns the step that makes a strip of it."""
    light = np.linspace(0.4, 1, frame.shape[1])[None, :, None]
    pixels = np.round(frame.astype(np.float64) / 255 * light * 65535).astype(np.uint16)
    if kind == "png16":
        path = folder / "clip.png"
        assert cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]))
        return ["pictures", {"name": "clip", "files": [str(path)]}]
    path = folder / "clip.mov"
    _write_deep_movie(path, pixels)
    return ["movie", {"name": "clip", "file": str(path)}]


class DeepRenders:
    """Float renders of a strip of each kind: with its layer, without the add-on, with a layer that shows nothing."""

    def __init__(self, driver, footage):
        self.folder, self.blender = driver.folder / "deep", driver.blender.name
        for kind in KINDS:
            folder = self.folder / kind
            folder.mkdir(parents=True)
            blend, output = (
                str(folder / "p.blend"),
                ["image_output", {"file_format": "OPEN_EXR", "color_depth": "32"}],
            )
            render = [["render", {"out": str(folder / f"{state}_")}] for state in ("with", "none")]
            driver(
                ["project", {"size": [320, 240], "frames": [1, 1], "save": blend}],
                _write_clip(folder, kind, footage.frames[3]),
                output,
                ["cast", {"name": "clip", "picture": footage.person}],
                ["save", {}],
                render[0],
                ["pixels", {"file": str(folder / "with_0001.exr"), "to": str(folder / "with.npy")}],
            )
            (layer,) = folder.rglob("000000.tif")
            np.save(folder / "layer.npy", tifffile.imread(layer))
            driver(
                ["load", {"path": blend}],
                ["tune", {"settings": {"fusion.blend": 0.0}}],
                render[1],
                ["load", {"path": blend}],
                ["bare", {}],
                ["render", {"out": str(folder / "bare_")}],
                *[
                    [
                        "pixels",
                        {"file": str(folder / f"{state}_0001.exr"), "to": str(folder / f"{state}.npy")},
                    ]
                    for state in ("none", "bare")
                ],
            )

    def pixels(self, kind, state):
        """Return an image, (240, 320, 3) float32, the highest row first."""
        return np.load(self.folder / kind / f"{state}.npy")[::-1, :, :3]

    def layer(self, kind):
        """Return the layer, (240, 320, 4)."""
        return np.load(self.folder / kind / "layer.npy")


@pytest.fixture(scope="module")
def renders(every_blender, footage):
    return DeepRenders(every_blender, footage)


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_beside_the_layer_are_exactly_those_without_it(renders, kind):
    layer, shown, bare = renders.layer(kind), renders.pixels(kind, "with"), renders.pixels(kind, "bare")
    assert layer.dtype == np.uint16
    covered = layer[..., 3] > 0
    assert covered.sum() > 5000
    # 5.2 does not take a strip through the sequencer's colour space where no other strip lies over it, whatever that
    # shows: an image strip of 16 bits then differs by what Blender's conversion to sRGB and back leaves.
    most = 2 / 65535 if renders.blender == "5.2" and kind == "png16" else 0
    assert np.abs(shown - bare)[~covered].max() <= most
    assert np.abs(renders.pixels(kind, "none") - bare).max() <= most


@pytest.mark.parametrize("kind", KINDS)
def test_blender_shows_the_layer_with_all_its_bits(renders, kind):
    layer, shown = renders.layer(kind), renders.pixels(kind, "with")
    opaque = layer[..., 3] == 65535
    coded = layer[..., :3][opaque] / 65535
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    assert np.abs(shown[opaque] - linear).max() < 2 / 65535  # as exact as Blender's own curve of sRGB is
    assert len(np.unique(layer[..., 1][opaque])) > 2000
