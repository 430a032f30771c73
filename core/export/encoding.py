# SPDX-License-Identifier: GPL-3.0-or-later
"""The video codecs that movies are written in, and how each is set."""

from collections.abc import Iterable
from dataclasses import dataclass

import av

from ..errors import OutputError
from .colour_tags import ColourTags
from .containers import FORMATS, takes_encoder
from .options import DEFAULT_QUALITY, PRESETS, EncodingChoice
from .pixel_formats import nearest_format, pixel_layout
from .source_video import SourceVideo

_ENCODERS = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "prores": "prores_ks",
    "ffv1": "ffv1",
}
_HDR_BITS = 10

# What each encoder takes as the value for quality 0 and 100; in between it is linear. Tuned on footage so that 90 is a
# mean difference of at most 0.35 levels of 8 bits. SVT-AV1 does not come that near to grain: it has 1 from 90 on.
_CRF_RANGES = {"h264": (51, 0), "hevc": (40, 0), "av1": (63, -6)}
_MIN_AV1_CRF = 1
_PRORES_PROFILES = ((25, "proxy"), (50, "lt"), (75, "standard"), (101, "hq"))
_SVT_PRESETS = dict(zip(PRESETS, (13, 12, 11, 10, 9, 8, 6, 4, 2), strict=True))

# With macroblock-tree x264 writes other bytes from the same frames each time.
_X264_PARAMETERS = ("mbtree=0",)
# Its coding-unit tree, too, takes bits from what is not looked at again, which would lose more there than elsewhere.
_X265_PARAMETERS = ("log-level=none", "cutree=0")
# Filtering in time smooths grain away before it is coded.
_SVT_PARAMETERS = ("enable-tf=0", "aq-mode=0")


@dataclass(frozen=True)
class Encoding:
    """How the video of a movie is coded."""

    codec: str
    encoder: str
    pixel_format: str
    options: dict[str, str]


def choose_encoding(suffix: str, source: SourceVideo, choice: EncodingChoice, tags: ColourTags) -> Encoding:
    """Choose how a movie is coded, from what is asked for and what its clip is like.

    Parameters
    ----------
    suffix : str
        The ending of the movie's name, such as `.mp4`.
    source : SourceVideo
        The clip's video track.
    choice : EncodingChoice
        What is asked for.
    tags : ColourTags
        The colour tags that the movie gets.

    Raises
    ------
    OutputError
        It can't be coded so.
    """
    codec = choice.codec or _default_codec(suffix, source, tags)
    encoder = _ENCODERS[codec]
    if suffix in FORMATS and not takes_encoder(suffix, encoder):
        others = [other for other in FORMATS if takes_encoder(other, encoder)]
        raise OutputError(f"{suffix} files can't hold {codec}: use {' or '.join(others)}, or another --codec")
    offered = [layout.name for layout in av.Codec(encoder, "w").video_formats or []]
    offered = [
        name for name in offered if "be" not in name and name not in ("nv12", "nv16", "nv20le", "nv21")
    ]
    pixel_format = choice.pixel_format or _default_format(source, offered, codec)
    if pixel_format not in offered:
        raise OutputError(
            f"{codec} can't hold the pixel format {pixel_format}: use {', '.join(sorted(offered))}"
        )
    # A clip that has HDR in 8 bits keeps what it has.
    if tags.is_hdr and pixel_layout(pixel_format).depth < min(
        _HDR_BITS, pixel_layout(source.pixel_format).depth
    ):
        fix = "leave out --pixel-format" if choice.pixel_format else "use --codec hevc"
        raise OutputError(f"HDR can't be kept in {pixel_format} as {codec}: {fix}, or --sdr to tone-map it")
    return Encoding(codec, encoder, pixel_format, _options(codec, source, choice, pixel_format))


def _default_codec(suffix: str, source: SourceVideo, tags: ColourTags) -> str:
    if suffix == ".webm":
        return "av1"
    if source.codec == "prores" and suffix in (".mov", ".mkv"):
        return "prores"
    if source.codec == "ffv1" and suffix == ".mkv":
        return "ffv1"
    deep = pixel_layout(source.pixel_format).depth > 8
    return "hevc" if tags.is_hdr or (deep and not source.is_images) else "h264"


def _default_format(source: SourceVideo, offered: Iterable[str], codec: str) -> str:
    layout = pixel_layout(source.pixel_format)
    if source.is_images and codec in ("h264", "hevc", "av1"):
        return nearest_format("yuv420p" if layout.depth == 8 or codec == "h264" else "yuv420p10le", offered)
    if codec in ("h264", "hevc"):  # players take no alpha and no RGB in these
        offered = [name for name in offered if not name.startswith(("gbr", "yuva"))]
    return nearest_format(source.pixel_format, offered)


def _options(codec: str, source: SourceVideo, choice: EncodingChoice, pixel_format: str) -> dict[str, str]:
    quality = DEFAULT_QUALITY if choice.quality is None else choice.quality
    if codec == "ffv1":
        if choice.quality is not None or choice.preset:
            raise OutputError("ffv1 loses nothing: leave out --quality and --preset")
        return {"level": "3", "slicecrc": "1"}
    if codec == "prores":
        if choice.preset:
            raise OutputError("prores has no presets: leave out --preset, --quality chooses its profile")
        if "444" in pixel_format:
            return {"profile": "4444" if quality < _PRORES_PROFILES[-2][0] else "4444xq", "vendor": "apl0"}
        return {
            "profile": next(name for below, name in _PRORES_PROFILES if quality < below),
            "vendor": "apl0",
        }
    worst, best = _CRF_RANGES[codec]
    options = {"crf": f"{worst + (best - worst) * quality / 100:g}"}
    preset = choice.preset or "medium"
    hdr = _hdr_parameters(codec, source)
    if codec == "av1":
        # SVT-AV1 takes whole numbers only.
        options["crf"] = str(max(_MIN_AV1_CRF, round(float(options["crf"]))))
        options["preset"] = str(_SVT_PRESETS[preset])
        parameters = [*_SVT_PARAMETERS, *hdr]
    else:
        options["preset"] = preset
        parameters = [*(_X264_PARAMETERS if codec == "h264" else _X265_PARAMETERS), *hdr]
        if codec == "h264" and source.is_interlaced:
            parameters.append("tff=1" if source.is_top_first else "bff=1")
    if parameters:
        options[{"h264": "x264-params", "hevc": "x265-params", "av1": "svtav1-params"}[codec]] = ":".join(
            parameters
        )
    return options


def _hdr_parameters(codec: str, source: SourceVideo) -> list[str]:
    """Say the screen and the light levels of an HDR clip as an encoder takes them."""
    parameters = []
    if source.mastering is not None:
        name = {"h264": "mastering-display", "hevc": "master-display", "av1": "mastering-display"}[codec]
        text = source.mastering.svt_text() if codec == "av1" else source.mastering.x265_text()
        parameters.append(f"{name}={text}")
    if source.light_levels is not None:
        name = {"h264": "cll", "hevc": "max-cll", "av1": "content-light"}[codec]
        most, average = source.light_levels
        parameters.append(f"{name}={most},{average}")
    return parameters
