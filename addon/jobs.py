# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer pictures that Blender is about to read there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.layer_job import LayerJob
from .layers import layer_of
from .stack import castings_of
from .timeline import all_strips, is_shown, shown_scenes, source_of, stack_id, stacked_clips


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


def not_shown(scene: bpy.types.Scene) -> list[str]:
    """Say of which clips of a scene the layer can't be seen as it should be, and what to do about it."""
    told = []
    inputs = {strip: effect for effect in all_strips(scene) for strip in _inputs(effect)}
    for clip in stacked_clips(scene):
        layer = layer_of(scene, clip)
        if layer is None:
            told.append(f"{clip.name} has no layer strip, so the original is shown: press Refresh")
            continue
        if layer.frame_duration != clip.frame_duration:
            told.append(f"{clip.name} is longer or shorter than its layer was made for: press Refresh")
        effect = inputs.get(clip)
        if effect is not None:
            told.append(
                f"{clip.name} feeds the effect {effect.name}, which does not see its layer: "
                "put clip and layer into a meta strip, and the effect on that"
            )
        if [entry.type for entry in clip.modifiers] not in ([], [entry.type for entry in layer.modifiers]):
            told.append(
                f"{clip.name} has strip modifiers that its layer does not have: copy them to the layer, or put clip "
                "and layer into a meta strip and use them on that"
            )
        if len(clip.retiming_keys):
            told.append(f"{clip.name} has retiming keys, which its layer does not follow: remove them")
    return told


def _inputs(effect: Any) -> list[Any]:
    """List the strips that an effect strip is made from."""
    found = (getattr(effect, f"input_{number}", None) for number in (1, 2))
    return [strip for strip in found if strip is not None]
