# SPDX-License-Identifier: GPL-3.0-or-later
"""The places that the environment names for Understudy: whether this machine has them, and whether they answer."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..concurrency.timeouts import TimedThread
from ..errors import os_error_reason
from ..models.library import MODELS_VARIABLE
from ..sessions.settings import FOLDER_VARIABLE, REDIS_VARIABLE
from ..units import OFF

FOLDER_SECONDS = 20.0
"""How long a file system may take to say whether a folder is there: a share that stalls is met by it."""
_REDIS_SECONDS = 5.0
_REDIS_PORT = 6379


def missing_places(environment: Mapping[str, str]) -> list[str]:
    """Return the folders that should be here and are not, a line each. Raises TimeoutError as `does_exist`."""
    faults = []
    for name in (FOLDER_VARIABLE, MODELS_VARIABLE):
        value = environment.get(name, "").strip()
        if value and value != OFF and not does_exist(Path(value)):
            faults.append(f"{name} names {value}, which is not there: mount it, or name another folder")
    return faults


def silent_places(environment: Mapping[str, str], paths: tuple[Path, ...]) -> list[str]:
    """Return the places that do not answer, a line each: the Redis server, the shared folder, and `paths`."""
    faults = []
    shared = environment.get(FOLDER_VARIABLE, "").strip()
    for path in dict.fromkeys((*([Path(shared)] if shared and shared != OFF else []), *paths)):
        try:
            does_exist(path)
        except TimeoutError:
            faults.append(f"{path} does not answer within {FOLDER_SECONDS:g} s")
    url = environment.get(REDIS_VARIABLE, "").strip()
    if url and url != OFF and not _does_redis_answer(url):
        faults.append(f"the Redis server of {REDIS_VARIABLE} does not answer")
    return faults


def does_exist(path: Path, timeout_seconds: float = FOLDER_SECONDS) -> bool:
    """Tell whether a file or folder is there. Raises TimeoutError where its file system does not answer."""
    try:
        return _ask(path.exists, timeout_seconds)
    except PermissionError:
        return False
    except TimeoutError:
        raise
    except OSError as error:  # as a share whose server has gone says it
        raise TimeoutError(os_error_reason(error)) from error


def _ask(question: Callable[[], bool], timeout_seconds: float) -> bool:
    thread = TimedThread("place")
    try:
        return thread.call(question, timeout_seconds)
    finally:
        thread.close()


def _does_redis_answer(url: str) -> bool:
    """Tell whether something listens where a server's address says; whether it lets us in is seen by who uses it."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return _ask(Path(unquote(parts.path)).exists, _REDIS_SECONDS)
        host, port = parts.hostname or "localhost", parts.port or _REDIS_PORT
        with socket.create_connection((host, port), timeout=_REDIS_SECONDS):
            return True
    except (OSError, ValueError):
        return False
