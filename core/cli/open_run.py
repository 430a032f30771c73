# SPDX-License-Identifier: GPL-3.0-or-later
"""What every render opens: its settings, its cache and the pipeline over it."""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from ..batch.analysis_memory import AnalysisMemory
from ..cache.base.store import Store
from ..cache.factory import open_cache
from ..cache.settings import CACHE_FOLDER_NAME, CacheSettings
from ..cache.stack import OpenCache
from ..media.source_stamps import SourceStamps
from ..models.embedded import embedded_models
from ..pipeline.pipeline import Pipeline
from ..pipeline.stage_schemas import STAGE_SCHEMAS
from ..recipe.request import SwapRequest
from ..sessions.pipeline_factory import ConditionedPipeline
from ..sessions.run_log import log_start
from ..sessions.settings import CACHE_VARIABLE, RunSettings, resolve_settings
from .consent import record_consent
from .signals import StopSignal

_SVT_ERRORS_ONLY = "1"
"""The AV1 encoder prints about itself unless its environment variable says otherwise."""


@dataclass(frozen=True, eq=False)
class OpenRun:
    """What a render works with."""

    settings: RunSettings
    cache: OpenCache
    pipeline: Pipeline
    stamps: SourceStamps
    """The pipeline's own."""


def quiet_encoders() -> None:
    """Keep encoders from printing on standard error; before the first of them is loaded."""
    os.environ.setdefault("SVT_LOG", _SVT_ERRORS_ONLY)


def run_settings(arguments: argparse.Namespace, folder: Path) -> RunSettings:
    """Return what the environment says, and the arguments before it; the cache lies in `folder` where none does.

    Raises CacheError for what is unusable.
    """
    cache_settings = CacheSettings(folder / CACHE_FOLDER_NAME, keep=not arguments.no_cache)
    settings = resolve_settings(RunSettings(cache_settings, online=arguments.online), os.environ)
    cache = settings.cache
    return replace(
        settings,
        cache=replace(
            cache,
            folder=arguments.cache_dir or cache.folder,
            cap_bytes=cache.cap_bytes if arguments.cache_cap is None else arguments.cache_cap,
        ),
        require_commercial=settings.require_commercial or arguments.require_commercial,
        require_consent=settings.require_consent or arguments.require_consent,
        consent_file=arguments.consent_file or settings.consent_file,
    )


def open_run(
    stack: ExitStack,
    settings: RunSettings,
    arguments: argparse.Namespace,
    stop: StopSignal,
    *,
    several: bool = False,
) -> OpenRun:
    """Open the cache and make the pipeline; `stack` closes them. Raises CacheError, ModelError.

    With `several` the pipeline renders clips more than once, and remembers their analysis where no folder does.
    """
    embedded_models()  # where one is missing that is said before a cache folder is made
    cache = stack.enter_context(
        open_cache(
            settings.cache, schemas=STAGE_SCHEMAS, required=_has_cache_folder_setting(arguments), stop=stop
        )
    )
    stamps = SourceStamps()
    store: Store = cache.store
    if several and cache.folder is None:
        store = stack.enter_context(closing(AnalysisMemory(store)))
    pipeline = stack.enter_context(closing(ConditionedPipeline(settings, store, cache.flight, stamps)))
    log_start("batch" if several else "render", settings)
    return OpenRun(settings, cache, pipeline, stamps)


def open_checked_run(
    stack: ExitStack,
    arguments: argparse.Namespace,
    folder: Path,
    requests: Sequence[SwapRequest],
    stop: StopSignal,
) -> OpenRun:
    """Open what `open_run` does, with the settings of `run_settings`, and make sure that requests can be rendered.

    The consent that the arguments state is recorded then. Raises UnderstudyError.
    """
    run = open_run(stack, run_settings(arguments, folder), arguments, stop)
    run.pipeline.check(requests)
    if arguments.consent and arguments.consent_file:
        record_consent(arguments.consent_file, arguments.consent, requests)
    stop.check()
    return run


def _has_cache_folder_setting(arguments: argparse.Namespace) -> bool:
    """Tell whether the user named the cache folder: another is no reason for a render to fail."""
    return arguments.cache_dir is not None or bool(os.environ.get(CACHE_VARIABLE, "").strip())
