# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a sheet: the people or the values that are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import FaceImageError, RefusalError
from ...core.recipe import find_parameter
from ...core.recipe.request import Identity
from ...core.sessions.conditions import condition_fault
from ...core.sheet.request import MAX_VARIANTS
from ...core.sheet.sheet import Variant, Wedge
from ...core.sheet.values import wedge_variants
from ..layers.jobs import jobs_at
from ..layers.rendered_clips import condition_settings
from ..modifiers.takes import takes_of
from ..properties.identity_properties import stored_images
from ..properties.labels import title_case
from ..properties.scene_properties import request_of
from ..properties.source_image_files import chosen_face_images
from ..sequencer.strips import stack_id


@dataclass(frozen=True)
class Row:
    """A variant with what using it sets in its modifier.

    Attributes
    ----------
    variant : Variant
        What is made.
    label : str
        What it is called in menus.
    images : tuple of (str, int)
        The images of another person, as paths are kept in projects, and the number of the face in each.
    settings : tuple of str
        The values that it tries, such as "fusion.blend=0.5".
    take_id : str or None
        The id of the modifier's take that it is; None where it is none.
    """

    variant: Variant
    label: str
    images: tuple[tuple[str, int], ...] = ()
    settings: tuple[str, ...] = ()
    take_id: str | None = None


def people_rows(modifier: Any, files: Sequence[str]) -> tuple[Row, ...]:
    """Return the person or the takes of a modifier that have images, and a person for each file. FaceImageError."""
    request = request_of(modifier)
    own = tuple(stored_images(modifier.identity))
    rows = []
    if len(modifier.takes):
        rows += [
            Row(Variant(name, asked), name, take_id=take.take_id)
            for take, (name, asked) in zip(modifier.takes, takes_of(modifier), strict=True)
            if asked.identity.images
        ]
    elif own:
        name = request.identity.name or Path(bpy.path.basename(own[0][0])).stem
        rows.append(Row(Variant(name, request), name, own))
    for file, image in zip(files, chosen_face_images(files), strict=True):
        name = image.path.stem
        identity = Identity((image,), name)
        rows.append(Row(Variant(name, replace(request, identity=identity)), name, ((file, 0),)))
    if not rows:
        raise FaceImageError("there is nobody to show: choose images of people")
    if len(rows) > MAX_VARIANTS:
        raise FaceImageError(f"{len(rows)} people are too many for a sheet: choose {MAX_VARIANTS} at most")
    return tuple(rows)


def value_rows(modifier: Any, wedges: Sequence[Wedge]) -> tuple[Row, ...]:
    """Return a modifier with each pair of values. Raises RecipeError, FaceImageError."""
    request = request_of(modifier)
    if not request.identity.images:
        raise FaceImageError(f"{modifier.name} has no face image: choose one first")
    rows = []
    for variant in wedge_variants(request, wedges, modifier.target_forms):
        pairs = list(zip(wedges, variant.values, strict=True))
        label = ", ".join(
            f"{title_case(wedge.label)} {value_label(wedge.path, value)}" for wedge, value in pairs
        )
        rows.append(Row(variant, label, settings=tuple(f"{wedge.path}={value}" for wedge, value in pairs)))
    return tuple(rows)


def allowed_variants(scene: bpy.types.Scene, variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """Return variants of which those have a fault that a condition of the user's is against; RefusalError if all do.

    A worker has neither the record of a modifier nor the project's consent file, so this is asked in Blender.
    """
    settings = condition_settings(scene)
    if not settings.has_conditions:
        return tuple(variants)
    requests = dict.fromkeys(variant.request for variant in variants)
    faults = {request: condition_fault((request,), settings) for request in requests}
    refused = next((fault for fault in faults.values() if fault), "")
    if refused and all(faults.values()):
        raise RefusalError(f"no sheet is made: {refused}")
    return tuple(
        replace(variant, fault=f"not rendered: {fault}") if (fault := faults[variant.request]) else variant
        for variant in variants
    )


def value_label(path: str, value: str) -> str:
    """Return how a value is written for people."""
    parameter = find_parameter(path)
    if parameter.kind is bool:
        return "on" if value == "true" else "off"
    return next((label for name, label, _ in parameter.choices if name == value), value)


def visible_frame(scene: bpy.types.Scene, strip: Any) -> int | None:
    """Return the frame of a strip's clip that is seen at the scene's frame, counted from 0; None if none is."""
    strip_id = stack_id(strip)
    jobs = jobs_at(scene, scene.frame_current, preview=True)
    return next((job.number for job in jobs if job.owner_id == strip_id), None)
