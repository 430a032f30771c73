# SPDX-License-Identifier: GPL-3.0-or-later
"""The places that `understudy cache` works on: the cache folder, and the shared ones that are named."""

import argparse
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..cache.base.key import Key
from ..cache.packs.layout import is_cache_folder
from ..cache.settings import CACHE_FOLDER_NAME, CacheSettings
from ..cache.shared.redis_store import RedisStore
from ..cache.shared_places import open_shared_folder
from ..cache.stores.encryption import SIGNING_VARIABLE, Encryption, secret_from
from ..cache.stores.local import PackStore
from ..cache.stores.signature import Signature
from ..errors import CacheError
from ..filesystem import Access
from ..reporting.quoting import quote
from ..sessions.settings import (
    FOLDER_VARIABLE,
    GROUP_VARIABLE,
    READ_ONLY_VARIABLE,
    REDIS_VARIABLE,
    RunSettings,
    resolve_settings,
)
from ..system.trust import TRUST_VARIABLE

_OWN_VARIABLE = re.compile("UNDERSTUDY_")
_WRITING_ACTIONS = ("gc", "purge", "import")  # the other actions read alone


@dataclass(frozen=True)
class CachePlace:
    """One place where results are kept, by the name the user gave it."""

    name: str
    store: PackStore | RedisStore
    read_only: bool = False
    """Whether this machine's settings say that nothing is changed there."""


def open_folder(root: Path, *, read_only: bool = True) -> PackStore:
    """Open a cache folder that is there. Raises CacheError, also where it is to be changed and must not be."""
    if not is_cache_folder(root):
        raise CacheError(
            f"there is no cache in {root}: name the folder of the cache with --cache-dir; a render keeps it beside its "
            f"output, as OUTPUT_FOLDER/{CACHE_FOLDER_NAME}"
        )
    return _require_writable(PackStore(root, access=access_from_environment(), read_only=read_only))


def _require_writable(folder: PackStore) -> PackStore:
    if folder.write_fault:
        folder.close()
        raise CacheError(f"cache folder {folder.root} is not changed: {folder.write_fault}")
    return folder


def access_from_environment() -> Access:
    """Return who may use what is made, and whose folders are written to, as the environment says."""
    asked = (GROUP_VARIABLE, TRUST_VARIABLE)
    environment = {
        name: text for name, text in os.environ.items() if name in asked or not _OWN_VARIABLE.match(name)
    }
    return resolve_settings(RunSettings(CacheSettings(Path(), keep=False)), environment).cache.access


def encryption_from_environment() -> Encryption | None:
    """Return what encrypts and decrypts with the secret of UNDERSTUDY_CACHE_KEY, if there is one. CacheError."""
    secret = secret_from(os.environ)
    return Encryption(secret) if secret is not None else None


def signature_from_environment() -> Signature | None:
    """Return what signs and verifies with the key of UNDERSTUDY_SIGNING_KEY, if there is one. CacheError."""
    secret = secret_from(os.environ, SIGNING_VARIABLE)
    return Signature(secret) if secret is not None else None


def shared_place_variables(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what the environment says of shared places; nothing of those that an argument names."""
    given = {FOLDER_VARIABLE: arguments.shared_dir, REDIS_VARIABLE: arguments.redis}
    return {name: os.environ.get(name, "") if value is None else "" for name, value in given.items()}


def open_places(arguments: argparse.Namespace, faults: list[str]) -> Iterator[CachePlace]:
    """Open the places that a command names, the cache folder first. Raises CacheError where that can't be used.

    `faults` takes a line for each shared place that can't: what the command is for is done in the others.
    """
    root = arguments.cache_dir
    read_only = arguments.action not in _WRITING_ACTIONS
    made = PackStore(root, access=access_from_environment()) if arguments.action == "import" else None
    yield CachePlace(quote(root), _require_writable(made) if made else open_folder(root, read_only=read_only))
    if not hasattr(arguments, "redis"):  # an action for the cache folder alone
        return
    cache_settings = CacheSettings(root, shared_folder=arguments.shared_dir, redis_url=arguments.redis)
    environment = shared_place_variables(arguments)
    environment[READ_ONLY_VARIABLE] = os.environ.get(READ_ONLY_VARIABLE, "")
    cache_settings = resolve_settings(RunSettings(cache_settings, online=arguments.online), environment).cache
    keep = cache_settings.shared_read_only
    opening: list[Callable[[], CachePlace]] = []
    if cache_settings.shared_folder is not None:
        opening.append(
            partial(
                _open_shared_place, cache_settings.shared_folder, machine_read_only=keep, read_only=read_only
            )
        )
    if cache_settings.redis_url is not None:
        opening.append(partial(_open_server_place, cache_settings.redis_url, machine_read_only=keep))
    for opened in opening:
        try:
            place = opened()
        except CacheError as error:
            faults.append(str(error))
        else:
            yield place


def _open_shared_place(root: Path, *, machine_read_only: bool, read_only: bool) -> CachePlace:
    folder = open_shared_folder(
        root, access=access_from_environment(), make=False, read_only=read_only or machine_read_only
    )
    return CachePlace(quote(root), _require_writable(folder), machine_read_only)


def _open_server_place(url: str, *, machine_read_only: bool) -> CachePlace:
    server = RedisStore(url)
    _ = Key("") in server
    place = CachePlace("Redis", server, machine_read_only)
    require_no_warnings(place)
    return place


def require_no_warnings(place: CachePlace) -> None:
    """Raise CacheError where a place had something to warn of."""
    troubles = place.store.operation_warnings if isinstance(place.store, PackStore) else place.store.warnings
    if troubles:
        raise CacheError(troubles[0])
