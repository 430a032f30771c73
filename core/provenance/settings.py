# SPDX-License-Identifier: GPL-3.0-or-later
"""How outputs are marked, as the environment says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import OutputError
from ..units import parse_switch
from .manifest import INSTALL_HINT, has_manifest_library

MARKS_VARIABLE = "UNDERSTUDY_MARKS"
MANIFEST_VARIABLE = "UNDERSTUDY_C2PA"
CERTIFICATE_VARIABLE = "UNDERSTUDY_C2PA_CERTIFICATE"
KEY_VARIABLE = "UNDERSTUDY_C2PA_KEY"
PASSWORD_VARIABLE = "UNDERSTUDY_C2PA_PASSWORD"  # noqa: S105 - the name of a variable
TIMESTAMP_VARIABLE = "UNDERSTUDY_C2PA_TIMESTAMP"
HISTORY_VARIABLE = "UNDERSTUDY_C2PA_HISTORY"
REQUIRE = "require"
_KEYRING = "keyring"
_KEYRING_SERVICE, _KEYRING_USER = "understudy", "c2pa"


@dataclass(frozen=True)
class MarkSettings:
    """How outputs are marked.

    Attributes
    ----------
    is_on : bool
        Whether they are marked at all.
    is_required : bool
        Whether an output that can't be marked is an error. Otherwise it is made without the mark, with a warning.
    has_manifest : bool
        Whether they get a signed C2PA manifest beside XMP.
    certificate, key : pathlib.Path or None
        The user's certificate, and its key where that is a file of its own. None for one that this machine makes.
    password : str
        What the key is encrypted with.
    timestamp_url : str
        The timestamp authority that is asked; empty for none.
    keeps_history : bool
        Whether the manifest of a clip is kept in that of an output.
    warnings : tuple of str
        What was asked for and is not done, a line each.
    """

    is_on: bool = True
    is_required: bool = False
    has_manifest: bool = False
    certificate: Path | None = None
    key: Path | None = None
    password: str = field(default="", repr=False)
    timestamp_url: str = ""
    keeps_history: bool = True
    warnings: tuple[str, ...] = ()


def mark_settings(
    environment: Mapping[str, str], *, online: bool, required: bool = False, preferred: bool = True
) -> MarkSettings:
    """Return what the environment says.

    Parameters
    ----------
    environment : mapping of str to str
        Such as `os.environ`.
    online : bool
        Whether a timestamp authority may be asked over a network.
    required : bool
        Whether marks are required, whatever the environment says.
    preferred : bool
        Whether outputs are marked where the environment says nothing of it.

    Returns
    -------
    MarkSettings
        The settings.

    Raises
    ------
    OutputError
        A variable can't be read, the password can't be had, or a certificate is named and the library is missing.
    """
    said = {name: environment.get(name, "").strip() for name in _VARIABLES}
    is_required = required or said[MARKS_VARIABLE] == REQUIRE
    is_on = said[MARKS_VARIABLE] == REQUIRE or _switch(said, MARKS_VARIABLE, default=preferred)
    if required and not is_on:
        raise OutputError(f"marks are required and {MARKS_VARIABLE} turns them off: leave out one of the two")
    if not is_on:
        return MarkSettings(is_on=False)
    has_library = has_manifest_library()
    wants_manifest = _switch(said, MANIFEST_VARIABLE, default=has_library)
    if not has_library and (wants_manifest or said[CERTIFICATE_VARIABLE]):
        raise OutputError(f"C2PA manifests need the extra: {INSTALL_HINT}")
    if not wants_manifest:
        return MarkSettings(is_required=is_required)
    certificate, key = said[CERTIFICATE_VARIABLE], said[KEY_VARIABLE]
    timestamp, warnings = said[TIMESTAMP_VARIABLE], []
    if timestamp and not online:
        warnings.append(
            "no timestamp authority is asked: Blender is not to go online; see Preferences > System > Network > Allow "
            "Online Access"
        )
        timestamp = ""
    return MarkSettings(
        is_required=is_required,
        has_manifest=True,
        certificate=Path(certificate) if certificate else None,
        key=Path(key) if key else None,
        password=_password(said[PASSWORD_VARIABLE]) if certificate else "",
        timestamp_url=timestamp,
        keeps_history=_switch(said, HISTORY_VARIABLE, default=True),
        warnings=tuple(warnings),
    )


_VARIABLES = (
    MARKS_VARIABLE,
    MANIFEST_VARIABLE,
    CERTIFICATE_VARIABLE,
    KEY_VARIABLE,
    PASSWORD_VARIABLE,
    TIMESTAMP_VARIABLE,
    HISTORY_VARIABLE,
)


def _switch(said: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = said[name]
    if not text:
        return default
    try:
        return parse_switch(text)
    except ValueError as error:
        also = f", or {REQUIRE}" if name == MARKS_VARIABLE else ""
        raise OutputError(f"{name} can't be read: {error}{also}") from error


def _password(said: str) -> str:
    if said != _KEYRING:
        return said
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise OutputError("the keyring needs the extra: pip install 'understudy[keyring]'") from error
    try:
        secret = keyring.get_password(_KEYRING_SERVICE, _KEYRING_USER)
    except KeyringError as error:
        raise OutputError(
            f"the keyring can't be used ({type(error).__name__}): set {PASSWORD_VARIABLE} itself"
        ) from error
    if not secret:
        raise OutputError(
            f"the keyring has no password: run `keyring set {_KEYRING_SERVICE} {_KEYRING_USER}`"
        )
    return str(secret)
