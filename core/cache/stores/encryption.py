# SPDX-License-Identifier: GPL-3.0-or-later
"""Optional encryption at rest: embeddings and crops that only the holder of a key can read.

AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a random 96-bit nonce for each result, bound to the
result's key by its digest as associated data, so that no encrypted result can be passed off as another's. Key
texts and the ids of clips and frames stay readable: they are hashes and settings, and statistics, `explain` and
purging need them, with or without the secret. A result that is nothing but an id has a tag instead, a code that only
the secret makes. So whoever has the secret uses nothing that somebody without it has written.
"""

import base64
import binascii
import hmac
import os
import threading
from collections.abc import Mapping

import numpy as np

from ...errors import CacheError
from ..base.key import Key
from ..base.payload import decode, encode
from ..base.store import Arrays, MultiCopyStore, Store
from .signature import SIGNATURE_NAME as SIGNATURE
from .signature import Signature

KEY_VARIABLE = "UNDERSTUDY_CACHE_KEY"
SIGNING_VARIABLE = "UNDERSTUDY_SIGNING_KEY"
KEYRING_VALUE = "keyring"
_KEYRING_SERVICE = "understudy"
_KEYRING_USERS = {KEY_VARIABLE: "cache", SIGNING_VARIABLE: "signing"}
_SECRET_BYTES, _NONCE_BYTES = 32, 12
_ID_NAME = "id"
_MAX_COPIES = 16  # of one result, encrypted with as many secrets
_CIPHERTEXT_NAME = "aes-256-gcm"  # an encrypted result: nonce, ciphertext, tag
_TAG_NAME = "tag"  # of a result that is an id alone
_MARK_NAMES = frozenset((_CIPHERTEXT_NAME, _TAG_NAME, SIGNATURE))
_WRONG_KEY_WARNING = (
    "some results in the cache are encrypted with another key and computed again: "
    f"set {KEY_VARIABLE} to the key they were encrypted with, or purge them"
)
_UNENCRYPTED_WARNING = (
    f"some results in the cache were kept without {KEY_VARIABLE} and are not used, since anyone may have written "
    "them: they are computed again; remove the old ones with `understudy cache purge --all`"
)
_UNSIGNED_WARNING = (
    f"some results in the cache are not signed with this {SIGNING_VARIABLE} and are not used: they are computed again; "
    "give every machine the same key, and remove the old ones with `understudy cache purge --all`"
)


def secret_from(environment: Mapping[str, str], variable: str = KEY_VARIABLE) -> bytes | None:
    """Return the 32-byte secret that a variable gives as hex or base64; None where it is not set.

    The value `keyring` takes it from the operating system's keyring instead (service understudy, user cache,
    or for the signing key user signing). Raises CacheError where there is none, or it is no such secret.
    """
    text = environment.get(variable, "").strip()
    if not text:
        return None
    return _decode_secret(_read_keyring(variable) if text == KEYRING_VALUE else text, variable)


class Encryption:
    """Encrypts and decrypts results with one secret. Safe to use from several threads."""

    def __init__(self, secret: bytes) -> None:
        """Take a secret of 32 bytes. Raises CacheError where the `cryptography` package is missing."""
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise CacheError(
                "encrypting the cache needs the extra: pip install 'understudy[encrypt]'"
            ) from error
        if len(secret) != _SECRET_BYTES:
            raise CacheError(f"the cache's key has {len(secret)} bytes: it must have {_SECRET_BYTES}")
        self._cipher = AESGCM(secret)
        self._invalid_tag = InvalidTag
        self._id_signature = Signature(hmac.digest(secret, b"understudy ids", "sha256"), _TAG_NAME)

    def encrypt(self, key: Key, arrays: Arrays) -> Arrays:
        """Encrypt a result. What is an `id` alone stays as it is, with a tag.

        Parameters
        ----------
        key : Key
            The result's key: it opens for no other.
        arrays : mapping of str to ndarray
            The result.

        Returns
        -------
        dict of str to ndarray
            One array of uint8 that only this secret opens, beside the result's `id`.
        """
        if arrays.keys() == {_ID_NAME}:
            return self._id_signature.sign(key, arrays)
        chunks, _ = encode(arrays)
        nonce = os.urandom(_NONCE_BYTES)
        open_bytes = b"".join(bytes(chunk) for chunk in chunks)
        encrypted = np.frombuffer(nonce + self._cipher.encrypt(nonce, open_bytes, key.digest), np.uint8)
        return {_CIPHERTEXT_NAME: encrypted} | {name: arrays[name] for name in arrays if name == _ID_NAME}

    def decrypt(self, key: Key, arrays: Arrays) -> Arrays | None:
        """Return what `encrypt` was given.

        Parameters
        ----------
        key : Key
            The result's key.
        arrays : mapping of str to ndarray
            What `encrypt` returned.

        Returns
        -------
        mapping of str to ndarray, or None
            Read-only arrays; None where it was another secret or another key, or nobody's.
        """
        if _CIPHERTEXT_NAME not in arrays:
            return self._id_signature.verify(key, arrays) if arrays.keys() == {_ID_NAME, _TAG_NAME} else None
        raw = arrays[_CIPHERTEXT_NAME].tobytes()
        try:
            open_bytes = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key.digest)
        except (self._invalid_tag, ValueError):  # ValueError: too short
            return None
        return decode(open_bytes, 0)


