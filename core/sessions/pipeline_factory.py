# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pipeline of a run from its settings."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property

from ..analysis.nudity import NudityClassifier
from ..analysis.shots import VisitFrame
from ..cache.base.compute import Flight
from ..cache.base.store import Store
from ..errors import ClipError, FaceImageError
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..media.source_stamps import SourceStamps
from ..models.embedded import SAFEGUARD_FAMILY, embedded_models
from ..models.safeguard import find_safeguard_model
from ..pipeline.nudity_stage import NudityStage
from ..pipeline.pipeline import Pipeline
from ..pipeline.plan import LayerPlan
from ..recipe.request import SwapRequest
from .conditions import consent_ended_text, ended_consents, require_conditions
from .safeguard import Safeguard
from .settings import RunSettings


class SafeguardedPipeline(Pipeline):
    """A pipeline of which no plan leaves that the safeguard refuses: whatever makes a layer has planned it before."""

    def __init__(
        self,
        settings: RunSettings,
        store: Store,
        flight: Flight,
        stamps: SourceStamps | None = None,
    ) -> None:
        super().__init__(
            store,
            embedded_models(),
            settings.threads,
            flight,
            settings.library,
            settings.providers,
            settings.engine_folder,
            stamps,
            settings.graph_folder,
        )
        self._settings = settings

    def plan(self, clip: Clip, number: int, requests: Sequence[SwapRequest]) -> LayerPlan:
        """Do what `Pipeline.plan` does; RefusalError where the safeguard lets no face of the frame be replaced."""
        plan = super().plan(clip, number, requests)
        # Where no face is replaced, the safeguard's model is not even looked for.
        return plan if not plan.faces or self._safeguard is None else self._safeguard.admit(plan)

    def look_through(self, clip: Clip, number: int, visit: VisitFrame) -> None:
        """See `Pipeline.look_through`: the shot of a frame whose face is replaced is looked at for nudity."""
        if self._safeguard is not None:
            self._safeguard.verdict(clip, number, visit)

    def check_shots(
        self,
        clip: Clip,
        numbers: Sequence[int],
        requests_at: Callable[[int], Sequence[SwapRequest]],
        on_progress: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Look at all shots of a render before its first frame, so that none is refused when the others are made.

        Parameters
        ----------
        clip : Clip
            The clip.
        numbers : sequence of int
            The frames to be rendered, ascending.
        requests_at : callable
            Returns what is asked for in a frame.
        on_progress : callable
            Called with how many of the frames lie in shots that were looked at.

        Raises
        ------
        RefusalError
            The safeguard refuses a shot in which a face would be replaced.
        ModelError
            The safeguard's model can't be used.
        """
        if self._safeguard is None:
            return
        shot = range(0)
        for count, number in enumerate(numbers):
            requests = () if number in shot else requests_at(number)
            if not requests:
                continue
            on_progress(count)
            try:
                verdict = self._safeguard.verdict(clip, number, self._form_visitor(clip, requests))
            except ClipChangedError:
                return  # then each frame is looked at when it is made
            shot = verdict.shot
            for frame in numbers if verdict.is_nude else ():
                if frame in shot:
                    with suppress(ClipError, FaceImageError):  # a frame that fails shows the original
                        self.plan(clip, frame, requests_at(frame))

    def _form_visitor(self, clip: Clip, requests: Sequence[SwapRequest]) -> VisitFrame:
        """Return what looks at the frames that requests learn forms from."""
        recipes = dict.fromkeys(request.recipe for request in requests if request.recipe.swap.gives_shape)
        visitors = [self._forms.visitor(clip, recipe) for recipe in recipes]

        def visit(number: int) -> None:
            for visitor in visitors:
                visitor(number)

        return visit

    @cached_property
    def _safeguard(self) -> Safeguard | None:
        """None where it is off, or its model is not here. Raises ModelError."""
        model = find_safeguard_model(self.library) if self._settings.safeguard else None
        if model is None:
            return None
        family = self.library.catalogue.family(*SAFEGUARD_FAMILY)
        frames = self._analyser.frames
        classifier = NudityClassifier(model, family, self._pool)
        stage = NudityStage(self._store, self._flight, frames, classifier, self._counter)
        return Safeguard(stage, frames, self._settings.consent_file)


class ConditionedPipeline(SafeguardedPipeline):
    """A pipeline whose `check` refuses requests that are against the conditions of its run.

    It is for runs that nobody asks before: Blender itself looks at the conditions of a scene, whose records a worker
    process does not have.
    """

    def check(self, requests: Sequence[SwapRequest]) -> None:
        """Do what `Pipeline.check` does, once the conditions hold; RefusalError says which does not."""
        require_conditions(requests, self._settings)
        for request in ended_consents(requests, self._settings):
            self.counter.warn(consent_ended_text(request.identity))
        super().check(requests)


def make_pipeline(
    settings: RunSettings, store: Store, flight: Flight, stamps: SourceStamps | None = None
) -> Pipeline:
    """Return a pipeline over a store, with the models and the processor of the settings. Raises ModelError.

    `stamps` say which files clips and images are.
    """
    return SafeguardedPipeline(settings, store, flight, stamps)
