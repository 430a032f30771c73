# SPDX-License-Identifier: GPL-3.0-or-later
"""C2PA manifests, by `c2pa-python`, where that is installed: signed, and bound to every byte of the file.

It can't write .mkv, .webm and .exr. Nothing is sent anywhere unless a timestamp authority is named.
"""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import OutputError
from .certificates import LOCAL_AUTHORITY, SigningIdentity
from .facts import COMPOSITE_TEXT, CompositeFacts, facts_from

if TYPE_CHECKING:
    from c2pa import Context

RECORD_LABEL = "understudy.record"
INSTALL_HINT = "pip install 'understudy[c2pa]'"
_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
}
_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    # What a file names is not fetched.
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
_CLIP_ID = "clip"


@dataclass(frozen=True)
class ManifestReading:
    """What a file's manifest says, and whether that holds.

    Attributes
    ----------
    is_intact : bool
        Whether the signature is right and the file is as it was signed.
    is_trusted : bool
        Whether the signer's certificate is one that this machine trusts.
    signer : str
        Who signed, as the certificate says it.
    time : str
        When, as a timestamp authority says it; empty where none does.
    facts : CompositeFacts or None
        What was done, where Understudy signed.
    problems : tuple of str
        C2PA's codes for what is wrong.
    """

    is_intact: bool
    is_trusted: bool
    signer: str
    time: str
    facts: CompositeFacts | None
    problems: tuple[str, ...]

    @property
    def is_local(self) -> bool:
        """Whether a certificate signed that a machine made for itself."""
        return self.signer.startswith(LOCAL_AUTHORITY.split(" (", maxsplit=1)[0].rsplit(" ", 2)[0])


def has_manifest_library() -> bool:
    """Tell whether manifests can be written and checked. It loads nothing."""
    return importlib.util.find_spec("c2pa") is not None


def media_type(name: str) -> str:
    """Return the media type of a file by its name; empty for one that holds no manifest."""
    return _MEDIA_TYPES.get("." + name.rpartition(".")[2].lower(), "")


def sign_file(
    source: BinaryIO,
    target: BinaryIO,
    name: str,
    facts: CompositeFacts,
    identity: SigningIdentity,
    timestamp_url: str = "",
) -> None:
    """Write a copy of a file that has a signed manifest.

    Parameters
    ----------
    source : file
        The finished file.
    target : file
        Open to write and read; empty.
    name : str
        What the file is called: its ending tells the format, and it is not written.
    facts : CompositeFacts
        What was done.
    identity : SigningIdentity
        Who signs.
    timestamp_url : str
        A timestamp authority that is asked over the network; empty for none.

    Raises
    ------
    OutputError
        It can't be signed.
    """
    from c2pa import Builder, C2paError, C2paSignerInfo, Signer

    info = C2paSignerInfo(
        identity.algorithm, identity.chain.encode(), identity.key.encode(), timestamp_url or None
    )
    try:
        with (
            Signer.from_info(info) as signer,
            Builder(manifest_definition(facts, name), _context()) as builder,
        ):
            builder.sign(signer, media_type(name), source, target)
    except C2paError as error:
        raise OutputError(
            f"can't sign {name}: {_first_line(error)}; check the signing certificate"
        ) from error


def read_manifest(file: BinaryIO, name: str) -> ManifestReading:
    """Return what the manifest of a file says. OutputError where it can't be read.

    Parameters
    ----------
    file : file
        The file.
    name : str
        What it is called; its ending tells the format.

    Returns
    -------
    ManifestReading
        What it says, and whether that holds.

    Raises
    ------
    OutputError
        The manifest can't be read.
    """
    from c2pa import C2paError, Reader

    try:
        with Reader(media_type(name), file, None, _context()) as reader:
            store: dict[str, Any] = json.loads(reader.json())
    except (C2paError, ValueError) as error:
        raise OutputError(f"the C2PA manifest of {name} can't be read: {_first_line(error)}") from error
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signature = manifest.get("signature_info", {})
    state = store.get("validation_state", "Invalid")
    problems = [str(entry.get("code")) for entry in store.get("validation_status") or ()]
    return ManifestReading(
        is_intact=state in ("Valid", "Trusted"),
        is_trusted=state == "Trusted",
        signer=str(signature.get("common_name") or signature.get("issuer") or ""),
        time=str(signature.get("time") or ""),
        facts=_recorded_facts(manifest.get("assertions") or ()),
        problems=tuple(dict.fromkeys(problems)),
    )


def manifest_definition(facts: CompositeFacts, name: str) -> dict[str, Any]:
    """Return what c2pa-python makes a manifest of: actions, ingredients by their hashes, and the facts."""
    program, _, version = facts.software.partition(" ")
    agent = {"name": program} | ({"version": version} if version else {})
    images = {f"image{place}": digest for place, digest in enumerate(facts.source_images)}
    clip = " ".join(facts.clips) or "unknown"
    edited = {
        "action": "c2pa.edited",
        "description": COMPOSITE_TEXT,
        "softwareAgent": agent,
        "digitalSourceType": facts.digital_source_type,
        "parameters": {"ingredientIds": list(images)} if images else {},
    }
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_CLIP_ID]}}
    return {
        "claim_generator_info": [agent],
        "format": media_type(name),
        "ingredients": [
            _ingredient(_CLIP_ID, "parentOf", "clip", clip),
            *(
                _ingredient(key, "inputTo", "source image", f"sha256:{digest}")
                for key, digest in images.items()
            ),
        ],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, edited]}},
            {"label": RECORD_LABEL, "data": facts.as_dict()},
        ],
    }


def _ingredient(key: str, relationship: str, kind: str, digest: str) -> dict[str, str]:
    return {
        "label": key,
        "title": kind,
        "relationship": relationship,
        "instance_id": digest,
        "description": digest,
    }


def _recorded_facts(assertions: Sequence[Mapping[str, Any]]) -> CompositeFacts | None:
    for assertion in assertions:
        data = assertion.get("data")
        if assertion.get("label") == RECORD_LABEL and isinstance(data, dict):
            return facts_from(data)
    return None


@cache
def _context() -> "Context":
    from c2pa import Context

    return Context.from_dict(_SETTINGS)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
