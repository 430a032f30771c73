# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a sheet: the people or the values that are compared, and what using one of them changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import FaceImageError
from ...core.recipe import find_parameter, with_value
from ...core.recipe.request import FaceImage, Identity
from ...core.sheet.request import MAX_VARIANTS
from ...core.sheet.sheet import Variant, Wedge
from ...core.sheet.values import wedge_variants
from ..layers.jobs import jobs_at
from ..modifiers.stack import add_source_image, index_of, stack_of
from ..properties.identity_properties import CONSENT_TEXTS
from ..properties.labels import title_case
from ..properties.scene_properties import recipe_of, request_of
from ..properties.sheet_state import sheet_state
from ..properties.source_image_files import absolute_path
from ..sequencer.curves import keyframes_of
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
    """

    variant: Variant
    label: str
    images: tuple[tuple[str, int], ...] = ()
    settings: tuple[str, ...] = ()


def people_rows(modifier: Any, files: Sequence[str]) -> tuple[Row, ...]:
    """Return the person of a modifier, if it has one, and a person for each file. Raises FaceImageError."""
    request = request_of(modifier)
    own = tuple((image.filepath, image.face_number) for image in modifier.identity.pictures if image.filepath)
    rows = []
    if own:
        name = request.identity.name or Path(bpy.path.basename(own[0][0])).stem
        rows.append(Row(Variant(name, request), name, own))
    for file in files:
        name = absolute_path(file).stem
        identity = Identity((FaceImage(absolute_path(file)),), name)
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


def sheet_modifier() -> tuple[bpy.types.Scene, Any] | None:
    """Return the scene and the modifier that the last sheet is of; None where it is gone."""
    state = sheet_state()
    scene: Any = bpy.data.scenes.get(state.scene)
    stack = [] if scene is None else stack_of(scene, state.strip_id)
    return next(((scene, entry) for entry in stack if entry.name == state.modifier), None)


def use_variant(scene: bpy.types.Scene, modifier: Any, index: int) -> None:
    """Set what a variant of the last sheet has in its modifier. Raises RecipeError."""
    chosen = sheet_state().variants[index]
    if len(chosen.images):
        identity = modifier.identity
        before = [(entry.filepath, entry.face_number) for entry in identity.pictures if entry.filepath]
        if before != [(image.filepath, image.face_number) for image in chosen.images]:
            for name in CONSENT_TEXTS:  # the other person's consent is no consent of this one
                setattr(identity.consent_record, name, "")
        identity.pictures.clear()
        for image in chosen.images:
            add_source_image(modifier, image.filepath, image.face_number)
        identity.name, identity.consent = chosen.person, chosen.consent
    for setting in chosen.settings.splitlines():
        path, _, text = setting.partition("=")
        parameter = find_parameter(path)
        recipe = with_value(recipe_of(modifier), path, text)
        group = getattr(modifier, parameter.group)
        setattr(group, parameter.name, getattr(getattr(recipe, parameter.group), parameter.name))
        curve = f"understudy.modifiers[{index_of(scene, modifier)}].{path}"
        if any(entry.data_path == curve for entry in keyframes_of(scene)):
            group.keyframe_insert(parameter.name, frame=scene.frame_current)


def place_at(x: float, y: float) -> int:
    """Return the variant whose cell is at a point of the sheet's image, in pixels from the top left; -1 for none."""
    for place in sheet_state().places:
        left, top = place.corner
        if left <= x < left + place.size[0] and top <= y < top + place.size[1]:
            return int(place.variant)
    return -1
