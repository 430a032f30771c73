# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders that are used where nobody names one."""

from pathlib import Path

import bpy

from ...core.cache.settings import CACHE_FOLDER_NAME
from ...core.models.library import user_model_folder


def project_folder() -> Path:
    """Return where a file dialog proposes to write what is made of a project: beside it, or at home if not saved."""
    return Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()


def default_paths() -> dict[str, str]:
    """Return the folders that are used where none is named, by their properties' names."""
    project = Path(bpy.data.filepath).parent if bpy.data.filepath else Path(bpy.app.tempdir)
    return {"cache_folder": str(project / CACHE_FOLDER_NAME), "model_folder": str(user_model_folder())}
