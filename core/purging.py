# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete from a cache folder all that came of one clip, or everything."""

from .cache.folder import PackFolder
from .cache.origins import coming_from, walk
from .clip_info import Clip


def purge(folder: PackFolder, clip: Clip | None) -> int:
    """Delete what came of a clip, its people's pictures too, or everything; return the bytes freed.

    What can't be traced to any clip or picture goes as well. Shared places keep what they have:
    `understudy cache purge` reaches those. Raises ClipError if the clip can't be read.
    """
    if clip is None:
        return folder.purge()
    matches, _ = coming_from(lambda: walk(folder), {clip.clip_id})
    return folder.purge(matches)
