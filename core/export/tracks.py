# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracks of a clip beside its video, for the movie that is made of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import AttachmentStream, Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from ..concurrency.closing import Closeable
from ..errors import ClipError, OutputError
from ..media.movie_stream import READ_ERRORS, open_media, video_stream
from .containers import holds, sound_codec, suffixes_that_hold, text_subtitle_codec
from .metadata import (
    carried_chapters,
    carried_tags,
    carried_track_tags,
    needs_quicktime_tags,
    timecode_after,
    with_mark,
)
from .sound_track import EncodedSound
from .track_copy import AnyPacket, CopiedTrack, CoverImage, SubtitleTrack, TrackWriter
from .track_packets import TrackPackets

_TEXT_CODECS = ("subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text")
_EDIT_LIST_SUFFIXES = (".mp4", ".mov")
_COVER_NAMES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
_PROBED_PACKETS = 2000


@dataclass(frozen=True)
class TrackRange:
    """Which of a clip's frames a movie shows: `first` and so on, up to before `end`; None for all the rest."""

    first: int
    end: int | None
    fps: Fraction


class SourceTracks(Closeable):
    """All tracks of a clip but the one that its frames come from, with times counted from the movie's start."""

    def __init__(
        self, path: Path, suffix: str, *, sound: str = "copy", track_range: TrackRange | None = None
    ) -> None:
        """Open the clip and choose what becomes of each track.

        Raises ClipError, and OutputError for what a file of this kind can't hold.
        """
        self.warnings: list[str] = []
        """What the movie won't have, and what to do about it."""
        try:
            self._container = open_media(path)
        except READ_ERRORS as fault:
            raise ClipError(f"{path} can't be opened for its sound; check that it plays") from fault
        try:
            self._path = path
            self._suffix = suffix
            self._track_range = track_range
            self._video = video_stream(path, self._container) if self._container.streams.video else None
            self._set_times()
            self._attachments: list[tuple[str, str, bytes]] = []
            self._writers = self._choose_writers(sound)
        except BaseException:
            self._container.close()
            raise
        self._packets = TrackPackets(self._container, self._writers)
        self._next: AnyPacket | None = None

    def close(self) -> None:
        """Close the clip."""
        self._container.close()

    def add_to(self, container: OutputContainer) -> None:
        """Give the movie its tracks, tags and chapters."""
        for writer in self._writers.values():
            writer.add_to(container)
        for name, kind, data in self._attachments:
            container.add_attachment(name, kind, data)
        tags = carried_tags(self._container.metadata)
        container.metadata.update(with_mark(tags, container.metadata.get("comment", "")))
        end = None if self._end is None else self._origin + self._end
        container.set_chapters(carried_chapters(self._container, self._origin, end))
        self._next = next(self._packets, None)

    def describe_video(self, track: VideoStream) -> None:
        """Give the movie's video track what the clip says of its own: title, language, timecode."""
        if not self._video:
            return
        tags = carried_track_tags(self._video.metadata, self._suffix)
        if self._track_range is not None:
            for name in [name for name in tags if name.lower() == "timecode"]:
                tags[name] = timecode_after(tags[name], self._track_range.first, self._track_range.fps)
        track.metadata.update(tags)
        track.disposition = self._video.disposition

    @property
    def needs_quicktime_tags(self) -> bool:
        """Whether an MP4 or MOV file has to hold the tags in QuickTime's form, which has no place for a cover."""
        has_cover = any(isinstance(writer, CoverImage) for writer in self._writers.values())
        return needs_quicktime_tags(carried_tags(self._container.metadata)) and not has_cover

    def packets_before(self, time: Fraction | None) -> Iterator[AnyPacket]:
        """Hand out the packets not handed out yet that start before `time` seconds; all if it is None."""
        while self._next is not None:
            packet = self._next
            if packet.dts is not None:
                if time is not None and packet.dts * packet.time_base - self._origin >= time:
                    return
                yield from self._writers[packet.stream.index].packets(packet)
            self._next = next(self._packets, None)

    def rest(self) -> Iterator[AnyPacket]:
        """Hand out what tracks still hold."""
        for writer in self._writers.values():
            yield from writer.rest()

    @property
    def faults(self) -> list[str]:
        """What of the clip's tracks could not be kept; complete after the last packet."""
        return self._packets.faults(self._path.name)

    def _set_times(self) -> None:
        sounds = self._container.streams.audio
        videos = [self._video] if self._video else []
        begin = min(map(_start_seconds, (*sounds, *videos)), default=Fraction(0))
        video_start = _start_seconds(videos[0]) if videos else Fraction(0)
        self._end: Fraction | None = None
        if self._track_range is None or not self._track_range.first:
            self._origin, self.video_offset = begin, video_start - begin
        else:
            self._origin, self.video_offset = (
                video_start + self._track_range.first / self._track_range.fps,
                Fraction(0),
            )
        self.video_end = self.video_offset + (_duration_seconds(videos[0]) if videos else 0)
        if self._track_range is not None and self._track_range.end is not None:
            self._end = (
                self.video_offset + (self._track_range.end - self._track_range.first) / self._track_range.fps
            )

    # What becomes of each track

    def _choose_writers(self, sound: str) -> dict[int, TrackWriter]:
        writers: dict[int, TrackWriter] = {}
        samples = _first_packets(self._path)
        choices: dict[str, Callable[[Stream, AnyPacket | None], TrackWriter | None]] = {
            "audio": lambda stream, packet: self._sound(stream, packet, sound),
            "subtitle": self._subtitles,
            "video": self._other_video,
            "attachment": self._attachment,
        }
        for stream in self._container.streams:
            if not self._video or stream.index != self._video.index:
                writer = choices.get(stream.type, self._data)(stream, samples.get(stream.index))
                if writer is not None:
                    writers[stream.index] = writer
        return writers

    @property
    def _cuts(self) -> bool:
        return self._track_range is not None and self._track_range.first > 0

    def _copied(self, stream: Stream) -> CopiedTrack:
        precede = self._suffix in _EDIT_LIST_SUFFIXES
        return CopiedTrack(stream, self._origin, self._end, cuts=self._cuts, may_precede=precede)

    def _sound(self, stream: Stream, packet: AnyPacket | None, sound: str) -> TrackWriter | None:
        if sound == "none":
            return None
        if sound == "encode" and isinstance(stream, AudioStream):
            end = None if self._end is None else self._origin + self._end
            return EncodedSound(stream, sound_codec(self._suffix), self._origin, end)
        self._require_holds(stream, packet, "sound", "--sound encode")
        return self._copied(stream)

    def _subtitles(self, stream: Stream, packet: AnyPacket | None) -> TrackWriter | None:
        if holds(self._suffix, stream, packet):
            return self._copied(stream)
        if isinstance(stream, SubtitleStream) and _codec(stream) in _TEXT_CODECS:
            codec = text_subtitle_codec(self._suffix)
            return SubtitleTrack(stream, codec, self._origin, self._end, cuts=self._cuts)
        self._require_holds(stream, packet, "subtitles", "")
        return None

    def _other_video(self, stream: Stream, packet: AnyPacket | None) -> TrackWriter | None:
        if stream.disposition & Disposition.attached_pic:
            if self._suffix == ".mkv" and packet is not None and _codec(stream) in _COVER_NAMES:
                self._attachments.append((*_COVER_NAMES[_codec(stream)], bytes(packet)))
                return None
            if self._suffix == ".mp4" and packet is not None:
                return CoverImage(stream, packet)
            self.warnings.append(self._loss("the cover image"))
            return None
        if holds(self._suffix, stream, packet):
            return self._copied(stream)
        self.warnings.append(self._loss(f"the video track {stream.index}"))
        return None

    def _attachment(self, stream: Stream, _: AnyPacket | None) -> TrackWriter | None:
        if isinstance(stream, AttachmentStream) and self._suffix == ".mkv":
            self._attachments.append((stream.name or "attachment", stream.mimetype or "", stream.data))
        else:
            name = stream.metadata.get("filename", f"track {stream.index}")
            self.warnings.append(self._loss(f"the attachment {name}"))
        return None

    def _data(self, stream: Stream, packet: AnyPacket | None) -> TrackWriter | None:
        # Writers make the tracks of chapters and timecodes themselves, from what is said of them.
        if packet is None or stream.metadata.get("timecode") or self._is_chapter_track(stream):
            return None
        if holds(self._suffix, stream, packet):
            return self._copied(stream)
        self.warnings.append(self._loss(f"the data track {stream.index}"))
        return None

    def _is_chapter_track(self, stream: Stream) -> bool:
        return bool(self._container.chapters()) and stream.type == "data" and _codec(stream) == "bin_data"

    def _loss(self, what: str) -> str:
        other = ".mkv" if self._suffix != ".mkv" else ".mov"
        reason = f"which {self._suffix} files can't hold"
        return f"the movie does not have {what} of {self._path.name}, {reason}: use {other}"

    def _require_holds(self, stream: Stream, packet: AnyPacket | None, what: str, instead: str) -> None:
        if holds(self._suffix, stream, packet):
            return
        suffixes = suffixes_that_hold(stream, packet)[:2]
        fixes = [text for text in (" or ".join(suffixes), instead) if text]
        raise OutputError(
            f"{self._suffix} files can't hold the {what} of {self._path.name} ({_codec(stream)}): "
            + (f"use {', or '.join(fixes)}" if fixes else "make a copy of the clip without it")
        )


