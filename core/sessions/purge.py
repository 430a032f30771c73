# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete from a cache folder all that came of one clip, of images of a person, or everything."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..cache.maintenance.lineage import derived_from, walk_entries
from ..cache.removal.purge import remaining_files
from ..cache.stores.local import PackStore
from ..cache.stores.usage_log import delete_usage_log
from ..errors import CacheError
from ..media.clip import Clip, frame_id
from ..reporting.quoting import quote

_MAX_NAMES = 3


def purge(folder: PackStore, clip: Clip | None, images: Sequence[Path] = ()) -> int:
    """Delete what came of images of a person, of a clip with its people's images, or everything.

    What can't be traced to any clip or image goes as well. Shared places keep what they have:
    `understudy cache purge` reaches those.

    Parameters
    ----------
    folder : PackStore
        The cache folder.
    clip : Clip or None
        The clip; None for everything, unless there are images.
    images : sequence of pathlib.Path
        Images of a person: then only what came of these.

    Returns
    -------
    int
        The bytes freed.

    Raises
    ------
    ClipError
        The clip or an image can't be read.
    CacheError
        Something can't be deleted.
    """
    before = len(folder.warnings)
    roots = image_roots(images) if images else set() if clip is None else {clip.clip_id}
    if roots:
        matches, _ = derived_from(lambda: walk_entries(folder), roots)
        freed = folder.purge(matches)
    else:
        freed = folder.purge()
    troubles = folder.warnings[before:]
    if troubles:
        raise CacheError(f"not everything was deleted: {troubles[0]}")
    if not roots:
        forget_runs(folder.root)
        require_nothing_left(folder.root)
    return freed


def image_roots(images: Iterable[Path]) -> set[str]:
    """Return the ids that images of people are known by: their files', and those of their pixels. Raises ClipError.

    Another file with the same pixels shares its results.
    """
    # It imports OpenCV, which an untouched render does without.
    from ..media.source_image import open_source_image, source_image

    roots: set[str] = set()
    for path in images:
        with open_source_image(source_image(path)) as image:
            roots |= {image.clip_id, frame_id(image.read(0))}
    return roots


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
