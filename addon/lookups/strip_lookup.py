# SPDX-License-Identifier: GPL-3.0-or-later
"""How a strip stands: what is in the way of its new faces, and how many layer images are made."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ...core.face.types import Pixels
from ...core.layers.folder import LayerFolder
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.media.source_stamps import SourceStamps
from ...core.models.embedded import embedded_folder
from ...core.models.library import user_model_folder
from ...core.recipe.request import SwapRequest
from ...core.reporting.strip_state import FrameCounts
from ...core.sessions.layer_counts import LayerContent, count_layers, layer_contents
from ...core.sessions.request_digest import RequestDigester
from ...core.sessions.request_faults import request_fault
from ..layers.folders import layer_image_name
from ..properties.preferences import Preferences
from ..sessions.open import run_settings


@dataclass(frozen=True)
class StripSurvey:
    """What was found of a strip, and for which requests."""

    requests: tuple[SwapRequest, ...]
    fault: str
    """Why no frame can be swapped, as far as files tell; empty where nothing stands in the way."""
    counts: FrameCounts
    contents: dict[int, int] = field(default_factory=dict)
    """What the image of each source frame shows, a `LayerContent`."""
    made_count: int = 0
    """How often the preview had renewed images by then."""


@dataclass(frozen=True)
class StripLookup:
    """How a strip stands. What is asked for changes with every drag of a slider, so it is no part of the question."""

    folder: Path
    """The cache folder."""
    layers_root: Path
    """The folder with the folder of all layers."""
    preferences: Preferences
    layers_id: str
    """The id of the folder of the strip's layer images."""
    images_key: tuple[object, ...]
    """What decides which layer images the strip shows."""
    requests: tuple[SwapRequest, ...] = field(compare=False)
    source: ClipSource = field(compare=False)
    images: tuple[int, ...] = field(compare=False)
    """The source frames that the strip shows, each once."""
    animated: bool = False
    """Whether what is asked for differs from frame to frame."""
    made_count: int = field(default=0, compare=False)
    """How often the preview renewed images so far."""
    folders: tuple[str, ...] = field(default=(), compare=False)
    """Where takes are keyframed, the id of the folder of each of `images`."""

    def fetch(self) -> StripSurvey:
        """See `Lookup`."""
        settings = run_settings(self.folder, self.preferences)
        ids = self.folders or (self.layers_id,) * len(self.images)
        layers = {name: LayerFolder(self.layers_root, name) for name in dict.fromkeys(ids)}
        folder_of = {
            layer_image_name(number): layers[name] for number, name in zip(self.images, ids, strict=True)
        }
        models = embedded_folder(), settings.model_folder or user_model_folder()
        jobs = [
            LayerJob(
                "",
                0,
                self.source,
                number,
                layers[name].path / layer_image_name(number),
                self.requests,
            )
            for number, name in zip(self.images, ids, strict=True)
        ]
        try:
            contents = layer_contents(
                jobs,
                RequestDigester(models, settings.provider, _source_stamps(), safeguard=settings.safeguard),
                lambda name: folder_of[name].peek_label(name),
                any_request=self.animated,
            )
        finally:
            for folder in layers.values():
                folder.close()
        by_frame = dict(zip(self.images, contents, strict=True))
        fault = request_fault(self.requests, settings.library)
        fault_text = "" if fault is None else fault.state_text
        counts = replace(count_layers(contents), excluded=_excluded_count(jobs, contents))
        return StripSurvey(self.requests, fault_text, counts, by_frame, self.made_count)

    def to_view(self, result: StripSurvey, _make_icon: Callable[[Pixels], int]) -> StripSurvey:
        """See `Lookup`."""
        return result


def _excluded_count(jobs: list[LayerJob], contents: bytes) -> int:
    """Count the images that show the original since every modifier excludes their frame."""
    return sum(
        content == LayerContent.ORIGINAL and bool(job.requests) and not job.frame_requests
        for job, content in zip(jobs, contents, strict=True)
    )


@cache
def _source_stamps() -> SourceStamps:
    """Return the stamps of this Blender's lookups, which are all fetched on one thread: files are read once."""
    return SourceStamps()
