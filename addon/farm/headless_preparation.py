# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a range of frames in a Blender without a window, as a farm's task: lines as it goes, and an exit code."""

import time
from functools import partial
from typing import TYPE_CHECKING, cast

import bpy

from ...core.layers.job import LayerJob
from ...core.layers.output_folders import merge_folder_warnings
from ...core.reporting.layer_outcomes import SWAPPED
from ...core.reporting.process_report import RenderRecord
from ..blender.console import print_error, print_message, print_warnings
from ..layers.consent_file import consent_file
from ..layers.folders import cache_folder
from ..layers.layer_strip import invalidate_layer_caches
from ..layers.rendered_clips import condition_reason, consent_warnings, originals_reason
from ..layers.sync import sync_layers
from ..prepare.preparation import prepare_jobs
from ..prepare.timeline_walk import TimelineWalk
from ..properties.originals import RENDER
from ..properties.preferences import preferences
from ..render.refusal import originals_action, rendered_image_fault
from ..render.report_file import report_file
from ..render.strict import EXIT_CODE, is_strict
from ..render.strip_problems import StripProblems
from ..render.termination import TerminationNotice
from ..sessions.cache_folder import refused_folder_warnings
from ..sessions.open import open_session

if TYPE_CHECKING:
    from ...core.sessions.prefetching_session import PrefetchingSession

OK, REFUSED, FRAMES_FAILED = 0, 1, EXIT_CODE
_PERCENT = 100


class HeadlessPreparation:
    """Makes the layer images of a range, and fills the cache with what they need. Main thread only."""

    def __init__(self, scene: bpy.types.Scene, frames: range) -> None:
        """`frames` are of the scene's timeline."""
        self._scene = scene
        self._frames = frames
        self._strict = is_strict(scene)
        self._done_count = 0
        self._shown: dict[int, set[str]] = {}
        self._failed: dict[int, list[str]] = {}
        self._termination = TerminationNotice(self._position, "the preparation")

    def run(self) -> int:
        """Prepare the range; return the exit code: OK, REFUSED, or FRAMES_FAILED where it is strict."""
        self._termination.set()
        started_at = time.time()
        problems = [text for scene in bpy.data.scenes for text in sync_layers(scene)]
        session = open_session(cache_folder(self._scene), preferences(), consent_file(self._scene))
        try:
            warnings = *problems, *refused_folder_warnings(), *consent_warnings(self._scene)
            for text in (*warnings, *StripProblems(bpy.data.scenes).texts):
                session.warn(text)
            refusal = self._refusal(session)
            if refusal:
                print_error(refusal)
            else:
                self._prepare(session)
            record = self._record(session, refusal, started_at)
        finally:
            session.close()
            self._termination.clear()
        if session.write_count:
            invalidate_layer_caches()
        print_warnings(record.facts["warnings"])
        if not refusal:
            print_message(f"prepared {record.summary}")
        report_file().add(record)
        return REFUSED if refusal else FRAMES_FAILED if self._failed else OK

    def _refusal(self, session: "PrefetchingSession") -> str:
        """Say why nothing is prepared, as a render of these frames would be refused; empty where something is."""
        condition = condition_reason(self._scene)
        if condition:
            return f"nothing is prepared: {condition}"
        if originals_action(self._scene, from_viewport=False) == RENDER:
            return ""
        reason = originals_reason(self._scene, partial(rendered_image_fault, session), self._frames)
        return f"nothing is prepared, since original faces would be shown ({reason})" if reason else ""

    def _prepare(self, session: "PrefetchingSession") -> None:
        frames = self._frames
        jobs = TimelineWalk(self._scene, frames).jobs()
        failure_count = 0

        def on_done(job: LayerJob, shown: str) -> None:
            nonlocal failure_count
            failures = session.outcomes.failures[failure_count:]
            failure_count += len(failures)
            self._shown.setdefault(job.frame, set()).add(shown)
            if self._strict and failures:
                self._failed.setdefault(job.frame, []).extend(failures)
                for text in failures:
                    print_error(f"frame {job.frame} failed: {text}")
            # Of several strips' images in a frame the last is not known before the next frame: then it is done.
            self._show_progress(frames.index(job.frame))

        prepare_jobs(session, jobs, on_done)
        self._show_progress(len(frames))

    def _show_progress(self, done_count: int) -> None:
        """Print how many frames are done, a hundred times at most."""
        total = len(self._frames)
        if done_count * _PERCENT // total > self._done_count * _PERCENT // total:
            print_message(f"prepared {done_count} of {total}")
        self._done_count = max(self._done_count, done_count)

    def _record(self, session: "PrefetchingSession", refusal: str, started_at: float) -> RenderRecord:
        facts = session.as_dict()
        facts["warnings"] = merge_folder_warnings(cast("list[str]", facts["warnings"]))
        swapped = sum(shown == {SWAPPED} for shown in self._shown.values())
        return RenderRecord(
            facts=facts,
            outcomes=session.outcomes,
            write_count=session.write_count,
            frames=tuple(self._frames),
            failed_frames=tuple(sorted(self._failed)),
            swapped_count=swapped,
            original_count=len(self._frames) if refusal else len(self._shown) - swapped,
            refusal=refusal,
            started_at=started_at,
            ended_at=time.time(),
            is_preparation=True,
        )

    def _position(self) -> str:
        return f"after {self._done_count} of {len(self._frames)} frames"
