# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions that a user sets for all runs, and whose consent is over: what a run looks at before it begins."""

from collections.abc import Iterator, Sequence
from datetime import date

from ..consent.consent_file import read_records
from ..consent.record import ConsentRecord, ConsentState
from ..consent.request_consent import consent_state
from ..errors import ConsentError, RefusalError
from ..recipe.request import Identity, SwapRequest
from ..reporting.quoting import quote
from .licences import licence_fault
from .settings import RunSettings

_MAX_IMAGE_NAMES = 3


def condition_fault(requests: Sequence[SwapRequest], settings: RunSettings) -> str:
    """Say which condition of the settings requests are against, and what to do; empty where they are against none.

    Parameters
    ----------
    requests : sequence of SwapRequest
        What is asked for.
    settings : RunSettings
        The conditions, the folder of models and the file of consent records.

    Returns
    -------
    str
        One line. It says nothing of what is written in a record.
    """
    fault = ""
    if settings.require_commercial:
        fault = licence_fault(
            (recipe for request in requests for recipe in request.recipes), settings.library
        )
    if settings.require_consent and not fault:
        fault = _consent_fault(requests, settings)
    return fault


def require_conditions(requests: Sequence[SwapRequest], settings: RunSettings) -> None:
    """Raise RefusalError where requests are against a condition of the settings; see `condition_fault`."""
    if not settings.has_conditions or not condition_fault(requests, settings):
        return
    for place, request in enumerate(requests, 1):
        fault = condition_fault((request,), settings)
        if fault:
            named = f"swap {place}: " if len(requests) > 1 else ""
            raise RefusalError(f"not rendered: {named}{fault}")


def ended_consents(requests: Sequence[SwapRequest], settings: RunSettings) -> Iterator[SwapRequest]:
    """Yield the requests whose source person's consent has ended. A file that can't be read counts as none."""
    try:
        records = () if settings.consent_file is None else read_records(settings.consent_file)
    except ConsentError:
        records = ()
    states = _states(requests, records)
    for request in requests:
        if states[request.identity] is ConsentState.ENDED:
            yield request


def consent_ended_text(identity: Identity) -> str:
    """Say that the consent of a person has ended, and what to do."""
    images = _image_names(identity)
    person = f", {images}," if images else ""
    return f"the recorded consent of its source person{person} has ended: renew it, or remove the swap"


def _consent_fault(requests: Sequence[SwapRequest], settings: RunSettings) -> str:
    if all(state is ConsentState.VALID for state in _states(requests, ()).values()):
        return ""  # then no file is needed
    try:
        records = () if settings.consent_file is None else read_records(settings.consent_file)
    except ConsentError as error:
        return str(error)
    for identity, state in _states(requests, records).items():
        if state is ConsentState.ENDED:
            return consent_ended_text(identity)
        if state is not ConsentState.VALID:
            images = _image_names(identity)
            person = f" for {images}" if images else ""
            return (
                f"no consent of its source person is recorded{person}: record it, or do not require consent"
            )
    return ""


def _image_names(identity: Identity) -> str:
    """Name a person by the files of the images, as other messages do: nothing of a record is said."""
    names = [quote(image.path.name) for image in identity.images]
    more = len(names) - _MAX_IMAGE_NAMES
    return ", ".join(names[:_MAX_IMAGE_NAMES]) + (f" and {more} more" if more > 0 else "")


def _states(
    requests: Sequence[SwapRequest], records: Sequence[ConsentRecord]
) -> dict[Identity, ConsentState]:
    today = date.today()
    identities = dict.fromkeys(request.identity for request in requests)
    return {identity: consent_state(identity, records, today) for identity in identities}
