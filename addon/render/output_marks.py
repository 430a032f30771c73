# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks what Blender's renders write: images that show a new face, as soon as they are written, and movies at the end.

The project says where these files are, and may come from anyone: only what this render wrote is touched, and never
through a link.
"""

import json
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.errors import OutputError, UnderstudyError, os_error_reason
from ...core.filesystem import write_file
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.models.library import ModelLibrary
from ...core.recipe.request import SwapRequest
from ...core.reporting.layer_outcomes import pluralise
from ..properties.preferences import preferences
from .output_files import movie_path, was_written_since, written_images

if TYPE_CHECKING:
    from ...core.provenance.marker import ClipFiles, FileMarker
    from ...core.provenance.settings import MarkSettings
    from ...core.sessions.composite_facts import CompositeFactsFinder

_Composite = tuple[tuple[SwapRequest, ...], tuple[ClipSource, ...]]
"""Who replaces whom in a frame, and in which clips."""
_ClipFrames = Sequence[tuple[ClipSource, int | None]]
"""Clips, and which of their frames an image shows; None for a movie."""


class OutputMarks:
    """The marks of one render. On the render's own thread; nothing is raised."""

    def __init__(self, since: float = 0.0, library: ModelLibrary | None = None) -> None:
        """`since` is when the render began, by the clock of files; `library` has the models of this machine."""
        self._since = since
        self._library = library
        self._frames: dict[int, _Composite] = {}
        self._clip_frames: dict[int, _ClipFrames] = {}
        self._settings: MarkSettings | None = None
        self._finder: CompositeFactsFinder | None = None
        self._markers: dict[_Composite, FileMarker] = {}
        self._done: set[int] = set()
        self._unmarked: dict[int, str] = {}
        self._movie_warnings: list[str] = []

    @property
    def unmarked_frames(self) -> tuple[int, ...]:
        """The frames that show a new face in a file that does not say so, in order."""
        return tuple(sorted(self._unmarked))

    @property
    def warnings(self) -> list[str]:
        """What could not be marked: a line for each reason, however many files it was."""
        texts = [text for marker in self._markers.values() for text in marker.warnings]
        reasons: dict[str, int] = {}
        for text in self._unmarked.values():
            if text:
                reasons[text] = reasons.get(text, 0) + 1
        texts += [f"{text} ({pluralise(count, 'frame')})" for text, count in reasons.items()]
        return list(dict.fromkeys((*texts, *self._movie_warnings)))

    def add_frame(self, frame: int, jobs: Sequence[LayerJob]) -> None:
        """Note that a frame shows new faces."""
        requests = dict.fromkeys(request for job in jobs for request in job.requests)
        self._frames[frame] = tuple(requests), tuple(dict.fromkeys(job.source for job in jobs))
        self._clip_frames[frame] = tuple(dict.fromkeys((job.source, job.number) for job in jobs))
        self._done.discard(frame)

    def mark_images(self, scene: bpy.types.Scene, frame: int) -> str:
        """Mark what was just written of a frame; return why it must not stay, where marks are required."""
        if frame not in self._frames or frame in self._done:
            return ""
        return self._mark(frame, written_images(scene, frame, self._since))

    def finish(self, scene: bpy.types.Scene) -> list[str]:
        """Mark the movie that this render wrote, or images of which Blender said nothing; return as `mark_images`."""
        if not self._frames:
            return []
        if not cast("Any", scene.render).is_movie_format:
            pending = [frame for frame in sorted(self._frames) if frame not in self._done]
            return [text for frame in pending if (text := self.mark_images(scene, frame))]
        path = movie_path(scene)
        if not was_written_since(path, self._since):
            return []
        requests = dict.fromkeys(request for requests, _ in self._frames.values() for request in requests)
        clips = dict.fromkeys(clip for _, clips in self._frames.values() for clip in clips)
        text, is_marked = self._mark_movie(path, (tuple(requests), tuple(clips)))
        if not is_marked:
            self._unmarked.update(dict.fromkeys(self._frames, ""))
        return [text] if text else []

    def _mark(self, frame: int, paths: Iterable[Path]) -> str:
        """Mark the images of a frame; return why it must not stay, where marks are required."""
        from ...core.provenance.mark_file import is_image_format

        self._unmarked.pop(frame, None)
        try:
            for path in paths:
                self._done.add(frame)
                marker = self._marker(self._frames[frame])
                if not marker.is_on:
                    self._unmarked[frame] = ""
                elif not is_image_format(path.name):
                    self._require(f"{path.suffix or 'these'} files can't hold a mark", frame)
                elif not marker.finished_file(path, self._clip_files(self._clip_frames[frame])):
                    self._unmarked[frame] = ""
        except UnderstudyError as error:
            self._unmarked[frame] = str(error)
            return str(error) if self._is_required else ""
        return ""

    def _mark_movie(self, path: Path, composite: _Composite) -> tuple[str, bool]:
        """Mark a movie; return why it must not stay, where marks are required, and whether it is marked."""
        from ...core.provenance.mark_file import is_movie_format

        try:
            marker = self._marker(composite)
            if is_movie_format(path.name):
                clips = self._clip_files([(clip, None) for clip in composite[1]])
                return "", marker.finished_file(path, clips)
            facts = marker.known_facts()
            if facts is not None:
                self._write_sidecar(path, facts)
        except UnderstudyError as error:
            self._movie_warnings.append(str(error))
            return (str(error) if self._is_required else ""), False
        return "", facts is not None

    def _clip_files(self, frames: _ClipFrames) -> "ClipFiles":
        """Return what `FileMarker` asks for the files of clips with."""
        return partial(cast("CompositeFactsFinder", self._finder).clip_files, frames)

    @staticmethod
    def _write_sidecar(path: Path, facts: Any) -> None:
        from ...core.provenance.sidecar import content_entries, sidecar_name

        try:
            values = {"composite": True, "made_by": facts.software, **content_entries(path.name, path, facts)}
            text = f"{json.dumps(values, indent=2)}\n"
            write_file(path.with_name(sidecar_name(path.name)), text.encode("ascii"))
        except OSError as error:
            reason = os_error_reason(error).lower()
            raise OutputError(f"can't write the mark beside {path.name}: {reason}") from error

    def _require(self, fault: str, frame: int) -> None:
        """Keep why a frame has no mark. Raises OutputError where it must have one."""
        if self._is_required:
            raise OutputError(f"marks are required, and {fault}")
        self._unmarked[frame] = f"no mark was written: {fault}"

    @property
    def _is_required(self) -> bool:
        return self._settings is not None and self._settings.is_required

    def _marker(self, composite: _Composite) -> "FileMarker":
        """Return what marks files that show the same faces in the same clips. OutputError where that can't be had."""
        from ...core.provenance.marker import FileMarker
        from ...core.provenance.settings import mark_settings
        from ...core.sessions.composite_facts import CompositeFactsFinder

        if self._settings is None:
            online = bool(cast("Any", bpy.app).online_access)
            preferred = preferences().mark_outputs
            self._settings = mark_settings(os.environ, online=online, preferred=preferred)
            self._finder = CompositeFactsFinder(self._library or ModelLibrary())
        finder = cast("CompositeFactsFinder", self._finder)
        if composite not in self._markers:
            self._markers[composite] = FileMarker(self._settings, lambda: finder.find(*composite))
        return self._markers[composite]
