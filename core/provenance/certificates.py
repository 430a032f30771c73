# SPDX-License-Identifier: GPL-3.0-or-later
"""What C2PA manifests are signed with: the user's certificate, or one that this machine made for itself.

The latter says nothing of who signed: its authority is made with it, signs nothing else and is known to nobody.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import OutputError, os_error_reason
from ..filesystem import Location, read_input
from ..system.trust import user_folder
from ..system.user_cache import is_private_to_user
from .local_chain import is_local_chain, make_local_chain

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

LOCAL_FILE_NAME = "c2pa-local.pem"
_MAX_BYTES = 1 << 20
_RENEWAL_DAYS = 30
_MIN_RSA_BITS = 2048
_CERTIFICATE_BEGIN = b"-----BEGIN CERTIFICATE-----"
_LAST_LINE = re.compile(
    rb"# understudy: valid from (\d{4}-\d{2}-\d{2}) until (\d{4}-\d{2}-\d{2}), sha256 ([0-9a-f]{64})\n\Z"
)
"""The local file ends so, after key and certificates: it is no part of either to whoever reads PEM."""
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class SigningIdentity:
    """A certificate with those that vouch for it, and its key.

    Attributes
    ----------
    chain : str
        PEM, the signer's own certificate first.
    key : str
        The private key, PEM without a password. It is never shown or written.
    algorithm : str
        C2PA's name of how is signed, such as ``es256``.
    is_local : bool
        Whether this machine made it for itself, so that nobody trusts it.
    """

    chain: str
    key: str = field(repr=False)
    algorithm: str
    is_local: bool


class _Days(NamedTuple):
    """The first and last day on which certificates are valid, UTC."""

    first: date
    last: date


def read_identity(certificate: Path, key: Path | None = None, password: str = "") -> SigningIdentity:
    """Return the user's own identity.

    Parameters
    ----------
    certificate : pathlib.Path
        PEM with the certificate and those that vouch for it, or PKCS#12 (.p12, .pfx).
    key : pathlib.Path, optional
        PEM with the private key, where the certificate's file has none.
    password : str
        What the key is encrypted with; empty for nothing.

    Returns
    -------
    SigningIdentity
        The identity.

    Raises
    ------
    OutputError
        It can't be read, or C2PA knows no way to sign with it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
    from cryptography.x509 import load_pem_x509_certificates

    secret = password.encode() or None
    try:
        data = read_input(certificate, _MAX_BYTES)
        if data.lstrip().startswith(b"-----"):
            chain = load_pem_x509_certificates(data)
            pem = data if key is None else read_input(key, _MAX_BYTES)
            private = load_pem_private_key(pem, secret)
        else:
            bundle = pkcs12.load_pkcs12(data, secret)
            if bundle.cert is None or bundle.key is None:
                raise OutputError(f"{certificate} has no certificate with its key: export both into it")
            chain = [bundle.cert.certificate, *(entry.certificate for entry in bundle.additional_certs)]
            private = bundle.key
    except OSError as error:
        raise OutputError(
            f"can't read the signing certificate {certificate}: {os_error_reason(error).lower()}"
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OutputError(
            f"the signing certificate {certificate} can't be used: check that it is PEM or PKCS#12 with its key, and "
            "the password in UNDERSTUDY_C2PA_PASSWORD"
        ) from error
    return SigningIdentity(
        _chain_text(chain), _key_text(private), _algorithm(private, certificate), is_local=False
    )


def local_identity(environment: Mapping[str, str] = os.environ) -> SigningIdentity:
    """Return this machine's own identity, made at the first use. Raises OutputError where it can't be kept."""
    try:
        with Location(user_folder(environment)).make(0o700) as folder:
            try:
                if is_private_to_user(folder.status(LOCAL_FILE_NAME)):
                    data = folder.read_file(LOCAL_FILE_NAME, _MAX_BYTES)
                    if (identity := _from_whole_file(data)) is not None:
                        return identity
                    if (valid := _from_file(data)) is not None:
                        with suppress(OSError):  # it is right as it is, and only takes longer to read
                            folder.write_file(LOCAL_FILE_NAME, _file_data(*valid))
                        return valid[0]
            except FileNotFoundError:
                pass
            made = _local_identity(*make_local_chain())
            folder.write_file(LOCAL_FILE_NAME, _file_data(*made))
            return made[0]
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home, as in a container
        reason = os_error_reason(error) if isinstance(error, OSError) else "this user has no home folder"
        raise OutputError(f"can't keep a signing certificate: {reason}; name your own") from error


def _from_whole_file(data: bytes) -> SigningIdentity | None:
    """Return the identity of a file that is as `_file_data` made it, unless it ends soon. It loads no library."""
    match = _LAST_LINE.search(data)
    if match is None:
        return None
    first, last, digest = (group.decode() for group in match.groups())
    content = data[: match.start()]
    if _digest(content, first, last) != digest or not _is_valid(
        _Days(date.fromisoformat(first), date.fromisoformat(last))
    ):
        return None
    place = content.find(_CERTIFICATE_BEGIN)
    return SigningIdentity(content[place:].decode(), content[:place].decode(), "es256", is_local=True)


def _file_data(identity: SigningIdentity, days: _Days) -> bytes:
    """Return what the local file is to hold: key, certificates, and what tells that they are whole and valid."""
    content = (identity.key + identity.chain).encode()
    first, last = days.first.isoformat(), days.last.isoformat()
    digest = _digest(content, first, last)
    return content + f"# understudy: valid from {first} until {last}, sha256 {digest}\n".encode()


def _digest(content: bytes, first: str, last: str) -> str:
    return sha256(content + first.encode() + last.encode()).hexdigest()


def _is_valid(days: _Days) -> bool:
    """Whether certificates are valid today, and do not end soon."""
    now = datetime.now(UTC)
    return days.first < now.date() and days.last >= (now + timedelta(days=_RENEWAL_DAYS)).date()


def _from_file(data: bytes) -> tuple[SigningIdentity, _Days] | None:
    """Return the identity of a file of key and certificates, and its days; None unless it is a valid one made here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    try:
        chain, private = load_pem_x509_certificates(data), load_pem_private_key(data, None)
        is_own = is_local_chain(chain, private)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return _local_identity(chain, private) if is_own and _is_valid(_days(chain)) else None


def _local_identity(
    chain: "list[x509.Certificate]", private: "PrivateKeyTypes"
) -> tuple[SigningIdentity, _Days]:
    identity = SigningIdentity(_chain_text(chain), _key_text(private), "es256", is_local=True)
    return identity, _days(chain)


def _days(chain: "list[x509.Certificate]") -> _Days:
    """Return the days on which all certificates are valid."""
    return _Days(
        max(entry.not_valid_before_utc for entry in chain).date(),
        min(entry.not_valid_after_utc for entry in chain).date(),
    )


def _chain_text(chain: "list[x509.Certificate]") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return "".join(entry.public_bytes(Encoding.PEM).decode() for entry in chain)


def _key_text(private: "PrivateKeyTypes") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _algorithm(private: "PrivateKeyTypes", path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _MIN_RSA_BITS:
        return "ps256"
    raise OutputError(
        f"C2PA can't sign with the key of {path}: use one of the curves P-256, P-384 or P-521, Ed25519, or RSA of "
        f"{_MIN_RSA_BITS} bits"
    )
