# SPDX-License-Identifier: GPL-3.0-or-later
"""A run for an editor's preview: it fuses what is known, and computes nothing else."""

from pathlib import Path
from typing import Literal

from ..cache.base.compute import Flight
from ..errors import ClipError, OutputError, UnderstudyError
from ..layers.job import LayerJob
from ..media.clip import files_stamp
from ..media.clip_info_cache import KnownOnly, NotKnownError, UnknownClipError, known_clip
from ..media.open import Clip
from ..media.source import ClipSource
from .layer_session import OPEN_CLIPS, LayerSession
from .settings import RunSettings

Preview = Literal["current", "fused", "blanked", "unprepared"]
"""What became of a layer picture: it was right, was fused anew, was made transparent, or was left as it was."""


class PreviewSession(LayerSession):
    """Brings layer pictures up to date by fusing alone: no model runs and no frame is decoded."""

    def __init__(self, settings: RunSettings) -> None:
        """Begin a run; see `LayerSession`."""
        super().__init__(settings)
        self._known_only = KnownOnly()
        self._stamps: dict[Path, str] = {}

    @property
    def _flight(self) -> Flight:
        return self._known_only

    def preview(self, job: LayerJob, *, may_blank: bool = True) -> tuple[Preview, str]:
        """Bring a job's picture up to date where what it is fused from is known; tell what became of it, and why.

        Otherwise it becomes transparent if it `may_blank`, so that the original is seen. But where the cache has
        nothing of the clip the picture is left: it may have been made on another machine and be all there is.
        Not so once the clip's file was replaced while we looked on.
        """
        try:
            return self._previewed(job), ""
        except UnknownClipError as error:
            reason = str(error)
            if self._stamps.get(job.picture.parent, "") in ("", _stamp(job)):
                return "unprepared", reason
        except OutputError as error:
            return "unprepared", str(error)
        except UnderstudyError as error:
            reason = str(error)
        if may_blank and self._places.label(job.picture) is not None and self._blank(job):
            return "blanked", reason
        return "unprepared", reason

    def _previewed(self, job: LayerJob) -> Preview:
        digest, label = self._asking.digest(job), self._places.label(job.picture)
        if self._answered(job, digest, label):
            return "current"
        pipeline = self._running()
        plan, digest = self._planned(pipeline, job, digest)
        if label is not None and label.key == plan.key.hex:
            pipeline.known(plan)
            return "current"
        self._stamps[job.picture.parent] = plan.clip.stamp
        if not pipeline.ready(plan):
            raise NotKnownError("not prepared yet: press Prepare")
        self._write(pipeline, plan, job, digest)
        return "fused"

    def _clip(self, source: ClipSource) -> Clip:
        found = known_clip(self._store, source)
        known = self._clips.get(source)
        if known is None or known.stamp != found.stamp:
            self._clips[source] = known = found
            if len(self._clips) > OPEN_CLIPS:
                self._clips.popitem(last=False)
        return known


def _stamp(job: LayerJob) -> str:
    try:
        return files_stamp(job.source.paths)
    except ClipError:
        return ""
