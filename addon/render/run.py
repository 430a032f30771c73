# SPDX-License-Identifier: GPL-3.0-or-later
"""One render: it brings each frame's layer images up to date, and says at the end what came of them."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.errors import UnderstudyError
from ...core.layers.output_folders import merge_folder_warnings
from ...core.reporting.log import room_logger
from ...core.reporting.process_report import RenderRecord
from ..blender.console import print_error, print_message, print_traceback, print_warnings
from ..layers.consent_file import consent_file
from ..layers.fallback_folder import FallbackLayers, fallback_folder
from ..layers.folders import cache_folder
from ..layers.jobs import LayerFault, StripCache, jobs_at
from ..layers.layer_strip import invalidate_layer_caches
from ..layers.rendered_clips import consent_warnings
from ..layers.sync import sync_layers
from ..modifiers.sanitize import strips_with_invalid_ids
from ..properties.preferences import preferences
from ..sequencer.strips import strips_with_modifiers
from ..sessions.cache_folder import refused_folder_warnings
from ..sessions.render_session import RenderSession
from .lookahead import RenderLookahead
from .main_thread_task import on_main_thread
from .movie_reload import reload_replaced_movies
from .output_files import mark_movie, remove_earlier_image, remove_written_image
from .output_marks import OutputMarks
from .render_refusal import RenderRefusal
from .render_result import RenderResult
from .report_file import ReportFile, report_file
from .strict import fail_process, is_strict, stop_render
from .strip_problems import StripProblems
from .termination import TerminationNotice
from .written_images import written_image_faults

if TYPE_CHECKING:
    from ...core.layers.job import LayerJob
    from ...core.sessions.prefetching_session import PrefetchingSession

_LOGGER = room_logger("addon.render")


class RenderRun:
    """The session of the render that runs now, if one does."""

    def __init__(
        self,
        on_end: Callable[[RenderResult], None],
        on_originals: Callable[[str], None] = print_message,
        *,
        from_viewport: bool = False,
    ) -> None:
        """`on_end` is called when a render ends, on whatever thread that is.

        `on_originals` is called as one starts that can swap no face and is not refused, if the user is to know.
        `from_viewport`: it shows what the preview does, and Blender lets nobody refuse or stop it.
        """
        self._from_viewport = from_viewport
        self._on_end = on_end
        self._sessions = RenderSession()
        self._session: PrefetchingSession | None = None
        self._report_file = ReportFile() if from_viewport else report_file()
        self._termination = TerminationNotice(self._progress)
        self._strip_cache = StripCache()
        self._lookahead = RenderLookahead(self._strip_cache)
        self._fallback_layers = FallbackLayers()
        self._strict = False
        self._start_time = 0.0
        self._frames: list[int] = []
        self._swapped_frame_count = self._original_frame_count = 0
        self._strip_problems = StripProblems(())
        self._failed_frames: dict[int, list[str]] = {}
        self._written_frame: int | None = None
        self._begin_error = ""
        self._jobs: list[LayerJob] = []
        self._marks = OutputMarks()
        self._refusal = RenderRefusal(on_originals, self.close, from_viewport=from_viewport)

    @property
    def is_running(self) -> bool:
        """Whether a render goes on that has anything to swap."""
        return self._session is not None

    def begin(self, scene: bpy.types.Scene) -> None:
        """Begin a session, if any clip has a stack."""
        self.end(scene)
        self._begin_error = ""
        self._refusal.clear()
        if not any(strips_with_modifiers(here) or strips_with_invalid_ids(here) for here in bpy.data.scenes):
            return
        # A render from the viewport runs within an operator: nothing is edited there.
        may_edit = on_main_thread() and not self._from_viewport
        spare = fallback_folder() if may_edit else None
        self._session = self._sessions.begin_run(
            cache_folder(scene), preferences(), spare, consent_file(scene)
        )
        self._strict, self._start_time = is_strict(scene) and not self._from_viewport, time.time()
        self._marks = OutputMarks(self._start_time, self._sessions.library)
        self._frames, self._swapped_frame_count, self._original_frame_count = [], 0, 0
        self._strip_cache = StripCache()
        self._failed_frames, self._written_frame, self._jobs = {}, None, []
        self._lookahead = RenderLookahead(self._strip_cache)
        if not (on_main_thread() or self._from_viewport):
            for text in reload_replaced_movies():
                self._session.warn(text)
        self._termination.set()
        _LOGGER.info("render begins at frame %d", scene.frame_current)
        for here in bpy.data.scenes:
            for text in sync_layers(here) if may_edit else []:
                self._session.warn(text)
        self._strip_problems = StripProblems(bpy.data.scenes)
        for text in (*refused_folder_warnings(), *consent_warnings(scene), *self._strip_problems.texts):
            self._session.warn(text)
        self._refusal.decide(scene, self._session)

    def update_frame(self, scene: bpy.types.Scene) -> None:
        """Bring the layer images of the scene's frame up to date."""
        if not scene.render.use_sequencer:
            return
        if self._begin_error:
            self._record_error(scene, self._begin_error)
        if self._session is None:
            return
        if self._refusal.text:
            self._frames.append(scene.frame_current)
            self._original_frame_count += 1
            self._failed_frames[scene.frame_current] = [self._refusal.text]
            stop_render(self.close)
            return
        outcomes = self._session.outcomes
        self._frames.append(scene.frame_current)
        before, original_count, self._jobs = len(outcomes.failures), outcomes.original.total(), []
        swapped_count = outcomes.swapped_count
        faults: list[LayerFault] = []
        preview = self._from_viewport
        jobs = list(jobs_at(scene, scene.frame_current, self._strip_cache, preview=preview, faults=faults))
        coming = self._lookahead.upcoming_jobs(scene, jobs, preview=preview)
        written = [
            self._session.update_layer(job, jobs[place:] + coming) for place, job in enumerate(jobs, 1)
        ]
        moved = self._fallback_layers.redirect(
            self._session.redirections
        ) or self._fallback_layers.restore_if_missing(job.layer_path for job in jobs)
        if moved or any(written):
            invalidate_layer_caches()
        for fault in faults:
            self._session.warn(fault.text)
            outcomes.record_failure(fault.reason, fault.text)
        self._strip_problems.record(scene, outcomes)
        if outcomes.swapped_count > swapped_count:
            self._marks.add_frame(scene.frame_current, jobs)
        if outcomes.original.total() > original_count or len(outcomes.failures) > before:
            self._original_frame_count += 1
        elif jobs:
            self._swapped_frame_count += 1
            self._jobs = jobs
        if self._strict and len(outcomes.failures) > before:
            self._fail_frame(scene, outcomes.failures[before:])

    def on_error(self, scene: bpy.types.Scene, error: Exception) -> None:
        """Something went wrong that nobody foresaw: the frame may show the original, or what is outdated."""
        if isinstance(error, UnderstudyError):
            reason = str(error)
        else:
            print_traceback(error)
            reason = f"Understudy itself failed, please report it ({type(error).__name__}: {error})"
        if self._session is None:
            self._begin_error = reason  # no frame of this render can be as it should
        self._record_error(scene, reason)

    def _record_error(self, scene: bpy.types.Scene, reason: str) -> None:
        text = f"frame {scene.frame_current}: {reason}; the original or an outdated layer is shown"
        if self._session is None:
            print_error(text)
        else:
            self._session.warn(text)
            self._session.outcomes.record_failure(reason, text)
        if is_strict(scene) and not self._from_viewport:
            self._fail_frame(scene, [text])

    def check_written_frame(self, scene: bpy.types.Scene) -> None:
        """A frame was written: one that is cut off, or whose layers were gone as Blender read them, has failed.

        One that failed must not stay.
        """
        self._written_frame = scene.frame_current
        self._fail_if_gone(scene)
        is_failed = scene.frame_current in self._failed_frames
        if self._session is not None and not is_failed and not self._from_viewport:
            faults = written_image_faults(scene, self._start_time)
            if faults and self._strict:
                self._fail_frame(scene, faults)
            for text in () if self._strict else faults:
                self._session.warn(text)
            if unmarked := self._marks.mark_images(scene, scene.frame_current):
                self._fail_frame(scene, [unmarked])
        if scene.frame_current in self._failed_frames and not self._refusal.text:
            print_warnings(remove_written_image(scene, scene.frame_current, self._start_time))

    def _fail_if_gone(self, scene: bpy.types.Scene) -> None:
        texts = self._session.record_gone(self._jobs) if self._session else []
        self._jobs = []
        if texts:
            self._swapped_frame_count -= 1
            self._original_frame_count += 1
        if texts and self._strict:
            self._fail_frame(scene, texts)

    def cancel(self, scene: bpy.types.Scene) -> None:
        """The render was stopped: the frame that it was at is none that it rendered, unless it failed."""
        if self._frames and self._frames[-1] not in (self._written_frame, *self._failed_frames):
            self._frames.pop()
        self.end(scene)

    def end(self, scene: bpy.types.Scene) -> None:
        """Say in one line what the render did, and write the report where the environment asks for it."""
        session, self._session = self._session, None
        self._refusal.restore_output()
        self._termination.clear()
        if session is None:
            return
        self._finish_marks(scene, session)
        facts = session.as_dict()
        facts["warnings"] = warnings = merge_folder_warnings(cast("list[str]", facts["warnings"]))
        self._sessions.end_run()
        _LOGGER.info("render ends after %d frames, %d failed", len(self._frames), len(self._failed_frames))
        self._fallback_layers.restore()
        print_warnings(warnings)
        if self._failed_frames and not self._refusal.text:
            print_warnings(mark_movie(scene, self._start_time))
        record = self._record(session, facts)
        print_message(record.summary)
        failures = tuple(text for failures in self._failed_frames.values() for text in failures)
        has_originals = bool(session.outcomes.failures or self._refusal.text)
        shown_text = self._refusal.title or record.result
        self._on_end(RenderResult(record.summary, failures, shown_text, has_originals, self._from_viewport))
        self._report_file.add(record)
        self._failed_frames = {}

    def _finish_marks(self, scene: bpy.types.Scene, session: "PrefetchingSession") -> None:
        for text in (faults := self._marks.finish(scene)):
            print_error(text)
        if faults:  # a movie is one file: no frame of it may look finished
            self._failed_frames.update(dict.fromkeys(self._frames, faults))
            fail_process(self.close)
        for text in self._marks.warnings:
            session.warn(text)

    def _record(self, session: "PrefetchingSession", facts: dict[str, Any]) -> RenderRecord:
        return RenderRecord(
            facts=facts,
            outcomes=session.outcomes,
            write_count=session.write_count,
            frames=tuple(self._frames),
            failed_frames=tuple(sorted(self._failed_frames)),
            unmarked_frames=self._marks.unmarked_frames,
            swapped_count=self._swapped_frame_count,
            original_count=self._original_frame_count,
            refusal=self._refusal.text,
            started_at=self._start_time,
            ended_at=time.time(),
        )

    def _progress(self) -> str:
        return f"at frame {self._frames[-1]}" if self._frames else "before its first frame"

    def close(self) -> None:
        """Let go of what stays open from one render to the next."""
        self._sessions.close()

    def end_if_refused(self) -> None:
        """End a refused render that Blender did not begin: of a movie it says so to no handler. On the main thread."""
        if self._refusal.holds_output and not cast("Any", bpy.app).is_job_running("RENDER"):
            self.end(bpy.data.scenes[0])

    def _fail_frame(self, scene: bpy.types.Scene, reasons: list[str]) -> None:
        for text in reasons:
            print_error(f"frame {scene.frame_current} failed: {text}")
        # No image of the frame stays, and the render stops where that is possible.
        self._failed_frames[scene.frame_current] = reasons
        print_warnings(remove_earlier_image(scene, scene.frame_current))
        stop_render(self.close)
