# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the consent records are that a project shares with others."""

import os
from pathlib import Path

import bpy

from ...core.sessions.settings import CONSENT_FILE_VARIABLE
from ...core.units import OFF
from ..properties.scene_properties import settings_of


def consent_file(scene: bpy.types.Scene) -> Path | None:
    """Return the file of consent records of a scene, the environment's first; None where none is named."""
    named = os.environ.get(CONSENT_FILE_VARIABLE, "").strip()
    if named:
        return None if named == OFF else Path(named)
    chosen = settings_of(scene).consent_file
    return Path(bpy.path.abspath(chosen)) if chosen else None
