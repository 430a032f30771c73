# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cache folder a scene has, and whether it may have it.

A project may come from anyone. It may have its cache in its own folder; another one that it names is used only
after the user said yes to it on this machine. Else results and layers go to Blender's temporary folder, as those of
a project that was never saved do. A folder that the user's own preferences name needs no question.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.cache.settings import CACHE_FOLDER_NAME
from ...core.filesystem.access import is_within
from ...core.sessions.settings import LAYERS_VARIABLE
from ...core.system.trust import TRUST_VARIABLE, trusted_folders
from ..properties.preferences import preferences
from ..properties.scene_properties import DEFAULT_CACHE_FOLDER, settings_of

_RELATIVE_PREFIX = "//"


@dataclass(frozen=True)
class CacheLocation:
    """Where a scene's results and layers lie."""

    folder: Path
    moves_with_project: bool = False
    """Whether it moves with the project: it is named relative to it."""
    refused_folder: Path | None = None
    """The folder that the project names and must not have, links followed; None where it has what it names."""

    @property
    def refusal(self) -> str:
        """What became of the folder that is refused, and what to do, in a line; empty where none is."""
        if self.refused_folder is None:
            return ""
        return (
            f"this project names the cache folder {self.refused_folder}, which is outside the project's own folder: "
            f"it is not used, and results and layers are not kept; allow it in the panel Cache, "
            f"or name it in {TRUST_VARIABLE}"
        )


def cache_location(scene: bpy.types.Scene, project_folder: Path | None = None) -> CacheLocation:
    """Return where a scene's results and layers lie, or will lie once the project is saved in `project_folder`."""
    own = preferences().cache_folder
    chosen = own or settings_of(scene).cache_folder or DEFAULT_CACHE_FOLDER
    library = cast("Any", scene).library
    if own and not own.startswith(_RELATIVE_PREFIX):
        return CacheLocation(_absolute_path(bpy.path.abspath(own)))
    if project_folder is None and bpy.data.filepath:
        project_folder = Path(bpy.data.filepath).parent
    saved, project = project_folder is not None, project_folder or Path(bpy.app.tempdir)
    if chosen.startswith(_RELATIVE_PREFIX) and library is None:
        folder = _absolute_path(str(project / chosen[len(_RELATIVE_PREFIX) :]))
    else:
        folder = _absolute_path(bpy.path.abspath(chosen, library=library))
    if is_within(folder, project) or any(is_within(folder, trusted) for trusted in trusted_folders()):
        return CacheLocation(folder, chosen.startswith(_RELATIVE_PREFIX) and saved)
    return CacheLocation(Path(bpy.app.tempdir) / CACHE_FOLDER_NAME, refused_folder=_resolve_links(folder))


def layers_root(scene: bpy.types.Scene, project_folder: Path | None = None) -> Path:
    """Return the folder with the folder of a scene's layers: the cache folder, unless the environment names another.

    A farm does so for projects that are only readable. See `cache_location`.
    """
    named = os.environ.get(LAYERS_VARIABLE, "").strip()
    return _absolute_path(named) if named else cache_location(scene, project_folder).folder


def refused_folder_warnings() -> list[str]:
    """Say of the scenes which cache folders they must not have, a line each."""
    refusals = (cache_location(scene).refusal for scene in bpy.data.scenes)
    return list(dict.fromkeys(text for text in refusals if text))


def _absolute_path(text: str) -> Path:
    """Return an absolute path without `..`: what is looked at before it is used is then what is used."""
    return Path(os.path.abspath(text))  # noqa: PTH100 - Path.absolute keeps ..


def _resolve_links(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return folder
