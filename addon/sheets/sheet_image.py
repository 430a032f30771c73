# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of a sheet in Blender: its data-block, the Image Editor that shows it, and where its files lie."""

from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import OutputError, os_error_reason
from ...core.filesystem import make_folder, write_file
from ...core.sheet.empty_image import EMPTY_IMAGE
from ...core.sheet.purge import SHEETS_FOLDER
from ..layers.folders import cache_folder
from ..properties.sheet_state import sheet_state

_IMAGE_NAME = "Casting Sheet"


def sheets_folder(scene: bpy.types.Scene) -> Path:
    """Return the folder of a scene's sheets. It may be missing."""
    return cache_folder(scene).parent / SHEETS_FOLDER


def sheet_path(scene: bpy.types.Scene, clip_name: str, subject: str) -> Path:
    """Return the file of a sheet's image: beside the cache folder, one for each clip and subject."""
    return sheets_folder(scene) / f"{Path(clip_name).stem}_{subject}.png"


def make_sheet_image(path: Path) -> Any:
    """Return the data-block of a sheet's image, and begin its file, so that undo finds both. Raises OutputError."""
    try:
        make_folder(path.parent)
        write_file(path, EMPTY_IMAGE)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write the sheet {path}: {reason}; check the folder and space") from error
    image: Any = cast("Any", bpy.data.images).load(str(path), check_existing=True)
    image.name = _IMAGE_NAME
    image.reload()
    return image


def sheet_image() -> Any | None:
    """Return the data-block of the last sheet's image; None where it is gone."""
    return bpy.data.images.get(sheet_state().image)


def show_image(context: Any, image: Any) -> None:
    """Show an image in an Image Editor: in one that is open, else in a window of its own."""
    windows = context.window_manager.windows
    areas = [area for _, area in _image_areas()]
    if not areas:
        before = [window.as_pointer() for window in windows]
        bpy.ops.wm.window_new()
        added = [window for window in windows if window.as_pointer() not in before]
        if not added:
            return
        areas = [max(added[0].screen.areas, key=lambda area: area.width * area.height)]
        areas[0].ui_type = "IMAGE_EDITOR"
    space = areas[0].spaces.active
    space.image = image
    space.show_region_ui = True


def reload_image() -> None:
    """Have Blender read the sheet's image anew; where its size is another one, all of it is shown."""
    image = sheet_image()
    if image is None:
        return
    before = tuple(image.size)
    image.reload()
    if tuple(image.size) == before:
        return
    for window, area in _image_areas():
        if area.spaces.active.image == image:
            region = next(region for region in area.regions if region.type == "WINDOW")
            with bpy.context.temp_override(window=window, area=area, region=region):
                bpy.ops.image.view_all(fit_view=True)


def _image_areas() -> list[tuple[Any, Any]]:
    """List the Image Editors, each with its window; none where there is no window."""
    windows: Any = () if bpy.app.background else bpy.data.window_managers[0].windows
    return [
        (window, area) for window in windows for area in window.screen.areas if area.ui_type == "IMAGE_EDITOR"
    ]


def redraw_sheet() -> None:
    """Have every area that shows a sheet or its progress drawn anew."""
    for window in () if bpy.app.background else bpy.data.window_managers[0].windows:
        for area in window.screen.areas:
            if area.type in ("IMAGE_EDITOR", "SEQUENCE_EDITOR", "PROPERTIES"):
                area.tag_redraw()
