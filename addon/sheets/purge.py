# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete the sheets of a project that show a person or a clip, from the disk and from Blender's memory."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.reporting.layer_outcomes import pluralise
from ...core.sheet.purge import SheetPurge, purge_all_sheets, purge_sheets_of_clip, purge_sheets_of_people
from ..properties.sheet_state import reset_sheet_state, sheet_state
from ..sequencer.strips import source_of
from .making import stop_sheet
from .sheet_image import sheets_folder


def purge_people(images: Iterable[Path]) -> str:
    """Delete the sheets of every scene that show any person with these images; say which may be left.

    Raises ClipError where an image can't be read, OutputError where a sheet can't be deleted.
    """
    from ...core.consent.request_consent import image_hashes

    left = _purge(_folders(), partial(purge_sheets_of_people, hashes=image_hashes(list(images))))
    if not left:
        return ""
    return f"{pluralise(left, 'sheet')} of an earlier version may show this person: look through the sheets' folder"


def purge_clip(scene: bpy.types.Scene, strip: Any) -> str:
    """Delete the sheets of a strip's clip. Raises OutputError."""
    name = source_of(strip).paths[0].name
    _purge([sheets_folder(scene)], partial(purge_sheets_of_clip, clip_name=name))
    return ""


def purge_all() -> str:
    """Delete the sheets of every scene. Raises OutputError."""
    _purge(_folders(), purge_all_sheets)
    return ""


def _folders() -> list[Path]:
    scenes = [scene for scene in bpy.data.scenes if cast("Any", scene).library is None]
    return list(dict.fromkeys(map(sheets_folder, scenes)))


def _purge(folders: Iterable[Path], purge: Callable[[Path], SheetPurge]) -> int:
    """Purge folders; return how many sheets are left of which nobody knows whom they show."""
    stop_sheet()  # or it would be written again
    unlabeled = 0
    removed: set[Path] = set()
    for folder in folders:
        done = purge(folder)
        unlabeled += done.unlabeled
        removed.update(done.removed)
    images: Any = bpy.data.images
    for image in [entry for entry in images if Path(bpy.path.abspath(entry.filepath)) in removed]:
        if sheet_state().image == image.name:
            reset_sheet_state()
        images.remove(image)
    return unlabeled
