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
from typing import TYPE_CHECKING

from ..errors import OutputError, os_error_reason
from ..filesystem import Location, read_input
from ..system.trust import user_folder
from ..system.user_cache import is_private_to_user

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

LOCAL_FILE_NAME = "c2pa-local.pem"
LOCAL_AUTHORITY = "Understudy local authority (untrusted)"
_LOCAL_SIGNER = "Understudy on this machine (untrusted)"
_MAX_BYTES = 1 << 20
_VALID_DAYS = 3650
_RENEWAL_DAYS = 30
_MIN_RSA_BITS = 2048
_CERTIFICATE_BEGIN = b"-----BEGIN CERTIFICATE-----"
_LAST_LINE = re.compile(rb"# understudy: valid until (\d{4}-\d{2}-\d{2}), sha256 ([0-9a-f]{64})\n\Z")
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
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12
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
    text = "".join(entry.public_bytes(Encoding.PEM).decode() for entry in chain)
    return SigningIdentity(text, _key_text(private), _algorithm(private, certificate), is_local=False)


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
            made = _make_local_identity()
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
    until, digest = match[1], match[2].decode()
    content = data[: match.start()]
    if sha256(content + until).hexdigest() != digest or _ends_soon(date.fromisoformat(until.decode())):
        return None
    place = content.find(_CERTIFICATE_BEGIN)
    return SigningIdentity(content[place:].decode(), content[:place].decode(), "es256", is_local=True)


def _file_data(identity: SigningIdentity, until: date) -> bytes:
    """Return what the local file is to hold: key, certificates, and what tells that they are whole and valid."""
    content, last = (identity.key + identity.chain).encode(), until.isoformat()
    digest = sha256(content + last.encode()).hexdigest()
    return content + f"# understudy: valid until {last}, sha256 {digest}\n".encode()


def _ends_soon(until: date) -> bool:
    return until < (datetime.now(UTC) + timedelta(days=_RENEWAL_DAYS)).date()


def _from_file(data: bytes) -> tuple[SigningIdentity, date] | None:
    """Return the identity of a file of key and certificates, and its last day; None for another, or if it ends soon."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    try:
        chain, private = load_pem_x509_certificates(data), load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    until = chain[0].not_valid_after_utc.date()
    if _ends_soon(until):
        return None
    text = "".join(entry.public_bytes(Encoding.PEM).decode() for entry in chain)
    return SigningIdentity(text, _key_text(private), "es256", is_local=True), until


def _make_local_identity() -> tuple[SigningIdentity, date]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate(authority_key.public_key(), LOCAL_AUTHORITY, None, authority_key)
    leaf = _certificate(key.public_key(), _LOCAL_SIGNER, authority, authority_key)
    chain = "".join(entry.public_bytes(Encoding.PEM).decode() for entry in (leaf, authority))
    identity = SigningIdentity(chain, _key_text(key), "es256", is_local=True)
    return identity, leaf.not_valid_after_utc.date()


def _certificate(
    public_key: "ec.EllipticCurvePublicKey",
    name: str,
    issuer: "x509.Certificate | None",
    issuer_key: "ec.EllipticCurvePrivateKey",
) -> "x509.Certificate":
    """Return a certificate; without an issuer that of an authority, which signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Understudy"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    is_authority = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of other machines
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
        .add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **usage
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())


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
