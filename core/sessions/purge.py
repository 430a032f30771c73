# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete from a cache folder all that came of one clip, or everything."""

from pathlib import Path

from ..cache.maintenance.lineage import derived_from, walk_entries
from ..cache.removal.purge import remaining_files
from ..cache.stores.local import PackStore
from ..cache.stores.usage_log import delete_usage_log
from ..errors import CacheError
from ..media.clip import Clip
from ..reporting.quoting import quote

_MAX_NAMES = 3


def purge(folder: PackStore, clip: Clip | None) -> int:
    """Delete what came of a clip, its people's images too, or everything; return the bytes freed.

    What can't be traced to any clip or image goes as well. Shared places keep what they have:
    `understudy cache purge` reaches those. Raises ClipError if the clip can't be read, CacheError where something
    can't be deleted.
    """
    before = len(folder.warnings)
    if clip is None:
        freed = folder.purge()
    else:
        matches, _ = derived_from(lambda: walk_entries(folder), {clip.clip_id})
        freed = folder.purge(matches)
    troubles = folder.warnings[before:]
    if troubles:
        raise CacheError(f"not everything was deleted: {troubles[0]}")
    if clip is None:
        forget_runs(folder.root)
        require_nothing_left(folder.root)
    return freed


def forget_runs(root: Path) -> None:
    """Remove what a cache folder knows of former runs. Raises CacheError."""
    try:
        delete_usage_log(root)
    except OSError as error:
        raise CacheError(
            f"can't delete the counts of runs in {root}: {error.strerror}; check its permissions"
        ) from error


def require_nothing_left(root: Path) -> None:
    """Look through a cache folder after a purge of everything. Raises CacheError that says what is left."""
    try:
        left = remaining_files(root)
    except OSError as error:
        raise CacheError(
            f"can't look through {root} again: {error.strerror}; check its permissions"
        ) from error
    if left:
        shown = ", ".join(quote(name) for name in left[:_MAX_NAMES])
        raise CacheError(
            f"{len(left)} files are still in {root} ({shown}): stop the process that writes there, then purge again"
        )
