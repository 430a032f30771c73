# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips of more than 8 bits in every Blender: beside their layer each pixel is what it is without it, as floats."""

import cv2
import numpy as np
import pytest
import tifffile
from dpx_files import write_dpx
from exr_files import Part, write_exr, write_exr_parts
from float_tiffs import write_float_tiff
from footage.deep_movie import BT709, HLG, PQ, write_deep_movie
from footage.portrait import write_picture
from understudy.core.media.exr import encode_srgb, srgb_curve
from understudy.core.media.light_space import light_space
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

KINDS = ("png16", "hevc10")
SPACES = {"exr": "ACEScg", "exr_parts": "Linear Rec.2020", "tiff32": "sRGB", "dpx16": "Linear Rec.709"}
CODED = {
    "pq10": "Rec.2100-PQ",
    "hlg10": "Rec.2100-HLG",
    "pq16": "Rec.2100-PQ",
    "hlg16": "Rec.2100-HLG",
    "log16": "AgX Log",
}
"""Kinds whose codes stand for light. Movies say so themselves: from 5.0 on Blender gives their strips that space.
Light 1 is 203 cd/m2 in images of PQ, and 100 in movies."""
NOT_IN_BLENDER = {"4.5": ("pq16", "hlg16")}
HIGHLIGHT_KINDS = ("exr", "exr_parts", "tiff32")
TRANSFERS = {"pq10": PQ, "hlg10": HLG}
HIGHLIGHT_COLUMNS, NEGATIVE_COLUMNS = slice(120, 122), slice(150, 152)
"""Of light that no display shows, 8.0 and -0.05: they run through the face, its edge and what is beside it."""
HIGHLIGHT = 4.0
"""The light of the columns in codes: HLG has none of 8 times its white."""


def _write_clip(folder, kind, frame):
    """Write the frame in the light of a ramp as a clip of a kind; returns the steps that make a strip of it."""
    coded = frame.astype(np.float64) / 255 * np.linspace(0.4, 1, frame.shape[1])[None, :, None]
    if kind in CODED:
        light = _linear(coded).astype(np.float32)
        light[:, HIGHLIGHT_COLUMNS] = HIGHLIGHT
        coded = np.clip(light_space(light_reading(CODED[kind])).from_light(light), 0, 1)
    pixels = np.round(coded * 65535).astype(np.uint16)
    if kind in (*TRANSFERS, "hevc10"):
        path = folder / "clip.mov"
        write_deep_movie(path, pixels, TRANSFERS.get(kind, BT709))
        return [["movie", {"name": "clip", "file": str(path)}]]
    light = _linear(coded)
    if kind in HIGHLIGHT_KINDS:
        light[:, HIGHLIGHT_COLUMNS], light[:, NEGATIVE_COLUMNS] = 8.0, -0.05
    path = str(_write_image(folder, kind, pixels, light.astype(np.float32)))
    space = {**SPACES, **CODED}.get(kind, "sRGB")
    strip = ["pictures", {"name": "clip", "files": [path]}]
    return [strip, ["adjust", {"name": "clip", "colorspace_settings__name": space}]]


def _write_image(folder, kind, pixels, light):
    """Write an image of a kind; returns its path."""
    match kind:
        case "exr":
            return write_exr(folder / "clip.exr", light)
        case "exr_parts":
            window = (0, 0, 400, 300)
            depth = Part("depth", {"Z": light[..., 0]}, display=window)
            colours = {c: light[..., n] for n, c in enumerate("RGB")}
            return write_exr_parts(folder / "clip.exr", depth, Part("rgb", colours, (7, 5), window))
        case "tiff32":
            return write_float_tiff(folder / "clip.tif", srgb_curve(light))
        case "dpx16":
            return write_dpx(folder / "clip.dpx", np.round(light * 65535).astype(int), 16)
    return write_picture(folder / "clip.png", pixels)


def _linear(coded):
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


class DeepRenders:
    """Float renders of a strip of each kind: with its layer, without the add-on, with a layer that shows nothing."""

    def __init__(self, driver, footage):
        self.folder, self.blender = driver.folder / "deep", driver.blender.name
        self.folder.mkdir()
        clear = str(self.folder / "clear.png")
        assert cv2.imwrite(clear, np.zeros((240, 320, 4), np.uint8))
        for kind in (*KINDS, *SPACES, *CODED):
            if kind in NOT_IN_BLENDER.get(self.blender, ()):
                continue
            folder = self.folder / kind
            folder.mkdir()
            blend, output = (
                str(folder / "p.blend"),
                ["image_output", {"file_format": "OPEN_EXR", "color_depth": "32"}],
            )
            render = [["render", {"out": str(folder / f"{state}_")}] for state in ("with", "none")]
            driver(
                ["project", {"size": [320, 240], "frames": [1, 1], "save": blend}],
                *_write_clip(folder, kind, footage.frames[3]),
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
                ["still", {"name": "other", "file": clear, "length": 1, "channel": 9}],
                ["adjust", {"name": "other", "blend_type": "ALPHA_OVER"}],
                ["render", {"out": str(folder / "over_")}],
                *[
                    [
                        "pixels",
                        {"file": str(folder / f"{state}_0001.exr"), "to": str(folder / f"{state}.npy")},
                    ]
                    for state in ("none", "bare", "over")
                ],
            )

    @property
    def code_kinds(self):
        """The kinds whose layers have codes: 4.5 has no colour spaces for PQ and HLG."""
        return (*KINDS, *(TRANSFERS if self.blender == "4.5" else ()))

    def clip_light(self, kind):
        """Return the light of a coded clip, (240, 320, 3) float32."""
        files = [file for file in (self.folder / kind).iterdir() if file.stem == "clip"]
        source = ClipSource(files[0].suffix == ".mov", tuple(files), light_reading(CODED[kind]))
        with open_source(source) as clip:
            return light_space(source.reading).to_light(clip.read(0))

    def require(self, kind):
        """Skip the test where this Blender has no colour space for a kind."""
        if kind in NOT_IN_BLENDER.get(self.blender, ()):
            pytest.skip(f"Blender {self.blender} has no {CODED[kind]}")

    def pixels(self, kind, state):
        """Return an image, (240, 320, 3) float32, the highest row first."""
        return np.load(self.folder / kind / f"{state}.npy")[::-1, :, :3]

    def layer(self, kind):
        """Return the layer, (240, 320, 4)."""
        return np.load(self.folder / kind / "layer.npy")


