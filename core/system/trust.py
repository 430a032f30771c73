# SPDX-License-Identifier: GPL-3.0-or-later
"""Which places outside its own folder a project may name: those that this machine's user said yes to.

A project may come from anyone. It is allowed its own folder, and nothing else unasked: the yes is kept in the
user's own configuration, or given by `UNDERSTUDY_TRUST`, folders separated as in PATH, on machines without a user.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import OutputError, os_error_reason
from ..filesystem import Location
from ..filesystem.access import is_within

TRUST_VARIABLE = "UNDERSTUDY_TRUST"
_FILE_NAME = "trusted-folders"
_MAX_BYTES = 1 << 20


def user_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the user's own configuration of Understudy on this machine."""
    if sys.platform == "win32":
        base = Path(environment.get("APPDATA") or Path.home())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "understudy"


def trusted_folders(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the folders that the environment and the user's configuration name. Relative ones are passed over."""
    named = environment.get(TRUST_VARIABLE, "").split(os.pathsep)
    paths = [Path(text) for text in (*named, *_saved_folders(environment)) if text]
    return tuple(dict.fromkeys(path for path in paths if path.is_absolute()))


def first_relative_folder(environment: Mapping[str, str] = os.environ) -> str:
    """Return the first entry of `UNDERSTUDY_TRUST` that is no absolute path and so trusts nothing, or empty text."""
    named = environment.get(TRUST_VARIABLE, "").split(os.pathsep)
    return next((text for text in named if text and not Path(text).is_absolute()), "")


def trust_folder(folder: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Remember the user's yes to a folder and all below it. Raises OutputError where that can't be kept."""
    folder = folder.resolve()
    if "\n" in str(folder):
        raise OutputError("a folder with a line break in its name can't be trusted: rename it")
    _write(environment, [*_saved_folders(environment), str(folder)])


def distrust_folder(folder: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Take the user's yes to a folder back. Raises OutputError where that can't be kept."""
    gone = {str(folder), str(folder.resolve())}
    _write(environment, [text for text in _saved_folders(environment) if text not in gone])


def is_allowed(place: Path, project: Path | None, trusted: tuple[Path, ...]) -> bool:
    """Tell whether a project in the folder `project` may name a place: one in its own folder, or a trusted one."""
    if project is not None and is_within(place, project):
        return True
    return any(is_within(place, folder) for folder in trusted)


def _saved_folders(environment: Mapping[str, str]) -> list[str]:
    """Return what was remembered. Another user's file, or one that others may write to, counts for nothing."""
    try:
        with Location(user_folder(environment)).open() as folder:
            status = folder.status(_FILE_NAME)
            if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
                return []
            text = folder.read_file(_FILE_NAME, _MAX_BYTES).decode("utf-8", "surrogateescape")
    except (OSError, RuntimeError):  # RuntimeError: a user without a home, as in a container
        return []
    return [line for line in text.split("\n") if line]


def _write(environment: Mapping[str, str], folders: list[str]) -> None:
    try:
        place = user_folder(environment)
    except RuntimeError as error:
        raise OutputError("can't remember trusted folders: this user has no home folder; set HOME") from error
    text = "".join(f"{line}\n" for line in dict.fromkeys(folders))
    try:
        with Location(place).make(0o700) as folder:
            folder.write_file(_FILE_NAME, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        reason = os_error_reason(error)
        raise OutputError(f"can't remember trusted folders in {place}: {reason}; check the folder") from error
