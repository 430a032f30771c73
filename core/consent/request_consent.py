# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the person whose face a request puts in consented, by its own record and those of a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..errors import ClipError
from ..media.file_status import file_fingerprint
from ..recipe.request import Identity
from ..reporting.layer_outcomes import pluralise
from .record import ConsentRecord, ConsentState, has_ended, state_of

SOON_DAYS = 14
"""So many days before its end a consent is said to end soon."""


@dataclass(frozen=True)
class ConsentOutlook:
    """Whether a person's consent holds, and how long.

    Attributes
    ----------
    state : ConsentState
        Whether it holds.
    until : datetime.date or None
        The last day of the record that holds longest, or ended last; None where it has no end, or nothing is recorded.
    """

    state: ConsentState
    until: date | None = None

    def warning(self, today: date) -> str:
        """Say that it has ended or ends within `SOON_DAYS`, without a full stop; empty where neither is so."""
        if self.state is ConsentState.ENDED:
            return "the consent has ended"
        if self.state is not ConsentState.VALID or self.until is None:
            return ""
        days = (self.until - today).days
        if days > SOON_DAYS:
            return ""
        return "the consent ends today" if not days else f"the consent ends in {pluralise(days, 'day')}"


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
    if own is ConsentState.VALID:
        return own
    recorded = state_of(records_of(identity, records), today)
    return own if recorded is ConsentState.NONE else recorded


def consent_outlook(identity: Identity, records: Sequence[ConsentRecord], today: date) -> ConsentOutlook:
    """Return whether a person's consent holds, as `consent_state` does, and how long: the longest record counts."""
    own = own_state(identity, today)
    ends = [] if own is ConsentState.NONE else [identity.consent_until]
    if own is ConsentState.VALID and identity.consent_until is None:
        return ConsentOutlook(own)
    ends += [record.until for record in records_of(identity, records)]
    if not ends:
        return ConsentOutlook(ConsentState.NONE)
    last = None if None in ends else max(end for end in ends if end is not None)
    return ConsentOutlook(ConsentState.ENDED if has_ended(last, today) else ConsentState.VALID, last)


def records_of(identity: Identity, records: Sequence[ConsentRecord]) -> list[ConsentRecord]:
    """Return the records that are for a person. Of images that can't be read none is known: records by name count."""
    if not records:
        return []
    try:
        hashes = image_hashes([image.path for image in identity.images])
    except ClipError:
        hashes = frozenset()
    return [record for record in records if record.covers(identity.name, hashes)]


def image_hashes(paths: Sequence[Path]) -> frozenset[str]:
    """Return SHA-256 in hex of image files. Raises ClipError where one can't be read."""
    return frozenset(map(file_fingerprint, paths))
