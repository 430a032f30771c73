# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is to use of the machine and the network: one value for the add-on, its worker and the command line.

Who decides, the first that says anything: an argument of the command line, the environment (which a farm sets
for all its machines), the add-on's preferences, the default.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..cache.settings import MEMORY_BYTES, CacheSettings
from ..cache.stores.encryption import KEY_VARIABLE, KEYRING_VALUE, SIGNING_VARIABLE, secret_from
from ..errors import CacheError, MessageError
from ..filesystem import Location
from ..models.engine_folder import engine_folder_location
from ..models.graphs.graph_folder import MAX_BYTES, GraphFolder, user_graph_folder
from ..models.library import MODELS_VARIABLE, ModelLibrary
from ..models.processor import parse_provider
from ..models.providers import AUTOMATIC, PROVIDERS
from ..recipe import messages
from ..system.trust import TRUST_VARIABLE, first_relative_folder, trusted_folders
from ..units import DAY_SECONDS, OFF, parse_count, parse_days, parse_size, parse_switch
from .environment_reader import EnvironmentReader

CACHE_VARIABLE = "UNDERSTUDY_CACHE_DIR"
LAYERS_VARIABLE = "UNDERSTUDY_LAYERS_DIR"
NO_CACHE_VARIABLE = "UNDERSTUDY_NO_CACHE"
CAP_VARIABLE = "UNDERSTUDY_CACHE_CAP"
AGE_VARIABLE = "UNDERSTUDY_CACHE_UNUSED_FOR"
MEMORY_VARIABLE = "UNDERSTUDY_MEMORY"
FOLDER_VARIABLE = "UNDERSTUDY_SHARED_CACHE"
GROUP_VARIABLE = "UNDERSTUDY_SHARED_WITH_GROUP"
READ_ONLY_VARIABLE = "UNDERSTUDY_SHARED_READ_ONLY"
REDIS_VARIABLE = "UNDERSTUDY_REDIS"
THREADS_VARIABLE = "UNDERSTUDY_THREADS"
PROVIDER_VARIABLE = "UNDERSTUDY_PROVIDER"
COMMERCIAL_VARIABLE = "UNDERSTUDY_REQUIRE_COMMERCIAL"
CONSENT_VARIABLE = "UNDERSTUDY_REQUIRE_CONSENT"
CONSENT_FILE_VARIABLE = "UNDERSTUDY_CONSENT_FILE"
SAFEGUARD_VARIABLE = "UNDERSTUDY_SAFEGUARD"
GRAPHS_VARIABLE = "UNDERSTUDY_MODEL_CACHE"

_MAX_THREADS, _KEY_BYTES = 4096, 32
STAY_OFFLINE = "Blender is not to go online; see Preferences > System > Network > Allow Online Access"


@dataclass(frozen=True)
class RunSettings:
    """What a run uses of the machine and the network.

    Attributes
    ----------
    cache : CacheSettings
        Where results are kept.
    threads : int
        Threads that a model may use; 0 for all cores.
    provider : str
        The processor that runs the models: "automatic", or a name that `understudy doctor` lists.
    model_folder : pathlib.Path or None
        The folder of the user's own models; None for the usual place.
    online : bool
        Whether anything may be sent over a network. A folder on a share is a folder, not a network.
    ignored : tuple of str
        What was asked for and is not used, one line each: warnings for the run to report.
    require_commercial : bool
        Whether what runs a model that is not surely licensed for commercial use is refused.
    require_consent : bool
        Whether a source person without a consent that holds is refused.
    consent_file : pathlib.Path or None
        The file of consent records that count beside those of requests; None for no file.
    safeguard : bool
        Whether shots are looked at for nudity, where the model for it is here.
    graph_bytes : int
        What the optimized graphs of large models may take in the user's own cache; 0 keeps none and uses none.
    """

    cache: CacheSettings
    threads: int = 0
    provider: str = AUTOMATIC
    model_folder: Path | None = None
    online: bool = True
    ignored: tuple[str, ...] = ()
    require_commercial: bool = False
    require_consent: bool = False
    consent_file: Path | None = None
    safeguard: bool = True
    graph_bytes: int = MAX_BYTES

    @property
    def has_conditions(self) -> bool:
        """Whether anything is refused that could be done."""
        return self.require_commercial or self.require_consent

    @property
    def providers(self) -> tuple[str, ...]:
        """The processors to try in order."""
        return (self.provider,)

    @property
    def engine_folder(self) -> Location | None:
        """Where what a processor builds from models is kept, for the user alone; None where nothing may be.

        Never in the cache folder: what a project brings is not run.
        """
        return engine_folder_location() if self.cache.keep else None

    @property
    def graph_folder(self) -> GraphFolder | None:
        """Where the optimized graphs of large models are kept, as `engine_folder` is; None where none may be."""
        return user_graph_folder(self.graph_bytes) if self.cache.keep and self.graph_bytes else None

    @property
    def library(self) -> ModelLibrary:
        """The user's models."""
        return ModelLibrary(None if self.model_folder is None else [self.model_folder])


