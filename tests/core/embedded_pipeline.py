# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip with a pipeline of the embedded models, which keeps its results in memory."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.media.clip import Clip
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline


@contextmanager
def open_with_pipeline(path: Path) -> Iterator[tuple[Pipeline, Clip]]:
    """Open a clip, and a pipeline for it; both are closed at the end."""
    with closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline, open_clip(path) as clip:
        yield pipeline, clip
