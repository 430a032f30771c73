# SPDX-License-Identifier: GPL-3.0-or-later
"""Purging the layer images that lie in a cache folder: they show faces, and nothing in them says whose."""

import errno
from pathlib import Path

from ..cache.packs.layout import LAYERS_FOLDER, is_cache_folder
from ..errors import OutputError, os_error_reason
from ..filesystem import Access, FolderEntry, Location
from .files import BlankingReport, is_stack_id
from .folder import LayerFolder


def blank_layers(
    root: Path,
    before_timestamp: float | None = None,
    access: Access = Access(),  # noqa: B008 - frozen
) -> BlankingReport:
    """Put transparent stand-ins in the place of a cache folder's layer images; tell what became of them.

    Only of those made before a moment, in seconds since 1970, where one is given; what runs that were killed left of
    one is removed. What is still wanted is fused again when it is rendered, from the results that were not purged.
    Raises OutputError, once all was done that can be, where something may still show a face.
    """
    blanked = BlankingReport()
    for entry in _entries(root):
        if entry.is_folder and is_stack_id(entry.name):
            try:
                blanked += LayerFolder(root, entry.name, access).blank_with_report(before_timestamp)
            except OutputError as error:
                blanked += BlankingReport(faults=(str(error),))
        else:
            blanked += BlankingReport(foreign=1)
    if blanked.faults:
        more = len(blanked.faults) - 1
        raise OutputError(blanked.faults[0] + (f"; and {more} more layers or folders" if more else ""))
    return blanked


def _entries(root: Path) -> list[FolderEntry]:
    """Return what lies in the folder of all layers. Raises OutputError."""
    place = Location(root) / LAYERS_FOLDER
    try:
        with place.open() as folder:
            entries = list(folder.entries())
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = os_error_reason(error)
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            reason = "a link or a file is in its place, which is left as it is"
        raise OutputError(f"can't look through {place.path}: {reason}; check what it is") from error
    if not is_cache_folder(root):
        raise OutputError(f"{root} is not a cache folder of Understudy: nothing in it is touched")
    return entries
