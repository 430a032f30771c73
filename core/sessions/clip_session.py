# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over one clip, for scripts: recast frames to arrays, or prepare them into the cache."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ..analysis.display import display_pixels
from ..cache.factory import open_cache
from ..concurrency.closing import Closeable
from ..face.types import Pixels
from ..fusion.patch import composite_on_frame
from ..media.clip import ClipInfo
from ..media.open import open_clip, open_sequence
from ..media.prefetching_clip import PrefetchingClip
from ..pipeline.stage_schemas import STAGE_SCHEMAS
from ..recipe.request import SwapRequest
from ..reporting.stage_counts import Report
from .pipeline_factory import ConditionedPipeline
from .run_log import log_end, log_start
from .settings import RunSettings


@dataclass(frozen=True, eq=False)
class RecastFrame:
    """One frame with its faces replaced.

    Attributes
    ----------
    number : int
        The frame of the clip, counted from 0.
    pixels : numpy.ndarray
        (H, W, 3) RGB uint8, display-coded, as large as the clip's frames. It may be read-only.
    face_count : int
        How many faces were replaced; with 0 the pixels are the clip's own.
    """

    number: int
    pixels: Pixels
    face_count: int


class ClipSession(Closeable):
    """Replaces faces in one clip, and keeps each stage's result in the cache. For one thread at a time.

    It is closed at the end of a `with` block.

    Parameters
    ----------
    source : pathlib.Path or sequence of pathlib.Path
        A movie or an image; or image files, a frame each, in this order.
    requests : sequence of SwapRequest
        Who replaces whom, and how. Where two replace the same face, the last one is on top.
    settings : RunSettings
        The cache, the processor and the models to use.

    Raises
    ------
    ClipError
        The clip is missing or can't be read.
    FaceImageError
        An image of a person is missing, can't be read or does not show one clear face.
    ModelError
        A model is missing or can't be run.
    RecipeError
        Parameters of a recipe don't go together.
    CacheError
        The cache folder, an encryption key or a server's address can't be used.
    RefusalError
        A request is against a condition of the settings, such as `require_commercial`.
    """

    def __init__(
        self, source: Path | Sequence[Path], requests: Sequence[SwapRequest], settings: RunSettings
    ) -> None:
        self._requests = tuple(requests)
        self._is_closed = False
        with ExitStack() as stack:
            clip = open_clip(source) if isinstance(source, Path) else open_sequence(source)
            self._clip = stack.enter_context(PrefetchingClip(clip))
            self._cache = stack.enter_context(open_cache(settings.cache, schemas=STAGE_SCHEMAS))
            self._pipeline = ConditionedPipeline(settings, self._cache.store, self._cache.flight)
            stack.enter_context(closing(self._pipeline))
            for warning in settings.ignored:
                self._pipeline.counter.warn(warning)
            self._pipeline.check(self._requests)
            self._exit_stack = stack.pop_all()
        log_start("clip session", settings)

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip: its size in pixels, its length in frames, its frame rate."""
        return self._clip.info

    def recast_frame(self, number: int) -> RecastFrame:
        """Return a frame with its faces replaced.

        What earlier runs computed is read from the cache; the pixels are the same, bit for bit.

        Parameters
        ----------
        number : int
            The frame of the clip, counted from 0.

        Returns
        -------
        RecastFrame
            The frame's pixels, and how many faces were replaced.

        Raises
        ------
        ClipError
            There is no such frame, or it can't be read.
        FaceImageError
            An image of the person to replace can't be used.
        ModelError
            A model is missing or can't be run.
        RecipeError
            A recipe names a face that is not there.
        """
        plan, patch = self._pipeline.recast(self._clip, number, self._requests)
        pixels = composite_on_frame(display_pixels(self._clip, self._clip.read(number)), patch)
        return RecastFrame(number, pixels, len(plan.faces))

    def prepare(
        self,
        numbers: Iterable[int] | None = None,
        on_progress: Callable[[int], None] = lambda _number: None,
    ) -> int:
        """Compute frames into the cache, without blending them: later runs over these frames run no model.

        Parameters
        ----------
        numbers : iterable of int, optional
            The frames of the clip, counted from 0; all of them by default. They are fastest in ascending order.
        on_progress : callable
            Is called with each frame's number once the frame is prepared.

        Returns
        -------
        int
            How many faces these frames have to replace.

        Raises
        ------
        ClipError
            There is no such frame, or it can't be read.
        FaceImageError
            An image of the person to replace can't be used.
        ModelError
            A model is missing or can't be run.
        RecipeError
            A recipe names a face that is not there.
        """
        face_count = 0
        for number in range(self.info.frame_count) if numbers is None else numbers:
            plan = self._pipeline.plan(self._clip, number, self._requests)
            self._pipeline.prefetch_crops(plan)
            face_count += len(plan.faces)
            on_progress(number)
        return face_count

    def report(self) -> Report:
        """Return what was done so far.

        Returns
        -------
        Report
            Frames, faces, runs and hits of each stage, and warnings.
        """
        for warning in self._cache.warnings:
            self._pipeline.counter.warn(warning)
        return self._pipeline.report()

    def close(self) -> None:
        """Close the models, the cache and the clip. What was computed stays in the cache."""
        if not self._is_closed:
            self._is_closed = True
            log_end("clip session", self.report())
            self._exit_stack.close()
