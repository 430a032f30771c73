# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the cache that the settings describe: memory, this machine's folder, shared places, encryption and leases."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..concurrency.timeouts import StopToken
from ..errors import CacheError
from ..reporting.log import room_logger
from ..reporting.quoting import quote
from .base.compute import Flight, Uncoordinated
from .base.key import Key
from .base.schema import NO_SCHEMAS, StageSchema, schema_for
from .base.store import Arrays
from .packs.layout import FolderError
from .settings import CacheSettings
from .shared.shared_tier import SharedTier
from .shared_places import folder_flight, shared_flight, shared_tiers
from .stack import OpenCache
from .stores.checked_store import CheckedStore
from .stores.encryption import EncryptedStore, Encryption, decrypt_and_verify
from .stores.folder_warnings import NOT_KEPT_PREFIX
from .stores.local import PackStore
from .stores.memory import MemoryStore
from .stores.signature import Signature
from .tiers import TieredStore

_LOGGER = room_logger("cache")


def open_cache(
    settings: CacheSettings,
    *,
    schemas: Mapping[str, StageSchema] = NO_SCHEMAS,
    required: bool = True,
    stop: StopToken | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> OpenCache:
    """Open the cache that the settings describe. Close it, or use it in a `with` block.

    A shared place that is away raises nothing: it is used once it is there.

    Parameters
    ----------
    settings : CacheSettings
        Where results are kept, and how.
    schemas : mapping of str to StageSchema
        The arrays of each stage's result, by the stage's name. What the cache holds of another form is a miss. A stage
        without a schema is not checked.
    required : bool
        Whether a folder that holds something else is an error, as for one that the user named. Otherwise it is left
        out with a warning, and nothing is kept there.
    stop : StopToken, optional
        No shared place is waited for once this is set.
    clock : callable
        Returns seconds that never go back.

    Returns
    -------
    OpenCache
        The cache.

    Raises
    ------
    CacheError
        An encryption key or a server's address can't be used, or the folder can't and is `required`.
    """
    if not settings.keep:
        return _assemble(settings, None, None, [], clock, schemas)
    encryption = Encryption(settings.secret) if settings.secret is not None else None
    shared = shared_tiers(settings, clock, stop=stop)
    try:
        folder = _open_folder(settings, clock)
    except CacheError as error:
        if required and not isinstance(error, FolderError):
            raise
        return _assemble(
            settings, encryption, None, shared, clock, schemas, (_not_kept_warning(error),), stop=stop
        )
    return _assemble(settings, encryption, folder, shared, clock, schemas, stop=stop)


def open_cache_best_effort(
    settings: CacheSettings,
    *,
    schemas: Mapping[str, StageSchema] = NO_SCHEMAS,
    clock: Callable[[], float] = time.monotonic,
) -> OpenCache:
    """Open what can be opened of a cache, for a run that goes on without the rest.

    It raises nothing. Where encryption is asked for and is impossible, nothing is kept anywhere.

    Parameters
    ----------
    settings : CacheSettings
        Where results are kept, and how.
    schemas : mapping of str to StageSchema
        The arrays of each stage's result, by the stage's name; see `open_cache`.
    clock : callable
        Returns seconds that never go back.

    Returns
    -------
    OpenCache
        The cache. Its `unavailable` says what could not be opened.
    """
    left_out: list[str] = []
    try:
        encryption = Encryption(settings.secret) if settings.secret is not None and settings.keep else None
    except CacheError as error:
        left_out.append(_not_kept_warning(error))
        settings = replace(settings, keep=False)
        encryption = None
    try:
        folder = _open_folder(settings, clock) if settings.keep else None
    except CacheError as error:
        left_out.append(_not_kept_warning(error))
        folder = None
    try:
        shared = shared_tiers(settings, clock) if settings.keep else []
    except CacheError as error:
        left_out.append(f"the shared cache on Redis is not used: {error}")
        settings = replace(settings, redis_url=None)
        shared = shared_tiers(settings, clock)
    return _assemble(settings, encryption, folder, shared, clock, schemas, tuple(left_out))


def _assemble(
    settings: CacheSettings,
    encryption: Encryption | None,
    folder: PackStore | None,
    shared: list[SharedTier],
    clock: Callable[[], float],
    schemas: Mapping[str, StageSchema],
    unavailable: tuple[str, ...] = (),
    *,
    stop: StopToken | None = None,
) -> OpenCache:
    signature = Signature(settings.signing_key) if settings.signing_key is not None else None

    def accepts(key: Key, arrays: Arrays) -> bool:
        opened = decrypt_and_verify(key, arrays, encryption, signature)
        schema = schema_for(key.text, schemas)
        return not isinstance(opened, str) and (schema is None or not schema.fault(opened))

    tiers = TieredStore([] if folder is None else [folder], shared, accepts=accepts)
    encrypted = EncryptedStore(tiers, encryption, signature)
    checked = CheckedStore(encrypted, schemas)
    memory = MemoryStore(settings.memory_bytes, checked)
    flight: Flight = Uncoordinated()
    if shared and not settings.shared_read_only:
        flight = shared_flight(settings, tiers, clock)
    elif folder is not None:
        flight = folder_flight(folder, settings.access, clock, stop)
    _log_opening(settings, folder, unavailable)
    return OpenCache(memory, checked, encrypted, tiers, folder, flight, unavailable)


def _log_opening(settings: CacheSettings, folder: PackStore | None, unavailable: Sequence[str]) -> None:
    if not settings.keep:
        _LOGGER.info("cache opened in memory only")
    else:
        shared = "none" if settings.shared_folder is None else quote(settings.shared_folder)
        _LOGGER.info(
            "cache opened: folder %s, shared folder %s, Redis server %s",
            "none" if folder is None else quote(folder.root),
            shared,
            "none" if settings.redis_url is None else "yes",  # an address may hold a password
        )
    for text in unavailable:
        _LOGGER.warning("%s", quote(text))


def _not_kept_warning(error: CacheError) -> str:
    return f"{NOT_KEPT_PREFIX}{error}"


def _open_folder(settings: CacheSettings, clock: Callable[[], float]) -> PackStore:
    return PackStore(
        settings.folder,
        cap_bytes=settings.cap_bytes,
        max_age_seconds=settings.max_age,
        access=settings.access,
        clock=clock,
    )
