# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a worker needs to render a project, and whether they go with it. No file is opened."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

import bpy

from ...core.cache.packs.disk_usage import layer_bytes_on_disk, size_on_disk
from ...core.cache.packs.layout import LAYERS_FOLDER
from ...core.errors import ModelError
from ...core.farm.plan import Asset
from ...core.filesystem.access import is_within
from ...core.models.library import ModelLibrary
from ...core.models.safeguard import find_safeguard_model
from ...core.recipe.request import SwapRequest
from ...core.sessions.required_models import required_models
from ..layers.folders import LayerPlaces
from ..layers.rendered_clips import RenderedClip
from ..modifiers.stack import stack_of
from ..modifiers.visibility import is_rendered
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..properties.source_image_files import absolute_path, source_image_path
from ..sequencer.strips import all_strips, layer_stack_id, stack_id
from ..sessions.cache_folder import cache_location
from ..sessions.open import run_settings

_RELATIVE_PREFIX = "//"
_MISSING = "it is missing: put it back, or choose another"
_OUTSIDE = "it is outside the project's folder: copy it along, and keep where it is from there"
_ABSOLUTE = (
    "its path is absolute: use File > External Data > Make Paths Relative, or mount it there on every worker"
)
_MODEL = "copy it to every worker, or name a folder on a share in UNDERSTUDY_MODELS"


def project_assets(scene: bpy.types.Scene, clips: Sequence[RenderedClip]) -> tuple[Asset, ...]:
    """List what a worker needs to render a scene of the saved project, in which `clips` have Face Swap modifiers.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    clips : sequence of RenderedClip
        The clips that ask for faces, see `rendered_clips`.

    Returns
    -------
    tuple of Asset
        Each file once: the project, clips, images of source persons, other media of the project, models, and the
        folders of layers and results. An image sequence is one entry, its path a folder.
    """
    project = Path(bpy.data.filepath)
    candidates = [
        Asset("project", project.name, project, _byte_count(project), travels=True),
        *_clip_assets(clips),
        *_image_assets(clips),
        *_media_assets(),
        *_model_assets(scene, [request for clip in clips for request in clip.requests]),
        *_consent_assets(scene),
        *_folder_assets(scene),
    ]
    unique: dict[Path, Asset] = {}
    for asset in candidates:
        unique.setdefault(asset.path, asset)
    return tuple(unique.values())


def _clip_assets(clips: Iterable[RenderedClip]) -> Iterator[Asset]:
    for rendered in clips:
        if rendered.clip.type == "MOVIE":
            yield _file_asset("clip", rendered.clip.filepath)
        else:
            yield from _sequence_assets("clip", rendered.clip)


def _image_assets(clips: Iterable[RenderedClip]) -> Iterator[Asset]:
    for rendered in clips:
        for modifier in filter(is_rendered, stack_of(rendered.scene, stack_id(rendered.clip))):
            people = (modifier.identity, *(take.identity for take in modifier.takes))
            for image in (entry for person in people for entry in person.pictures):
                packed = None if image.image is None else image.image.packed_file
                if packed is not None and image.filepath:
                    path = absolute_path(image.filepath)
                    yield Asset("image", image.filepath, path, int(packed.size), travels=True)
                elif image.filepath:
                    yield _file_asset("image", image.filepath, source_image_path(image))


def _media_assets() -> Iterator[Asset]:
    """Yield what else the project names; a sequence as a whole, and layers not at all."""
    listed: set[Path] = set()
    for scene in bpy.data.scenes:
        for strip in all_strips(scene):
            if strip.type == "IMAGE" and (layer_stack_id(strip) or len(strip.elements) > 1):
                folder = absolute_path(strip.directory, scene.library)
                listed.update(folder / element.filename for element in strip.elements)
                if not layer_stack_id(strip):
                    yield from _sequence_assets("media", strip)
    for stored_path in dict.fromkeys(bpy.utils.blend_paths(absolute=False, packed=False)):
        path = absolute_path(stored_path)
        if path not in listed and not any(is_within(path, folder) for folder in _blender_folders()):
            yield _file_asset("media", stored_path)


