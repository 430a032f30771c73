# SPDX-License-Identifier: GPL-3.0-or-later
"""Optional encryption at rest: embeddings and crops that only the holder of a key can read.

AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a random 96-bit nonce for each result, bound to the
result's key by its digest as associated data, so that no sealed result can be passed off as another's. Key
texts and the ids of clips and frames stay readable: they are hashes and settings, and statistics, `explain` and
purging need them, with or without the secret.
"""

import base64
import binascii
import os
import threading
from collections.abc import Mapping

import numpy as np

from ..errors import CacheError
from .key import Key
from .payload import decode, encode
from .store import Arrays, PassingOver, Store

KEY_VARIABLE = "UNDERSTUDY_CACHE_KEY"
SIGNING_VARIABLE = "UNDERSTUDY_SIGNING_KEY"
IN_KEYRING = "keyring"
_KEYRING_SERVICE = "understudy"
_KEYRING_USERS = {KEY_VARIABLE: "cache", SIGNING_VARIABLE: "signing"}
_SECRET_BYTES, _NONCE_BYTES = 32, 12
_ID = "id"
_COPIES = 16  # of one result, sealed with as many secrets
_NAME = "aes-256-gcm"  # a sealed result: nonce, ciphertext, tag
_WARNING = (
    "some results in the cache are sealed with another key and computed again: "
    f"set {KEY_VARIABLE} to the key they were sealed with, or purge them"
)


def secret_from(environment: Mapping[str, str], variable: str = KEY_VARIABLE) -> bytes | None:
    """Return the 32-byte secret that a variable gives as hex or base64; None where it is not set.

    The value `keyring` takes it from the operating system's keyring instead (service understudy, user cache,
    or for the signing key user signing). Raises CacheError where there is none, or it is no such secret.
    """
    text = environment.get(variable, "").strip()
    if not text:
        return None
    return _decoded(_from_keyring(variable) if text == IN_KEYRING else text, variable)


class Seal:
    """Seals and opens results with one secret. Safe to use from several threads."""

    def __init__(self, secret: bytes) -> None:
        """Take a secret of 32 bytes. Raises CacheError where the `cryptography` package is missing."""
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise CacheError(
                "sealing the cache needs the extra: pip install 'understudy[encrypt]'"
            ) from error
        if len(secret) != _SECRET_BYTES:
            raise CacheError(f"the cache's key has {len(secret)} bytes: it must have {_SECRET_BYTES}")
        self._cipher = AESGCM(secret)
        self._not_ours = InvalidTag

    def sealed(self, key: Key, arrays: Arrays) -> Arrays:
        """Return `arrays` as one of uint8 that only this secret opens, and only for this key, beside their `id`."""
        chunks, _ = encode(arrays)
        nonce = os.urandom(_NONCE_BYTES)
        plain = b"".join(bytes(chunk) for chunk in chunks)
        sealed = np.frombuffer(nonce + self._cipher.encrypt(nonce, plain, key.digest), np.uint8)
        return {_NAME: sealed} | {name: arrays[name] for name in arrays if name == _ID}

    def opened(self, key: Key, arrays: Arrays) -> Arrays | None:
        """Return what `sealed` was given, read-only; None where it was another secret or another key."""
        raw = arrays[_NAME].tobytes()
        try:
            plain = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key.digest)
        except (self._not_ours, ValueError):  # ValueError: too short
            return None
        return decode(plain, 0)


class SealedStore:
    """A store over another that seals what it puts where it has a seal, and opens what is sealed.

    What is not sealed is returned as it is. What can't be opened is a miss, with one warning: so a store
    without a seal never hands out ciphertext.
    """

    def __init__(self, below: Store, seal: Seal | None) -> None:
        self._below = below
        self._seal = seal
        self._lock = threading.Lock()
        self._locked: set[bytes] = set()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, opened, or None.

        A copy that another seal closed is passed over: one of ours may be there too, or else comes there. Without
        a seal it stays: what was once sealed is not to be written for all to read.
        """
        arrays = self._below.get(key)
        for _ in range(_COPIES):
            if arrays is None or _NAME not in arrays:
                break
            opened = self._seal.opened(key, arrays) if self._seal is not None else None
            if opened is not None:
                return opened
            with self._lock:
                self._locked.add(key.digest)
            if self._seal is None or not isinstance(self._below, PassingOver):
                return None
            if not self._below.pass_over(key):
                return None
            arrays = self._below.get(key)
        return arrays if arrays is None or _NAME not in arrays else None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`, sealed. A copy that proved sealed with another secret stays beside it."""
        if self._seal is not None and arrays.keys() != {_ID}:
            arrays = self._seal.sealed(key, arrays)
        self._below.put(key, arrays)

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a result under `key`; it may prove sealed with another secret."""
        return key in self._below

    @property
    def locked(self) -> int:
        """How many results were met in a copy that could not be opened."""
        with self._lock:
            return len(self._locked)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The one warning, if there was reason for it."""
        return (_WARNING,) if self.locked else ()

    def close(self) -> None:
        """Close the store below."""
        self._below.close()


def is_sealed(arrays: Arrays) -> bool:
    """Tell whether these are a sealed result's."""
    return _NAME in arrays


def _decoded(text: str, variable: str) -> bytes:
    for decoder in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            secret = decoder(text)
        except (ValueError, binascii.Error):
            continue
        if len(secret) == _SECRET_BYTES:
            return secret
    raise CacheError(f"{variable} is not usable: give {_SECRET_BYTES} bytes as 64 hex digits or base64")


def _from_keyring(variable: str) -> str:
    user = _KEYRING_USERS[variable]
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError as error:
        raise CacheError("the keyring needs the extra: pip install 'understudy[keyring]'") from error
    try:
        text = keyring.get_password(_KEYRING_SERVICE, user)
    except NoKeyringError as error:
        raise CacheError(f"this machine has no keyring: set {variable} to the key itself") from error
    except KeyringError as error:
        raise CacheError(f"the keyring can't be used ({type(error).__name__}): unlock it") from error
    if not text:
        raise CacheError(f"the keyring has no key: run `keyring set {_KEYRING_SERVICE} {user}`")
    return str(text)
