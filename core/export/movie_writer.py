# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes finished frames as a movie, with the sound and other tracks of the clip they came from."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.frame import VideoFrame

from ..errors import OutputError
from ..filesystem import NewFiles
from ..fusion.patch import Patch
from ..system.address_space import limit_bytes
from .containers import FORMATS
from .encoding import choose_encoding
from .frame_times import FrameTimes
from .frames import NO_MEMORY, RenderedFrame
from .image_losses import image_losses
from .options import EncodingChoice
from .packet_copy import Splice
from .source_video import SourceVideo, describe_images, written_tags
from .spliced_track import SplicedTrack
from .tone_mapping import as_sdr
from .tracks import SourceTracks, TrackRange
from .video_track import VideoTrack

_WRITE_ERRORS = (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError)


class VideoWriter:
    """A context manager that makes one movie; write its frames in order.

    `audio_from` is the clip whose sound is copied without re-encoding, at the offset it has there from the
    clip's own images; frame 0 here is frame 0 there. If fewer frames are written than that clip has, its
    sound ends with the last of them. The file appears at `path` only when the block ends well, and is on the disk
    then; the extension (.mp4, .mov, .mkv, .webm) chooses the container.

    `comment` is kept in the file's metadata. `source` is the clip's own video track, for a movie that is to be like
    it: its frames are given to `write_image` as they were decoded; None for RGB images. `choice` says how the video is
    coded, `sound` what becomes of the sound (see `options.SOUND`), `track_range` which of the clip's frames these are,
    and `times` when the clip's images are shown, where they do not come at `fps`. `unread_count` is how many frames the
    clip has beyond the length that its file says. With `splice` parts of the clip's video are copied, see `copy_gops`.

    An odd width or height gets one more column or row, a copy of the last, since 4:2:0 video needs even ones.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: Fraction,
        audio_from: Path | None = None,
        comment: str = "",
        *,
        source: SourceVideo | None = None,
        choice: EncodingChoice | None = None,
        sound: str = "copy",
        track_range: TrackRange | None = None,
        times: FrameTimes | None = None,
        unread_count: int = 0,
        splice: Splice | None = None,
    ) -> None:
        if width < 1 or height < 1 or fps <= 0:
            raise OutputError(f"can't write {path} as {width}x{height} at {fps} fps; give positive numbers")
        self._path = self._part = path
        self._shape = (height, width, 3)
        self._fps = Fraction(fps)
        self._audio_from = audio_from
        self._comment = comment
        self._source = source or describe_images(width, height, 8)
        self._choice = choice or EncodingChoice()
        self._sound, self._track_range, self._times = sound, track_range, times
        self._splice = splice
        self._unread_count = unread_count
        self._sidecar: tuple[str, bytes | Callable[[Sequence[Path]], bytes]] | None = None
        self._mark: Callable[[NewFiles, Path, str], Path] | None = None
        self._exit_stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if self._path.is_dir():
            raise OutputError(f"can't write {self._path}: it is a folder; give a file name such as out.mp4")
        try:
            self._begin()
        except _WRITE_ERRORS as fault:
            raise self._write_error(fault) from fault
        return self

    def add_sidecar(self, name: str, data: bytes | Callable[[Sequence[Path]], bytes]) -> None:
        """Have a file of the movie's folder written with it: they come together or not at all.

        It takes its place just before the movie does, so that no power cut leaves this movie without it. `data` may be
        a function that makes it of the complete movie, of whose file it gets the path until then.
        """
        self._sidecar = name, data

    def mark_with(self, mark: Callable[[NewFiles, Path, str], Path]) -> None:
        """Have the complete movie marked before it takes its place, see `FileMarker.movie`."""
        self._mark = mark

    def copy_gops(self, places: Collection[int]) -> None:
        """Choose, before the first frame, which GOPs of the clip are copied; the frames of the others are written."""
        if isinstance(self._track, SplicedTrack):
            self._track.copied = places

    def write(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Append a frame.

        Parameters
        ----------
        pixels : ndarray, shape (H, W, 3), uint8
            The frame, RGB, display-coded and upright.

        Raises
        ------
        OutputError
            It is of another size or dtype, or can't be written.
        """
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise OutputError(
                f"a frame for {self._path} is {pixels.shape} {pixels.dtype}; it must be {self._shape} uint8"
            )
        as_coded = np.rot90(pixels, -self._source.quarter_turns)
        self.write_image(VideoFrame.from_ndarray(np.ascontiguousarray(as_coded), "rgb24"), None)

    def write_frame(self, frame: RenderedFrame) -> None:
        """Append a frame, as it was decoded where that is known.

        Parameters
        ----------
        frame : RenderedFrame
            The frame: its decoded image and its patch, or its pixels.

        Raises
        ------
        OutputError
            It can't be written.
        """
        if frame.image is None:
            self.write(frame.pixels)
        else:
            self.write_image(frame.image, frame.own_patch)

    def write_image(self, image: VideoFrame, patch: Patch | None) -> None:
        """Append a frame as it was decoded, unrotated, with a patch over its upright form. Raises OutputError."""
        try:
            if self._splice is None:
                self._write_tracks_before(self._offset + self._track.seconds)
            self._track.write(image, patch)
        except _WRITE_ERRORS as fault:
            raise self._write_error(fault) from fault

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._files:
                with self._exit_stack:
                    if error is None:
                        self._finish()
                if error is None:
                    if self._mark is not None:
                        self._part = self._mark(self._files, self._part, self._path.name)
                    if self._sidecar is not None:
                        name, data = self._sidecar
                        self._files.create(name, data([self._part]) if callable(data) else data)
                    self._files.commit()
        except _WRITE_ERRORS as fault:
            if error is None:
                raise self._write_error(fault) from fault

    @property
    def _offset(self) -> Fraction:
        """Seconds from the movie's start to its first image."""
        return self._tracks.video_offset if self._tracks is not None else Fraction(0)

    @property
    def warnings(self) -> list[str]:
        """What of the clip the movie won't have; known as soon as the block is entered."""
        suffix = self._path.suffix.lower()
        lines = image_losses(self._source, self._encoding, suffix, self._track.coded_size)
        if self._choice.sdr and not self._is_tone_mapped:
            lines.append("the clip is not HDR: --sdr changes nothing")
        if self._times is not None and self._times.hidden:
            lines.append(
                f"{self._times.hidden} images of the clip are shown for less than a frame of its {self._fps} fps "
                "and are left out: transcode it at a fixed rate to have them all"
            )
        if self._unread_count:
            lines.append(
                f"the clip's file says a length that is too short: {self._unread_count} more images at its end are not "
                "read; remux it, as with ffmpeg -i FILE -c copy FILE.mp4"
            )
        return [*lines, *(self._tracks.warnings if self._tracks is not None else [])]

    @property
    def faults(self) -> list[str]:
        """What was wrong with the clip's other tracks; known when the block has ended."""
        return self._tracks.faults if self._tracks is not None else []

    def _begin(self) -> None:
        suffix = self._path.suffix.lower()
        clip = self._source
        if self._choice.sdr and clip.tags.is_hdr:
            self._source = as_sdr(clip)
        self._is_tone_mapped = self._source is not clip
        if self._splice is not None:
            self._encoding = self._splice.encoding
        else:
            self._encoding = choose_encoding(suffix, self._source, self._choice, self._source.tags)
        with contextlib.ExitStack() as stack:
            self._files = stack.enter_context(NewFiles(self._path.parent))
            self._part = part = self._files.create(self._path.name)
            with contextlib.ExitStack() as media:
                self._tracks = self._open_tracks(media, suffix)
                self._container: OutputContainer = media.enter_context(
                    av.open(f"file:{part}", "w", options=self._container_options(suffix))
                )
                if self._comment:
                    self._container.metadata["comment"] = self._comment
                self._track = self._add_video(media, suffix, clip)
                if self._tracks is not None:
                    self._tracks.add_to(self._container)
                    self._tracks.describe_video(self._track.stream)
                # What can't be written is met here, before a frame is rendered.
                self._container.start_encoding()
                self._exit_stack = media.pop_all()
            stack.pop_all()

    def _add_video(
        self, media: contextlib.ExitStack, suffix: str, clip: SourceVideo
    ) -> VideoTrack | SplicedTrack:
        if self._splice is not None:
            return media.enter_context(
                SplicedTrack(self._container, suffix, self._splice, self._offset, self._write_tracks_before)
            )
        return VideoTrack(
            self._container,
            suffix,
            self._source,
            self._fps,
            self._encoding,
            written_tags(self._source, self._encoding.pixel_format),
            offset=self._offset,
            times=self._times,
            first=self._track_range.first if self._track_range is not None else 0,
            tone_mapping_from=clip if self._is_tone_mapped else None,
        )

    def _write_tracks_before(self, time: Fraction | None) -> None:
        """Write the packets of the other tracks that start before a time in seconds; all if it is None."""
        if self._tracks is not None:
            self._container.mux(list(self._tracks.packets_before(time)))

    def _finish(self) -> None:
        if not self._track.frame_count:
            raise OutputError(f"no frame was written to {self._path}; choose at least one frame")
        self._track.finish()
        if self._tracks is not None:
            end = self._offset + self._track.seconds
            whole = self._track_range is None and end + Fraction(1, 2) / self._fps >= self._tracks.video_end
            self._write_tracks_before(None if whole else end)
            self._container.mux(list(self._tracks.rest()))

    def _open_tracks(self, stack: contextlib.ExitStack, suffix: str) -> SourceTracks | None:
        if self._audio_from is None:
            return None
        if suffix not in FORMATS:
            raise OutputError(f"can't write {self._path}: choose an {', '.join(FORMATS)} name")
        return stack.enter_context(
            SourceTracks(self._audio_from, suffix, sound=self._sound, track_range=self._track_range)
        )

    def _container_options(self, suffix: str) -> dict[str, str]:
        if suffix in (".mp4", ".mov") and self._tracks is not None and self._tracks.needs_quicktime_tags:
            return {"movflags": "use_metadata_tags"}
        return {}

    def _write_error(self, error: BaseException) -> OutputError:
        if isinstance(error, MemoryError):
            return OutputError(f"can't write {self._path}: {NO_MEMORY}")
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = reason.splitlines()[0].lower()
        if isinstance(error, av.error.ExternalError) and limit_bytes() is not None:
            reason += ", which may be short of memory (ulimit -v)"
        place = getattr(error, "filename2", None)  # what could not be put in its place
        path = self._path.with_name(place) if isinstance(place, str) else self._path
        # What is not the system's fault may be that of the file's kind.
        kind = "" if isinstance(error, OSError) else ", or choose an .mp4, .mov or .mkv name"
        return OutputError(f"can't write {path}: {reason}; check the folder and free space{kind}")
