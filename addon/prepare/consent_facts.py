# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the consent of a source person holds, and how long, as far as panels know it without waiting."""

from datetime import date

import bpy

from ...core.consent.record import ConsentState
from ...core.consent.request_consent import ConsentOutlook, consent_outlook
from ...core.recipe.request import Identity
from ..layers.consent_file import consent_file
from ..lookups.consent_lookup import ConsentLookup
from ..lookups.gallery import lookup_cache

_REFRESH_SECONDS = 5.0


def known_consent(scene: bpy.types.Scene, identity: Identity) -> ConsentOutlook:
    """Return what the person's own record says, or that of the consent file where it holds longer and is known."""
    own = consent_outlook(identity, (), date.today())
    lookup = _lookup(scene, identity)
    if lookup is None or (own.state is ConsentState.VALID and own.until is None):
        return own
    filed: ConsentOutlook | None = lookup_cache().get(lookup, _REFRESH_SECONDS)
    if filed is None or filed.state is ConsentState.NONE or own.state is ConsentState.NONE:
        return filed or own
    return max(own, filed, key=lambda outlook: outlook.until or date.max)


def is_consent_file_unreadable(scene: bpy.types.Scene, identity: Identity) -> bool:
    """Tell whether the project names a consent file that was looked at and can't be read."""
    lookup = _lookup(scene, identity)
    return lookup is not None and lookup_cache().is_unknown(lookup)


def consent_warning(scene: bpy.types.Scene, identity: Identity) -> str:
    """Say that the consent of a person has ended or ends soon; empty where neither is known."""
    return known_consent(scene, identity).warning(date.today())


def _lookup(scene: bpy.types.Scene, identity: Identity) -> ConsentLookup | None:
    file = consent_file(scene)
    if file is None:
        return None
    return ConsentLookup(file, identity.name, identity.images, date.today())
