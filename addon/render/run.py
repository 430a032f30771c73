# SPDX-License-Identifier: GPL-3.0-or-later
"""One render: it brings each frame's layer pictures up to date, and says at the end what came of them."""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import bpy

from ...core.errors import UnderstudyError
from ...core.filesystem import write_file
from ...core.layers.output_folders import in_one_line
from ...core.reporting.layer_outcomes import NO_LAYER, counted
from ..blender.console import print_fault, say
from ..layers.fallback_folder import SpareLayers, spare_folder
from ..layers.folders import cache_folder
from ..layers.jobs import StripMemory, jobs_at
from ..layers.layer_strip import layer_of, show_rewritten
from ..layers.strip_warnings import notices
from ..layers.sync import sync_layers
from ..modifiers.sanitize import unusable_clips
from ..properties.preferences import preferences
from ..sequencer.strips import is_shown, shown_scenes, stacked_clips
from ..sessions.cache_folder import refusals
from ..sessions.open import open_render
from .lookahead import Upcoming
from .output_files import mark_movie, remove_earlier, remove_written
from .strict import is_strict, stop_render

if TYPE_CHECKING:
    from ...core.sessions.prefetching_session import SessionAhead

REPORT_VARIABLE = "UNDERSTUDY_REPORT"
_OUT_OF_STEP = "the layer strip is out of step"


def on_main_thread() -> bool:
    """Tell whether Blender's data may be changed here."""
    return threading.current_thread() is threading.main_thread()


@dataclass(frozen=True)
class Ended:
    """How a render ended: in a line, and what failed where it was strict."""

    line: str
    failures: tuple[str, ...]


