# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pipeline of a run from its settings."""

from collections.abc import Sequence

from ..cache.base.compute import Flight
from ..cache.base.store import Store
from ..media.source_stamps import SourceStamps
from ..models.embedded import embedded_models
from ..pipeline.pipeline import Pipeline
from ..recipe.request import SwapRequest
from .conditions import CONSENT_ENDED, ended_consents, require_conditions
from .settings import RunSettings


class ConditionedPipeline(Pipeline):
    """A pipeline whose `check` refuses requests that are against the conditions of its run.

    It is for runs that nobody asks before: Blender itself looks at the conditions of a scene, whose records a worker
    process does not have.
    """

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
        )
        self._settings = settings

    def check(self, requests: Sequence[SwapRequest]) -> None:
        """Do what `Pipeline.check` does, once the conditions hold; RefusalError says which does not."""
        require_conditions(requests, self._settings)
        for _ in ended_consents(requests, self._settings):
            self.counter.warn(CONSENT_ENDED)
        super().check(requests)


def make_pipeline(
    settings: RunSettings, store: Store, flight: Flight, stamps: SourceStamps | None = None
) -> Pipeline:
    """Return a pipeline over a store, with the models and the processor of the settings. Raises ModelError.

    `stamps` say which files clips and images are.
    """
    return Pipeline(
        store,
        embedded_models(),
        settings.threads,
        flight,
        settings.library,
        settings.providers,
        settings.engine_folder,
        stamps,
    )
