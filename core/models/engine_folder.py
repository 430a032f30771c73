# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder for what a processor builds from models. It is code that the processor runs as it is.

So it lies in the user's own cache, and is used only if all in it is the user's: never what a project brings.
"""

from collections.abc import Mapping
from os import environ

from ..errors import os_error_reason
from ..filesystem import Folder, Location
from ..system.user_cache import belongs_to_user, ownership_fault, user_cache

_FOLDER_NAME = "engines"
_MAX_DEPTH = 4
_MAX_ENTRIES = 10_000


def engine_folder_location(environment: Mapping[str, str] = environ) -> Location | None:
    """Return where engines are kept; None where the system names no place for it."""
    cache = user_cache(environment)
    return None if cache is None else cache / _FOLDER_NAME


def make_engine_folder(place: Location) -> str:
    """Make the folder for engines, for its owner alone. Say why it must not be used; empty if it may be."""
    fault = ownership_fault(place)
    if fault:
        return fault
    try:
        with place.make(0o700) as folder:
            # What is made and whose it is, seen through the one descriptor: it was not there, or was the user's.
            return ownership_fault(place) or _foreign_entry(folder, _MAX_DEPTH)
    except OSError as error:
        return f"can't make the folder {place.path}: {os_error_reason(error)}"


def _foreign_entry(folder: Folder, depth: int) -> str:
    """Name something in a folder that is not the user's own file or folder."""
    for number, entry in enumerate(folder.entries()):
        path = folder.path / entry.name
        if number >= _MAX_ENTRIES or not depth:
            return f"{folder.path} holds more than engines: empty it"
        # Who may write to what lies here is of no matter: the folder lets nobody else in.
        if not belongs_to_user(entry.status) or not (entry.is_file or entry.is_folder):
            return f"{path} is no file of this user's: remove it"
        if entry.is_folder:
            with folder.open_child(entry.name) as inner:
                fault = _foreign_entry(inner, depth - 1)
            if fault:
                return fault
    return ""
