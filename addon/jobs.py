# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer pictures that Blender is about to read there."""

from collections.abc import Iterator
from pathlib import Path

import bpy

from ..core.layer_job import LayerJob
from .layers import layer_of
from .stack import castings_of
from .timeline import is_shown, shown_scenes, source_of, stack_id, stacked_clips


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
