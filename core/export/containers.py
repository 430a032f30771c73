# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds of movie files can hold: asked of FFmpeg by writing a trial into memory."""

import io
from collections.abc import Sequence

import av
from av.packet import Packet
from av.stream import Stream

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's name of the container by the ending of a movie's name."""
TRIAL_ERRORS = (av.FFmpegError, ValueError)

_UNWRITABLE = ((".mov", "libsvtav1"),)
"""What FFmpeg lists for a kind of file and then refuses to write."""
_TEXT_SUBTITLES = {".mp4": "mov_text", ".mov": "mov_text", ".mkv": "subrip", ".webm": "webvtt"}


def holds(suffix: str, stream: Stream, packet: "Packet[Stream] | None") -> bool:
    """Tell whether a kind of movie file can hold a track as it is; `packet` is one of it, if it has any."""
    if stream.type in ("data", "unknown") and suffix not in (".mp4", ".mov"):
        return False
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=FORMATS[suffix]) as container:
            track = container.add_stream_from_template(stream, opaque=True)
            container.start_encoding()
            if packet is not None:
                container.mux(_copy(packet, track))
    except TRIAL_ERRORS:
        return False
    return True


def suffixes_that_hold(stream: Stream, packet: "Packet[Stream] | None") -> Sequence[str]:
    """Return the endings of the kinds of movie files that can hold a track as it is."""
    return [suffix for suffix in FORMATS if holds(suffix, stream, packet)]


def takes_encoder(suffix: str, encoder: str) -> bool:
    """Tell whether a kind of movie file can hold what an encoder makes."""
    with av.open(io.BytesIO(), "w", format=FORMATS[suffix]) as container:
        return encoder in container.supported_codecs and (suffix, encoder) not in _UNWRITABLE


def text_subtitle_codec(suffix: str) -> str:
    """Return the codec that a kind of movie file keeps text subtitles in."""
    return _TEXT_SUBTITLES[suffix]


def sound_codec(suffix: str) -> str:
    """Return the codec that sound is encoded in for a kind of movie file."""
    return "libopus" if suffix == ".webm" else "aac"


def _copy(packet: "Packet[Stream]", track: Stream) -> "Packet[Stream]":
    copy: Packet[Stream] = Packet(bytes(packet))
    copy.stream = track
    copy.time_base = packet.time_base
    copy.pts = copy.dts = 0
    copy.duration = packet.duration
    copy.is_keyframe = True
    return copy
