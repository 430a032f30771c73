# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs over layer pictures as the preferences want them."""

from pathlib import Path

from ..core.layer_session import LayerSession, PreviewSession
from .preferences import Preferences


def open_session(cache_folder: Path, preferences: Preferences) -> LayerSession:
    """Begin a run that computes whatever is missing."""
    return LayerSession(cache_folder, preferences.memory_megabytes, preferences.threads)


def open_preview(cache_folder: Path, preferences: Preferences) -> PreviewSession:
    """Begin a run that only fuses what is known."""
    return PreviewSession(cache_folder, preferences.memory_megabytes, preferences.threads)
