# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy doctor` says of the environment: which variables a render would refuse."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..cache.packs.layout import require_empty_or_cache
from ..cache.settings import CacheSettings
from ..cache.shared_places import shared_tiers
from ..cache.stores.encryption import Encryption
from ..errors import CacheError
from ..sessions.settings import CACHE_VARIABLE, NO_CACHE_VARIABLE, RunSettings, resolve_settings
from .output import show

_PREFIX = "UNDERSTUDY_"


def check_settings() -> bool:
    """Print each variable that can't be used, in the line with which a render refuses it; return whether all can."""
    faults = list(dict.fromkeys(_setting_faults(os.environ)))
    for fault in faults:
        show(fault)
    return not faults


def _setting_faults(environment: Mapping[str, str]) -> Iterator[str]:
    # One by one, so that all are named; keys are not read where nothing is kept.
    settings = RunSettings(CacheSettings(Path()))
    usual = {name: text for name, text in environment.items() if name == NO_CACHE_VARIABLE}
    others = {name: text for name, text in environment.items() if not name.startswith(_PREFIX)}
    for name in sorted(environment.keys() - others.keys()):
        try:
            run = resolve_settings(settings, {**others, **usual, name: environment[name]})
            _require_places(run.cache, names_folder=name == CACHE_VARIABLE)
        except CacheError as error:
            yield str(error)


def _require_places(cache: CacheSettings, *, names_folder: bool) -> None:
    """Raise CacheError for a key, an address or a folder of the cache that can't be used; nothing is made."""
    if not cache.keep:
        return
    if cache.secret is not None:
        Encryption(cache.secret)
    if cache.redis_url is not None:
        shared_tiers(cache, make=False)
    if names_folder:
        require_empty_or_cache(cache.folder)
