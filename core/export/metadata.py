# SPDX-License-Identifier: GPL-3.0-or-later
"""Titles, dates, tags, chapters and timecodes: from a clip to the movie that is made of it."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from av.container import InputContainer

if TYPE_CHECKING:
    from av.container.core import Chapter

# What each file says of itself: its own kind, program and sizes.
_OF_THE_FILE = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "encoding_tool",
    "duration",
    "bps",
    "number_of_frames",
    "number_of_bytes",
    "source_id",
    "vendor_id",
}
_STATISTICS = "_statistics_"

# What FFmpeg's MP4 and MOV files hold in the form that all players know; others need that of QuickTime.
_KNOWN_TO_MP4 = {
    "title",
    "artist",
    "author",
    "album_artist",
    "composer",
    "album",
    "date",
    "comment",
    "genre",
    "copyright",
    "grouping",
    "lyrics",
    "description",
    "synopsis",
    "show",
    "episode_id",
    "network",
    "keywords",
    "creation_time",
    "timecode",
    "track",
    "disc",
    "location",
}
# ISO 639-2 has two codes for some languages; FFmpeg's list of QuickTime's languages has the older of these.
_QUICKTIME_LANGUAGES = {
    "deu": "ger",
    "ell": "gre",
    "fas": "per",
    "fre": "fra",
    "isl": "ice",
    "nld": "dut",
    "sqi": "alb",
    "zho": "chi",
}
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def carried_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a file or track that hold for what is made of it too."""
    return {
        name: value
        for name, value in tags.items()
        if name.lower().split("-")[0] not in _OF_THE_FILE and not name.lower().startswith(_STATISTICS)
    }


def carried_track_tags(tags: Mapping[str, str], suffix: str) -> dict[str, str]:
    """Return the tags of a track in the form that a movie file with this ending keeps them in."""
    carried = carried_tags(tags)
    # MP4 and MOV call a track's title its name, and name the part of a program that handles it.
    named = carried.pop("name", None)
    if named is not None:
        carried.setdefault("title", named)
    if suffix not in (".mp4", ".mov"):
        carried.pop("handler_name", None)
    if suffix == ".mov" and "language" in carried:
        carried["language"] = _QUICKTIME_LANGUAGES.get(carried["language"], carried["language"])
    return carried


def needs_quicktime_tags(tags: Iterable[str]) -> bool:
    """Tell whether an MP4 or MOV file can hold the tags in QuickTime's form only."""
    return any(name.lower().split("-")[0] not in _KNOWN_TO_MP4 for name in tags)


def with_mark(tags: Mapping[str, str], mark: str) -> dict[str, str]:
    """Return tags whose comment has a line more. Names count the same in capitals, as Matroska writes them."""
    comments = [value for name, value in tags.items() if name.lower() == "comment"]
    others = {name: value for name, value in tags.items() if name.lower() != "comment"}
    comment = "\n".join([*comments, mark] if mark else comments)
    return others | ({"comment": comment} if comment else {})


def carried_chapters(container: InputContainer, start: Fraction, end: Fraction | None) -> "list[Chapter]":
    """Return the chapters of a file between two times in seconds, counted from the first."""
    chapters: list[Chapter] = []
    for chapter in container.chapters():
        base = chapter["time_base"] or Fraction(1)
        first = max(chapter["start"], round(start / base))
        last = chapter["end"] if end is None else min(chapter["end"], round(end / base))
        if first < last:
            shift = round(start / base)
            moved = chapter.copy()
            moved["start"], moved["end"] = first - shift, last - shift
            chapters.append(moved)
    return chapters


def timecode_after(timecode: str, frames: int, fps: Fraction) -> str:
    """Return the timecode of a later frame. Drop-frame counts as SMPTE 12M does.

    Parameters
    ----------
    timecode : str
        That of the first frame, HH:MM:SS:FF, or with `;` for drop-frame.
    frames : int
        How many frames later.
    fps : fractions.Fraction
        Frames per second.

    Returns
    -------
    str
        The later timecode; `timecode` as it is where it can't be read.
    """
    parts = _TIMECODE.fullmatch(timecode)
    rate = round(fps)
    if parts is None or not frames or not rate:
        return timecode
    hours, minutes, seconds, frame = (int(parts[group]) for group in (1, 2, 3, 5))
    drops = 2 * (rate // 30) if parts[4] != ":" and rate % 30 == 0 else 0
    total_minutes = 60 * hours + minutes
    count = (
        (60 * total_minutes + seconds) * rate + frame - drops * (total_minutes - total_minutes // 10) + frames
    )
    if drops:
        tens, rest = divmod(count, rate * 600 - 9 * drops)
        count += 9 * drops * tens + drops * max(0, (rest - drops) // (rate * 60 - drops))
    seconds, frame = divmod(count, rate)
    hours, minutes, seconds = seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
    return f"{hours:02}:{minutes:02}:{seconds:02}{parts[4]}{frame:02}"
