# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that say how a movie is written."""

import argparse

from ..export.options import CODECS, MAX_QUALITY, PRESETS, SOUND, EncodingChoice
from ..units import parse_count
from .cache_arguments import argument_type


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the video's coding and the sound."""
    parser.add_argument(
        "--codec",
        choices=CODECS,
        default="",
        help="how the video is coded (default: h264; hevc for more than 8 bits and HDR; prores and ffv1 for clips of "
        "that kind; av1 in .webm)",
    )
    parser.add_argument(
        "--quality",
        type=argument_type(_parse_quality),
        metavar="N",
        help="0 to 100, the same scale for every codec (default: 90, which no eye tells from the clip)",
    )
    parser.add_argument(
        "--preset", choices=PRESETS, default="", help="how long the encoder may take to make the file small"
    )
    parser.add_argument(
        "--pixel-format",
        default="",
        metavar="NAME",
        help="FFmpeg's name of one, such as yuv420p or yuv422p10le (default: the clip's, or what loses least of it)",
    )
    parser.add_argument(
        "--sdr",
        action="store_true",
        help="tone-map an HDR clip to SDR (BT.2390); else it stays HDR, in the bits that it has",
    )
    parser.add_argument(
        "--sound",
        choices=SOUND,
        default="copy",
        help="copy the clip's sound as it is, encode it as AAC (Opus in .webm), or leave it out",
    )
    parser.add_argument(
        "--copy-untouched",
        action="store_true",
        help="copy the packets of the clip byte for byte wherever no face is replaced: only the GOPs with one are "
        "encoded; for H.264 and HEVC with closed GOPs",
    )


def encoding_choice(arguments: argparse.Namespace) -> EncodingChoice:
    """Return how the arguments want the video coded."""
    return EncodingChoice(
        arguments.codec, arguments.quality, arguments.preset, arguments.pixel_format, arguments.sdr
    )


def _parse_quality(text: str) -> int:
    quality = parse_count(text)
    if quality > MAX_QUALITY:
        raise ValueError(f"{text} is not from 0 to {MAX_QUALITY}")
    return quality
