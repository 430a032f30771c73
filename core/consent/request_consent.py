# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the person whose face a request puts in consented, by its own record and those of a file."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ..errors import ClipError
from ..media.file_status import file_fingerprint
from ..recipe.request import Identity
from .record import ConsentRecord, ConsentState, has_ended, state_of


def own_state(identity: Identity, today: date) -> ConsentState:
    """Return what an identity's own consent is: that of its modifier, or the text of a command line."""
    if not identity.consent.strip():
        return ConsentState.NONE
    return ConsentState.ENDED if has_ended(identity.consent_until, today) else ConsentState.VALID


def consent_state(identity: Identity, records: Sequence[ConsentRecord], today: date) -> ConsentState:
    """Return whether a person's consent holds.

    Parameters
    ----------
    identity : Identity
        The person.
    records : sequence of ConsentRecord
        Those of a file; read only where the identity's own consent does not hold.
    today : datetime.date
        The day.

    Returns
    -------
    ConsentState
        VALID where any record holds. Of images that can't be read none is known: records by name count.
    """
    own = own_state(identity, today)
    if own is ConsentState.VALID or not records:
        return own
    try:
        hashes = image_hashes([image.path for image in identity.images])
    except ClipError:
        hashes = frozenset()
    recorded = state_of((record for record in records if record.covers(identity.name, hashes)), today)
    return own if recorded is ConsentState.NONE else recorded


def image_hashes(paths: Sequence[Path]) -> frozenset[str]:
    """Return SHA-256 in hex of image files. Raises ClipError where one can't be read."""
    return frozenset(map(file_fingerprint, paths))
