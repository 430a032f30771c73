# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders that are used where the preferences name none."""

from pathlib import Path

import bpy

from ...core.cache.settings import CACHE_FOLDER_NAME
from ...core.models.library import user_model_folder


def default_paths() -> dict[str, str]:
    """Return the folders that are used where none is named, by their properties' names."""
    project = Path(bpy.data.filepath).parent if bpy.data.filepath else Path(bpy.app.tempdir)
    return {"cache_folder": str(project / CACHE_FOLDER_NAME), "model_folder": str(user_model_folder())}
