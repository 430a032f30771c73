# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete from a cache folder all that came of one clip, or everything."""

from .cache.folder import PackFolder
from .cache.origins import coming_from, walk
from .clip_info import Clip
from .errors import CacheError


def purge(folder: PackFolder, clip: Clip | None) -> int:
    """Delete what came of a clip, its people's pictures too, or everything; return the bytes freed.

    What can't be traced to any clip or picture goes as well. Shared places keep what they have:
    `understudy cache purge` reaches those. Raises ClipError if the clip can't be read, CacheError where something
    can't be deleted.
    """
    before = len(folder.warnings)
    if clip is None:
        freed = folder.purge()
    else:
        matches, _ = coming_from(lambda: walk(folder), {clip.clip_id})
        freed = folder.purge(matches)
    troubles = folder.warnings[before:]
    if troubles:
        raise CacheError(f"not everything was deleted: {troubles[0]}")
    return freed