def _blender_folders() -> list[Path]:
    """List where Blender has files of its own, which projects name as well."""
    folders = (bpy.utils.resource_path(kind) for kind in ("LOCAL", "SYSTEM"))
    return [Path(folder) for folder in folders if folder]


def _model_assets(scene: bpy.types.Scene, requests: Sequence[SwapRequest]) -> Iterator[Asset]:
    library = run_settings(cache_location(scene).folder, preferences()).library
    for model in required_models((recipe for request in requests for recipe in request.recipes), library):
        path = Path(model.title) if model.path is None else model.path
        yield Asset(
            "model",
            model.title,
            path,
            _byte_count(path),
            travels=False,
            advice=_MODEL if model.path else _MISSING,
        )


def _consent_assets(scene: bpy.types.Scene) -> Iterator[Asset]:
    """Yield the project's consent file where workers need it: where renders require consent, or the safeguard is on."""
    stored_path = settings_of(scene).consent_file
    if not stored_path:
        return
    settings = run_settings(cache_location(scene).folder, preferences())
    if settings.require_consent or (settings.safeguard and _has_safeguard_model(settings.library)):
        yield _file_asset("consent", stored_path)


def _has_safeguard_model(library: ModelLibrary) -> bool:
    try:
        return find_safeguard_model(library) is not None
    except ModelError:  # there is one that can't be used: a render says so
        return True


def _folder_assets(scene: bpy.types.Scene) -> Iterator[Asset]:
    """Yield the folders of layers and results; a missing one is made by the first task."""
    places = LayerPlaces.of_scene(scene)
    layers = places.root / LAYERS_FOLDER
    kinds = (
        ("layers", layers, places.directory, layer_bytes_on_disk, places.root),
        ("cache", places.cache_folder, str(places.cache_folder), size_on_disk, places.cache_folder),
    )
    for kind, path, stored_path, measure, root in kinds:
        try:
            count = measure(root) if path.is_dir() else None
        except OSError:
            count = None
        travels = is_within(path, Path(bpy.data.filepath).parent)
        advice = "" if travels else "every worker needs it at this path"
        yield Asset(kind, stored_path, path, count, travels, advice)


def _sequence_assets(kind: str, strip: Any) -> Iterator[Asset]:
    """Yield the images of a strip as one asset, and the first that is missing as one of its own."""
    names = list(dict.fromkeys(element.filename for element in strip.elements))
    if not names:
        return
    folder = absolute_path(strip.directory, strip.id_data.library)
    counts = [_byte_count(folder / name) for name in names]
    missing = [name for name, count in zip(names, counts, strict=True) if count is None]
    stored_folder = strip.directory.rstrip("/\\") + "/"
    if len(names) == 1 or missing:
        name = (missing or names)[0]
        yield _file_asset(kind, f"{stored_folder}{name}", folder / name)
    if len(names) > 1 and len(missing) < len(names):
        name = PurePath(names[0])
        pattern = re.sub(r"\d(?=\d*\D*$)", "#", name.stem) + name.suffix
        total = sum(count for count in counts if count is not None)
        travels, advice = _travel(strip.directory, folder)
        yield Asset(kind, f"{stored_folder}{pattern}", folder, total, travels, advice)


def _file_asset(kind: str, stored_path: str, path: Path | None = None) -> Asset:
    path = absolute_path(stored_path) if path is None else path
    count = _byte_count(path)
    travels, advice = _travel(stored_path, path)
    return Asset(kind, stored_path, path, count, travels, _MISSING if count is None else advice)


def _travel(stored_path: str, path: Path) -> tuple[bool, str]:
    """Return whether a file goes with the project by its path, and what to do about it."""
    if not stored_path.startswith(_RELATIVE_PREFIX):
        return False, _ABSOLUTE
    return True, "" if is_within(path, Path(bpy.data.filepath).parent) else _OUTSIDE


def _byte_count(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