def resolve_settings(
    settings: RunSettings, environment: Mapping[str, str], *, keyring: bool = False, strict: bool = True
) -> RunSettings:
    """Return settings with what the environment says in their place, and what they must not use left out.

    A Redis server on another machine is left out where the run is not `online`.

    Parameters
    ----------
    settings : RunSettings
        The settings for what the environment does not say.
    environment : mapping of str to str
        The variables that docs/cache.md lists, such as those of `os.environ`.
    keyring : bool
        Whether the key that encrypts results is in the system's keyring, unless the environment says otherwise.
    strict : bool
        Whether a variable that can't be read, or a key that can't be had, is an error. Otherwise it is left out with a
        line in `ignored`, and without the key nothing is kept.

    Returns
    -------
    RunSettings
        The settings for the run.

    Raises
    ------
    CacheError
        A variable can't be read or a key can't be had, and `strict` is set.
    """
    left_out: list[str] = []
    said = EnvironmentReader(environment, None if strict else left_out)
    cache = replace(
        settings.cache,
        folder=Path(said.text(CACHE_VARIABLE) or settings.cache.folder),
        keep=settings.cache.keep
        and not said.value(NO_CACHE_VARIABLE, parse_switch, default=False, on_error=True),
        memory_bytes=said.value(MEMORY_VARIABLE, parse_size, settings.cache.memory_bytes),
        cap_bytes=said.value(CAP_VARIABLE, parse_size, settings.cache.cap_bytes),
        max_age=said.value(AGE_VARIABLE, lambda text: parse_days(text) * DAY_SECONDS, settings.cache.max_age),
        shared_folder=said.place(FOLDER_VARIABLE, Path, settings.cache.shared_folder),
        redis_url=said.place(REDIS_VARIABLE, str, settings.cache.redis_url),
        shared_with_group=said.value(GROUP_VARIABLE, parse_switch, settings.cache.shared_with_group),
        shared_read_only=said.value(
            READ_ONLY_VARIABLE, parse_switch, settings.cache.shared_read_only, on_error=True
        ),
        trusted=tuple(dict.fromkeys((*settings.cache.trusted, *trusted_folders(environment)))),
    )
    relative = first_relative_folder(environment)
    if relative and strict:
        raise CacheError(f"{TRUST_VARIABLE} can't be used: {relative} is no absolute folder")
    if relative:
        left_out.append(f"{relative} in {TRUST_VARIABLE} is ignored: it is not an absolute folder")
    if cache.redis_url and not settings.online and not is_local(cache.redis_url):
        left_out.append(f"the shared cache on Redis is not used: {STAY_OFFLINE}")
        cache = replace(cache, redis_url=None)
    if cache.keep:
        asked = {KEY_VARIABLE: KEYRING_VALUE} if keyring and not said.text(KEY_VARIABLE) else environment
        try:
            cache = replace(
                cache,
                secret=secret_from(asked) or cache.secret,
                signing_key=secret_from(environment, SIGNING_VARIABLE) or cache.signing_key,
            )
        except CacheError as error:
            if strict:
                raise
            left_out.append(f"nothing is kept for the next run: {error}")
            cache = replace(cache, keep=False)
    return replace(
        settings,
        cache=cache,
        threads=said.value(THREADS_VARIABLE, parse_count, settings.threads),
        provider=said.value(PROVIDER_VARIABLE, parse_provider, settings.provider),
        model_folder=said.place(MODELS_VARIABLE, Path, settings.model_folder),
        ignored=(*settings.ignored, *left_out),
        require_commercial=said.value(
            COMMERCIAL_VARIABLE, parse_switch, settings.require_commercial, on_error=True
        ),
        require_consent=said.value(CONSENT_VARIABLE, parse_switch, settings.require_consent, on_error=True),
        consent_file=said.place(CONSENT_FILE_VARIABLE, Path, settings.consent_file),
        safeguard=said.value(SAFEGUARD_VARIABLE, parse_switch, settings.safeguard, on_error=True),
        graph_bytes=said.value(GRAPHS_VARIABLE, parse_graph_bytes, settings.graph_bytes),
    )


def is_local(url: str) -> bool:
    """Tell whether a Redis address stays on this machine: a socket file, localhost or a loopback address."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix" or parts.hostname == "localhost":
            return True
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def parse_graph_bytes(text: str) -> int:
    """Return what optimized graphs may take: a size such as 4G, or 0 for OFF. Raises ValueError."""
    return 0 if text == OFF else parse_size(text)


def settings_from(
    environment: Mapping[str, str], folder: Path, memory_bytes: int = MEMORY_BYTES
) -> CacheSettings:
    """Return the settings for a cache folder, completed by the environment.

    Parameters
    ----------
    environment : mapping of str to str
        The environment's variables.
    folder : pathlib.Path
        The cache folder.
    memory_bytes : int
        How much is kept in memory.

    Returns
    -------
    CacheSettings
        The settings.

    Raises
    ------
    CacheError
        A variable is unusable.
    """
    return resolve_settings(RunSettings(CacheSettings(folder, memory_bytes)), environment).cache


def settings_values(settings: RunSettings) -> dict[str, Any]:
    """Return settings as values for JSON. They hold what is secret: for a pipe, not for a file."""
    values = asdict(settings)
    cache = values["cache"]
    for name in ("secret", "signing_key"):
        cache[name] = None if cache[name] is None else cache[name].hex()
    cache["trusted"] = [str(folder) for folder in settings.cache.trusted]
    paths = (cache, "folder"), (cache, "shared_folder"), (values, "model_folder"), (values, "consent_file")
    for owner, name in paths:
        owner[name] = None if owner[name] is None else str(owner[name])
    return values


def settings_of_values(values: object) -> RunSettings:
    """Return what `settings_values` was given. Raises MessageError for what no settings can be."""

    def cache(entries: object) -> CacheSettings:
        return CacheSettings(**messages.arguments(CacheSettings, entries))

    settings = RunSettings(**messages.arguments(RunSettings, values, cache=cache))
    if settings.provider != AUTOMATIC and settings.provider not in PROVIDERS:
        raise MessageError("there is no such processor")
    if settings.threads > _MAX_THREADS:
        raise MessageError(f"a model may use {_MAX_THREADS} threads at most")
    keys = settings.cache.secret, settings.cache.signing_key
    if any(key is not None and len(key) != _KEY_BYTES for key in keys):
        raise MessageError(f"a key has {_KEY_BYTES} bytes")
    return settings