class EncryptedStore:
    """A store over another that encrypts and signs what it puts, and returns only what is encrypted and signed so.

    With encryption nothing else is used, with a signature nothing that it does not confirm. What can't be used is a
    miss, with one warning for each reason. Without it what is encrypted is a miss: ciphertext is never handed out.
    """

    def __init__(
        self, backing_store: Store, encryption: Encryption | None, signature: Signature | None = None
    ) -> None:
        self._backing_store = backing_store
        self._encryption = encryption
        self._signature = signature
        self._is_plain = encryption is None and signature is None
        self._lock = threading.Lock()
        self._unusable_digests: dict[str, set[bytes]] = {}

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, opened, or None.

        A copy that can't be used is passed over: one of ours may be there too, or else comes there. Without
        encryption an encrypted one stays: what was once encrypted is not to be written for all to read.
        """
        arrays = self._backing_store.get(key)
        if arrays is None or (self._is_plain and _MARK_NAMES.isdisjoint(arrays)):
            return arrays
        reasons: list[str] = []
        while arrays is not None and len(reasons) < _MAX_COPIES:
            opened = decrypt_and_verify(key, arrays, self._encryption, self._signature)
            if not isinstance(opened, str):
                return opened
            reasons.append(opened)
            if (self._encryption is None and opened == _WRONG_KEY_WARNING) or not self.skip_copy(key):
                break
            arrays = self._backing_store.get(key)
        # Where one of ours is there as well nothing is computed again, and there is nothing to say.
        with self._lock:
            for reason in reasons:
                self._unusable_digests.setdefault(reason, set()).add(key.digest)
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`, encrypted and signed. A copy that proved not to be of use stays beside it."""
        if self._encryption is not None:
            arrays = self._encryption.encrypt(key, arrays)
        if self._signature is not None:
            arrays = self._signature.sign(key, arrays)
        self._backing_store.put(key, arrays)

    def skip_copy(self, key: Key) -> bool:
        """Leave out the copy that `get` returns; True if there may be another."""
        return isinstance(self._backing_store, MultiCopyStore) and self._backing_store.skip_copy(key)

    def __contains__(self, key: Key) -> bool:
        """Tell whether there is a result under `key`; it may prove to be of no use."""
        return key in self._backing_store

    @property
    def locked_count(self) -> int:
        """How many results were met in a copy that could not be opened."""
        with self._lock:
            return len(self._unusable_digests.get(_WRONG_KEY_WARNING, ()))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each reason why results were not used."""
        with self._lock:
            return tuple(self._unusable_digests)

    def close(self) -> None:
        """Close the store below."""
        self._backing_store.close()


def decrypt_and_verify(
    key: Key, arrays: Arrays, encryption: Encryption | None, signature: Signature | None
) -> Arrays | str:
    """Return what was put before it was encrypted and signed.

    Parameters
    ----------
    key : Key
        The result's key.
    arrays : mapping of str to ndarray
        What a store has under it.
    encryption : Encryption or None
        With None an encrypted result is of no use.
    signature : Signature or None
        With None nothing is verified.

    Returns
    -------
    mapping of str to ndarray, or str
        A text says why this copy can't be used.
    """
    if signature is not None:
        signed = signature.verify(key, arrays)
        if signed is None:
            return _UNSIGNED_WARNING
        arrays = signed
    elif SIGNATURE in arrays:
        arrays = _drop_array(arrays, SIGNATURE)
    if encryption is not None:
        opened = encryption.decrypt(key, arrays)
        if opened is None:
            return (
                _WRONG_KEY_WARNING
                if _CIPHERTEXT_NAME in arrays or _TAG_NAME in arrays
                else _UNENCRYPTED_WARNING
            )
        return opened
    if _CIPHERTEXT_NAME in arrays:
        return _WRONG_KEY_WARNING
    return _drop_array(arrays, _TAG_NAME) if _TAG_NAME in arrays else arrays


def _drop_array(arrays: Arrays, array_name: str) -> Arrays:
    return {name: array for name, array in arrays.items() if name != array_name}


def is_encrypted(arrays: Arrays) -> bool:
    """Tell whether these are an encrypted result's."""
    return _CIPHERTEXT_NAME in arrays


def _decode_secret(text: str, variable: str) -> bytes:
    for decoder in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            secret = decoder(text)
        except (ValueError, binascii.Error):
            continue
        if len(secret) == _SECRET_BYTES:
            return secret
    raise CacheError(f"{variable} is not usable: give {_SECRET_BYTES} bytes as 64 hex digits or base64")


def _read_keyring(variable: str) -> str:
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
