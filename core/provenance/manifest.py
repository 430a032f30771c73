# SPDX-License-Identifier: GPL-3.0-or-later
"""C2PA manifests, by `c2pa-python`, where that is installed: signed, and bound to every byte of the file.

A clip that has a manifest of its own keeps it as an ingredient, with what was seen of it, so that its history stays.
The library can't write .mkv, .webm and .exr. Nothing is sent anywhere unless a timestamp authority is named.
"""

import importlib.util
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import OutputError, first_line
from .certificates import SigningIdentity
from .facts import COMPOSITE_TEXT, CompositeFacts
from .local_chain import LOCAL_AUTHORITY
from .manifest_history import RECORD_LABEL, PastManifest, past_manifests, recorded_facts, signer_of

if TYPE_CHECKING:
    from c2pa import Context

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
_PARENT, _COMPONENT, _INPUT = "parentOf", "componentOf", "inputTo"


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
    history : tuple of PastManifest
        The manifests of what the file was made of, the nearest first.
    """

    is_intact: bool
    is_trusted: bool
    signer: str
    time: str
    facts: CompositeFacts | None
    problems: tuple[str, ...]
    history: tuple[PastManifest, ...] = ()

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
    clips: Sequence[bytes] = (),
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
    clips : sequence of bytes
        What `clip_history` gave of each clip that has a manifest.

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
            Builder(manifest_definition(facts, name, len(clips)), _context()) as builder,
        ):
            for clip in clips:
                builder.add_ingredient_from_archive(io.BytesIO(clip))
            builder.sign(signer, media_type(name), source, target)
    except C2paError as error:
        raise OutputError(f"can't sign {name}: {first_line(error)}; check the signing certificate") from error


def clip_history(clip: BinaryIO, name: str, digest: str, place: int | None = None) -> bytes:
    """Return a clip's manifest, and whether it held, for `sign_file`: all of the clip is read for that, once.

    Parameters
    ----------
    clip : file
        The clip; it has a manifest.
    name : str
        What it is called: its ending tells the format, and it is not written.
    digest : str
        What the facts call it.
    place : int or None
        Which of several clips it is; None where it is the only one.

    Returns
    -------
    bytes
        An archive of c2pa-python. The clip may have been changed since it was signed: that is kept with it.

    Raises
    ------
    OutputError
        The manifest can't be read.
    """
    from c2pa import Builder, C2paError

    key = _clip_id(place)
    relationship = _PARENT if place is None else _COMPONENT
    archive = io.BytesIO()
    try:
        with Builder({}, _context()) as builder:
            builder.add_ingredient(
                json.dumps(_ingredient(key, relationship, "clip", digest)), media_type(name), clip
            )
            builder.write_ingredient_archive(key, archive)
    except C2paError as error:
        raise OutputError(
            f"the C2PA manifest of the clip can't be kept: {first_line(error)}; "
            "UNDERSTUDY_C2PA_HISTORY=off leaves it out"
        ) from error
    return archive.getvalue()


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
        raise OutputError(f"the C2PA manifest of {name} can't be read: {first_line(error)}") from error
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signer, time = signer_of(manifest)
    state = store.get("validation_state", "Invalid")
    problems = [str(entry.get("code")) for entry in store.get("validation_status") or ()]
    return ManifestReading(
        is_intact=state in ("Valid", "Trusted"),
        is_trusted=state == "Trusted",
        signer=signer,
        time=time,
        facts=recorded_facts(manifest),
        problems=tuple(dict.fromkeys(problems)),
        history=past_manifests(store),
    )


def manifest_definition(facts: CompositeFacts, name: str, clip_count: int = 0) -> dict[str, Any]:
    """Return what c2pa-python makes a manifest of: actions, ingredients by their hashes, and the facts.

    `clip_count` is how many clips come as archives of `clip_history`. The only clip there is, is the parent itself.
    """
    program, _, version = facts.software.partition(" ")
    agent = {"name": program} | ({"version": version} if version else {})
    images = {f"image{place}": digest for place, digest in enumerate(facts.source_images)}
    is_parent_archive = clip_count > 0 and len(facts.clips) == 1
    clip = " ".join(facts.clips) or "unknown"
    edited = {
        "action": "c2pa.edited",
        "description": COMPOSITE_TEXT,
        "softwareAgent": agent,
        "digitalSourceType": facts.digital_source_type,
        "parameters": {"ingredientIds": list(images)} if images else {},
    }
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_CLIP_ID]}}
    components = [] if is_parent_archive else [_clip_id(place) for place in range(clip_count)]
    placed = [{"action": "c2pa.placed", "parameters": {"ingredientIds": components}}] if components else []
    parents = [] if is_parent_archive else [_ingredient(_CLIP_ID, _PARENT, "clip", clip)]
    return {
        "claim_generator_info": [agent],
        "format": media_type(name),
        "ingredients": [
            *parents,
            *(_ingredient(key, _INPUT, "source image", f"sha256:{digest}") for key, digest in images.items()),
        ],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, *placed, edited]}},
            {"label": RECORD_LABEL, "data": facts.as_dict()},
        ],
    }


def _clip_id(place: int | None) -> str:
    return _CLIP_ID if place is None else f"{_CLIP_ID}{place}"


def _ingredient(key: str, relationship: str, kind: str, digest: str) -> dict[str, str]:
    return {
        "label": key,
        "title": kind,
        "relationship": relationship,
        "instance_id": digest,
        "description": digest,
    }


@cache
def _context() -> "Context":
    from c2pa import Context

    return Context.from_dict(_SETTINGS)