@pytest.fixture(scope="module")
def renders(every_blender, footage):
    return DeepRenders(every_blender, footage)


@pytest.mark.parametrize("kind", [*KINDS, *SPACES, *CODED])
def test_pixels_beside_the_layer_are_exactly_those_without_it(renders, kind):
    renders.require(kind)
    layer, shown, bare = renders.layer(kind), renders.pixels(kind, "with"), renders.pixels(kind, "bare")
    assert layer.dtype == (np.uint16 if kind in renders.code_kinds else np.float16)
    covered = layer[..., 3] > 0
    assert covered.sum() > 5000
    # 5.2 does not take image strips through the sequencer's colour space where no other strip lies over them: then they
    # differ by what Blender's own conversion to sRGB and back leaves. `over` has any strip over them.
    expected = renders.pixels(kind, "over") if renders.blender == "5.2" else bare
    assert np.array_equal(shown[~covered], expected[~covered])
    assert np.array_equal(renders.pixels(kind, "none"), expected)
    assert np.abs(expected - bare).max() <= 4e-5 * np.abs(bare).max()


@pytest.mark.parametrize("kind", KINDS)
def test_blender_shows_the_layer_with_all_its_bits(renders, kind):
    layer, shown = renders.layer(kind), renders.pixels(kind, "with")
    opaque = layer[..., 3] == 65535
    coded = layer[..., :3][opaque] / 65535
    assert (
        np.abs(shown[opaque] - _linear(coded)).max() < 2 / 65535
    )  # as exact as Blender's own curve of sRGB is
    assert len(np.unique(layer[..., 1][opaque])) > 2000


@pytest.mark.parametrize("kind", CODED)
def test_a_face_in_codes_is_the_face_of_the_8_bit_clip(renders, kind):
    renders.require(kind)
    space = light_space(light_reading(CODED[kind]))
    layer, plain, shown = renders.layer(kind), renders.layer("png16"), renders.pixels(kind, "with")
    if layer.dtype == np.uint16:  # 4.5 shows the codes of PQ and HLG, and the layer has them
        opaque = layer[..., 3] == 65535
        light = space.to_light(layer[..., :3])
        assert np.abs(shown - _linear(layer[..., :3] / 65535))[opaque].max() < 4 / 65535
    else:
        opaque = layer[..., 3] == 1
        light = layer[..., :3].astype(np.float32)
        assert np.abs(shown - light)[opaque].max() < 1e-3 * HIGHLIGHT
        # Blender takes its own measure of the light in movies, and shows the face in the same.
        bare, own = renders.pixels(kind, "bare"), renders.clip_light(kind)
        there = (layer[..., 3:] == 0) & (own > 0.05)
        light /= np.float32(np.median(bare[there] / own[there]))
    both = opaque & (plain[..., 3] == 65535)
    both[:, HIGHLIGHT_COLUMNS.start - 6 : HIGHLIGHT_COLUMNS.stop + 6] = False
    assert both.sum() > 4000
    difference = np.abs(encode_srgb(light) * 255 - plain[..., :3] / 257)[both]
    # The bright lines in it move the light that is taken over from the footage, and 4:2:0 its colors. What is opaque is
    # hardly more than the face.
    assert np.median(difference) < 4
    assert difference.mean() < 5.5  # 4.94 of PQ in 4.5
    bright = np.zeros(both.shape, bool)
    bright[:, HIGHLIGHT_COLUMNS] = True
    assert light[bright & opaque].mean() > 0.5 * HIGHLIGHT


@pytest.mark.parametrize("kind", HIGHLIGHT_KINDS)
def test_light_beyond_the_display_survives_beside_and_under_the_face(renders, kind):
    layer, shown, bare = renders.layer(kind), renders.pixels(kind, "with"), renders.pixels(kind, "bare")
    alpha = layer[..., 3].astype(np.float32)
    soft = (alpha > 0) & (alpha < 1)
    bright, dark = (np.zeros(alpha.shape, bool) for _ in range(2))
    bright[:, HIGHLIGHT_COLUMNS], dark[:, NEGATIVE_COLUMNS] = True, True
    assert min((soft & bright).sum(), (soft & dark).sum(), ((alpha == 1) & bright).sum()) > 10
    beside = bright & (alpha == 0)
    assert np.abs(shown[beside] / bare[beside] - 1).max() < 1e-4
    assert np.abs(shown - bare)[dark & (alpha == 0)].max() < 1e-6
    # The face is laid in, and what lay beyond it is still there; the picture that Shape moved is resampled.
    assert shown[bright & (alpha > 0)].min() > 2
    assert shown[dark & (alpha > 0) & (alpha < 0.1)].max() < 0.1
    assert shown[dark & soft].min() < -0.02
