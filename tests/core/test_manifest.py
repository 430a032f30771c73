# SPDX-License-Identifier: GPL-3.0-or-later
"""C2PA manifests: the library's own reader agrees, pixels and packets stay, names appear nowhere."""

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from understudy.core.errors import OutputError
from understudy.core.provenance.certificates import LOCAL_FILE_NAME, local_identity, read_identity
from understudy.core.provenance.manifest import RECORD_LABEL, has_manifest_library, sign_file
from understudy.core.provenance.mark_file import scan_marks
from understudy.core.provenance.verdict_text import verdict_lines
from understudy.core.provenance.verify import CHANGED, INTACT, verify_file
from understudy.core.provenance.xmp import read_packet

from tests.core.marked_files import FACTS, make_file, mark, shown, sign_copy
from tests.core.marked_files import NAMES as ALL_NAMES

NAMES = [name for name in ALL_NAMES if not name.endswith(".exr")]
pytestmark = pytest.mark.skipif(not has_manifest_library(), reason="needs c2pa-python")


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return local_identity({"XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("settings"))})


@pytest.fixture(scope="module")
def signed(tmp_path_factory, identity):
    plain, folder = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("signed")
    for name in NAMES:
        path = make_file(plain, name)
        mark(path)
        sign_copy(path, folder / name, FACTS, identity)
    return {name: (plain / name, folder / name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_signing_keeps_pixels_packets_and_the_xmp_seal(name, signed):
    before, after = signed[name]
    assert shown(after) == shown(before)
    scan = scan_marks(after)
    assert scan.has_manifest
    assert read_packet(scan.packet, scan.content).is_intact
    verdict = verify_file(after)
    assert verdict.state == INTACT
    assert (verdict.manifest.is_intact, verdict.manifest.is_trusted, verdict.manifest.is_local) == (
        True,
        False,
        True,
    )
    assert verdict.facts == verdict.manifest.facts == FACTS
    assert any("says nothing of who signed" in line for line in verdict_lines(verdict))


@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_byte_of_the_content_breaks_the_signature(name, signed, tmp_path):
    content = bytearray(signed[name][1].read_bytes())
    content[-40] ^= 1
    (tmp_path / name).write_bytes(content)
    verdict = verify_file(tmp_path / name)
    assert verdict.state == CHANGED or verdict.problem
    assert verdict.manifest is None or not verdict.manifest.is_intact


def test_the_library_reads_the_actions_in_their_order(signed):
    from c2pa import Reader

    with Reader(str(signed["a.png"][1])) as reader:
        manifest = reader.get_active_manifest()
    assertions = {entry["label"]: entry["data"] for entry in manifest["assertions"]}
    opened, edited = assertions["c2pa.actions.v2"]["actions"]
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"] == FACTS.digital_source_type
    assert assertions[RECORD_LABEL] == FACTS.as_dict()
    parents = [entry for entry in manifest["ingredients"] if entry["relationship"] == "parentOf"]
    assert [entry["instance_id"] for entry in parents] == list(FACTS.clips)
    inputs = [entry["instance_id"] for entry in manifest["ingredients"] if entry["relationship"] == "inputTo"]
    assert inputs == [f"sha256:{digest}" for digest in FACTS.source_images]
    assert "thumbnail" not in json.dumps(manifest)


def test_the_local_identity_is_made_once_and_kept_for_its_user_alone(tmp_path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    first = local_identity(environment)
    kept = tmp_path / "understudy" / LOCAL_FILE_NAME
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert local_identity(environment) == first
    assert "PRIVATE" not in repr(first)
    kept.write_text("damaged")
    assert local_identity(environment) != first
    kept.chmod(0o666)
    changed = local_identity(environment)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert local_identity(environment) == changed


def test_the_local_identity_is_read_as_older_versions_wrote_it_and_then_without_the_library(tmp_path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    first = local_identity(environment)
    path = tmp_path / "understudy" / LOCAL_FILE_NAME
    path.write_text(first.key + first.chain)
    assert local_identity(environment) == first
    code = (
        "import sys; from understudy.core.provenance.certificates import local_identity as identity; "
        "print(identity().chain, 'cryptography' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{first.chain} False\n"


@pytest.mark.parametrize("part", ["BEGIN PRIVATE", "BEGIN CERTIFICATE", "valid from", "sha256"])
def test_a_damaged_local_identity_is_never_signed_with(tmp_path, part):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    first = local_identity(environment)
    path = tmp_path / "understudy" / LOCAL_FILE_NAME
    text = path.read_text()
    place = text.index(part) + len(part) + 40 if "BEGIN" in part else text.index(part) + len(part) + 1
    path.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :])
    # What does not concern key and certificates does not end them.
    assert (local_identity(environment) == first) == ("BEGIN" not in part)
    path.write_text(text.replace(first.chain, local_identity({"XDG_CONFIG_HOME": str(tmp_path / "b")}).chain))
    assert local_identity(environment).chain != first.chain


OTHERS = ("Studio", "CA", "Signer")
OWN = ("Understudy", "Understudy local authority (untrusted)", "Understudy on this machine (untrusted)")


def made_certificate(key, path, *, password=b"", names=OTHERS, days=(-1, 9)):
    """Write a certificate with its authority's to a PEM and a PKCS#12 file, as a person would get them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    organization, authority_name, signer = names

    def name(text):
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(NameOID.COMMON_NAME, text),
            ]
        )

    authority, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip

    def certificate(subject, public, is_authority):
        builder = x509.CertificateBuilder(
            name(authority_name), name(subject), public, x509.random_serial_number()
        )
        start, end = (now + timedelta(days=day) for day in days)
        builder = builder.not_valid_before(start).not_valid_after(end)
        builder = builder.add_extension(x509.BasicConstraints(is_authority, None), True).add_extension(
            x509.KeyUsage(not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **usage), True
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        builder = builder.add_extension(issuer, False)
        if not is_authority:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False
            )
        return builder.sign(authority, hashes.SHA256())

    leaf, root = (
        certificate(signer, key.public_key(), False),
        certificate(authority_name, authority.public_key(), True),
    )
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    path.with_suffix(".pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, protection)
        + leaf.public_bytes(pem)
        + root.public_bytes(pem)
    )
    path.with_suffix(".p12").write_bytes(
        pkcs12.serialize_key_and_certificates(None, key, leaf, [root], protection)
    )


YEARS = (-1, 3650)
IN_PLACE_OF_LOCAL = {
    "own names": ("secp256r1", OWN, YEARS, "key leaf root"),
    "another's": ("secp256r1", OTHERS, YEARS, "key leaf root"),
    "another's alone": ("secp256r1", OTHERS, YEARS, "key leaf"),
    "another curve": ("secp384r1", OWN, YEARS, "key leaf root"),
    "RSA": ("rsa", OWN, YEARS, "key leaf root"),
    "not yet valid": ("secp256r1", OWN, (1, 3650), "key leaf root"),
    "ends soon": ("secp256r1", OWN, (-1, 9), "key leaf root"),
    "other order": ("secp256r1", OWN, YEARS, "key root leaf"),
    "no authority": ("secp256r1", OWN, YEARS, "key leaf"),
    "another key": ("secp256r1", OWN, YEARS, "another_key leaf root"),
    "another authority": ("secp256r1", OWN, YEARS, "key leaf another_root"),
    "one too many": ("secp256r1", OWN, YEARS, "key leaf root another_root"),
    "no certificate": ("secp256r1", OWN, YEARS, "key"),
}


@pytest.mark.parametrize("kind", IN_PLACE_OF_LOCAL)
def test_what_this_machine_did_not_make_for_itself_is_made_anew_and_signs(kind, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    algorithm, names, days, order = IN_PLACE_OF_LOCAL[kind]
    parts = {}
    for prefix in ("", "another_"):
        key = (
            rsa.generate_private_key(65537, 2048)
            if algorithm == "rsa"
            else ec.generate_private_key({"secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1}[algorithm]())
        )
        made_certificate(key, tmp_path / "made", names=names, days=days)
        blocks = (tmp_path / "made.pem").read_text().split("-----BEGIN ")[1:]
        parts |= zip((f"{prefix}{part}" for part in ("key", "leaf", "root")), blocks, strict=True)
    path = tmp_path / "understudy" / LOCAL_FILE_NAME
    path.parent.mkdir()
    text = "".join(f"-----BEGIN {parts[part]}" for part in order.split())
    # Earlier versions sealed whatever they read.
    digest = hashlib.sha256(f"{text}2036-01-01".encode()).hexdigest()
    path.write_text(f"{text}# understudy: valid until 2036-01-01, sha256 {digest}\n")
    path.chmod(0o600)
    identity = local_identity({"XDG_CONFIG_HOME": str(tmp_path)})
    assert (parts["leaf"] in identity.chain) == (kind == "own names")
    assert local_identity({"XDG_CONFIG_HOME": str(tmp_path)}) == identity
    sign_copy(make_file(tmp_path, "a.png"), tmp_path / "signed.png", FACTS, identity)
    verdict = verify_file(tmp_path / "signed.png")
    assert (verdict.state, verdict.manifest.is_local) == (INTACT, True)


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_a_users_certificate_signs_from_pem_and_pkcs12(kind, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key = {
        "ec": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    made_certificate(key, tmp_path / "mine", password=b"secret word")
    image = make_file(tmp_path, "a.png").read_bytes()
    for suffix in (".pem", ".p12"):
        mine = read_identity(tmp_path / f"mine{suffix}", password="secret word")
        path = tmp_path / "signed.png"
        with path.open("w+b") as target:
            sign_file(io.BytesIO(image), target, path.name, FACTS, mine)
        verdict = verify_file(path)
        assert (verdict.state, verdict.manifest.signer, verdict.manifest.is_local) == (
            INTACT,
            "Signer",
            False,
        )
        assert any("does not know who vouches" in line for line in verdict_lines(verdict))
        with pytest.raises(OutputError, match="can't be used"):
            read_identity(tmp_path / f"mine{suffix}", password="wrong")
    with pytest.raises(OutputError, match="can't read the signing certificate"):
        read_identity(tmp_path / "missing.pem")
