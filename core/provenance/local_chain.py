# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that a machine makes for itself to sign C2PA manifests with: a signer's, and its authority's."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

LOCAL_AUTHORITY = "Understudy local authority (untrusted)"
_LOCAL_SIGNER = "Understudy on this machine (untrusted)"
_VALID_DAYS = 3650


def make_local_chain() -> "tuple[list[x509.Certificate], ec.EllipticCurvePrivateKey]":
    """Return a new signer's certificate with its authority's, and the signer's key. The authority's is kept by none."""
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate(authority_key.public_key(), LOCAL_AUTHORITY, None, authority_key)
    return [_certificate(key.public_key(), _LOCAL_SIGNER, authority, authority_key), authority], key


def is_local_chain(chain: "list[x509.Certificate]", private: "PrivateKeyTypes") -> bool:
    """Whether certificates and a key are as `make_local_chain` makes them. Odd ones raise ValueError and its like."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    if [entry.subject for entry in chain] != [_name(_LOCAL_SIGNER), _name(LOCAL_AUTHORITY)]:
        return False
    leaf, authority = chain
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        return False
    if leaf.public_key() != private.public_key():
        return False
    try:
        for entry in chain:
            entry.verify_directly_issued_by(authority)
    except InvalidSignature:
        return False
    return True


def _certificate(
    public_key: "ec.EllipticCurvePublicKey",
    name: str,
    issuer: "x509.Certificate | None",
    issuer_key: "ec.EllipticCurvePrivateKey",
) -> "x509.Certificate":
    """Return a certificate; without an issuer that of an authority, which signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    subject = _name(name)
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


def _name(text: str) -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Understudy"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )
