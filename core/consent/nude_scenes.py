# SPDX-License-Identifier: GPL-3.0-or-later
"""Consent that names nude or intimate scenes: the one use that no other words stand for."""

from collections.abc import Sequence
from datetime import date

from ..errors import ClipError
from ..media.file_status import content_id
from ..media.source import ClipSource
from ..recipe.request import Identity, SwapRequest
from .record import ConsentRecord, ConsentState, comparable_name
from .request_consent import image_hashes, own_state, records_of

NUDE_SCENES = "nude or intimate scenes"
"""The use as records name it: between semicolons or on a line of its own, alone or beside others."""

_BY_REFERENCE = "reference"
"""The way of choosing faces by images of the person: in others the images that a request has say nothing."""


def names_nude_scenes(use: str) -> bool:
    """Tell whether a use, as a record says it, names such scenes; "no nude or intimate scenes" does not."""
    parts = use.replace("\n", ";").split(";")
    return any(part.strip().rstrip(".").casefold() == NUDE_SCENES for part in parts)


def add_nude_scenes(use: str) -> str:
    """Return a use that names such scenes too."""
    if names_nude_scenes(use):
        return use
    return f"{use.strip()}; {NUDE_SCENES}" if use.strip() else NUDE_SCENES


def replaced_hashes(request: SwapRequest, source: ClipSource) -> frozenset[str]:
    """Return what the person whose face a request replaces is known by in records.

    Parameters
    ----------
    request : SwapRequest
        The request.
    source : ClipSource
        The files of the clip.

    Returns
    -------
    frozenset of str
        SHA-256 in hex of the reference images where faces are chosen by them, else of the clip.

    Raises
    ------
    ClipError
        A file can't be read.
    """
    if _is_by_reference(request):
        return image_hashes([image.path for image in request.target_references])
    return frozenset({content_id(source)})


def nude_scene_fault(
    requests: Sequence[SwapRequest], clip_id: str, records: Sequence[ConsentRecord], today: date
) -> str:
    """Say whose consent to such scenes is missing in a frame; empty where nobody's is.

    Parameters
    ----------
    requests : sequence of SwapRequest
        For each face that is replaced in the frame, what asks for it.
    clip_id : str
        SHA-256 in hex of the clip: it stands among the images of a record of who loses a face in it.
    records : sequence of ConsentRecord
        Those of a file.
    today : datetime.date
        The day.

    Returns
    -------
    str
        A few words. They say nothing of what is written in a record.
    """
    holding = [
        record
        for record in records
        if record.state(today) is ConsentState.VALID and names_nude_scenes(record.use)
    ]
    if not all(_is_source_covered(request.identity, holding, today) for request in requests):
        return "no consent of the source person names such scenes"
    nameless_count = 0
    for request in requests:
        if not _is_by_reference(request):
            nameless_count += 1  # the clip shows who it is, and nothing else does
        elif not _are_images_covered(request, holding):
            return "no consent of the person who is replaced names such scenes"
    people = {comparable_name(record.person) for record in holding if clip_id in record.images}
    if len(people) >= nameless_count:
        return ""
    if nameless_count == 1:
        return "no consent of the person who is replaced names such scenes"
    return f"of {nameless_count} people who are replaced {len(people)} have a consent that names such scenes"


def _is_by_reference(request: SwapRequest) -> bool:
    return bool(request.target_references) and request.recipe.select.which == _BY_REFERENCE


def _is_source_covered(identity: Identity, records: Sequence[ConsentRecord], today: date) -> bool:
    if own_state(identity, today) is ConsentState.VALID and names_nude_scenes(identity.consent):
        return True
    return bool(records_of(identity, records))


def _are_images_covered(request: SwapRequest, records: Sequence[ConsentRecord]) -> bool:
    try:
        hashes = image_hashes([image.path for image in request.target_references])
    except ClipError:
        return False
    return any(record.covers("", hashes) for record in records)
