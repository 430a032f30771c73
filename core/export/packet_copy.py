# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a clip's packets a movie can keep as they are: those of closed GOPs in which no image changes."""

import bisect
from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ..errors import OutputError
from ..media.clip import Clip
from ..media.file_status import FileStatus, file_status
from .closed_gops import Gop, GopMap, read_gops
from .encoding import Encoding, choose_encoding
from .image_names import is_image_pattern
from .options import EncodingChoice
from .parameter_sets import HEVC_PPS_IDS, MAX_SPS_ID, TrackHeader
from .pixel_formats import pixel_layout
from .source_video import SourceVideo, describe_clip
from .video_encoder import image_preparation, keeps_fields

_LEAVE = "or leave out --copy-untouched"

# x264's names of H.264's profiles, by FFmpeg's. Images of a profile beyond the header's are refused by some players.
_X264_PROFILES = {
    "Constrained Baseline": "baseline",
    "Baseline": "baseline",
    "Main": "main",
    "High": "high",
    "High 10": "high10",
    "High 4:2:2": "high422",
    "High 4:4:4 Predictive": "high444",
}


@dataclass(frozen=True)
class Splice:
    """A movie whose video can be copied in parts, and encoded in between."""

    path: Path
    """The clip."""
    status: FileStatus
    """Of the clip's file, before its packets were looked at."""
    source: SourceVideo
    gop_map: GopMap
    encoding: Encoding
    """Of what is encoded."""
    sps_id: int
    pps_id: int
    """The numbers of the encoder's parameter sets, which none of the clip's has."""
    numbers: range
    """The clip's frames that the movie shows."""
    fps: Fraction

    def untouched_gops(self, changed: Collection[int]) -> frozenset[int]:
        """Return the places of the GOPs that the movie shows as a whole and that have none of the frames `changed`."""
        shown = self.gop_map.shown_times(self.numbers, self.fps)
        every, others = set(shown), set(changed)
        touched = {time for number, time in zip(self.numbers, shown, strict=True) if number in others}
        return frozenset(
            place
            for place, gop in enumerate(self.gop_map.gops)
            if every.issuperset(gop.times) and touched.isdisjoint(gop.times)
        )

    def encoded_numbers(self, copied: Collection[int]) -> list[int]:
        """Return the frames that have to be rendered where the GOPs of these places are copied, in their order."""
        shown = self.gop_map.shown_times(self.numbers, self.fps)
        return [
            number
            for number, time in zip(self.numbers, shown, strict=True)
            if self.place_of(time) not in copied
        ]

    def place_of(self, time: int) -> int:
        """Return the place of the GOP with the image of a time."""
        return bisect.bisect_right(self.gop_map.gops, time, key=_first_time) - 1


def plan_splice(clip: Clip, output: Path, numbers: range, fps: Fraction, choice: EncodingChoice) -> Splice:
    """Find out whether a movie can keep packets of its clip.

    Parameters
    ----------
    clip : Clip
        The clip.
    output : pathlib.Path
        The movie.
    numbers : range
        The frames of the clip that it shows, in steps of 1.
    fps : fractions.Fraction
        Frames per second of the clip.
    choice : EncodingChoice
        How the images are coded that change.

    Returns
    -------
    Splice
        What can be copied, and how the rest is coded.

    Raises
    ------
    ClipError
        The clip can't be read.
    OutputError
        It can't, and how it could.
    """
    if is_image_pattern(output):
        raise OutputError(f"images have no packets to keep: give a movie name for {output.name}, {_LEAVE}")
    if clip.info.kind != "movie":
        raise OutputError(f"images have no packets to keep: {clip.info.path.name} is no movie, {_LEAVE}")
    path = clip.info.path
    status = file_status(path)
    gop_map = read_gops(path)
    source = describe_clip(clip.info)
    encoding = _encoding(output.suffix.lower(), source, choice, gop_map)
    sps_id, pps_id = _free_ids(path, gop_map.header)
    return Splice(
        path,
        status,
        source,
        gop_map,
        replace(encoding, options=_options(encoding, gop_map, sps_id)),
        sps_id,
        pps_id,
        numbers,
        fps,
    )


def _encoding(suffix: str, source: SourceVideo, choice: EncodingChoice, gop_map: GopMap) -> Encoding:
    """Return how images are coded that stand beside the clip's. OutputError."""
    codec = gop_map.header.codec
    if choice.codec not in ("", codec):
        raise _mismatch(f"the clip is {codec}", f"--codec {codec}")
    if choice.pixel_format not in ("", source.pixel_format):
        raise _mismatch(f"the clip is {source.pixel_format}", f"--pixel-format {source.pixel_format}")
    if choice.sdr:
        raise OutputError("--copy-untouched keeps HDR as it is: leave out one of the two")
    encoding = choose_encoding(suffix, source, replace(choice, codec=codec), source.tags)
    if encoding.pixel_format != source.pixel_format:
        raise OutputError(
            f"the encoder of {codec} can't make {source.pixel_format}: leave out --copy-untouched"
        )
    if source.is_interlaced and not keeps_fields(source, encoding):
        raise OutputError(f"the encoder of {codec} can't make fields: leave out --copy-untouched")
    if image_preparation(source, encoding, source.tags).coded_size != (source.width, source.height):
        size = f"{source.width}x{source.height}"
        raise OutputError(f"the encoder of {codec} can't make {size}: leave out --copy-untouched")
    if (
        codec == "h264"
        and encoding.options.get("crf") == "0"
        and pixel_layout(source.pixel_format).depth == 8
    ):
        raise _mismatch("lossless H.264 is of a profile of its own", "--quality 99")
    return encoding


def _options(encoding: Encoding, gop_map: GopMap, sps_id: int) -> dict[str, str]:
    """Return an encoder's options for images that stand beside the clip's.

    None is decoded before one that is shown earlier. The encoder must not say so: players go by the first parameter
    sets that they meet, and would not wait for the clip's images to come in order.
    """
    depth = gop_map.reorder_depth
    options = {**encoding.options, "forced-idr": "1"}
    if encoding.codec == "h264":
        reordering = f"bframes={min(depth, 2)}:b-pyramid={'normal' if depth > 1 else 'none'}"
        name, more = "x264-params", f"{reordering}:b-adapt=0:sps-id={sps_id}"
        if gop_map.profile in _X264_PROFILES:
            options["profile"] = _X264_PROFILES[gop_map.profile]
    else:
        reordering = f"bframes={min(depth, 2)}:b-pyramid={int(depth > 1)}:b-adapt=0"
        name, more = "x265-params", f"{reordering}:open-gop=0:repeat-headers=0:info=0:slices=1"
    options[name] = f"{options[name]}:{more}"
    return options


def _free_ids(path: Path, header: TrackHeader) -> tuple[int, int]:
    """Return numbers for an SPS and a PPS that the clip does not use. OutputError."""
    ids = header.ids
    sps = [number for number in range(1, MAX_SPS_ID[header.codec] + 1) if number not in ids]
    pps = sps if header.codec == "h264" else [number for number in HEVC_PPS_IDS if number not in ids]
    if not sps or not pps:
        raise OutputError(
            f"all numbers of parameter sets are taken in {path.name}: leave out --copy-untouched"
        )
    return sps[0], pps[0]


def _mismatch(reason: str, fix: str) -> OutputError:
    return OutputError(f"--copy-untouched needs one coding for all images, and {reason}: use {fix}, {_LEAVE}")


def _first_time(gop: Gop) -> int:
    return gop.times[0]
