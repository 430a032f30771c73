# SPDX-License-Identifier: GPL-3.0-or-later
"""A run for an editor's preview: it fuses what is known, and computes nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..cache.base.compute import Flight
from ..concurrency.lru import LruCache
from ..errors import ClipError, OutputError, UnderstudyError
from ..layers.job import LayerJob
from ..media.clip import Clip
from ..media.clip_info_cache import (
    NOT_PREPARED,
    CacheOnly,
    ClipNotCachedError,
    NotCachedError,
    load_clip_info,
)
from ..media.source import ClipSource
from ..recipe.request import SwapRequest
from .incomplete_layer import incomplete_plan
from .layer_session import LayerSession
from .layer_state import LayerState, layer_state, matching_summary, request_summary
from .open_clips import MAX_OPEN_CLIPS
from .settings import RunSettings

if TYPE_CHECKING:
    from ..matchmove.clip_faces import ClipFaces
    from ..scan.problems import ScanResult

Preview = Literal["current", "fused", "incomplete", "blanked", "unprepared"]
"""What became of a layer image: it was right, was fused anew, wholly or without the modifiers that fail, was made
transparent, or was left as it was."""


class PreviewSession(LayerSession):
    """Brings layer images up to date by fusing alone: no model runs and no frame is decoded."""

    def __init__(self, settings: RunSettings) -> None:
        """Begin a run; see `LayerSession`."""
        super().__init__(settings, may_hash=False)
        self._cache_only = CacheOnly()
        self._clip_infos: LruCache[ClipSource, Clip] = LruCache(MAX_OPEN_CLIPS)
        self._stamps: dict[Path, str] = {}

    @property
    def _flight(self) -> Flight:
        return self._cache_only

    def preview(self, job: LayerJob, *, may_blank: bool = True) -> tuple[Preview, str]:
        """Bring a job's image up to date where what it is fused from is known; tell what became of it, and why.

        Otherwise, if it `may_blank`, it becomes transparent, so that the original is seen; where a modifier fails it
        shows what the others ask for. But where the cache has nothing of the clip the image is left: it may have been
        made on another machine and be all there is. Not so once the clip's file was replaced while we looked on.
        """
        try:
            return self._update_preview(job), ""
        except ClipNotCachedError as error:
            reason = str(error)
            if self._stamps.get(job.layer_path.parent, "") in ("", self._local_stamp(job)):
                return "unprepared", reason
        except OutputError as error:
            return "unprepared", str(error)
        except NotCachedError as error:
            reason = str(error)
        except UnderstudyError as error:
            failed = incomplete_plan(job, error, self._plan)
            reason = failed.reason
            if may_blank and failed.plan is not None and self._get_pipeline().is_cached(failed.plan):
                return ("incomplete" if self._write_failed(job, failed) else "unprepared"), reason
        if (
            may_blank
            and self._output_folders.label(job.layer_path, self._buffer) is not None
            and self._blank(job)
        ):
            return "blanked", reason
        return "unprepared", reason

    def scan(self, source: ClipSource, first: int, last: int, request: SwapRequest) -> "ScanResult":
        """Return what a scan finds in a clip from frame `first` to `last`, or its end, by what is known of it.

        Raises ClipError, ClipNotCachedError, FaceImageError, ModelError or RecipeError.
        """
        from ..scan.scan import scan_clip  # it imports every stage

        clip = self._clip(source)
        last = min(last, clip.info.frame_count - 1)
        return scan_clip(self._get_pipeline(), clip, range(min(first, last), last + 1), request)

    def clip_faces(self, source: ClipSource, numbers: Sequence[int], request: SwapRequest) -> "ClipFaces":
        """Return the faces that a request replaces in frames of a clip; see `read_clip_faces`.

        Raises NotCachedError where a frame is not analysed yet, ClipError, FaceImageError, ModelError, RecipeError.
        """
        from ..matchmove.clip_faces import read_clip_faces  # it imports every stage

        return read_clip_faces(self._get_pipeline(), self._clip(source), numbers, request)

    def last_frame_of_shot(self, source: ClipSource, number: int, last: int, request: SwapRequest) -> int:
        """Return the last frame before the next cut after a frame of a clip, `last` at most.

        Raises NotCachedError where a frame before that is not analysed yet, ClipError, ModelError or RecipeError.
        """
        from ..scan.next_cut import last_frame_of_shot  # it imports every stage

        clip = self._clip(source)
        last = min(last, clip.info.frame_count - 1)
        return last_frame_of_shot(self._get_pipeline(), clip, number, last, request)

    def _update_preview(self, job: LayerJob) -> Preview:
        digest, label = self._digester.digest(job), self._output_folders.label(job.layer_path, self._buffer)
        summary = matching_summary(label, digest)
        if summary is not None:
            self._stamps[job.layer_path.parent] = self._local_stamp(job)
            self._count(job, LayerState.CURRENT, summary)
            return "current"
        plan = self._plan(job)
        state = layer_state(label, digest, plan)
        if state is LayerState.STALE:
            self._stamps[job.layer_path.parent] = plan.clip.stamp
            if not self._get_pipeline().is_cached(plan):
                raise NotCachedError(NOT_PREPARED)
            self._write(job, plan, request_summary(digest, plan))
        # A label that could say more is left as it is: the render or the next preparation has it say so.
        self._count(job, state, plan)
        return "fused" if state is LayerState.STALE else "current"

    def _clip(self, source: ClipSource, _number: int = 0) -> Clip:
        clip_info = load_clip_info(self._cache.store, self._source_stamps, source)
        known = self._clip_infos.get(source)
        if known is None or known.stamp != clip_info.stamp:
            known = self._clip_infos.put(source, clip_info)
        return known

    def _local_stamp(self, job: LayerJob) -> str:
        try:
            return self._source_stamps.look(job.source).local
        except ClipError:
            return ""
