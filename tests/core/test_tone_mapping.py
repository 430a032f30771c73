# SPDX-License-Identifier: GPL-3.0-or-later
"""HDR to SDR: the curve's ends and middle, hues, and that the table on images gives what the curve says."""

import numpy as np
import pytest
from av.video.frame import VideoFrame
from understudy.core.export.colour_tags import HLG, PQ, ColourTags
from understudy.core.export.source_video import MasteringDisplay, SourceVideo
from understudy.core.export.tone_mapping import ToneMapper, map_colours, peak_light


def grey(value):
    return np.full(3, float(value))


def pq(nits):
    """PQ's code value of a brightness in cd/m2 (SMPTE ST 2084)."""
    power = (nits / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_black_is_black_and_the_brightest_is_white(transfer):
    assert map_colours(grey(0), transfer, 1000) == pytest.approx(grey(0), abs=0.002)
    brightest = pq(1000) if transfer == PQ else 1
    assert map_colours(grey(brightest), transfer, 1000) == pytest.approx(grey(1), abs=0.002)


def test_what_is_dim_keeps_its_light():
    # Below the knee SDR's light is HDR's, with 203 cd/m2 as white.
    for nits in (1, 5, 20):
        assert map_colours(grey(pq(nits)), PQ, 1000)[0] ** 2.4 * 203 == pytest.approx(nits, rel=0.01)


def test_brighter_stays_brighter_and_grey_stays_grey():
    values = np.linspace(0, pq(1000), 200)
    mapped = map_colours(np.stack([values] * 3, -1), PQ, 1000)
    assert (np.diff(mapped[:, 0]) >= -1e-9).all()
    assert np.ptp(mapped, axis=1).max() < 0.001


@pytest.mark.parametrize("colour", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0.2)])
def test_colours_outside_of_the_gamut_keep_their_order(colour):
    mapped = map_colours(np.array(colour) * pq(400), PQ, 1000)
    assert mapped.min() >= 0
    assert mapped.max() <= 1
    assert np.argmax(mapped) == np.argmax(colour)


def test_a_clip_says_how_bright_it_is():
    screen = MasteringDisplay((0, 0), (0, 0), (0, 0), (0, 0), 40_000_000, 50)
    tags = ColourTags(9, PQ, 9)
    assert peak_light(SourceVideo("hevc", "yuv420p10le", 64, 64, tags)) == 1000
    assert peak_light(SourceVideo("hevc", "yuv420p10le", 64, 64, tags, mastering=screen)) == 4000
    assert (
        peak_light(SourceVideo("hevc", "yuv420p10le", 64, 64, tags, mastering=screen, light_levels=(600, 0)))
        == 600
    )


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_an_image_gets_the_curves_values(transfer):
    source = SourceVideo("hevc", "yuv444p10le", 64, 64, ColourTags(9, transfer, 9))
    mapper = ToneMapper(source, "yuv444p")
    for red, green, blue in (
        (0.2, 0.2, 0.2),
        (0.5, 0.5, 0.5),
        (0.6, 0.4, 0.3),
        (0.2, 0.5, 0.3),
        (0.7, 0.7, 0.6),
    ):
        pixels = np.full((64, 64, 3), (red, green, blue)) * 65535
        image = VideoFrame.from_ndarray(np.rint(pixels).astype(np.uint16), "rgb48le")
        coded = image.reformat(format="yuv444p10le", dst_colorspace=9, dst_color_range=1)
        shown = (
            mapper.convert(coded).reformat(format="rgb24", src_colorspace=1, src_color_range=1).to_ndarray()
        )
        wanted = map_colours(np.array([red, green, blue]), transfer, 1000) * 255
        assert np.abs(shown[32, 32] - wanted).max() < 3
