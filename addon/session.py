# SPDX-License-Identifier: GPL-3.0-or-later
"""One run, a render or a preparation: its store, its pipeline, its opened clips, its counts.

Nothing here is Blender's, so a run may work on whatever thread its caller is on.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from ..core.cache.memory import Memory
from ..core.cache.store import Store
from ..core.cache.tiers import open_local
from ..core.clip import Clip, open_clip, open_sequence
from ..core.errors import CacheError, ClipError, OutputError, UnderstudyError
from ..core.fusion.layer import layer_key, write_layer
from ..core.identity import Casting
from ..core.models.embedded import embedded_models
from ..core.pipeline import LayerPlan, Pipeline
from ..core.tally import Report, Tally
from .folders import write_stand_in
from .jobs import LayerJob
from .preferences import Preferences
from .timeline import ClipSource

_OPEN_CLIPS = 8


class Session:
    """Brings layer pictures up to date. Faults become warnings; the caller goes on."""

    def __init__(self, cache_folder: Path, preferences: Preferences) -> None:
        """Begin a run. Without a usable cache folder it goes on with what memory holds, and says so."""
        self._written = 0
        self._began = time.perf_counter()
        self._tally = Tally()
        self._clips: OrderedDict[ClipSource, Clip] = OrderedDict()
        memory = preferences.memory_megabytes << 20
        try:
            self._store: Store = open_local(cache_folder, memory)[0]
        except CacheError as error:
            self._tally.warn(f"nothing is kept for the next run: {error}")
            self._store = Memory(memory)
        self._threads = preferences.threads
        self._pipeline: Pipeline | None = None

    @property
    def written(self) -> int:
        """How many layer pictures were made and written."""
        return self._written

    def warn(self, text: str) -> None:
        """Keep a warning for the report; the same one is kept once."""
        self._tally.warn(text)

    def bring(self, job: LayerJob) -> bool:
        """Make sure that a job's picture is what its castings ask for; True if the file was written.

        Where that fails, the reason becomes a warning and the picture a transparent one.
        """
        try:
            return self._brought(job)
        except OutputError as error:
            self.warn(job.about(error))
            return False
        except UnderstudyError as error:
            self.warn(job.about(error))
            return self._blank(job)

    def check(self, castings: Sequence[Casting]) -> None:
        """Raise PictureError or ModelError, saying why, where a casting can't be played."""
        self._running().check(castings)

    def close(self) -> None:
        """Let go of models, clips and store."""
        for clip in self._clips.values():
            clip.close()
        self._clips.clear()
        if self._pipeline is not None:
            self._pipeline.close()
        self._store.close()

    def report(self) -> Report:
        """Return what was done so far."""
        if self._pipeline is None:
            return self._tally.report(0, Tally())
        for text in self._tally.warnings:
            self._pipeline.tally.warn(text)
        return self._pipeline.report()

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values, with the seconds since the run began."""
        return {**self.report().as_dict(), "seconds": round(time.perf_counter() - self._began, 3)}

    def _brought(self, job: LayerJob) -> bool:
        pipeline = self._running()
        plan = self._planned(pipeline, job)
        if layer_key(job.picture) == plan.key.hex:
            pipeline.known(plan)
            return False
        patch = pipeline.make(plan)
        _make_folder(job.picture.parent)
        write_layer(job.picture, plan.key.hex, patch, plan.size)
        self._written += 1
        return True

    def _planned(self, pipeline: Pipeline, job: LayerJob) -> LayerPlan:
        clip = self._clip(job.source)
        if job.number >= clip.info.frame_count:
            raise ClipError(f"{clip.info.path.name} has no frame {job.number}: refresh the layer")
        return pipeline.plan(clip, job.number, job.castings)

    def _blank(self, job: LayerJob) -> bool:
        """Put a transparent picture in the place of one that can't be made; True if the file was written."""
        try:
            _make_folder(job.picture.parent)
            write_stand_in(job.picture)
        except OutputError as error:
            self.warn(f"{job.strip}, frame {job.frame}: an outdated layer is shown, since {error}")
            return False
        return True

    def _running(self) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = Pipeline(self._store, embedded_models(), self._threads)
        return self._pipeline

    def _clip(self, source: ClipSource) -> Clip:
        known = self._clips.get(source)
        if known is None:
            known = open_clip(source.paths[0]) if source.movie else open_sequence(source.paths)
            self._clips[source] = known
            if len(self._clips) > _OPEN_CLIPS:
                self._clips.popitem(last=False)[1].close()
        self._clips.move_to_end(source)
        return known


def _make_folder(folder: Path) -> None:
    """Make a layer folder that was deleted: a render in the window can't bring the layers in step first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the layer folder {folder}: {error.strerror}") from error
