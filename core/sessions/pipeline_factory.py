# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pipeline of a run from its settings."""

from ..cache.base.compute import Flight
from ..cache.base.store import Store
from ..media.source_stamps import SourceStamps
from ..models.embedded import embedded_models
from ..pipeline.pipeline import Pipeline
from .settings import RunSettings


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
