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

from ...core.filesystem.access import is_within
from ...core.system.trust import TRUST_VARIABLE, trusted_folders
from ..properties.preferences import preferences
from ..properties.scene_properties import CACHE_FOLDER, settings_of

_BESIDE = "//"
_FALLBACK = "understudy_cache"


@dataclass(frozen=True)
class CachePlace:
    """Where a scene's results and layers lie."""

    folder: Path
    moves: bool = False
    """Whether it moves with the project: it is named relative to it."""
    refused: Path | None = None
    """The folder that the project names and must not have, links followed; None where it has what it names."""

    @property
    def refusal(self) -> str:
        """What became of the folder that is refused, and what to do, in a line; empty where none is."""
        if self.refused is None:
            return ""
        return (
            f"this project names the cache folder {self.refused}, which is outside its own: it is not used, and "
            f"results and layers are not kept; say yes to it in the panel Cache, or name it in {TRUST_VARIABLE}"
        )


def cache_place(scene: bpy.types.Scene) -> CachePlace:
    """Return where a scene's results and layers lie."""
    own = preferences().cache_folder
    chosen = own or settings_of(scene).cache_folder or CACHE_FOLDER
    library = cast("Any", scene).library
    if own and not own.startswith(_BESIDE):
        return CachePlace(_plain(bpy.path.abspath(own)))
    saved = bool(bpy.data.filepath)
    project = Path(bpy.data.filepath).parent if saved else Path(bpy.app.tempdir)
    if chosen.startswith(_BESIDE) and not saved and library is None:
        folder = _plain(str(project / chosen[len(_BESIDE) :]))
    else:
        folder = _plain(bpy.path.abspath(chosen, library=library))
    if is_within(folder, project) or any(is_within(folder, trusted) for trusted in trusted_folders()):
        return CachePlace(folder, chosen.startswith(_BESIDE) and saved)
    return CachePlace(Path(bpy.app.tempdir) / _FALLBACK, refused=_followed(folder))


def refusals() -> list[str]:
    """Say of the scenes which cache folders they must not have, a line each."""
    told = (cache_place(scene).refusal for scene in bpy.data.scenes)
    return list(dict.fromkeys(text for text in told if text))


def _plain(text: str) -> Path:
    """Return an absolute path without `..`: what is looked at before it is used is then what is used."""
    return Path(os.path.abspath(text))  # noqa: PTH100 - Path.absolute keeps ..


def _followed(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return folder
