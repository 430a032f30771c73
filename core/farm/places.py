# SPDX-License-Identifier: GPL-3.0-or-later
"""The places that the environment names for Understudy: whether this machine has them, and whether they answer."""

import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..cache.packs.layout import require_empty_or_cache
from ..cache.shared.redis_client import address
from ..errors import CacheError, FarmError, os_error_reason
from ..filesystem import Folder
from ..models.library import MODELS_VARIABLE
from ..sessions.settings import FOLDER_VARIABLE, REDIS_VARIABLE
from ..units import OFF

FOLDER_SECONDS = 20.0
"""How long a file system may take to say whether a folder is there: a share that stalls is met by it."""
_REDIS_SECONDS = 5.0
_REDIS_PORT = 6379
_MISSING_CODE = 44
_LOOK = f"""\
import os, sys
try:
    os.stat(sys.argv[1])
    if hasattr(os, "statvfs"):
        os.statvfs(sys.argv[1])
except (FileNotFoundError, NotADirectoryError, PermissionError):
    sys.exit({_MISSING_CODE})
"""


def missing_places(environment: Mapping[str, str]) -> list[str]:
    """Return the folders that should be here and are not, a line each. Raises TimeoutError as `does_exist`."""
    return [
        f"{name} names {path}, which is not there: mount it, or name another folder"
        for name, path in _named_folders(environment).items()
        if not does_exist(path)
    ]


def unusable_places(environment: Mapping[str, str]) -> list[str]:
    """Return the folders that are here and that a render can't use, a line each. It asks file systems that answer."""
    faults = []
    for name, path in _named_folders(environment).items():
        try:
            if name == FOLDER_VARIABLE:
                require_empty_or_cache(path)
            else:
                with Folder(path) as folder:
                    folder.names()
        except CacheError as error:
            faults.append(f"{name}: {error}")
        except FileNotFoundError:
            continue
        except OSError as error:
            faults.append(
                f"{name} names {path}, which can't be used ({os_error_reason(error)}): name another folder"
            )
    return faults


def _named_folders(environment: Mapping[str, str]) -> dict[str, Path]:
    values = {name: environment.get(name, "").strip() for name in (FOLDER_VARIABLE, MODELS_VARIABLE)}
    return {name: Path(value) for name, value in values.items() if value and value != OFF}


def silent_places(environment: Mapping[str, str], paths: tuple[Path, ...]) -> list[str]:
    """Return the places that do not answer, a line each: the Redis server, the shared folder, and `paths`."""
    faults = []
    shared = _named_folders(environment).get(FOLDER_VARIABLE)
    for path in dict.fromkeys((*([] if shared is None else [shared]), *paths)):
        try:
            does_exist(path)
        except TimeoutError as error:
            faults.append(str(error))
    url = environment.get(REDIS_VARIABLE, "").strip()
    if url and url != OFF and not _does_redis_answer(url):
        faults.append(f"the Redis server of {REDIS_VARIABLE} at {address(url)} does not answer")
    return faults


def does_exist(path: Path, timeout_seconds: float = FOLDER_SECONDS) -> bool:
    """Tell whether a file or folder is there. Raises TimeoutError where its file system does not answer.

    A program of its own looks: who waits for a share that stalls may be beyond being killed, and must not be this one.
    """
    # The file system is asked besides: of a share the system remembers files a while.
    command = [sys.executable, "-I", "-S", "-c", _LOOK, str(path)]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        code = process.wait(timeout_seconds)
    except subprocess.TimeoutExpired as error:
        process.kill()  # and left: it may end only once the share is back
        raise TimeoutError(f"{path} does not answer within {timeout_seconds:g} s") from error
    except OSError as error:
        raise FarmError(
            f"{sys.executable} can't be started to look at {path}: {os_error_reason(error)}"
        ) from error
    if code in (0, _MISSING_CODE):
        return code == 0
    raise TimeoutError(f"{path} can't be looked at")


def _does_redis_answer(url: str) -> bool:
    """Tell whether something listens where a server's address says; whether it lets us in is seen by who uses it."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return does_exist(Path(unquote(parts.path)), _REDIS_SECONDS)
        host, port = parts.hostname or "localhost", parts.port or _REDIS_PORT
        with socket.create_connection((host, port), timeout=_REDIS_SECONDS):
            return True
    except (OSError, ValueError):
        return False
