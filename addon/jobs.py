# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer pictures that Blender is about to read there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.identity import Casting
from .layers import layer_of
from .stack import castings_of
from .timeline import ClipSource, is_shown, shown_scenes, source_of, stack_id, stacked_clips


@dataclass(frozen=True)
class LayerJob:
    """One layer picture that a timeline frame needs: plain values, nothing of Blender's."""

    strip: str
    frame: int
    """The timeline frame."""
    source: ClipSource
    number: int
    """The source frame, from 0."""
    picture: Path
    castings: tuple[Casting, ...]

    def about(self, fault: object) -> str:
        """Return a warning that names strip and frame."""
        return f"{self.strip}, frame {self.frame}: {fault}; the original is shown"


def jobs_at(scene: bpy.types.Scene, frame: int) -> Iterator[LayerJob]:
    """Yield what the layers that are seen at a frame need. Only reads Blender's data."""
    for here, at in shown_scenes(scene, frame):
        for clip in stacked_clips(here):
            layer = layer_of(here, clip)
            if layer is None or not is_shown(here, clip, at) or not is_shown(here, layer, at):
                continue
            # What Blender itself will read there, whatever trims, reverse or strobe do.
            element = layer.strip_elem_from_frame(at)
            if element is None or not element.filename.removesuffix(".tif").isdecimal():
                continue
            yield LayerJob(
                strip=clip.name,
                frame=at,
                source=source_of(clip),
                number=int(element.filename.removesuffix(".tif")),
                picture=Path(bpy.path.abspath(layer.directory)) / element.filename,
                castings=castings_of(here, stack_id(clip)),
            )


def without_layer(scene: bpy.types.Scene) -> list[str]:
    """List the clips of a scene that have a stack but no layer strip to show it."""
    return [clip.name for clip in stacked_clips(scene) if layer_of(scene, clip) is None]