def has_other_tracks(path: Path) -> bool:
    """Tell whether a movie has more than its video. Raises ClipError."""
    try:
        with open_media(path) as container:
            return len(container.streams) > 1
    except READ_ERRORS as fault:
        raise ClipError(f"{path} can't be opened for its tracks; check that it plays") from fault


def _first_packets(path: Path) -> dict[int, AnyPacket]:
    """Return the first packet of each track that begins early in the file."""
    first: dict[int, AnyPacket] = {}
    try:
        with open_media(path) as container:
            wanted = [stream for stream in container.streams if stream.type != "attachment"]
            for count, packet in enumerate(container.demux(*wanted)):
                if packet.size:
                    first.setdefault(packet.stream.index, packet)
                if len(first) == len(wanted) or count > _PROBED_PACKETS:
                    break
    except READ_ERRORS as fault:
        raise ClipError(f"the tracks of {path} can't be read; check that it plays") from fault
    return first


def _codec(stream: Stream) -> str:
    context = getattr(stream, "codec_context", None)  # data tracks and attachments have none
    return getattr(context, "name", None) or getattr(stream, "name", None) or "unknown"


def _start_seconds(stream: Stream) -> Fraction:
    return (stream.start_time or 0) * (stream.time_base or Fraction(0))


def _duration_seconds(stream: Stream) -> Fraction:
    return (stream.duration or 0) * (stream.time_base or Fraction(0))
