# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove all that is in a folder of a cache. Links in it are removed, none is followed."""

import errno
from contextlib import suppress

from ...filesystem import Location
from ..packs.disk_usage import MAX_FOLDER_DEPTH


def empty_folder(location: Location, errors: list[OSError]) -> int:
    """Remove all that is in a folder, and return the bytes freed; what can't be removed is one of the `errors`.

    The folder stays. One that is not there, or is a link, holds nothing of ours.
    """
    freed = 0
    inner: list[Location] = []
    waiting = [location]
    while waiting:
        at = waiting.pop()
        if len(at.names) > MAX_FOLDER_DEPTH:
            errors.append(OSError(errno.ELOOP, "folders nested too deep", str(at.path)))
            continue
        try:
            freed += _remove_files(at, waiting, errors)
        except FileNotFoundError:
            continue
        except OSError as error:
            odd = error.errno in (errno.ELOOP, errno.ENOTDIR)
            errors.append(OSError(errno.ENOTDIR, f"{at.names[-1]} is no folder of its own") if odd else error)
            continue
        inner.append(at)
    for at in reversed(inner[1:]):  # the inmost first
        try:
            with Location(at.root, at.names[:-1]).open() as folder:
                folder.remove_child(at.names[-1])
        except FileNotFoundError:
            continue
        except OSError as error:
            if not errors:  # else what is still in it was told
                errors.append(error)
    return freed


def has_files(location: Location) -> bool:
    """Tell whether there is anything in a folder; not where it is not there, or is a link."""
    with suppress(OSError), location.open() as folder:
        return bool(folder.names())
    return False


def _remove_files(location: Location, pending: list[Location], errors: list[OSError]) -> int:
    """Remove the files of one folder and return their bytes; its folders are waiting."""
    freed = 0
    with location.open() as folder:
        for entry in folder.entries():
            if entry.is_folder:
                pending.append(location / entry.name)
                continue
            try:
                freed += entry.status.st_size if folder.discard_file(entry.name) else 0
            except OSError as error:
                errors.append(error)
    return freed
