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
from ..cache.factory import CacheSettings, open_shared_folder
from ..cache.packs.layout import is_prepared
from ..cache.shared.redis_store import RedisStore
from ..cache.stores.encryption import SIGNING_VARIABLE, Seal, secret_from
from ..cache.stores.local import PackFolder
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
    completed,
)
from ..system.trust import TRUST_VARIABLE

_OURS = re.compile("UNDERSTUDY_")
_CHANGING = ("gc", "purge", "import")  # the other actions read alone


@dataclass(frozen=True)
class Place:
    """One place where results are kept, by the name the user gave it."""

    name: str
    store: PackFolder | RedisStore
    read_only: bool = False
    """Whether this machine's settings say that nothing is changed there."""


def opened_folder(root: Path, *, read_only: bool = True) -> PackFolder:
    """Open a cache folder that is there. Raises CacheError, also where it is to be changed and must not be."""
    if not is_prepared(root):
        raise CacheError(f"there is no cache in {root}: give the folder that --cache-dir named")
    return _writable(PackFolder(root, access=access(), read_only=read_only))


def _writable(folder: PackFolder) -> PackFolder:
    if folder.fault:
        folder.close()
        raise CacheError(f"cache folder {folder.root} is not changed: {folder.fault}")
    return folder


def access() -> Access:
    """Return who may use what is made, and whose folders are written to, as the environment says."""
    asked = (GROUP_VARIABLE, TRUST_VARIABLE)
    environment = {name: text for name, text in os.environ.items() if name in asked or not _OURS.match(name)}
    return completed(RunSettings(CacheSettings(Path(), keep=False)), environment).cache.access


def the_seal() -> Seal | None:
    """Return what seals and opens with the secret of UNDERSTUDY_CACHE_KEY, if there is one. CacheError."""
    secret = secret_from(os.environ)
    return Seal(secret) if secret is not None else None


def the_signature() -> Signature | None:
    """Return what signs and verifies with the key of UNDERSTUDY_SIGNING_KEY, if there is one. CacheError."""
    secret = secret_from(os.environ, SIGNING_VARIABLE)
    return Signature(secret) if secret is not None else None


def shared_places(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what the environment says of shared places; nothing of those that an argument names."""
    given = {FOLDER_VARIABLE: arguments.shared_dir, REDIS_VARIABLE: arguments.redis}
    return {name: os.environ.get(name, "") if value is None else "" for name, value in given.items()}


def open_places(arguments: argparse.Namespace, faults: list[str]) -> Iterator[Place]:
    """Open the places that a command names, the cache folder first. Raises CacheError where that can't be used.

    `faults` takes a line for each shared place that can't: what the command is for is done in the others.
    """
    root = arguments.cache_dir
    read_only = arguments.action not in _CHANGING
    made = PackFolder(root, access=access()) if arguments.action == "import" else None
    yield Place(quote(root), _writable(made) if made else opened_folder(root, read_only=read_only))
    if not hasattr(arguments, "redis"):  # an action for the cache folder alone
        return
    told = CacheSettings(root, shared_folder=arguments.shared_dir, redis_url=arguments.redis)
    environment = shared_places(arguments)
    environment[READ_ONLY_VARIABLE] = os.environ.get(READ_ONLY_VARIABLE, "")
    told = completed(RunSettings(told, online=arguments.online), environment).cache
    keep = told.shared_read_only
    opening: list[Callable[[], Place]] = []
    if told.shared_folder is not None:
        opening.append(partial(_shared_place, told.shared_folder, keep=keep, read_only=read_only))
    if told.redis_url is not None:
        opening.append(partial(_server_place, told.redis_url, keep=keep))
    for opened in opening:
        try:
            place = opened()
        except CacheError as error:
            faults.append(str(error))
        else:
            yield place


def _shared_place(root: Path, *, keep: bool, read_only: bool) -> Place:
    folder = open_shared_folder(root, access=access(), make=False, read_only=read_only or keep)
    return Place(quote(root), _writable(folder), keep)


def _server_place(url: str, *, keep: bool) -> Place:
    server = RedisStore(url)
    _ = Key("") in server
    place = Place("Redis", server, keep)
    require_no_trouble(place)
    return place


def require_no_trouble(place: Place) -> None:
    """Raise CacheError where a place had something to warn of."""
    troubles = place.store.troubles if isinstance(place.store, PackFolder) else place.store.warnings
    if troubles:
        raise CacheError(troubles[0])
