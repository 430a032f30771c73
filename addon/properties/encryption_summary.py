# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether results are encrypted, as the preferences and the environment say it."""

from collections.abc import Mapping
from importlib.util import find_spec

from ...core.cache.stores.encryption import KEY_VARIABLE, KEYRING_VALUE


def wants_encryption(environment: Mapping[str, str], *, key_in_keyring: bool) -> bool:
    """Tell whether results are to be encrypted, whether or not that is possible."""
    return bool(environment.get(KEY_VARIABLE, "").strip()) or key_in_keyring


def encryption_summary(environment: Mapping[str, str], *, key_in_keyring: bool) -> str:
    """Say whether results are encrypted, and with which key. Does not ask the keyring, which may ask the user."""
    if not wants_encryption(environment, key_in_keyring=key_in_keyring):
        return "Results are not encrypted"
    said = environment.get(KEY_VARIABLE, "").strip()
    needed = ["cryptography"] if said and said != KEYRING_VALUE else ["cryptography", "keyring"]
    for name in needed:
        if find_spec(name) is None:
            return f"Nothing is kept: this Blender's Python has no package {name}"
    where = "the system's keyring" if len(needed) > 1 else KEY_VARIABLE
    return f"Results are encrypted with the key in {where}"
