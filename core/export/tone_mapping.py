# SPDX-License-Identifier: GPL-3.0-or-later
"""HDR to SDR: PQ or HLG in BT.2020 to BT.709, with the tone curve of Report ITU-R BT.2390.

The highlights above a knee are bent to the brightness of an SDR screen's white, by the brightest of red, green and
blue, so that hues stay; what is left outside of BT.709's gamut is drawn towards grey. The whole is a table that
FFmpeg's `haldclut` applies.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from ..errors import OutputError
from ..fusion.patch import Patch
from ..media.transfer import HLG_PEAK, WHITE, hlg_to_scene, light_to_pq, pq_to_light, scene_to_screen
from .colour_tags import BT709, HLG, PQ, ColourTags
from .image_preparation import ImagePreparation
from .source_video import SourceVideo

_Floats = npt.NDArray[np.float64]

SDR_TAGS = ColourTags(BT709, BT709, BT709, False, "left")
_SDR_FORMAT = "yuv420p"

_LEVEL = 8
"""Of the table, which has the square of it as the number of steps of each colour."""
_SDR_GAMMA = 2.4
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722])
_TO_709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)


class HdrPreparation:
    """Lays patches over HDR images and turns these into SDR ones, of the size that `ImagePreparation` makes."""

    def __init__(self, source: SourceVideo, pixel_format: str) -> None:
        self._over = ImagePreparation(
            source.width, source.height, source.pixel_format, source.tags, quarter_turns=source.quarter_turns
        )
        self._mapper = ToneMapper(source, pixel_format)

    def prepare(self, image: VideoFrame, patch: Patch | None) -> VideoFrame:
        """Return an image in SDR with a patch, of HDR's colours, over it."""
        return self._mapper.convert(self._over.prepare(image, patch))


class ToneMapper:
    """Turns a clip's HDR images into SDR ones of `pixel_format` with the tags `SDR_TAGS`."""

    def __init__(self, source: SourceVideo, pixel_format: str) -> None:
        self._table = _table_image(source)
        self._format = pixel_format
        self._source_range = "full" if source.tags.full_range else "limited"
        self._graphs: dict[tuple[int, int, str], Graph] = {}
        self._count = 0

    def convert(self, image: VideoFrame) -> VideoFrame:
        """Return an image in SDR. Raises OutputError."""
        key = (image.width, image.height, image.format.name)
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = self._open(*key)
        self._count += 1
        image.pts, image.time_base = self._count, Fraction(1, 1000)
        graph.push(image, 0)
        mapped = graph.pull()
        if not isinstance(mapped, VideoFrame):
            raise OutputError("can't tone-map the clip: leave out --sdr")
        return mapped

    def _open(self, width: int, height: int, pixel_format: str) -> Graph:
        graph = Graph()
        time_base = Fraction(1, 1000)
        source = graph.add_buffer(
            width=width, height=height, format=VideoFormat(pixel_format, width, height), time_base=time_base
        )
        side = _LEVEL**3
        table = graph.add_buffer(
            width=side, height=side, format=VideoFormat("rgb48le", side, side), time_base=time_base
        )
        flags = "flags=bicubic+accurate_rnd+full_chroma_int"
        to_rgb = graph.add(
            "scale", f"in_color_matrix=bt2020:in_range={self._source_range}:out_range=full:{flags}"
        )
        rgb = graph.add("format", "rgb48le")
        lookup = graph.add("haldclut", "interp=tetrahedral")
        to_yuv = graph.add("scale", f"in_range=full:out_color_matrix=bt709:out_range=limited:{flags}")
        yuv, sink = graph.add("format", self._format), graph.add("buffersink")
        graph.link_nodes(source, to_rgb, rgb)
        rgb.link_to(lookup, 0, 0)
        table.link_to(lookup, 0, 1)
        graph.link_nodes(lookup, to_yuv, yuv, sink).configure()
        self._table.pts, self._table.time_base = 0, time_base
        graph.push(self._table, 1)
        graph.push(None, 1)  # the table holds for all images
        return graph


def as_sdr(source: SourceVideo) -> SourceVideo:
    """Return what a clip's video is like after tone mapping."""
    return replace(source, pixel_format=_SDR_FORMAT, tags=SDR_TAGS, mastering=None, light_levels=None)


def map_colours(colours: _Floats, transfer: int, peak: float) -> _Floats:
    """Return the BT.709 code values (from 0 to 1) of BT.2020 ones in PQ or HLG.

    Parameters
    ----------
    colours : numpy.ndarray
        (..., 3) code values of full range, from 0 to 1.
    transfer : int
        16 for PQ, 18 for HLG.
    peak : float
        The brightest that the clip was made for, in cd/m2.
    """
    light = pq_to_light(colours) if transfer == PQ else scene_to_screen(hlg_to_scene(colours))
    brightest = light.max(-1, keepdims=True)
    light = light * (_bend(brightest, max(peak, WHITE)) / np.maximum(brightest, 1e-6))
    linear = light / WHITE @ _TO_709.T
    # What is outside of the gamut moves towards the grey of its brightness, no further than it must.
    grey = np.clip((linear * _LUMA_709).sum(-1, keepdims=True), 0, 1)
    lowest, highest = linear.min(-1, keepdims=True), linear.max(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(lowest < 0, grey / (grey - lowest), 1)
        above = np.where(highest > 1, (1 - grey) / (highest - grey), 1)
    share = np.clip(np.nan_to_num(np.minimum(below, above), nan=0), 0, 1)
    return np.asarray(np.clip(grey + (linear - grey) * share, 0, 1) ** (1 / _SDR_GAMMA), np.float64)


def peak_light(source: SourceVideo) -> float:
    """Return the brightest that a clip was made for, in cd/m2."""
    if source.tags.transfer == HLG:
        return HLG_PEAK
    if source.light_levels is not None and source.light_levels[0]:
        return float(source.light_levels[0])
    return source.mastering.brightest / 10_000 if source.mastering is not None else HLG_PEAK


def _bend(light: _Floats, peak: float) -> _Floats:
    """Map brightness up to `peak` to that up to SDR's white: the curve of BT.2390, on PQ's scale."""
    top = light_to_pq(np.array(peak))
    value = np.minimum(light_to_pq(light) / top, 1)
    limit = float(light_to_pq(np.array(WHITE)) / top)
    knee = max(0.0, 1.5 * limit - 0.5)
    part = (value - knee) / max(1 - knee, 1e-6)
    spline = (
        (2 * part**3 - 3 * part**2 + 1) * knee
        + (part**3 - 2 * part**2 + part) * (1 - knee)
        + (-2 * part**3 + 3 * part**2) * limit
    )
    return pq_to_light(np.where(value < knee, value, spline) * top)


def _table_image(source: SourceVideo) -> VideoFrame:
    steps = _LEVEL**2
    axis = np.linspace(0, 1, steps)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    mapped = map_colours(np.stack([red, green, blue], -1), source.tags.transfer, peak_light(source))
    pixels = np.rint(mapped.reshape(_LEVEL**3, _LEVEL**3, 3) * 65535).astype(np.uint16)
    return VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb48le")
