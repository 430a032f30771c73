# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs over layer images as the environment and the preferences want them.

What computes is imported when a run begins: Blender starts without it, and so does who only opens a project.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.cache.settings import CacheSettings
from ...core.filesystem import Access
from ...core.sessions.settings import RunSettings, resolve_settings
from ...core.units import DAY_SECONDS
from ..properties.preferences import Preferences

if TYPE_CHECKING:
    from ...core.sessions.prefetching_session import PrefetchingSession
    from ...core.sessions.preview_session import PreviewSession

_MIB, _GIB = 1 << 20, 1 << 30


def run_settings(
    cache_folder: Path, preferences: Preferences, consent_file: Path | None = None
) -> RunSettings:
    """Return what a run may use. The environment, which a farm sets, comes before the preferences.

    `consent_file` is the project's file of consent records: for runs that make layers.
    """
    cache = CacheSettings(
        cache_folder,
        memory_bytes=preferences.memory_megabytes * _MIB,
        shared_folder=_absolute_folder(preferences.shared_folder),
        redis_url=preferences.redis_url or None,
        shared_with_group=preferences.shared_with_group,
        cap_bytes=round(preferences.size_limit * _GIB) or None,
        max_age=preferences.unused_days * DAY_SECONDS or None,
        keep=preferences.keep_results,
    )
    wanted = RunSettings(
        cache,
        preferences.threads,
        preferences.provider,
        _absolute_folder(preferences.model_folder),
        online=bool(cast("Any", bpy.app).online_access),
        require_commercial=preferences.require_commercial,
        require_consent=preferences.require_consent,
        consent_file=consent_file,
    )
    return resolve_settings(wanted, os.environ, keyring=preferences.key_in_keyring, strict=False)


def access(preferences: Preferences) -> Access:
    """Return who may use what is made in the cache folder, and whose folders are written to."""
    # What keeps nothing needs no key: to ask for one may ask the user.
    cache = CacheSettings(Path(), keep=False, shared_with_group=preferences.shared_with_group)
    return resolve_settings(RunSettings(cache), os.environ, strict=False).cache.access


def open_session(
    cache_folder: Path, preferences: Preferences, consent_file: Path | None = None
) -> "PrefetchingSession":
    """Begin a run that computes whatever is missing, while Blender waits for it."""
    from ...core.sessions.prefetching_session import PrefetchingSession

    return PrefetchingSession(run_settings(cache_folder, preferences, consent_file))


def open_preview(
    cache_folder: Path, preferences: Preferences, consent_file: Path | None = None
) -> "PreviewSession":
    """Begin a run that only fuses what is known."""
    from ...core.sessions.preview_session import PreviewSession

    return PreviewSession(run_settings(cache_folder, preferences, consent_file))


def _absolute_folder(path: str) -> Path | None:
    return Path(bpy.path.abspath(path)) if path else None
