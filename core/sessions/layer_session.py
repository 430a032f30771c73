# SPDX-License-Identifier: GPL-3.0-or-later
"""One run over layer images, a render, a preparation or a preview: its store, its pipeline, its clips, its counts.

Nothing here is Blender's, so a run may work on whatever thread or in whatever process its caller is.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ClipError, OutputError, UnderstudyError
from ..face.types import Pixels
from ..layers.job import LayerJob
from ..layers.label import ReadBuffer, RequestSummary
from ..layers.output_folders import LayerOutputFolders
from ..layers.placeholder import PLACEHOLDER
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..media.source import ClipSource
from ..media.source_stamps import SourceStamps
from ..models.embedded import embedded_folder
from ..models.library import user_model_folder
from ..recipe import Detect, Recipe
from ..recipe.request import FaceImage, Identity, SwapRequest
from ..reporting.layer_outcomes import Outcomes
from ..reporting.stage_counts import Report, StageCounter
from .incomplete_layer import IncompletePlan, incomplete_plan
from .layer_state import FaceCounts, LayerState, layer_state, matching_summary, request_summary
from .open_clips import OpenClips
from .request_digest import RequestDigester
from .run_log import log_end, log_failed_frame, log_start
from .settings import RunSettings

if TYPE_CHECKING:
    from ..analysis.person_clustering import FractionCallback, Person
    from ..cache.base.compute import Flight
    from ..cache.stack import OpenCache
    from ..pipeline.pipeline import Pipeline
    from ..pipeline.plan import LayerPlan
    from ..pipeline.source_check import SourceImageReport


class LayerSession:
    """Brings layer images up to date. Faults become warnings; the caller goes on."""

    def __init__(self, settings: RunSettings, fallback: Path | None = None, *, may_hash: bool = True) -> None:
        """Begin a run. What of the cache can't be used is left out, and said: the run goes on without it.

        Images whose own folder can't be written to go to the folder `fallback`, if there is one; see `redirections`.
        `may_hash`: see `SourceStamps`.
        """
        self._settings, self._fallback = settings, fallback
        self._output_folders = LayerOutputFolders(settings.cache.access, fallback)
        self._write_count, self._buffer, self._outcomes = 0, ReadBuffer(), Outcomes()
        self._counter, self._start_time = StageCounter(), time.perf_counter()
        self._earlier_report = self._counter.report(0, StageCounter())
        self._counter.reset_warnings(settings.ignored)
        folders = embedded_folder(), settings.model_folder or user_model_folder()
        stamps = self._source_stamps = SourceStamps(may_hash=may_hash)
        self._open_clips = OpenClips(stamps)
        self._digester = RequestDigester(folders, settings.provider, stamps, safeguard=settings.safeguard)
        self._open_cache: OpenCache | None = None
        self._pipeline: Pipeline | None = None
        log_start("layer session", settings)

    @property
    def write_count(self) -> int:
        """How many layer images were made and written."""
        return self._write_count

    @property
    def redirections(self) -> Mapping[Path, Path]:
        """The folders that images could not be written to, and where these are instead."""
        return self._output_folders.redirections

    @property
    def outcomes(self) -> Outcomes:
        """What the images so far show, and why; callers add what they know of images that were not brought."""
        return self._outcomes

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning so far; what the cache has to say comes with the report."""
        return tuple(self._counter.warnings)

    def warn(self, text: str) -> None:
        """Keep a warning for the report; the same one is kept once."""
        self._counter.warn(text)

    def update_layer(self, job: LayerJob) -> bool:
        """Make sure that a job's image is what its requests ask for; True if the file was written.

        Where that fails, the reason becomes a warning, and the image shows what of it can be made, or nothing.
        """
        try:
            return self._update_current(job)
        except UnderstudyError as error:
            log_failed_frame(job.frame, error)
            failed = incomplete_plan(job, error, self._plan)
            text = job.warning_text(failed.reason, is_incomplete=failed.plan is not None)
            self.warn(text)
            self._outcomes.record_failure(failed.reason, text)
            return not isinstance(error, OutputError) and self._write_failed(job, failed)

    def current_summary(self, job: LayerJob) -> RequestSummary | None:
        """Return what the image of a job says of its request; None where only a plan tells whether it is right."""
        label = self._output_folders.label(job.layer_path, self._buffer)
        return matching_summary(label, self._digester.digest(job))

    def check(self, requests: Sequence[SwapRequest]) -> None:
        """Raise FaceImageError or ModelError, saying why, where a request can't be executed."""
        self._get_pipeline().check(requests)

    def find_people(
        self,
        source: ClipSource,
        first: int,
        last: int,
        recipe: Recipe,
        on_progress: "FractionCallback" = lambda _share: None,
    ) -> "tuple[Person, ...]":
        """Return who is seen in a clip from frame `first` to `last`, or its end; see `Pipeline.find_people`."""
        clip = self._clip(source)
        last = min(last, clip.info.frame_count - 1)
        return self._get_pipeline().find_people(clip, min(first, last), last, recipe, on_progress)

    def open_pipeline(self, source: ClipSource) -> "tuple[Pipeline, Clip]":
        """Return what runs the stages, and a clip. The session keeps both, and closes them. Raises ClipError."""
        return self._get_pipeline(), self._clip(source)

    def target_forms(self, source: ClipSource, recipe: Recipe) -> str:
        """Return the forms of a clip's people; see `Pipeline.target_forms`. Raises NotCachedError as well."""
        origin = self._digester.forms_origin(source, recipe)
        return self._get_pipeline().target_forms(self._clip(source), recipe, origin)

    def inspect_source_image(self, image: FaceImage, detect: Detect) -> "SourceImageReport":
        """Return what is known of a source image, for a recipe's `detect`. Raises ModelError, NotCachedError."""
        return self._get_pipeline().inspect_source_image(image, detect)

    def other_person_warnings(self, request: SwapRequest) -> tuple[str, ...]:
        """See `Pipeline.other_person_warnings`. Raises FaceImageError, ModelError, NotCachedError."""
        return self._get_pipeline().other_person_warnings(request)

    def neutral_source_face(self, identity: Identity, detect: Detect) -> Pixels:
        """Return a source person's face as shape understands it; see `Pipeline.neutral_source_face`."""
        return self._get_pipeline().neutral_source_face(identity, detect)

    def purge(self, source: ClipSource | None, images: Sequence[Path] = ()) -> int:
        """Delete from this machine's folder what came of images of a person, of a clip, or everything; see `purge`."""
        from .purge import purge

        folder = self._cache.folder
        return 0 if folder is None else purge(folder, None if source is None else self._clip(source), images)

    def renew(self) -> bool:
        """Begin the next run with the models, clips and store of this one, which was reported.

        False where the models are others than when this one began: then that takes another session.
        """
        if self._digester.environment_changed():
            return False
        self._earlier_report = self._full_report()
        self._counter.reset_warnings(self._settings.ignored)
        self._output_folders.close()
        self._output_folders = LayerOutputFolders(self._settings.cache.access, self._fallback)
        self._write_count, self._start_time, self._outcomes = 0, time.perf_counter(), Outcomes()
        return True

    def close(self) -> None:
        """Let go of models, clips and store."""
        log_end("layer session", LayerSession.report(self))
        self._open_clips.close()
        self._output_folders.close()
        if self._pipeline is not None:
            self._pipeline.close()
        if self._open_cache is not None:
            self._open_cache.close()

    def report(self) -> Report:
        """Return what was done so far."""
        return self._full_report().since(self._earlier_report)

    def _full_report(self) -> Report:
        """Return what was done since this was opened."""
        cache_warnings = () if self._open_cache is None else self._open_cache.warnings
        for text in (*cache_warnings, *self._open_clips.faults):
            self._counter.warn(text)
        return self._counter.report(0, StageCounter()) if self._pipeline is None else self._pipeline.report()

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values, with the seconds since the run began.

        Waits a few seconds for what is still to be shared, so that trouble with that is told too.
        """
        if self._open_cache is not None:
            self._open_cache.tiers.flush()
        return {
            **self.report().as_dict(),
            "shown": self._outcomes.as_dict(),
            "seconds": round(time.perf_counter() - self._start_time, 3),
        }

    @property
    def _cache(self) -> "OpenCache":
        """The cache. It is opened when it is needed: where nothing changed, that is never."""
        if self._open_cache is None:
            # The stages import OpenCV.
            from ..cache.factory import open_cache_best_effort
            from ..pipeline.stage_schemas import STAGE_SCHEMAS

            self._open_cache = open_cache_best_effort(self._settings.cache, schemas=STAGE_SCHEMAS)
        return self._open_cache

    @property
    def _flight(self) -> "Flight":
        return self._cache.flight

    def _update_current(self, job: LayerJob) -> bool:
        """Update an image; once more where the clip turned out to be another than it was when that began."""
        try:
            return self._update(job)
        except ClipChangedError:
            return self._update(job)

    def _update(self, job: LayerJob) -> bool:
        digest, label = self._digester.digest(job), self._output_folders.label(job.layer_path, self._buffer)
        summary = matching_summary(label, digest)
        if summary is not None:
            self._count(job, LayerState.CURRENT, summary)
            return False
        plan = self._plan(job)
        state, summary = layer_state(label, digest, plan), request_summary(digest, plan)
        if state is LayerState.STALE:
            self._write(job, plan, summary)
        self._count(job, state, plan)
        if state is LayerState.RELABEL and label is not None and summary is not None:
            self._output_folders.relabel(job.layer_path, label, summary)
        return state is LayerState.STALE

    def _count(self, job: LayerJob, state: LayerState, counts: FaceCounts) -> None:
        """Count an image that is right now, by the `state` that it was met in. No other method counts images."""
        if state is LayerState.STALE:
            self._write_count += 1  # its stages have counted what making it took
        else:
            self._counter.record_cached_layer(counts.face_count, counts.masked_count, counts.enhanced_count)
        self._outcomes.record_shown(counts.face_count, len(job.frame_requests), len(job.requests))

    def _plan(self, job: LayerJob) -> "LayerPlan":
        pipeline, clip = self._get_pipeline(), self._clip(job.source, job.number)
        if job.number >= clip.info.frame_count:
            raise ClipError(f"{clip.info.path.name} has no frame {job.number}: refresh the layer")
        return pipeline.plan(clip, job.number, job.requests)

    def _write_failed(self, job: LayerJob, failed: IncompletePlan) -> bool:
        """Have an image that failed show what of it can be made; True if the file was written."""
        if failed.plan is None or failed.label is None:
            return self._blank(job)
        try:
            if self._output_folders.label(job.layer_path, self._buffer) == failed.label:
                return False
            self._write(job, failed.plan, failed.label.summary)
        except UnderstudyError:
            return self._blank(job)
        self._write_count += 1
        return True

    def _write(self, job: LayerJob, plan: "LayerPlan", summary: RequestSummary | None) -> None:
        from ..layers.samples import layer_samples
        from ..layers.tiff import layer_pieces

        patch = layer_samples(self._get_pipeline().execute_for_layer(plan))
        self._write_file(job.layer_path, *layer_pieces(plan.key.hex, patch, plan.size, summary))

    def _write_file(self, path: Path, *pieces: bytes | memoryview) -> None:
        if warning := self._output_folders.write(path, *pieces):
            self.warn(warning)

    def _blank(self, job: LayerJob) -> bool:
        """Put a transparent image in the place of one that can't be made; True if the file was written."""
        try:
            self._write_file(job.layer_path, PLACEHOLDER)
        except OutputError as error:
            self.warn(f"{job.strip}, frame {job.frame}: an outdated layer is shown, since {error}")
            return False
        return True

    def _get_pipeline(self) -> "Pipeline":
        if self._pipeline is None:
            # Where nothing changed no stage runs, so what runs them is not imported either.
            from .pipeline_factory import make_pipeline

            store = self._cache.store
            self._pipeline = make_pipeline(self._settings, store, self._flight, self._source_stamps)
            self._pipeline.counter.add(self._counter)  # what was known by labels
            self._counter = self._pipeline.counter
        return self._pipeline

    def _clip(self, source: ClipSource, number: int = 0) -> Clip:
        return self._open_clips.clip(self._cache.store, source, number)