class RenderRun:
    """The session of the render that runs now, if one does."""

    def __init__(self, tell: Callable[[Ended], None]) -> None:
        """`tell` is called when a render ends, on whatever thread that is."""
        self._tell = tell
        self._session: SessionAhead | None = None
        self._memory = StripMemory()
        self._upcoming = Upcoming(self._memory)
        self._spare = SpareLayers()
        self._strict = False
        self._began = 0.0
        self._frames = 0
        self._wrong: dict[tuple[str, str], list[str]] = {}
        self._failed: dict[int, list[str]] = {}
        self._no_begin = ""

    def begin(self, scene: bpy.types.Scene) -> None:
        """Begin a session, if any clip has a stack."""
        self.end(scene)
        self._no_begin = ""
        if not any(stacked_clips(here) or unusable_clips(here) for here in bpy.data.scenes):
            return
        spare = spare_folder() if on_main_thread() else None
        self._session = open_render(cache_folder(scene), preferences(), spare)
        self._strict, self._began, self._frames = is_strict(scene), time.time(), 0
        self._memory = StripMemory()
        self._failed, self._upcoming = {}, Upcoming(self._memory)
        for here in bpy.data.scenes:
            for text in sync_layers(here) if on_main_thread() else []:
                self._session.warn(text)
        for text in refusals():
            self._session.warn(text)
        # The layers are in step: what is still wrong stays so for the whole render.
        self._wrong = {
            (here.name, clip.name): [f"{clip.name} {notice.text}" for notice in found]
            for here in bpy.data.scenes
            for clip in stacked_clips(here)
            if (found := notices(clip, here))
        }
        for here in bpy.data.scenes:
            for clip in unusable_clips(here):
                text = f"{clip.name} has an id of another form than Understudy gives: press Refresh"
                self._wrong[here.name, clip.name] = [text]
        for text in (text for found in self._wrong.values() for text in found):
            self._session.warn(text)

    def frame(self, scene: bpy.types.Scene) -> None:
        """Bring the layer pictures of the scene's frame up to date."""
        if not scene.render.use_sequencer:
            return
        if self._no_begin:
            self._is_not_as_asked(scene, self._no_begin)
        if self._session is None:
            return
        outcomes, self._frames = self._session.outcomes, self._frames + 1
        before = len(outcomes.failures)
        out_of_step: list[str] = []
        jobs = list(jobs_at(scene, scene.frame_current, self._memory, faults=out_of_step))
        coming = self._upcoming.after(scene, jobs)
        written = [self._session.bring(job, jobs[place:] + coming) for place, job in enumerate(jobs, 1)]
        moved = self._spare.follow(self._session.moved) or self._spare.give_up(job.picture for job in jobs)
        if moved or any(written):
            show_rewritten()
        for text in out_of_step:
            self._session.warn(text)
            outcomes.fails(_OUT_OF_STEP, text)
        self._note_what_is_wrong(scene)
        if self._strict and len(outcomes.failures) > before:
            self._fail(scene, outcomes.failures[before:])

    def broke(self, scene: bpy.types.Scene, error: Exception) -> None:
        """Something went wrong that nobody foresaw: the frame may show the original, or what is outdated."""
        if isinstance(error, UnderstudyError):
            reason = str(error)
        else:
            print_fault(error)
            reason = f"Understudy itself failed, please report it ({type(error).__name__}: {error})"
        if self._session is None:
            self._no_begin = reason  # no frame of this render can be as it should
        self._is_not_as_asked(scene, reason)

    def _is_not_as_asked(self, scene: bpy.types.Scene, reason: str) -> None:
        text = f"frame {scene.frame_current}: {reason}; the original or an outdated layer is shown"
        if self._session is None:
            say(f"error: {text}")
        else:
            self._session.warn(text)
            self._session.outcomes.fails(reason, text)
        if is_strict(scene):
            self._fail(scene, [text])

    def written(self, scene: bpy.types.Scene) -> None:
        """A frame was written: one that failed must not stay."""
        if scene.frame_current in self._failed:
            _warn_of(remove_written(scene, scene.frame_current, self._began))

    def end(self, scene: bpy.types.Scene) -> None:
        """Say in one line what the render did, and write the report where the environment asks for it."""
        session, self._session = self._session, None
        if session is None:
            return
        facts = {**session.as_dict(), "failed": sorted(self._failed)}
        facts["warnings"] = warnings = in_one_line(cast("list[str]", facts["warnings"]))
        session.close()
        self._spare.restore()
        for text in warnings:
            say(f"warning: {text}")
        if self._failed:
            _warn_of(mark_movie(scene, self._began))
        shown = session.outcomes.line(cast("int", facts["faces"]))
        models = counted(cast("int", facts["models_loaded"]), "model")
        line = (
            f"{counted(self._frames, 'frame')}: {shown}; {session.written} written, {facts['frames_decoded']} decoded, "
            f"{models} loaded, {facts['seconds']} s; {counted(len(warnings), 'warning')}"
        )
        if self._failed:
            line += f"; failed: {', '.join(f'frame {frame}' for frame in sorted(self._failed))}"
        say(line)
        self._tell(Ended(line, tuple(text for found in self._failed.values() for text in found)))
        self._failed = {}
        wanted = os.environ.get(REPORT_VARIABLE)
        if wanted:
            try:
                write_file(Path(wanted), f"{json.dumps(facts, indent=1)}\n".encode())
            except OSError as error:
                say(f"warning: can't write the report {wanted}: {error.strerror or error}")

    def _note_what_is_wrong(self, scene: bpy.types.Scene) -> None:
        """Count the clips at this frame that are not seen as they should be, whatever their pictures are."""
        if self._session is None or not self._wrong:
            return
        for here, at in shown_scenes(scene, scene.frame_current):
            for clip in (*stacked_clips(here), *unusable_clips(here)):
                found = self._wrong.get((here.name, clip.name))
                if not found or not is_shown(here, clip, at):
                    continue
                outcomes = self._session.outcomes
                if layer_of(here, clip) is None:
                    outcomes.fails(NO_LAYER, f"{clip.name}, frame {at}: {found[0]}")
                else:
                    outcomes.failures.extend(f"{clip.name}, frame {at}: {text}" for text in found)

    def _fail(self, scene: bpy.types.Scene, reasons: list[str]) -> None:
        frame = scene.frame_current
        self._failed[frame] = reasons
        for text in reasons:
            say(f"error: frame {frame} failed: {text}")
        _warn_of(remove_earlier(scene, frame))
        stop_render()


def _warn_of(texts: list[str]) -> None:
    for text in texts:
        say(f"warning: {text}")
