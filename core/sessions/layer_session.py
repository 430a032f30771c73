# SPDX-License-Identifier: GPL-3.0-or-later
"""One run over layer pictures, a render, a preparation or a preview: its store, its pipeline, its clips, its counts.

Nothing here is Blender's, so a run may work on whatever thread or in whatever process its caller is.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache.base.compute import Flight
from ..cache.base.store import Store
from ..cache.factory import OpenCache, open_what_can_be
from ..cache.tiers import FLUSH_SECONDS
from ..errors import ClipError, OutputError, UnderstudyError
from ..layers.job import LayerJob
from ..layers.label import Asked, Label, Room
from ..layers.output_folders import LayerPlaces
from ..layers.placeholder import STAND_IN
from ..layers.tiff import layer_pieces
from ..media.lazy_clip import known_or_opened
from ..media.open import Clip, open_clip, open_sequence
from ..media.prefetching_clip import ClipAhead
from ..media.source import ClipSource
from ..models.embedded import embedded_folder, embedded_models
from ..models.library import user_model_folder
from ..pipeline.stage_schemas import FORMS
from ..recipe import Recipe
from ..recipe.request import Casting, Picture
from ..reporting.layer_outcomes import Outcomes
from ..reporting.stage_counts import Report, Tally
from .purge import purge
from .request_digest import Asking
from .settings import RunSettings

if TYPE_CHECKING:
    from ..analysis.person_clustering import FoundPerson, Tell
    from ..pipeline.pipeline import Pipeline
    from ..pipeline.plan import LayerPlan
    from ..pipeline.source_check import PictureNote

OPEN_CLIPS = 8


class LayerSession:
    """Brings layer pictures up to date. Faults become warnings; the caller goes on."""

    def __init__(self, settings: RunSettings, spare: Path | None = None) -> None:
        """Begin a run. What of the cache can't be used is left out, and said: the run goes on without it.

        Pictures whose own folder can't be written to go to the folder `spare`, if there is one; see `moved`.
        """
        self._settings = settings
        self._places = LayerPlaces(settings.cache.access, spare)
        self._room = Room()
        self._written = 0
        self._began = time.perf_counter()
        self._tally = Tally()
        for text in settings.left_out:
            self._tally.warn(text)
        self._outcomes = Outcomes()
        self._clips: OrderedDict[ClipSource, Clip] = OrderedDict()
        folders = embedded_folder(), settings.model_folder or user_model_folder()
        self._asking = Asking(folders, settings.provider)
        self._opened: OpenCache | None = None
        self._pipeline: Pipeline | None = None

    @property
    def written(self) -> int:
        """How many layer pictures were made and written."""
        return self._written

    @property
    def moved(self) -> Mapping[Path, Path]:
        """The folders that pictures could not be written to, and where these are instead."""
        return self._places.moved

    @property
    def outcomes(self) -> Outcomes:
        """What the pictures so far show, and why; callers add what they know of pictures that were not brought."""
        return self._outcomes

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning so far; what the cache has to say comes with the report."""
        return tuple(self._tally.warnings)

    def warn(self, text: str) -> None:
        """Keep a warning for the report; the same one is kept once."""
        self._tally.warn(text)

    def bring(self, job: LayerJob) -> bool:
        """Make sure that a job's picture is what its castings ask for; True if the file was written.

        Where that fails, the reason becomes a warning and the picture a transparent one.
        """
        try:
            return self._brought(job)
        except UnderstudyError as error:
            self.warn(job.about(error))
            self._outcomes.fails(str(error), job.about(error))
            return not isinstance(error, OutputError) and self._blank(job)

    def check(self, castings: Sequence[Casting]) -> None:
        """Raise PictureError or ModelError, saying why, where a casting can't be played."""
        self._running().check(castings)

    def people(
        self, source: ClipSource, first: int, last: int, recipe: Recipe, tell: "Tell" = lambda _share: None
    ) -> "tuple[FoundPerson, ...]":
        """Return who is seen in a clip from frame `first` to `last`, or to its end, the one seen most first.

        `tell` hears how much is done, 0 to 1. Raises ClipError, ModelError or RecipeError; where only what is known
        may be used, NotKnownError.
        """
        clip = self._clip(source)
        last = min(last, clip.info.frame_count - 1)
        return self._running().people(clip, min(first, last), last, recipe, tell)

    def note(self, picture: Picture) -> "PictureNote":
        """Return what an editor should know of a picture of who plays the part. Raises ModelError, NotKnownError."""
        return self._running().note(picture)

    def purge(self, source: ClipSource | None) -> int:
        """Delete from this machine's cache folder what came of a clip, or everything; return the bytes freed.

        Raises ClipError if the clip can't be read.
        """
        folder = self._cache.folder
        return 0 if folder is None else purge(folder, None if source is None else self._clip(source))

    def close(self) -> None:
        """Let go of models, clips and store."""
        for clip in self._clips.values():
            clip.close()
        self._clips.clear()
        self._places.close()
        if self._pipeline is not None:
            self._pipeline.close()
        if self._opened is not None:
            self._opened.close()

    def report(self) -> Report:
        """Return what was done so far."""
        for text in () if self._opened is None else self._opened.warnings:
            self._tally.warn(text)
        return self._tally.report(0, Tally()) if self._pipeline is None else self._pipeline.report()

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values, with the seconds since the run began.

        Waits a few seconds for what is still to be shared, so that trouble with that is told too.
        """
        if self._opened is not None:
            self._opened.tiers.flush(FLUSH_SECONDS)
        shown = self._outcomes.as_dict()
        return {
            **self.report().as_dict(),
            "shown": shown,
            "seconds": round(time.perf_counter() - self._began, 3),
        }

    @property
    def _cache(self) -> OpenCache:
        """The cache. It is opened when it is needed: where nothing changed, that is never."""
        if self._opened is None:
            self._opened = open_what_can_be(self._settings.cache, schemas=FORMS)
        return self._opened

    @property
    def _store(self) -> Store:
        return self._cache.store

    @property
    def _flight(self) -> Flight:
        return self._cache.flight

    def _brought(self, job: LayerJob) -> bool:
        digest, label = self._asking.digest(job), self._places.label(job.picture, self._room)
        if self._answered(job, digest, label):
            return False
        pipeline = self._running()
        plan, digest = self._planned(pipeline, job, digest)
        written = self._written
        if label is None or label.key != plan.key.hex:
            self._write(pipeline, plan, job, digest)
        else:
            pipeline.known(plan)
            if digest is not None:
                # A folder that can't be written to is no trouble while what is in it is right.
                with suppress(OutputError):
                    self._places.relabel(job.picture, label, _asked(digest, plan))
        self._outcomes.shows(len(plan.faces), len(job.castings))
        return self._written > written

    def _answered(self, job: LayerJob, digest: str | None, label: Label | None) -> bool:
        """Tell whether a job's picture is by its own `label` what is asked for, and count it then.

        A picture whose making gave a warning has no such label, so that the warning comes again.
        """
        if digest is None or label is None or label.asked is None or label.asked.digest != digest:
            return False
        asked = label.asked
        self._tally.known(asked.faces, asked.occluded, asked.enhanced)
        self._outcomes.shows(asked.faces, len(job.castings))
        return True

    def _write(self, pipeline: "Pipeline", plan: "LayerPlan", job: LayerJob, digest: str | None) -> None:
        patch = pipeline.make(plan)
        asked = None if digest is None else _asked(digest, plan)
        self._put(job.picture, *layer_pieces(plan.key.hex, patch, plan.size, asked))
        self._written += 1

    def _put(self, picture: Path, *pieces: bytes | memoryview) -> None:
        warning = self._places.put(picture, *pieces)
        if warning:
            self.warn(warning)

    def _planned(
        self, pipeline: "Pipeline", job: LayerJob, digest: str | None
    ) -> "tuple[LayerPlan, str | None]":
        """Plan a job's picture; its `digest` is None where there was something to warn of, see `_answered`."""
        clip, warned = self._clip(job.source), self._tally.warned
        if job.number >= clip.info.frame_count:
            raise ClipError(f"{clip.info.path.name} has no frame {job.number}: refresh the layer")
        plan = pipeline.plan(clip, job.number, job.castings)
        return plan, digest if self._tally.warned == warned else None

    def _blank(self, job: LayerJob) -> bool:
        """Put a transparent picture in the place of one that can't be made; True if the file was written."""
        try:
            self._put(job.picture, STAND_IN)
        except OutputError as error:
            self.warn(f"{job.strip}, frame {job.frame}: an outdated layer is shown, since {error}")
            return False
        return True

    def _running(self) -> "Pipeline":
        if self._pipeline is None:
            # Where nothing changed no stage runs, so what runs them is not imported either.
            from ..pipeline.pipeline import Pipeline

            settings = self._settings
            self._pipeline = Pipeline(
                self._store,
                embedded_models(),
                settings.threads,
                self._flight,
                settings.library,
                settings.providers,
                settings.engines,
            )
            # One tally from here on: what was known by labels so far counts as well.
            self._pipeline.tally.add(self._tally)
            self._tally = self._pipeline.tally
        return self._pipeline

    def _clip(self, source: ClipSource) -> Clip:
        known = self._clips.get(source)
        if known is None:
            opening = (
                partial(open_clip, source.paths[0]) if source.movie else partial(open_sequence, source.paths)
            )
            self._clips[source] = known = ClipAhead(known_or_opened(self._store, source, opening))
            if len(self._clips) > OPEN_CLIPS:
                self._clips.popitem(last=False)[1].close()
        self._clips.move_to_end(source)
        return known


def _asked(digest: str, plan: "LayerPlan") -> Asked:
    occluded = sum(entry.occlude is not None for entry in plan.faces)
    enhanced = sum(entry.enhance is not None for entry in plan.faces)
    return Asked(digest, len(plan.faces), occluded, enhanced)
